//! Runs `search::note_inventory` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve(&search::note_inventory::FUNCTION)
}
