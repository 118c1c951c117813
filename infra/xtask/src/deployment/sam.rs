//! `sam`, as whoever deploys uses it, in front of MiniStack.

use std::{
    ffi::OsStr,
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    files::{self, FileError, Made},
    ministack::{Ministack, REGION},
    python::{self, Set},
};

/// The bucket that what is deployed goes through.
const BUCKET: &str = "artifacts";

/// The key of the account's owner, who may do everything.
pub const OWNER: (&str, &str) = ("test", "test");

/// `sam`, in a folder.
#[derive(Debug)]
pub struct Sam<'a> {
    programs: PathBuf,
    root: &'a Path,
    folder: &'a Path,
    endpoint: String,
    log: PathBuf,
}

impl<'a> Sam<'a> {
    /// Installs it if need be.
    ///
    /// # Errors
    /// If it can't be had.
    pub fn at(root: &'a Path, folder: &'a Path, cloud: &Ministack) -> Result<Self, FileError> {
        let (programs, log) = (python::programs(root, Set::Templates)?, cloud.log().with_extension("sam"));
        Ok(Self { programs, root, folder, endpoint: cloud.url(), log })
    }

    /// Every template of the project by its path, as SAM's translator makes it.
    ///
    /// # Errors
    /// If a template can't be read or translated.
    pub fn translated(&self) -> Result<String, FileError> {
        let mut translate = Command::new(self.programs.join("python"));
        translate.arg("-B").arg(self.root.join("infra/checks/translated.py")).env("AWS_DEFAULT_REGION", REGION);
        files::output(&mut translate)
    }

    /// Makes a user who may do nothing. Answers the id and the secret of their key.
    ///
    /// # Errors
    /// If they can't be made.
    pub fn stranger(&self) -> Result<(String, String), FileError> {
        let mut make = Command::new(self.programs.join("python"));
        make.arg("-B").arg(self.root.join("infra/checks/stranger.py")).env("AWS_DEFAULT_REGION", REGION).envs(self.credentials());
        let key = files::output(&mut make)?;
        let (id, secret) = key.trim().split_once(' ').unwrap_or_default();
        Ok((id.to_owned(), secret.to_owned()))
    }

    /// Makes the bucket that what is deployed goes through.
    ///
    /// # Errors
    /// If `sam` says no.
    pub fn make_bucket(&self) -> Result<(), FileError> {
        let bucket = json!({"Type": "AWS::S3::Bucket", "Properties": {"BucketName": BUCKET}});
        self.write("bucket.yaml", &json!({"Resources": {"Artifacts": bucket}}))?;
        self.deploy("artifacts", "bucket.yaml", &[]).map(drop)
    }

    /// Deploys the application that lies in the folder, and says how long that took.
    ///
    /// # Errors
    /// If `sam` says no.
    pub fn deploy_application(&self, stack: &str, template: &str, parameters: &Value) -> Result<Duration, FileError> {
        // Every JSON file is a YAML file, and values of any form can stand there.
        self.write("parameters.yaml", parameters)?;
        let told = format!("file://{}", self.folder.join("parameters.yaml").display());
        self.deploy(stack, template, &["--s3-bucket", BUCKET, "--parameter-overrides", &told])
    }

    fn deploy(&self, stack: &str, template: &str, arguments: &[&str]) -> Result<Duration, FileError> {
        let started = Instant::now();
        let mut command = self.command(["deploy", "--stack-name", stack, "--template-file", template]);
        command.args(["--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND", "--no-confirm-changeset"]).args(arguments);
        // It tells of every part that it uploads; all of that is of use only if it fails.
        let told = File::create(&self.log).map_err(|error| FileError::File(self.log.clone(), error))?;
        let told_too = told.try_clone().map_err(|error| FileError::File(self.log.clone(), error))?;
        files::run(command.stdout(told).stderr(told_too))?;
        Ok(started.elapsed())
    }

    /// Where it says what it did last.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Keeps what functions say in their logs, and answers where.
    ///
    /// # Errors
    /// If that can't be read or written.
    pub fn keep_logs(&self, functions: impl IntoIterator<Item = String>) -> Result<PathBuf, FileError> {
        let file = self.log.with_extension("functions");
        fs::write(&file, self.logs(functions)?).map_err(|error| FileError::File(file.clone(), error))?;
        Ok(file)
    }

    fn logs(&self, functions: impl IntoIterator<Item = String>) -> Result<String, FileError> {
        let groups = functions.into_iter().flat_map(|name| ["--cw-log-group".to_owned(), format!("/aws/lambda/{name}")]);
        files::output(&mut self.command(["logs".to_owned()].into_iter().chain(groups)))
    }

    /// When a function was started, as its log says.
    ///
    /// # Errors
    /// If the log can't be read.
    pub fn starts(&self, function: &str) -> Result<Vec<Timestamp>, FileError> {
        let log = self.logs([function.to_owned()])?;
        // Stream, time, and what was said.
        let starts = log.lines().filter(|line| line.contains(" START RequestId: "));
        Ok(starts.filter_map(|line| line.split_whitespace().nth(1)?.parse().ok()).collect())
    }

    /// Writes a file into the folder.
    ///
    /// # Errors
    /// If that can't be done.
    pub fn write(&self, name: &str, content: &Value) -> Result<(), FileError> {
        Made { path: name.to_owned(), text: content.to_string() }.write(self.folder)
    }

    fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(self.programs.join("sam"));
        command.args(arguments).args(["--region", REGION]).current_dir(self.folder).env_clear();
        command.envs([
            ("PATH", std::env::var("PATH").unwrap_or_default()),
            ("HOME", self.folder.display().to_string()),
            ("SAM_CLI_TELEMETRY", "0".to_owned()),
            // How often, in seconds, it looks whether the stack is there.
            ("SAM_CLI_POLL_DELAY", "1".to_owned()),
        ]);
        command.envs(self.credentials());
        command
    }

    /// Those of the account's owner.
    fn credentials(&self) -> [(&'static str, String); 3] {
        let (id, secret) = OWNER;
        [
            ("AWS_ENDPOINT_URL", self.endpoint.clone()),
            ("AWS_ACCESS_KEY_ID", id.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", secret.to_owned()),
        ]
    }
}
