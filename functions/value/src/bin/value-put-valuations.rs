//! Runs `value::put_valuations` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&value::put_valuations::FUNCTION)
}
