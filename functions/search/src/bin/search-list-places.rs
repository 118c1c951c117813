//! Runs `search::list_places` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&search::list_places::FUNCTION)
}
