//! Runs `cards::list_gaps` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&cards::list_gaps::FUNCTION)
}
