//! Runs `sources::inspect_provider` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&sources::inspect_provider::FUNCTION)
}
