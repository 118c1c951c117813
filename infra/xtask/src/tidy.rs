//! Rules that the compiler can't hold, each with its reason.

mod bans;
mod rust;

use std::{fmt, fs, path::Path};

use self::bans::{BANS, Ban, EXCEPTIONS};
use crate::files::{self, FileError};

/// Lines of a file.
const MAX_FILE_LINES: usize = 700;

/// Why the project is not tidy.
#[derive(Debug, thiserror::Error)]
pub enum TidyError {
    /// The files can't be listed or read.
    #[error(transparent)]
    Files(#[from] FileError),
    /// Rules that are broken.
    #[error("{} rules are broken:{}", .0.len(), .0.iter().map(|finding| format!("\n  {finding}")).collect::<String>())]
    Untidy(Vec<Finding>),
}

/// A rule that is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file, from the root.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
    /// What is there.
    pub what: String,
    /// Why it must not be.
    pub reason: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}", self.path, self.line, self.what, self.reason)
    }
}

/// A text file of the project.
struct Text<'a> {
    root: &'a Path,
    path: &'a str,
    text: &'a str,
}

impl Text<'_> {
    fn finding(&self, line: usize, what: impl Into<String>, reason: &'static str) -> Finding {
        Finding { path: self.path.to_owned(), line, what: what.into(), reason }
    }

    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines())
    }
}

/// Checks every file of the project. Answers how many there are.
///
/// # Errors
/// The rules that are broken, all of them.
pub fn check(root: &Path) -> Result<usize, TidyError> {
    let paths = files::tracked(root)?;
    let mut findings = Vec::new();
    for path in &paths {
        let bytes = fs::read(root.join(path)).map_err(|error| FileError::File(path.into(), error))?;
        // What is no text has no lines to look at.
        if let Ok(text) = std::str::from_utf8(&bytes) {
            findings.extend(look(&Text { root, path, text }));
        }
    }
    if findings.is_empty() { Ok(paths.len()) } else { Err(TidyError::Untidy(findings)) }
}

fn look(file: &Text<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = BANS.iter().flat_map(|ban| banned(file, ban)).collect();
    if file.path.ends_with(".rs") {
        findings.extend(too_long(file));
        findings.extend(rust::long_functions(file));
        findings.extend(rust::unexplained_attributes(file));
    }
    if file.path.ends_with(".md") {
        findings.extend(dead_links(file));
    }
    if file.path.ends_with("/Cargo.toml") {
        findings.extend(loose_dependencies(file));
        findings.extend(imported_contexts(file));
    }
    findings
}

fn banned(file: &Text<'_>, ban: &Ban) -> Vec<Finding> {
    let excepted = EXCEPTIONS.iter().any(|(path, about, _)| file.path.starts_with(path) && ban.texts.contains(about));
    if excepted || file.path.starts_with(bans::THIS) || !(ban.applies)(file.path) {
        return Vec::new();
    }
    let found = |(number, line): (usize, &str)| {
        let looked_at = if ban.also_comments || !line.trim_start().starts_with("//") { line } else { "" };
        let text = ban.texts.iter().find(|text| looked_at.contains(**text))?;
        Some(file.finding(number, format!("`{text}`"), ban.reason))
    };
    file.lines().filter_map(found).collect()
}

fn too_long(file: &Text<'_>) -> Option<Finding> {
    let lines = file.text.lines().count();
    (lines > MAX_FILE_LINES)
        .then(|| file.finding(lines, format!("{lines} lines"), "a file of more than 700 lines has more than one subject"))
}

/// Links such as `[text](../docs/data.md#keys)`; those into the web are not followed.
fn dead_links(file: &Text<'_>) -> Vec<Finding> {
    let folder = file.root.join(file.path);
    let folder = folder.parent().unwrap_or(file.root);
    let leads_nowhere = |target: &&str| {
        let path = target.split('#').next().unwrap_or_default();
        !path.is_empty() && !path.contains(':') && !folder.join(path).exists()
    };
    let dead = |(number, line): (usize, &str)| {
        let targets = line.split("](").skip(1).filter_map(|rest| rest.split_once(')').map(|(target, _)| target));
        targets
            .filter(leads_nowhere)
            .map(|target| file.finding(number, format!("`{target}`"), "the link leads nowhere"))
            .collect::<Vec<_>>()
    };
    let mut in_code = false;
    let prose = file.lines().filter(|(_, line)| {
        let fence = line.trim_start().starts_with("```");
        in_code ^= fence;
        !in_code && !fence
    });
    prose.flat_map(dead).collect()
}

/// Entries of a manifest's dependency tables: line, and the entry.
fn dependencies<'a>(file: &'a Text<'_>) -> Vec<(usize, &'a str)> {
    let mut in_table = false;
    let entries = file.lines().filter(|(_, line)| {
        if line.starts_with('[') {
            in_table = line.contains("dependencies");
            return false;
        }
        in_table && !line.trim().is_empty() && !line.trim_start().starts_with('#')
    });
    entries.collect()
}

fn loose_dependencies(file: &Text<'_>) -> Vec<Finding> {
    let is_loose = |(_, entry): &(usize, &str)| {
        let (name, value) = entry.split_once('=').unwrap_or((entry, ""));
        !name.trim().ends_with(".workspace") && !value.contains("workspace = true")
    };
    let loose = dependencies(file).into_iter().filter(is_loose);
    loose
        .map(|(number, entry)| {
            file.finding(number, format!("`{entry}`"), "every version stands in the root manifest, so that there is one of each")
        })
        .collect()
}

/// Contexts exchange events. What they share lies in `shared/`, which knows none of them.
fn imported_contexts(file: &Text<'_>) -> Vec<Finding> {
    if !file.path.starts_with("functions/") && !file.path.starts_with("shared/") {
        return Vec::new();
    }
    let is_context = |(_, entry): &(usize, &str)| {
        let name = entry.split(['.', ' ', '=']).next().unwrap_or_default();
        file.root.join("functions").join(name).is_dir() && !name.is_empty()
    };
    let imported = dependencies(file).into_iter().filter(is_context);
    imported
        .map(|(number, entry)| {
            file.finding(number, format!("`{entry}`"), "contexts never import each other; they exchange events")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(findings: &[Finding]) -> Vec<usize> {
        findings.iter().map(|finding| finding.line).collect()
    }

    fn text<'a>(path: &'a str, text: &'a str) -> Text<'a> {
        Text { root: Path::new(env!("CARGO_MANIFEST_DIR")), path, text }
    }

    #[test]
    fn the_clock_is_asked_in_its_own_file_only() {
        let asks = "fn now() -> Timestamp {\n    Timestamp::now()\n}\n";
        assert_eq!(lines_of(&look(&text("shared/platform/src/deps.rs", asks))), [2]);
        assert!(look(&text("shared/platform/src/clock.rs", asks)).is_empty());
        assert!(look(&text("shared/platform/src/deps.rs", "// Timestamp::now is not called here.\n")).is_empty());
    }

    #[test]
    fn what_is_unfinished_is_found_in_comments_too() {
        assert_eq!(lines_of(&look(&text("shared/domain/src/ids.rs", concat!("// FIX", "ME later\n")))), [1]);
    }

    #[test]
    fn no_test_lies_where_none_is_run() {
        let tests = "#[cfg(test)]\nmod tests {}\n";
        assert_eq!(lines_of(&look(&text("functions/value/src/get_reach.rs", tests))), [1]);
        assert!(look(&text("shared/domain/src/reach.rs", tests)).is_empty());
    }

    #[test]
    fn domain_is_pure() {
        assert_eq!(
            lines_of(&look(&text("shared/domain/src/ids.rs", "use std::time::Duration;\nuse tokio::sync::Mutex;\n"))),
            [1, 2]
        );
    }

    #[test]
    fn links_must_lead_somewhere() {
        let markdown = "[good](Cargo.toml#x) [web](https://example.com/x) [bad](Gone.md)\n```\n[code](Gone.md)\n```\n";
        assert_eq!(lines_of(&dead_links(&text("README.md", markdown))), [1]);
    }

    #[test]
    fn versions_stand_in_the_root_manifest() {
        let manifest =
            "[package]\nname = \"x\"\n\n[dependencies]\na.workspace = true\nb = { workspace = true, features = [] }\nc = \"1\"\n";
        assert_eq!(lines_of(&loose_dependencies(&text("shared/x/Cargo.toml", manifest))), [7]);
    }

    #[test]
    fn every_exception_has_a_reason() {
        assert!(
            EXCEPTIONS.iter().all(|(_, about, reason)| !reason.is_empty() && BANS.iter().any(|ban| ban.texts.contains(about)))
        );
    }
}
