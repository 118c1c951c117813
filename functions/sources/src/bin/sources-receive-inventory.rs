//! Runs `sources::receive_inventory` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&sources::receive_inventory::FUNCTION)
}
