//! MiniStack, an AWS that is not ours: a process on a free port of loopback, for as long as its owner holds it.

use std::{
    fs::{self, File},
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{
    files::FileError,
    python::{self, Set},
};

/// The region that MiniStack takes itself to be in.
pub const REGION: &str = "us-east-1";
/// The account that everything there belongs to.
pub const ACCOUNT: &str = "000000000000";

/// How long it may take until it answers. It takes about a second.
const PATIENCE: Duration = Duration::from_secs(60);
/// How many ports it is started at before that is given up.
const PORTS: u8 = 3;
/// How often it is asked meanwhile.
const PAUSE: Duration = Duration::from_millis(100);

/// Runs a program until it ends by itself or standard input does, and then kills whatever is left of its process group: the
/// Lambda functions that MiniStack runs are processes, too. Standard input ends when its owner is gone, however that came.
const UNTIL_LET_GO: &str = r#"{ "$0"; kill -KILL 0; } & read -r _; kill -KILL 0"#;

/// Why there is no MiniStack.
#[derive(Debug, thiserror::Error)]
pub enum MinistackError {
    /// It can't be installed.
    #[error(transparent)]
    Install(#[from] FileError),
    /// There is no port, no folder or no process to be had.
    #[error("MiniStack can't be started: {0}")]
    Start(#[from] io::Error),
    /// It ended, or does not answer.
    #[error("MiniStack did not begin to answer; see {0}")]
    Silent(PathBuf),
}

/// A MiniStack that runs. It ends, with all that it started, and what it wrote to disk is removed, when this is dropped.
#[derive(Debug)]
pub struct Ministack {
    // Before the folder that it writes to.
    _process: Held,
    _folder: TempDir,
    address: SocketAddr,
    log: PathBuf,
}

impl Ministack {
    /// Installs MiniStack if need be, starts it, and waits until it answers. `told` is what its environment has besides. What it
    /// says goes to `target/ministack/<name>.log`.
    ///
    /// # Errors
    /// If it can't be installed or started, or does not answer.
    pub fn start(root: &Path, name: &str, told: &[(&str, &str)]) -> Result<Self, MinistackError> {
        let program = python::programs(root, Set::Ministack)?.join("ministack");
        let log = python::target(root).join("ministack").join(format!("{name}.log"));
        fs::create_dir_all(log.parent().unwrap_or(root))?;
        for _ in 0..PORTS {
            if let Some(running) = Self::start_once(&program, &log, told)? {
                return Ok(running);
            }
        }
        Err(MinistackError::Silent(log))
    }

    /// None if it does not come to answer: someone else may have taken the port that was free.
    fn start_once(program: &Path, log: &Path, told: &[(&str, &str)]) -> Result<Option<Self>, MinistackError> {
        let folder = tempfile::Builder::new().prefix("ministack-").tempdir()?;
        let address = free_address()?;
        let mut process = Held::start(program, |command| {
            let said = File::create(log)?;
            command.envs(environment(address, folder.path())).envs(told.iter().copied()).stdout(said.try_clone()?).stderr(said);
            Ok(())
        })?;
        let answers = process.wait_for(address)?;
        Ok(answers.then(|| Self { _process: process, _folder: folder, address, log: log.to_owned() }))
    }

    /// Its base address, without a slash at the end: every service answers there.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it and the functions that it runs say what they do.
    pub fn log(&self) -> &Path {
        &self.log
    }
}

/// A port that nobody listens on at the moment.
fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

/// Everything that it is told: what the environment of its owner holds is no concern of it.
fn environment(address: SocketAddr, folder: &Path) -> Vec<(&'static str, String)> {
    let folder = folder.display().to_string();
    vec![
        ("PATH", std::env::var("PATH").unwrap_or_default()),
        ("HOME", folder.clone()),
        // Its process id, the code of functions, and whatever else it writes.
        ("TMPDIR", folder),
        ("BIND_HOST", address.ip().to_string()),
        ("GATEWAY_PORT", address.port().to_string()),
        // What functions that it runs find AWS by.
        ("AWS_ENDPOINT_URL", format!("http://{address}")),
        ("AWS_DEFAULT_REGION", REGION.to_owned()),
        ("IOT_MTLS_ENABLED", "0".to_owned()),
    ]
}

/// A program that ends, with all that it started, when this is dropped or whoever holds it dies.
#[derive(Debug)]
struct Held(Child);

impl Held {
    fn start(program: &Path, set: impl FnOnce(&mut Command) -> io::Result<()>) -> io::Result<Self> {
        let mut command = Command::new("sh");
        command.args(["-c", UNTIL_LET_GO]).arg(program).env_clear().stdin(Stdio::piped()).process_group(0);
        set(&mut command)?;
        command.spawn().map(Self)
    }

    /// Whether it comes to answer at an address.
    fn wait_for(&mut self, address: SocketAddr) -> io::Result<bool> {
        let started = Instant::now();
        while started.elapsed() < PATIENCE && self.0.try_wait()?.is_none() {
            // It listens once it is ready.
            if TcpStream::connect_timeout(&address, PAUSE).is_ok() {
                // Unless another process does, and this one found its port taken.
                return Ok(self.0.try_wait()?.is_none());
            }
            thread::sleep(PAUSE);
        }
        Ok(false)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        // It can only have ended before.
        self.0.wait().ok();
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::{io::Read, os::unix::fs::PermissionsExt};

    use super::*;

    /// A program that starts another one, which holds standard output open for as long as it lives.
    fn with_a_child(folder: &Path) -> PathBuf {
        let program = folder.join("program");
        fs::write(&program, "#!/bin/sh\nsleep 600 &\necho started\nwait\n").unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
        program
    }

    #[test]
    fn what_a_held_program_started_ends_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let set = |command: &mut Command| {
            command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).stdout(Stdio::piped());
            Ok(())
        };
        let mut held = Held::start(&with_a_child(folder.path()), set).unwrap();
        let mut said = held.0.stdout.take().unwrap();
        said.read_exact(&mut [0; "started\n".len()]).unwrap();
        drop(held);
        // Ends only when nobody is left who could write.
        let mut rest = String::new();
        assert_eq!(said.read_to_string(&mut rest).unwrap(), 0);
    }

    #[test]
    fn a_program_that_ends_is_not_waited_for() {
        let mut held = Held::start(Path::new("/bin/true"), |_| Ok(())).unwrap();
        assert!(!held.wait_for(free_address().unwrap()).unwrap());
    }
}
