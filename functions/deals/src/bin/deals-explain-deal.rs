//! Runs `deals::explain_deal` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&deals::explain_deal::FUNCTION)
}
