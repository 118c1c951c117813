//! Runs `value::get_valuations` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&value::get_valuations::FUNCTION)
}
