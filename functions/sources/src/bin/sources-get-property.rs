//! Runs `sources::get_property` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&sources::get_property::FUNCTION)
}
