//! Runs `watchers::pause_watcher` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&watchers::pause_watcher::FUNCTION)
}
