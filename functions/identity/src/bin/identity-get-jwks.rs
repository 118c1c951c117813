//! Runs `identity::get_jwks` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&identity::get_jwks::FUNCTION)
}
