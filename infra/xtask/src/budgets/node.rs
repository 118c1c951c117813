//! The function that ours are compared with: `watchers-get-watcher` for Node.js, bundled with its AWS SDK.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{BudgetError, sandbox};
use crate::{
    files::{self, FileError},
    lambdas::LambdaError,
    python::{self, Set},
};

/// Where it is written.
const SOURCE: &str = "infra/budgets/node";
const FILES: [&str; 4] = ["package.json", "package-lock.json", "get-watcher.mjs", "runtime.mjs"];

/// The function, bundled.
pub(super) struct NodeFunction {
    folder: PathBuf,
    node: PathBuf,
}

impl NodeFunction {
    /// Installs Node.js and what the function needs, in the versions that `infra/python/node.txt` and the lock file name, if that is not
    /// done yet, and bundles it.
    ///
    /// # Errors
    /// If Node.js can't be had, or npm says no.
    pub(super) fn build(root: &Path) -> Result<Self, BudgetError> {
        let programs = python::programs(root, Set::Node)?;
        let folder = python::target(root).join("budgets/node");
        fs::create_dir_all(&folder)?;
        let installed = folder.join("installed.json");
        let lock = files::read(&root.join(SOURCE).join("package-lock.json"))?;
        for file in FILES {
            fs::copy(root.join(SOURCE).join(file), folder.join(file))?;
        }
        let path = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths([programs.clone()].into_iter().chain(env::split_paths(&path))).map_err(LambdaError::from)?;
        let npm = |arguments: &[&str]| {
            files::output(Command::new(programs.join("npm")).args(arguments).env("PATH", &path).current_dir(&folder))
        };
        if fs::read_to_string(&installed).ok().as_ref() != Some(&lock) {
            npm(&["ci", "--ignore-scripts", "--no-audit", "--no-fund"])?;
            fs::write(&installed, lock)?;
        }
        npm(&["run", "build"])?;
        // What lies among the programs starts it, which is not to be measured with it.
        let node = files::output(Command::new(programs.join("node")).args(["-p", "process.execPath"]))?;
        Ok(Self { folder, node: node.trim().into() })
    }

    /// Which Node.js it runs on.
    ///
    /// # Errors
    /// If it does not start.
    pub(super) fn version(&self) -> Result<String, FileError> {
        Ok(files::output(Command::new(&self.node).arg("--version"))?.trim().to_owned())
    }

    /// What is deployed.
    pub(super) fn bundle(&self) -> PathBuf {
        self.folder.join("bundle/index.cjs")
    }

    /// What Lambda runs.
    pub(super) fn program(&self) -> Command {
        let mut node = sandbox::program(&self.node);
        node.arg(self.folder.join("runtime.mjs"));
        node.env("_HANDLER", "index.handler").env("LAMBDA_TASK_ROOT", self.folder.join("bundle"));
        node
    }
}
