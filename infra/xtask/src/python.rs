//! Tools that are written in Python: each set in an environment of its own under `target/python`, made from the versions that
//! `infra/python/<set>.txt` names, and made anew when that file changes.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::files::{self, FileError};

/// A set of tools. They are not one because their dependencies contradict each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Set {
    /// `sam` and `cfn-lint`, with the library that translates SAM templates.
    Templates,
    /// `ministack`, an AWS that is not ours, and `cargo-lambda`, which builds what runs there.
    Ministack,
    /// `node` and `npm`, which come as a package of Python, too.
    Node,
}

impl Set {
    /// The name of its folder and of the file with its versions.
    pub fn name(self) -> &'static str {
        match self {
            Self::Templates => "templates",
            Self::Ministack => "ministack",
            Self::Node => "node",
        }
    }
}

/// Where the programs of a set lie, after installing it if need be.
///
/// # Errors
/// If Python or its packages can't be had.
pub fn programs(root: &Path, set: Set) -> Result<PathBuf, FileError> {
    let wanted = files::read(&root.join(format!("infra/python/{}.txt", set.name())))?;
    let folder = target(root).join("python").join(set.name());
    let (programs, installed) = (folder.join("bin"), folder.join("installed.txt"));
    if fs::read_to_string(&installed).is_ok_and(|text| text == wanted) {
        return Ok(programs);
    }
    files::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    let mut install = Command::new(programs.join("python"));
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]);
    files::run(install.arg(root.join(format!("infra/python/{}.txt", set.name()))))?;
    fs::write(&installed, wanted).map_err(|error| FileError::File(installed, error))?;
    Ok(programs)
}

/// Where cargo compiles to.
pub fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder))
}
