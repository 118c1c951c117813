//! Runs `notifications::read_alert` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&notifications::read_alert::FUNCTION)
}
