//! Runs `sources::get_quality` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&sources::get_quality::FUNCTION)
}
