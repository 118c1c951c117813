//! Lines put where they belong in files that are there already.

use super::GenerateError;

/// A context's library with a function more.
pub(super) fn with_function(path: &str, text: &str, function: &str) -> Result<String, GenerateError> {
    let no_place = |what| GenerateError::NoPlace(path.to_owned(), what);
    let first_module = text.find("\npub mod ").ok_or_else(|| no_place("`pub mod`"))? + 1;
    let (before, modules) = text.split_at(first_module);
    let after = |from: usize, what: &str| modules.get(from..)?.find(what).map(|at| from + at + what.len());
    let list = after(0, "pub static FUNCTIONS").and_then(|at| after(at, "=")).and_then(|at| after(at, "&["));
    let list = list.ok_or_else(|| no_place("list of FUNCTIONS"))?;
    let end = modules.get(list..).and_then(|rest| rest.find("];")).ok_or_else(|| no_place("list of FUNCTIONS"))? + list;
    let entry = format!("&{function}::FUNCTION");
    let mut entries: Vec<&str> =
        modules.get(list..end).unwrap_or_default().split(',').map(str::trim).filter(|entry| !entry.is_empty()).collect();
    entries.push(&entry);
    entries.sort_unstable();
    let (upto, after) = (modules.get(..list).unwrap_or_default(), modules.get(end..).unwrap_or_default());
    // rustfmt puts modules in order and wraps the list.
    Ok(format!("{before}pub mod {function};\n{upto}{}{after}", entries.join(", ")))
}

/// A package's tests with a module more.
pub(super) fn with_module(path: &str, text: &str, module: &str) -> Result<String, GenerateError> {
    let first = text.find("\nmod ").ok_or_else(|| GenerateError::NoPlace(path.to_owned(), "`mod`"))? + 1;
    Ok(inserted(text, first, &format!("mod {module};\n")))
}

/// A context's manifest with a binary more, and what it needs.
pub(super) fn with_binary(path: &str, text: &str, binary: &str, needs: &[&str]) -> Result<String, GenerateError> {
    let section = format!("[[bin]]\nname = \"{binary}\"\ntest = false\n\n");
    let name_of =
        |rest: &str| rest.lines().nth(1).and_then(|line| line.strip_prefix("name = \"")?.strip_suffix('"')).map(str::to_owned);
    let sections = text.match_indices("[[bin]]\n").map(|(at, _)| at);
    let later = sections.into_iter().find(|at| text.get(*at..).and_then(name_of).is_some_and(|name| name.as_str() > binary));
    let at = later
        .or_else(|| text.find("[dependencies]\n"))
        .ok_or_else(|| GenerateError::NoPlace(path.to_owned(), "[dependencies]"))?;
    let mut with = text.to_owned();
    with.insert_str(at, &section);
    needs.iter().try_fold(with, |text, name| with_dependency(path, &text, name))
}

/// A manifest with a dependency more, unless it has it.
pub(super) fn with_dependency(path: &str, text: &str, name: &str) -> Result<String, GenerateError> {
    const HEADER: &str = "[dependencies]\n";
    let start = text.find(HEADER).ok_or_else(|| GenerateError::NoPlace(path.to_owned(), "[dependencies]"))? + HEADER.len();
    let table = text.get(start..).unwrap_or_default();
    let table = table.split("\n[").next().unwrap_or_default();
    let name_of = |line: &str| line.split(['.', ' ', '=']).next().unwrap_or_default().to_owned();
    if table.lines().any(|line| name_of(line) == name) {
        return Ok(text.to_owned());
    }
    let after: usize =
        table.lines().take_while(|line| !line.is_empty() && name_of(line).as_str() < name).map(|line| line.len() + 1).sum();
    Ok(inserted(text, start + after, &format!("{name}.workspace = true\n")))
}

/// The root manifest with a context more.
pub(super) fn with_member(path: &str, text: &str, context: &str) -> Result<String, GenerateError> {
    let last = text.rfind("path = \"functions/").ok_or_else(|| GenerateError::NoPlace(path.to_owned(), "functions"))?;
    let end = text.get(last..).and_then(|rest| rest.find('\n')).map_or(text.len(), |length| last + length + 1);
    Ok(inserted(text, end, &format!("{context} = {{ path = \"functions/{context}\" }}\n")))
}

/// The list of contexts with one more.
pub(super) fn with_context(path: &str, text: &str, context: &str) -> Result<String, GenerateError> {
    let no_place = || GenerateError::NoPlace(path.to_owned(), "`let contexts = […];`");
    let start = text.find("let contexts = [").ok_or_else(no_place)?;
    let (list, _) = text.get(start..).and_then(|rest| rest.split_once(']')).ok_or_else(no_place)?;
    // rustfmt leaves a comma after the last one where the list is wrapped.
    let end = start + list.trim_end().trim_end_matches(',').len();
    Ok(inserted(text, end, &format!(", {context}::FUNCTIONS")))
}

/// Texts are cut at line ends and brackets only, so at character boundaries.
fn inserted(text: &str, at: usize, what: &str) -> String {
    let (before, after) = (text.get(..at).unwrap_or(text), text.get(at..).unwrap_or_default());
    format!("{before}{what}{after}")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const LIBRARY: &str = "//! X.\n\nmod a_view;\npub mod get_a;\n\n/// All.\npub static FUNCTIONS: &[&dyn platform::Function] =\n    &[&get_a::FUNCTION, &put_c::FUNCTION];\n";

    #[test]
    fn a_function_is_listed_in_order() {
        let text = with_function("lib.rs", LIBRARY, "list_b").unwrap();
        assert!(text.contains("pub mod list_b;\n"), "{text}");
        assert!(text.ends_with("&[&get_a::FUNCTION, &list_b::FUNCTION, &put_c::FUNCTION];\n"), "{text}");
        assert!(with_function("lib.rs", "//! X.\n", "list_b").is_err());
    }

    #[test]
    fn a_binary_stands_between_its_neighbours() {
        let manifest = "[[bin]]\nname = \"x-a\"\ntest = false\n\n[[bin]]\nname = \"x-c\"\ntest = false\n\n[dependencies]\naxum.workspace = true\nserde.workspace = true\n";
        let text = with_binary("Cargo.toml", manifest, "x-b", &["axum", "jiff", "utoipa"]).unwrap();
        let names: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("name = ")).collect();
        assert_eq!(names, ["\"x-a\"", "\"x-b\"", "\"x-c\""]);
        assert!(
            text.ends_with("axum.workspace = true\njiff.workspace = true\nserde.workspace = true\nutoipa.workspace = true\n"),
            "{text}"
        );
    }

    #[test]
    fn a_dependency_stays_in_its_table() {
        let text =
            with_dependency("Cargo.toml", "[dependencies]\na.workspace = true\n\n[dev-dependencies]\nb.workspace = true\n", "z")
                .unwrap();
        assert_eq!(text, "[dependencies]\na.workspace = true\nz.workspace = true\n\n[dev-dependencies]\nb.workspace = true\n");
    }

    #[test]
    fn a_context_is_listed_last() {
        let list = "fn functions() {\n    let contexts = [a::FUNCTIONS, b::FUNCTIONS];\n}\n";
        assert!(with_context("x", list, "c").unwrap().contains("[a::FUNCTIONS, b::FUNCTIONS, c::FUNCTIONS];"));
        let wrapped = "    let contexts = [\n        a::FUNCTIONS,\n        b::FUNCTIONS,\n    ];\n";
        assert!(with_context("x", wrapped, "c").unwrap().contains("b::FUNCTIONS, c::FUNCTIONS,\n    ];"));
    }
}
