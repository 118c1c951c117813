//! Runs `watchers::list_watchers` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&watchers::list_watchers::FUNCTION)
}
