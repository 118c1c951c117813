//! Runs `identity::forgot_password` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&identity::forgot_password::FUNCTION)
}
