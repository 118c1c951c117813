//! Runs `value::get_reach` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&value::get_reach::FUNCTION)
}
