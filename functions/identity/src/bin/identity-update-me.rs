//! Runs `identity::update_me` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&identity::update_me::FUNCTION)
}
