//! Runs `value::put_balances` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&value::put_balances::FUNCTION)
}
