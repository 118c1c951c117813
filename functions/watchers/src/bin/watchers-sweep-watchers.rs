//! Runs `watchers::sweep_watchers` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&watchers::sweep_watchers::FUNCTION)
}
