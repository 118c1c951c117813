//! Runs `deals::list_deals` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&deals::list_deals::FUNCTION)
}
