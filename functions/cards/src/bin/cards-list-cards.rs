//! Runs `cards::list_cards` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&cards::list_cards::FUNCTION)
}
