//! Runs `identity::end_session` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&identity::end_session::FUNCTION)
}
