//! `cargo local demo`: the main job, run on real observations.

use std::path::PathBuf;

use jiff::SignedDuration;

use crate::{
    clock::MovableClock,
    data::RECORDED_AT,
    keys::KeyError,
    machine::{DriveError, Options, StartError, System},
    standins::mailbox::MailError,
};

/// How the demo runs.
#[derive(Debug, Clone)]
pub struct DemoOptions {
    /// The data folder of the local run.
    pub data: PathBuf,
    /// Runs the job once and ends.
    pub once: bool,
}

/// Why the demo did not run.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// There are no keys.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The system did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The system did not come to rest.
    #[error(transparent)]
    Drive(#[from] DriveError),
    /// The mailbox can't be read.
    #[error(transparent)]
    Mail(#[from] MailError),
}

/// Runs one minute of a system in memory, at the time of the recordings, and prints the mail that it sent.
///
/// # Errors
/// Whatever kept it from running.
pub async fn run(_options: DemoOptions) -> Result<(), DemoError> {
    let clock = std::sync::Arc::new(MovableClock::at(RECORDED_AT));
    let system = System::start(Options::in_memory(clock)?).await?;
    system.advance(SignedDuration::from_mins(1)).await?;
    print(&system)?;
    Ok(())
}

#[expect(clippy::print_stdout, reason = "what a command line program has to say")]
fn print(system: &System) -> Result<(), DemoError> {
    let mailbox = system.standins().mailbox();
    println!("{}: {} mails", system.now(), mailbox.count()?);
    for accepted in mailbox.list(100)? {
        println!("{} to {}: {}", accepted.at, accepted.mail.to.join(", "), accepted.mail.subject);
    }
    Ok(())
}
