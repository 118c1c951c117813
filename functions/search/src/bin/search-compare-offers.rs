//! Runs `search::compare_offers` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve_calling(&search::compare_offers::FUNCTION)
}
