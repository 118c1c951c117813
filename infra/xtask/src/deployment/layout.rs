//! The templates as they are deployed: cut, with every path leading to a file that lies there.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{
    DeploymentError, FUNCTIONS,
    cut::{Kept, cut},
    sam::Sam,
};
use crate::lambdas::Built;

/// The root template.
pub const ROOT: &str = "template.yaml";

/// A template that lies there.
#[derive(Debug)]
pub struct Laid {
    path: String,
    in_the_cloud: usize,
    here: usize,
}

impl fmt::Display for Laid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<34} {:>3} resources of {:>3}", self.path, self.here, self.in_the_cloud)
    }
}

/// Writes every template of the project into the folder of `sam`.
///
/// # Errors
/// If one can't be read, translated, cut or written.
pub fn write(
    sam: &Sam<'_>,
    built: &Built,
    variables: &[(&'static str, String)],
    secrets: &[(&'static str, String)],
) -> Result<Vec<Laid>, DeploymentError> {
    let programs = FUNCTIONS.map(|name| (name, folder(&built.bootstrap(name))));
    let functions = programs.iter().map(|(name, folder)| (*name, folder.as_path())).collect();
    let kept = Kept { functions, variables, secrets };
    let templates: BTreeMap<String, Value> = serde_json::from_str(&sam.translated()?)?;
    let laid = templates.into_iter().map(|(path, template)| {
        let (in_the_cloud, cut) = (resources(&template), cut(template, &kept)?);
        sam.write(&path, &cut)?;
        Ok(Laid { path, in_the_cloud, here: resources(&cut) })
    });
    laid.collect()
}

fn folder(file: &Path) -> PathBuf {
    file.parent().unwrap_or(file).to_owned()
}

fn resources(template: &Value) -> usize {
    template["Resources"].as_object().map_or(0, serde_json::Map::len)
}
