//! Runs `identity::reset_password` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&identity::reset_password::FUNCTION)
}
