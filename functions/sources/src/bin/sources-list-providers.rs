//! Runs `sources::list_providers` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&sources::list_providers::FUNCTION)
}
