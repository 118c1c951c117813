//! Runs `system::relay_outbox` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&system::relay_outbox::FUNCTION)
}
