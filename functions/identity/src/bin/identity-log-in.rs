//! Runs `identity::log_in` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&identity::log_in::FUNCTION)
}
