//! Runs `sources::list_readings` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&sources::list_readings::FUNCTION)
}
