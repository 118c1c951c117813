//! Runs `search::get_cache` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&search::get_cache::FUNCTION)
}
