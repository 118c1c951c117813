//! Runs `identity::tell_of_lock` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&identity::tell_of_lock::FUNCTION)
}
