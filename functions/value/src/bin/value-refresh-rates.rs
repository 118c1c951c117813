//! Runs `value::refresh_rates` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve_calling(&value::refresh_rates::FUNCTION)
}
