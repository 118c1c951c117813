//! Runs `search::invalidate_cache` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&search::invalidate_cache::FUNCTION)
}
