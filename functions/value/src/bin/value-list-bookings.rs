//! Runs `value::list_bookings` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&value::list_bookings::FUNCTION)
}
