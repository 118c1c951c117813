//! Runs `deals::put_saved_deal` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&deals::put_saved_deal::FUNCTION)
}
