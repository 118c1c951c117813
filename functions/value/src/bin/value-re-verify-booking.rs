//! Runs `value::re_verify_booking` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&value::re_verify_booking::FUNCTION)
}
