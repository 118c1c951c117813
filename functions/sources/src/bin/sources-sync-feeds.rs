//! Runs `sources::sync_feeds` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve_calling(&sources::sync_feeds::FUNCTION)
}
