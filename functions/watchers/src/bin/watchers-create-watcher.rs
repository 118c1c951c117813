//! Runs `watchers::create_watcher` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&watchers::create_watcher::FUNCTION)
}
