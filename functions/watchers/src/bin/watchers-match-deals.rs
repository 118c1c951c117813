//! Runs `watchers::match_deals` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&watchers::match_deals::FUNCTION)
}
