//! Runs `search::warm_answers` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&search::warm_answers::FUNCTION)
}
