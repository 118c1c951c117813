//! Runs `identity::resend_otp` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&identity::resend_otp::FUNCTION)
}
