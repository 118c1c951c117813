//! Runs `identity::get_tenant` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&identity::get_tenant::FUNCTION)
}
