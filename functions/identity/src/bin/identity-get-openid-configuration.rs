//! Runs `identity::get_openid_configuration` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&identity::get_openid_configuration::FUNCTION)
}
