//! Runs `sources::note_answer` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve_calling(&sources::note_answer::FUNCTION)
}
