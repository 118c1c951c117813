//! Runs `identity::create_tenant` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&identity::create_tenant::FUNCTION)
}
