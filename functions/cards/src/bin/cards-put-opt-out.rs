//! Runs `cards::put_opt_out` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&cards::put_opt_out::FUNCTION)
}
