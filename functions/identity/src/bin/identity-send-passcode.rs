//! Runs `identity::send_passcode` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&identity::send_passcode::FUNCTION)
}
