//! Runs `watchers::resume_watcher` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&watchers::resume_watcher::FUNCTION)
}
