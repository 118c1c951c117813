//! Runs `sources::put_provider` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&sources::put_provider::FUNCTION)
}
