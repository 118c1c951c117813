//! Runs `sources::split_property` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&sources::split_property::FUNCTION)
}
