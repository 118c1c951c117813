//! Runs `sources::inspect_providers` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&sources::inspect_providers::FUNCTION)
}
