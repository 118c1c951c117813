//! Runs `value::get_funding_plan` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&value::get_funding_plan::FUNCTION)
}
