//! Runs `identity::log_out` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&identity::log_out::FUNCTION)
}
