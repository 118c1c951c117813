//! Runs `identity::refresh_tokens` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&identity::refresh_tokens::FUNCTION)
}
