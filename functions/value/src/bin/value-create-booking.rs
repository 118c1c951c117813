//! Runs `value::create_booking` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&value::create_booking::FUNCTION)
}
