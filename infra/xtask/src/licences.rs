//! Licences of what is linked into our programs.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::Command,
};

use serde::Deserialize;

use crate::files::{self, FileError};

/// Licences that ask no more than to be named, or (MPL-2.0) that changed files of theirs stay open.
const ACCEPTED: [&str; 15] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MPL-2.0",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "Unlicense",
    "Zlib",
];

/// Why licences are not in order.
#[derive(Debug, thiserror::Error)]
pub enum LicenceError {
    /// Cargo can't say what is linked.
    #[error("{0} (`cargo fetch --locked` makes it work offline)")]
    Cargo(#[from] FileError),
    /// Cargo says it in a way that we don't know.
    #[error("the answer of cargo metadata: {0}")]
    Metadata(#[from] serde_json::Error),
    /// Dependencies whose licence is not among the accepted.
    #[error("licences that are not accepted:{}", .0.iter().map(|found| format!("\n  {found}")).collect::<String>())]
    Unaccepted(Vec<String>),
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_members: BTreeSet<String>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    pkg: String,
    dep_kinds: Vec<DependencyKind>,
}

#[derive(Deserialize)]
struct DependencyKind {
    /// None for what is linked; `dev` and `build` are not.
    kind: Option<String>,
}

/// Checks the licences of all that is linked on this machine. Answers how many crates that is.
///
/// # Errors
/// If one is not accepted, or cargo can't say.
pub fn check(root: &Path) -> Result<usize, LicenceError> {
    let platform = host(root)?;
    let arguments = ["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", &platform];
    let metadata: Metadata = serde_json::from_str(&files::output(files::cargo(root).args(arguments))?)?;
    let linked = linked(&metadata);
    let of_others = metadata
        .packages
        .iter()
        .filter(|package| linked.contains(&package.id) && !metadata.workspace_members.contains(&package.id));
    let of_others: Vec<&Package> = of_others.collect();
    let unaccepted: Vec<String> = of_others.iter().filter_map(|package| complaint(package)).collect();
    if unaccepted.is_empty() { Ok(of_others.len()) } else { Err(LicenceError::Unaccepted(unaccepted)) }
}

fn host(root: &Path) -> Result<String, FileError> {
    let said = files::output(Command::new("rustc").arg("-vV").current_dir(root))?;
    Ok(said.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default().to_owned())
}

/// All that the members of the workspace reach through what is linked.
fn linked(metadata: &Metadata) -> BTreeSet<String> {
    let nodes: BTreeMap<&str, &Node> = metadata.resolve.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
    let mut linked = BTreeSet::new();
    let mut waiting: Vec<&str> = metadata.workspace_members.iter().map(String::as_str).collect();
    while let Some(id) = waiting.pop() {
        if !linked.insert(id.to_owned()) {
            continue;
        }
        let dependencies = nodes.get(id).map(|node| node.deps.as_slice()).unwrap_or_default();
        let is_linked = |dependency: &&Dependency| dependency.dep_kinds.iter().any(|kind| kind.kind.is_none());
        waiting.extend(dependencies.iter().filter(is_linked).map(|dependency| dependency.pkg.as_str()));
    }
    linked
}

fn complaint(package: &Package) -> Option<String> {
    let Package { name, version, license, .. } = package;
    let Some(license) = license else { return Some(format!("{name} {version} names none")) };
    match is_accepted(license) {
        Some(true) => None,
        Some(false) => Some(format!("{name} {version}: {license}")),
        None => Some(format!("{name} {version}: {license:?} can't be read")),
    }
}

/// Whether an SPDX expression can be satisfied by accepted licences. None if it is no expression.
fn is_accepted(expression: &str) -> Option<bool> {
    // Before SPDX, crates wrote a slash for OR.
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut parser = Parser { words: spaced.split_whitespace().peekable() };
    let accepted = parser.any()?;
    parser.words.next().is_none().then_some(accepted)
}

/// Reads `OR`, then `AND`, which binds closer, then one licence or parentheses.
struct Parser<'a, I: Iterator<Item = &'a str>> {
    words: std::iter::Peekable<I>,
}

impl<'a, I: Iterator<Item = &'a str>> Parser<'a, I> {
    fn any(&mut self) -> Option<bool> {
        let mut accepted = self.all()?;
        while self.words.next_if_eq(&"OR").is_some() {
            accepted |= self.all()?;
        }
        Some(accepted)
    }

    fn all(&mut self) -> Option<bool> {
        let mut accepted = self.one()?;
        while self.words.next_if_eq(&"AND").is_some() {
            accepted &= self.one()?;
        }
        Some(accepted)
    }

    fn one(&mut self) -> Option<bool> {
        if self.words.next_if_eq(&"(").is_some() {
            let accepted = self.any()?;
            return self.words.next_if_eq(&")").map(|_| accepted);
        }
        let id = self.words.next().filter(|word| !["OR", "AND", "WITH", "(", ")"].contains(word))?;
        let licence = match self.words.next_if_eq(&"WITH") {
            Some(_) => format!("{id} WITH {}", self.words.next()?),
            None => id.to_owned(),
        };
        Some(ACCEPTED.contains(&licence.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_needs_one_and_a_sum_needs_all() {
        for (expression, expected) in [
            ("MIT", true),
            ("GPL-3.0-only", false),
            ("GPL-2.0-only OR MIT", true),
            ("GPL-2.0-only/MIT", true),
            ("MIT AND AGPL-3.0-only", false),
            ("MIT OR Apache-2.0 AND GPL-3.0-only", true),
            ("(MIT OR Apache-2.0) AND GPL-3.0-only", false),
            ("(MIT OR GPL-3.0-only) AND (Unicode-3.0)", true),
            ("Apache-2.0 WITH LLVM-exception", true),
            ("GPL-2.0-only WITH Classpath-exception-2.0", false),
        ] {
            assert_eq!(is_accepted(expression), Some(expected), "{expression}");
        }
    }

    #[test]
    fn what_is_no_expression_is_not_taken_for_one() {
        for expression in ["", "MIT OR", "OR MIT", "(MIT", "MIT)", "MIT Apache-2.0", "MIT WITH", "()"] {
            assert_eq!(is_accepted(expression), None, "{expression}");
        }
    }
}
