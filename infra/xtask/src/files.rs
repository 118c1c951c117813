//! Files that are made by a program and committed, and running programs.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

/// Why a file can't be read or written, or a program not run.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// A file.
    #[error("{0}: {1}")]
    File(PathBuf, io::Error),
    /// A program that can't be started.
    #[error("{0} can't be started: {1}")]
    Start(String, io::Error),
    /// A program that fails.
    #[error("{0} failed{1}")]
    Failed(String, String),
    /// A program that prints what is no text.
    #[error("{0} printed what is not UTF-8")]
    NotText(String),
}

/// A file as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Where, from the root.
    pub path: String,
    /// What.
    pub text: String,
}

impl Made {
    /// Writes it.
    ///
    /// # Errors
    /// If that can't be done.
    pub fn write(&self, root: &Path) -> Result<(), FileError> {
        let path = root.join(&self.path);
        let folder = path.parent().unwrap_or(root);
        fs::create_dir_all(folder).and_then(|()| fs::write(&path, &self.text)).map_err(|error| FileError::File(path, error))
    }

    /// Whether the file is as it should be.
    pub fn is_current(&self, root: &Path) -> bool {
        fs::read_to_string(root.join(&self.path)).is_ok_and(|text| text == self.text)
    }
}

/// Reads a text file.
///
/// # Errors
/// If that can't be done.
pub fn read(path: &Path) -> Result<String, FileError> {
    fs::read_to_string(path).map_err(|error| FileError::File(path.to_owned(), error))
}

/// The files of the project, from the root: all that git tracks or would track, and that exist.
///
/// # Errors
/// If git can't say.
pub fn tracked(root: &Path) -> Result<Vec<String>, FileError> {
    let listed =
        output(Command::new("git").args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"]).current_dir(root))?;
    let mut files: Vec<String> =
        listed.split('\0').filter(|path| !path.is_empty() && root.join(path).is_file()).map(str::to_owned).collect();
    files.sort_unstable();
    files.dedup();
    Ok(files)
}

/// Runs a program and answers what it prints.
///
/// # Errors
/// If it can't be started, or fails.
pub fn output(command: &mut Command) -> Result<String, FileError> {
    let name = words(command);
    let done = command.output().map_err(|error| FileError::Start(name.clone(), error))?;
    if !done.status.success() {
        let said = String::from_utf8_lossy(&done.stderr);
        return Err(FileError::Failed(name, format!(": {}", said.trim())));
    }
    String::from_utf8(done.stdout).map_err(|_| FileError::NotText(name))
}

/// Runs a program that prints for itself.
///
/// # Errors
/// If it can't be started, or fails.
pub fn run(command: &mut Command) -> Result<(), FileError> {
    let name = words(command);
    let status = command.status().map_err(|error| FileError::Start(name.clone(), error))?;
    if status.success() { Ok(()) } else { Err(FileError::Failed(name, String::new())) }
}

/// Cargo: the one that runs this, or else the one on the path.
pub fn cargo(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    // What cargo tells a program that it runs is not meant for the next cargo: build scripts go by it, and all that hangs on
    // them would be compiled anew.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    if root != crate::root() {
        // Another workspace compiles into a folder of its own.
        command.env_remove("CARGO_TARGET_DIR");
    }
    command
}

fn words(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
    command.get_args().fold(program, |words, arg| format!("{words} {}", arg.to_string_lossy()))
}
