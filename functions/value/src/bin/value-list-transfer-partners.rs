//! Runs `value::list_transfer_partners` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&value::list_transfer_partners::FUNCTION)
}
