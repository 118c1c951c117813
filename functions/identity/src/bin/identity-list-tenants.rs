//! Runs `identity::list_tenants` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&identity::list_tenants::FUNCTION)
}
