//! Runs `value::get_value` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&value::get_value::FUNCTION)
}
