//! Runs `search::search_flights` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve_calling(&search::search_flights::FUNCTION)
}
