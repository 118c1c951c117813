//! Runs `sources::list_candidates` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&sources::list_candidates::FUNCTION)
}
