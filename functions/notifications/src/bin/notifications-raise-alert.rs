//! Runs `notifications::raise_alert` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&notifications::raise_alert::FUNCTION)
}
