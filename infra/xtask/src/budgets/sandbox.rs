//! A process as Lambda runs it, and what it costs. The kernel's counts are read from `/proc` (Linux only).

use std::{
    env,
    ffi::OsStr,
    fs, io,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use super::runtime_api::{RuntimeApi, Sign};

/// Why a process can't be measured.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// There is no port for the runtime API, the process can't be started, or the kernel does not tell of it.
    #[error("{0}")]
    System(#[from] io::Error),
    /// It ended.
    #[error("it ended: {0}")]
    Ended(ExitStatus),
    /// It did not do what was waited for, for seconds.
    #[error("it did nothing")]
    Silent,
    /// It did something else.
    #[error("unexpected: {0}")]
    Unexpected(String),
    /// The kernel tells of it in a way that we don't know.
    #[error("/proc does not say its {0}")]
    Unreadable(&'static str),
}

/// What something costs: time on the clock, and time of a CPU, user and system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cost {
    pub(super) time: Duration,
    pub(super) cpu: Duration,
}

impl Cost {
    /// The median of the times, and that of the CPUs'.
    pub(super) fn median(costs: &[Self]) -> Self {
        let median = |of: fn(&Self) -> Duration| {
            let mut sorted: Vec<Duration> = costs.iter().map(of).collect();
            sorted.sort_unstable();
            sorted.get(sorted.len() / 2).copied().unwrap_or_default()
        };
        Self { time: median(|cost| cost.time), cpu: median(|cost| cost.cpu) }
    }
}

/// Resident memory in bytes, now and at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Memory {
    pub(super) resident: u64,
    pub(super) peak: u64,
}

impl Memory {
    /// This and another.
    pub(super) fn more(self, other: Self) -> Self {
        Self { resident: self.resident + other.resident, peak: self.peak + other.peak }
    }

    /// How much of this is beyond another.
    pub(super) fn less(self, other: Self) -> Self {
        Self { resident: self.resident.saturating_sub(other.resident), peak: self.peak.saturating_sub(other.peak) }
    }
}

/// A process that waits for an event. It is killed when this is dropped.
pub(super) struct Sandbox {
    process: Process,
    api: RuntimeApi,
}

/// A program without the environment of whoever measures it.
pub(super) fn program(path: impl AsRef<OsStr>) -> Command {
    let mut program = Command::new(path);
    program.env_clear().envs(env::var_os("PATH").map(|path| ("PATH", path)));
    program
}

struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

impl Sandbox {
    /// Starts a program, and waits until it first asks for an event.
    ///
    /// # Errors
    /// If it does not start, or does something else.
    pub(super) async fn start(mut program: Command) -> Result<(Self, Cost), SandboxError> {
        let api = RuntimeApi::start()?;
        program.env("AWS_LAMBDA_RUNTIME_API", api.address()).stdin(Stdio::null());
        let started = Instant::now();
        let process = Process(program.spawn()?);
        let mut sandbox = Self { process, api };
        let polled = sandbox.polled().await?;
        let cpu = sandbox.cpu()?;
        Ok((sandbox, Cost { time: polled.duration_since(started), cpu }))
    }

    /// Has it handle an event. The time is until its answer, the CPU until it asks for the next event.
    ///
    /// # Errors
    /// If it does not answer.
    pub(super) async fn call(&mut self, event: Value) -> Result<(Value, Cost), SandboxError> {
        let (before, started) = (self.cpu()?, Instant::now());
        self.api.hand_out(event);
        let (answer, answered) = match self.sign().await? {
            (Sign::Answers(answer), at) => (answer, at),
            (other @ (Sign::Polls | Sign::Fails(_)), _) => return Err(SandboxError::Unexpected(format!("{other:?}"))),
        };
        self.polled().await?;
        let cpu = self.cpu()?.saturating_sub(before);
        Ok((answer, Cost { time: answered.duration_since(started), cpu }))
    }

    /// Its memory.
    ///
    /// # Errors
    /// If the kernel does not say.
    pub(super) fn memory(&self) -> Result<Memory, SandboxError> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.0.id()))?;
        let bytes = |field: &'static str| kibibytes(&status, field).map(|kib| kib * 1024).ok_or(SandboxError::Unreadable(field));
        Ok(Memory { resident: bytes("VmRSS:")?, peak: bytes("VmHWM:")? })
    }

    /// The time of a CPU that all its threads have had.
    fn cpu(&self) -> Result<Duration, SandboxError> {
        let mut nanos = 0;
        for thread in fs::read_dir(format!("/proc/{}/task", self.process.0.id()))? {
            // A thread that ended just now is no more.
            let Ok(schedule) = fs::read_to_string(thread?.path().join("schedstat")) else { continue };
            nanos += on_cpu(&schedule).ok_or(SandboxError::Unreadable("schedstat"))?;
        }
        Ok(Duration::from_nanos(nanos))
    }

    async fn polled(&mut self) -> Result<Instant, SandboxError> {
        match self.sign().await? {
            (Sign::Polls, at) => Ok(at),
            (other @ (Sign::Answers(_) | Sign::Fails(_)), _) => Err(SandboxError::Unexpected(format!("{other:?}"))),
        }
    }

    async fn sign(&mut self) -> Result<(Sign, Instant), SandboxError> {
        match (self.api.next().await, self.process.0.try_wait()?) {
            (Some(sign), _) => Ok(sign),
            (None, Some(status)) => Err(SandboxError::Ended(status)),
            (None, None) => Err(SandboxError::Silent),
        }
    }
}

fn kibibytes(status: &str, field: &str) -> Option<u64> {
    status.lines().find_map(|line| line.strip_prefix(field))?.split_whitespace().next()?.parse().ok()
}

/// The first field: nanoseconds on a CPU.
fn on_cpu(schedstat: &str) -> Option<u64> {
    schedstat.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_says_is_read() {
        let status = "Name:\tbootstrap\nVmHWM:\t    9216 kB\nVmRSS:\t    8192 kB\nThreads:\t1\n";
        assert_eq!((kibibytes(status, "VmRSS:"), kibibytes(status, "VmHWM:")), (Some(8192), Some(9216)));
        assert_eq!(kibibytes("Name:\tbootstrap\n", "VmRSS:"), None);
        assert_eq!((on_cpu("123456 789 10\n"), on_cpu("")), (Some(123_456), None));
    }
}
