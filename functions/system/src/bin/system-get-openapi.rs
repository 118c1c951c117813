//! Runs `system::get_openapi` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&system::get_openapi::FUNCTION)
}
