//! Runs `search::run_search` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve_calling(&search::run_search::FUNCTION)
}
