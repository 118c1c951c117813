//! Runs `deals::assess_offers` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&deals::assess_offers::FUNCTION)
}
