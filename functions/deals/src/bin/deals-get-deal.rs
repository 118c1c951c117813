//! Runs `deals::get_deal` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&deals::get_deal::FUNCTION)
}
