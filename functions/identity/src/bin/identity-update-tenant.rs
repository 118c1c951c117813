//! Runs `identity::update_tenant` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&identity::update_tenant::FUNCTION)
}
