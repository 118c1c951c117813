//! Runs `watchers::look_back` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&watchers::look_back::FUNCTION)
}
