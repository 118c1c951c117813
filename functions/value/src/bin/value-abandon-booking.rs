//! Runs `value::abandon_booking` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&value::abandon_booking::FUNCTION)
}
