//! Runs `system::get_health` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&system::get_health::FUNCTION)
}
