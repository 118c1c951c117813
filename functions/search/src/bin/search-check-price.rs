//! Runs `search::check_price` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve_calling(&search::check_price::FUNCTION)
}
