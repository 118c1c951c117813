//! Runs `notifications::send_email` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&notifications::send_email::FUNCTION)
}
