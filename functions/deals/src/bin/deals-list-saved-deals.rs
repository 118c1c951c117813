//! Runs `deals::list_saved_deals` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&deals::list_saved_deals::FUNCTION)
}
