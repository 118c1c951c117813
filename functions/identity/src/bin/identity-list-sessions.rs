//! Runs `identity::list_sessions` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&identity::list_sessions::FUNCTION)
}
