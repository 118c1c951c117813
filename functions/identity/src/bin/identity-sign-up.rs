//! Runs `identity::sign_up` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&identity::sign_up::FUNCTION)
}
