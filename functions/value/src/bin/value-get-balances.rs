//! Runs `value::get_balances` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&value::get_balances::FUNCTION)
}
