//! Runs `value::get_booking` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&value::get_booking::FUNCTION)
}
