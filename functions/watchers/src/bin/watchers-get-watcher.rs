//! Runs `watchers::get_watcher` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&watchers::get_watcher::FUNCTION)
}
