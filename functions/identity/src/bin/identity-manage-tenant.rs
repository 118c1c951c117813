//! Runs `identity::manage_tenant` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&identity::manage_tenant::FUNCTION)
}
