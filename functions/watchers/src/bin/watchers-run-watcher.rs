//! Runs `watchers::run_watcher` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&watchers::run_watcher::FUNCTION)
}
