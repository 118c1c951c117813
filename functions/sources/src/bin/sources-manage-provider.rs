//! Runs `sources::manage_provider` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&sources::manage_provider::FUNCTION)
}
