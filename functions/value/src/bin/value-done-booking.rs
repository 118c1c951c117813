//! Runs `value::done_booking` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&value::done_booking::FUNCTION)
}
