//! Runs `cards::list_recommendations` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&cards::list_recommendations::FUNCTION)
}
