//! Runs `sources::put_provider_key` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&sources::put_provider_key::FUNCTION)
}
