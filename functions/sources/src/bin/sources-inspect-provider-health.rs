//! Runs `sources::inspect_provider_health` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&sources::inspect_provider_health::FUNCTION)
}
