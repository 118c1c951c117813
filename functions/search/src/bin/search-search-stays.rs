//! Runs `search::search_stays` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve_calling(&search::search_stays::FUNCTION)
}
