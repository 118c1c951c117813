//! Runs `value::transfer_booking` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&value::transfer_booking::FUNCTION)
}
