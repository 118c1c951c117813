//! Runs `value::list_transfer_bonuses` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&value::list_transfer_bonuses::FUNCTION)
}
