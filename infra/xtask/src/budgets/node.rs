//! The function that ours are compared with: `watchers-get-watcher` for Node.js, bundled with its AWS SDK.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::sandbox;
use crate::{
    files::{self, FileError},
    python,
};

/// Where it is written.
const SOURCE: &str = "infra/budgets/node";
const FILES: [&str; 4] = ["package.json", "package-lock.json", "get-watcher.mjs", "runtime.mjs"];

/// The function, bundled.
pub(super) struct NodeFunction {
    folder: PathBuf,
}

impl NodeFunction {
    /// Installs what it needs in the versions that its lock file names, if that is not done yet, and bundles it.
    ///
    /// # Errors
    /// If npm can't be run, or says no.
    pub(super) fn build(root: &Path) -> Result<Self, FileError> {
        let folder = python::target(root).join("budgets/node");
        fs::create_dir_all(&folder).map_err(|error| FileError::File(folder.clone(), error))?;
        let installed = folder.join("installed.json");
        let lock = files::read(&root.join(SOURCE).join("package-lock.json"))?;
        for file in FILES {
            let copy = folder.join(file);
            fs::copy(root.join(SOURCE).join(file), &copy).map_err(|error| FileError::File(copy, error))?;
        }
        let npm = |arguments: &[&str]| files::output(Command::new("npm").args(arguments).current_dir(&folder));
        if fs::read_to_string(&installed).ok().as_ref() != Some(&lock) {
            npm(&["ci", "--ignore-scripts", "--no-audit", "--no-fund"])?;
            fs::write(&installed, lock).map_err(|error| FileError::File(installed, error))?;
        }
        npm(&["run", "build"])?;
        Ok(Self { folder })
    }

    /// What is deployed.
    pub(super) fn bundle(&self) -> PathBuf {
        self.folder.join("bundle/index.cjs")
    }

    /// What Lambda runs.
    pub(super) fn program(&self) -> Command {
        let mut node = sandbox::program("node");
        node.arg(self.folder.join("runtime.mjs"));
        node.env("_HANDLER", "index.handler").env("LAMBDA_TASK_ROOT", self.folder.join("bundle"));
        node
    }
}
