//! Runs `notifications::release_deliveries` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&notifications::release_deliveries::FUNCTION)
}
