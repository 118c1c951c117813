//! Runs `identity::get_me` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&identity::get_me::FUNCTION)
}
