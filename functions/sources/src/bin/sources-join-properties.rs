//! Runs `sources::join_properties` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&sources::join_properties::FUNCTION)
}
