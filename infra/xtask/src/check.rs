//! What CI runs, step by step.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use crate::{
    docs,
    files::{self, FileError, Made},
    licences::{self, LicenceError},
    new_function::{self, GenerateError},
    openapi::{self, OpenApiError},
    recordings::{self, RecordingError},
    stacks::{self, StackError},
    tidy::{self, TidyError},
};

/// Why a step fails.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// A program says no, or can't be run.
    #[error(transparent)]
    Program(#[from] FileError),
    /// Rules are broken.
    #[error(transparent)]
    Tidy(#[from] TidyError),
    /// Licences are not in order.
    #[error(transparent)]
    Licences(#[from] LicenceError),
    /// Endpoints contradict each other.
    #[error(transparent)]
    OpenApi(#[from] OpenApiError),
    /// A function can't be deployed as it is described.
    #[error(transparent)]
    Stacks(#[from] StackError),
    /// The recordings can't be made.
    #[error(transparent)]
    Recordings(#[from] RecordingError),
    /// Functions can't be generated.
    #[error(transparent)]
    Generate(#[from] GenerateError),
    /// What is made by a program is not what the program makes now.
    #[error("stale: {0}; run `cargo xtask {1}` and commit what it writes")]
    Stale(String, &'static str),
}

/// How much is checked.
#[derive(Debug, Clone, Copy, Default)]
pub struct Extent {
    /// Leaves out what compiles the workspace.
    pub quick: bool,
    /// Also compiles and tests what the generator makes.
    pub generated: bool,
}

/// One step: its name, and what it does.
pub type Step = (&'static str, fn(&Path) -> Result<(), CheckError>);

/// The steps, in order.
pub fn steps(extent: Extent) -> Vec<Step> {
    let mut steps: Vec<Step> = vec![
        ("fmt", |root| Ok(files::run(files::cargo(root).args(["fmt", "--all", "--check"]))?)),
        ("tidy", |root| Ok(tidy::check(root).map(drop)?)),
        ("licences", |root| Ok(licences::check(root).map(drop)?)),
        ("openapi", |root| current(root, &[openapi::file()?], "openapi")),
        ("docs", |root| current(root, &docs::files(), "docs")),
        ("stacks", |root| current(root, &stacks::files(root)?, "stacks")),
        ("recordings", recordings_are_current),
    ];
    if !extent.quick {
        steps.push(("clippy", clippy));
    }
    if extent.generated {
        steps.push(("generated", |root| Ok(new_function::proof::prove(root)?)));
    }
    steps
}

/// Whether files are as a command would write them.
///
/// # Errors
/// The first that is not.
pub fn current(root: &Path, made: &[Made], command: &'static str) -> Result<(), CheckError> {
    match made.iter().find(|made| !made.is_current(root)) {
        Some(stale) => Err(CheckError::Stale(stale.path.clone(), command)),
        None => Ok(()),
    }
}

/// Whether the recordings are what the observations say.
///
/// # Errors
/// If they are not, or can't be made.
pub fn recordings_are_current(root: &Path) -> Result<(), CheckError> {
    if recordings::is_current(root)? { Ok(()) } else { Err(CheckError::Stale("infra/local/recordings".to_owned(), "recordings")) }
}

fn clippy(root: &Path) -> Result<(), CheckError> {
    let arguments = ["clippy", "--quiet", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
    Ok(files::run(files::cargo(root).args(arguments))?)
}

/// Runs steps until one fails. Tells of each as it ends.
pub fn run(root: &Path, steps: &[Step], tell: fn(&str)) -> Result<(), (&'static str, CheckError)> {
    let mut times: Vec<(&str, Duration)> = Vec::new();
    let mut outcome = Ok(());
    for (name, step) in steps {
        let started = Instant::now();
        let result = step(root);
        times.push((name, started.elapsed()));
        tell(&line(if result.is_ok() { "ok" } else { "FAILED" }, name, started.elapsed()));
        if let Err(error) = result {
            outcome = Err((*name, error));
            break;
        }
    }
    tell("");
    for (name, time) in &times {
        tell(&line("", name, *time));
    }
    tell(&line("", "together", times.iter().map(|(_, time)| *time).sum()));
    outcome
}

fn line(mark: &str, name: &str, time: Duration) -> String {
    format!("{mark:>6}  {name:<12}{:>6}.{:03} s", time.as_secs(), time.subsec_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_failure_ends_it() {
        let steps: [Step; 3] = [
            ("first", |_| Ok(())),
            ("second", |_| Err(CheckError::Stale("x".to_owned(), "docs"))),
            ("third", |_| unreachable!("it comes after a failure")),
        ];
        let failed = run(Path::new(""), &steps, |_| {}).map_err(|(step, error)| (step, error.to_string()));
        assert_eq!(failed, Err(("second", "stale: x; run `cargo xtask docs` and commit what it writes".to_owned())));
    }

    #[test]
    fn times_line_up() {
        assert_eq!(line("ok", "fmt", Duration::from_millis(1_234)), "    ok  fmt              1.234 s");
    }
}
