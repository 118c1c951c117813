//! Runs `sources::get_provider` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&sources::get_provider::FUNCTION)
}
