//! The data folder: databases, keys, and what time it is there.

use std::{
    io,
    path::{Path, PathBuf},
};

use jiff::{SignedDuration, Timestamp};
use platform::clock::{Clock, SystemClock};

use crate::clock::MovableClock;

/// The moment that the recordings of the travel sources tell of: the local run begins there.
pub const RECORDED_AT: Timestamp = Timestamp::constant(1_771_356_240, 0);

/// Why the folder can't be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It can't be made, read or written.
    #[error("the data folder can't be used: {0}")]
    File(#[from] io::Error),
    /// Another process serves it.
    #[error("{0} is in use by another process; stop it, or choose another folder with --data")]
    InUse(PathBuf),
    /// What is kept of the clock is no duration.
    #[error("{0} holds no duration; remove it to begin anew")]
    Clock(PathBuf),
}

/// A data folder.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

impl Folder {
    /// Opens a folder, made if there is none.
    ///
    /// # Errors
    /// If it can't be made.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, FolderError> {
        let path = path.into();
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    /// Takes the folder for as long as the answer is kept: two systems on one folder would sweep and relay against each other.
    ///
    /// # Errors
    /// If another process has it.
    pub fn claim(&self) -> Result<std::fs::File, FolderError> {
        let lock = std::fs::File::create(self.0.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => Ok(lock),
            Err(std::fs::TryLockError::WouldBlock) => Err(FolderError::InUse(self.0.clone())),
            Err(std::fs::TryLockError::Error(error)) => Err(error.into()),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The tables.
    pub fn core_db(&self) -> PathBuf {
        self.0.join("core.db")
    }

    /// The queues and the mailbox.
    pub fn queues_db(&self) -> PathBuf {
        self.0.join("queues.db")
    }

    /// A clock that began at [`RECORDED_AT`] when the folder was first used, and has run on since, program or not.
    ///
    /// # Errors
    /// If what is kept of it can't be read or written.
    pub fn clock(&self) -> Result<MovableClock, FolderError> {
        let ahead: SignedDuration = match std::fs::read_to_string(self.clock_file()) {
            Ok(text) => text.trim().parse().map_err(|_| FolderError::Clock(self.clock_file()))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let clock = MovableClock::running_from(RECORDED_AT);
                self.keep_clock(&clock)?;
                return Ok(clock);
            }
            Err(error) => return Err(error.into()),
        };
        Ok(MovableClock::running_from(SystemClock.now().saturating_add(ahead).unwrap_or(RECORDED_AT)))
    }

    /// Keeps how far a clock is ahead of the machine's, or behind.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn keep_clock(&self, clock: &MovableClock) -> Result<(), FolderError> {
        let ahead: SignedDuration = clock.now().duration_since(SystemClock.now());
        Ok(std::fs::write(self.clock_file(), format!("{ahead}\n"))?)
    }

    fn clock_file(&self) -> PathBuf {
        self.0.join("clock")
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn time_begins_with_the_recordings_and_runs_on_across_restarts() {
        assert_eq!(RECORDED_AT.to_string(), "2026-02-17T19:24:00Z");
        let temporary = tempfile::tempdir().unwrap();
        let folder = Folder::open(temporary.path().join("data")).unwrap();
        let since = |start: Timestamp| folder.clock().unwrap().now().duration_since(start);
        let soon = SignedDuration::ZERO..SignedDuration::from_secs(10);
        assert!(soon.contains(&since(RECORDED_AT)));
        let clock = folder.clock().unwrap();
        clock.advance(SignedDuration::from_hours(24));
        folder.keep_clock(&clock).unwrap();
        assert!(soon.contains(&since(RECORDED_AT + SignedDuration::from_hours(24))));
        std::fs::write(folder.path().join("clock"), "yesterday").unwrap();
        assert!(matches!(folder.clock(), Err(FolderError::Clock(_))));
    }
}
