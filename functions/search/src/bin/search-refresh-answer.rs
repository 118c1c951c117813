//! Runs `search::refresh_answer` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve_calling(&search::refresh_answer::FUNCTION)
}
