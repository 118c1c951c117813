//! Runs `notifications::list_alerts` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&notifications::list_alerts::FUNCTION)
}
