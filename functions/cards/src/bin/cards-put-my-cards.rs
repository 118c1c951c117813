//! Runs `cards::put_my_cards` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&cards::put_my_cards::FUNCTION)
}
