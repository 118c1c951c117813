//! Runs `identity::check_handle` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&identity::check_handle::FUNCTION)
}
