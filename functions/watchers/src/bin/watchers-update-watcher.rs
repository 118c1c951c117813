//! Runs `watchers::update_watcher` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&watchers::update_watcher::FUNCTION)
}
