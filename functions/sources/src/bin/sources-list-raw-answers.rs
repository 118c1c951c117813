//! Runs `sources::list_raw_answers` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&sources::list_raw_answers::FUNCTION)
}
