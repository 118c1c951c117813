//! Runs `cards::opt_out` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&cards::opt_out::FUNCTION)
}
