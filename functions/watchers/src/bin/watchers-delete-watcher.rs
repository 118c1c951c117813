//! Runs `watchers::delete_watcher` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&watchers::delete_watcher::FUNCTION)
}
