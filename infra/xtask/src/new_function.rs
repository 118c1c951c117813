//! Makes a function: its file, its registration, its binary, its sample event and its test.

mod code;
mod edits;
mod order;
pub mod proof;
mod samples;
#[cfg(test)]
mod tests;

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

pub use self::order::{Order, Trigger, capitalised};
use crate::files::{self, FileError, Made};

/// Where the list of contexts is. A new context is added there and nowhere else.
const CONTEXT_LIST: &str = "infra/local/src/machine.rs";
/// The manifest of the crate that has the list.
const CONTEXT_LIST_MANIFEST: &str = "infra/local/Cargo.toml";

/// Why a function can't be made.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// A name that is none.
    #[error("{0:?} is no name: {1}")]
    Name(String, &'static str),
    /// A route that is none.
    #[error("{0:?} is no route: it must be like 'GET /v1/things/{{id}}' or 'GET /.well-known/thing', with one parameter at most")]
    Route(String),
    /// A schedule that is none.
    #[error("{0:?} is no schedule: it must be like 'rate(5 minutes)' or 'cron(0 9 * * ? *)'")]
    Schedule(String),
    /// An event that nothing emits.
    #[error("there is no event {0}; it belongs in shared/domain/src/events.rs first")]
    Event(String),
    /// Someone has it already.
    #[error("{0} is taken by {1}")]
    Taken(String, &'static str),
    /// A file that would be overwritten.
    #[error("{0} is there already")]
    Exists(PathBuf),
    /// A file that is to be edited is not as it should be.
    #[error("{0}: there is no {1}")]
    NoPlace(String, &'static str),
    /// A file can't be read or written, or a program not run.
    #[error(transparent)]
    File(#[from] FileError),
    /// What is made is no Rust.
    #[error("rustfmt does not take {0}: {1}")]
    Format(String, String),
}

/// The files that make the function, new and edited.
///
/// # Errors
/// If the function can't be made there.
pub fn plan(root: &Path, order: &Order) -> Result<Vec<Made>, GenerateError> {
    let mut files = vec![
        Made { path: order.path("src", &format!("{}.rs", order.snake())), text: code::function(order) },
        Made { path: order.path("src/bin", &format!("{}.rs", order.full())), text: code::binary(order) },
        Made { path: format!("events/{}/{}.json", order.context, order.snake()), text: samples::event(order) },
        Made { path: order.test_path(&order.test_module()), text: code::test(order) },
    ];
    if let Some(taken) = files.iter().map(|file| root.join(&file.path)).find(|path| path.exists()) {
        return Err(GenerateError::Exists(taken));
    }
    let tests = order.test_path("main");
    files.push(Made { text: edits::with_module(&tests, &files::read(&root.join(&tests))?, &order.test_module())?, path: tests });
    if root.join(order.path("", "Cargo.toml")).exists() {
        files.extend(registered(root, order)?);
    } else {
        files.extend(founded(root, order)?);
    }
    files.into_iter().map(|file| formatted(root, file)).collect()
}

/// The context's library and manifest, with the function.
fn registered(root: &Path, order: &Order) -> Result<[Made; 2], GenerateError> {
    let (library, manifest) = (order.path("src", "lib.rs"), order.path("", "Cargo.toml"));
    Ok([
        Made {
            text: edits::with_function(&library, &files::read(&root.join(&library))?, &order.snake())?,
            path: library.clone(),
        },
        Made {
            text: edits::with_binary(
                &manifest,
                &files::read(&root.join(&manifest))?,
                &order.full(),
                order.trigger.dependencies(),
            )?,
            path: manifest.clone(),
        },
    ])
}

/// A new context with the function, known to the workspace and to the list of contexts.
fn founded(root: &Path, order: &Order) -> Result<[Made; 5], GenerateError> {
    let edited = |path: &str, edit: &dyn Fn(&str) -> Result<String, GenerateError>| -> Result<Made, GenerateError> {
        Ok(Made { path: path.to_owned(), text: edit(&files::read(&root.join(path))?)? })
    };
    let context = &order.context;
    Ok([
        Made { path: order.path("src", "lib.rs"), text: code::library(order) },
        Made { path: order.path("", "Cargo.toml"), text: code::manifest(order) },
        edited("Cargo.toml", &|text| edits::with_member("Cargo.toml", text, context))?,
        edited(CONTEXT_LIST_MANIFEST, &|text| edits::with_dependency(CONTEXT_LIST_MANIFEST, text, context))?,
        edited(CONTEXT_LIST, &|text| edits::with_context(CONTEXT_LIST, text, context))?,
    ])
}

fn formatted(root: &Path, file: Made) -> Result<Made, GenerateError> {
    if !file.path.ends_with(".rs") {
        return Ok(file);
    }
    let failed = |error| FileError::Start("rustfmt".to_owned(), error);
    let mut command = Command::new("rustfmt");
    command
        .args(["--edition", "2024", "--config-path"])
        .arg(root)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut rustfmt = command.spawn().map_err(failed)?;
    if let Some(mut input) = rustfmt.stdin.take() {
        input.write_all(file.text.as_bytes()).map_err(failed)?;
    }
    let done = rustfmt.wait_with_output().map_err(failed)?;
    match String::from_utf8(done.stdout) {
        Ok(text) if done.status.success() => Ok(Made { text, ..file }),
        Ok(_) | Err(_) => Err(GenerateError::Format(file.path, String::from_utf8_lossy(&done.stderr).into_owned())),
    }
}

/// Writes the files, and what is made from the descriptors anew.
///
/// # Errors
/// If a file can't be written, or the workspace no longer compiles.
pub fn carry_out(root: &Path, files: &[Made]) -> Result<(), GenerateError> {
    for file in files {
        file.write(root)?;
    }
    // This program was compiled without the function: another one, compiled with it, writes what is made from it.
    for command in ["openapi", "docs", "stacks"] {
        files::run(files::cargo(root).args(["run", "--quiet", "--package", "xtask", "--", command]))?;
    }
    Ok(())
}

/// What the author still does.
pub fn what_is_left(order: &Order) -> String {
    let mut steps = vec![
        format!("write the rule into {} and into its test", order.path("src", &format!("{}.rs", order.snake()))),
        "declare what it reads, writes, emits and sends in `.may(&[…])`: what is not declared is refused".to_owned(),
        "put rules that need no I/O into shared/domain, look-ups into shared/storage".to_owned(),
    ];
    match &order.trigger {
        Trigger::Endpoint { .. } => steps.push("name its input, its view and its role; then `cargo xtask openapi`".to_owned()),
        Trigger::Queue { queue } => {
            steps.push(format!("let someone send to `{queue}`: until then tests/contracts says that nobody does"))
        }
        Trigger::Events { .. } => {
            steps.push("read from the event what is needed: consumers compare versions, the bus keeps no order".to_owned())
        }
        Trigger::Schedule { .. } => steps.push("stop before the deadline, and go on where it stopped".to_owned()),
    }
    steps.push("`cargo xtask docs`, `cargo xtask stacks` and `cargo xtask check`".to_owned());
    steps.iter().fold("\nWhat is left to you:".to_owned(), |list, step| format!("{list}\n  [ ] {step}"))
}
