//! Runs `sources::drop_provider_key` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&sources::drop_provider_key::FUNCTION)
}
