//! Runs `identity::verify_otp` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&identity::verify_otp::FUNCTION)
}
