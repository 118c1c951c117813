//! Runs `value::list_programmes` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&value::list_programmes::FUNCTION)
}
