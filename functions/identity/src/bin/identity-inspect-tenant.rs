//! Runs `identity::inspect_tenant` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&identity::inspect_tenant::FUNCTION)
}
