//! Runs `notifications::get_alert` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&notifications::get_alert::FUNCTION)
}
