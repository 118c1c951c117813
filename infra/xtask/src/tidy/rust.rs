//! Rules about Rust code, read as rustfmt leaves it: a function ends with the first brace that is as far indented as it.

use super::{Finding, Text};

/// Lines of a function, its signature included.
const MAX_FUNCTION_LINES: usize = 70;

/// What can stand before `fn`.
const MODIFIERS: [&str; 6] = ["pub ", "pub(crate) ", "pub(super) ", "const ", "async ", "unsafe "];

pub(super) fn long_functions(file: &Text<'_>) -> Vec<Finding> {
    let lines: Vec<&str> = file.text.lines().collect();
    let long = lines.iter().enumerate().filter(|(_, line)| begins_function(line)).filter_map(|(at, _)| {
        let length = length(&lines[at..]);
        let what = format!("{length} lines");
        (length > MAX_FUNCTION_LINES)
            .then(|| file.finding(at + 1, what, "a function of more than 70 lines can't be read without scrolling"))
    });
    long.collect()
}

fn begins_function(line: &str) -> bool {
    let mut rest = line.trim_start();
    while let Some(after) = MODIFIERS.iter().find_map(|modifier| rest.strip_prefix(modifier)) {
        rest = after;
    }
    rest.starts_with("fn ")
}

/// How many lines a function has that begins with the first of these.
fn length(lines: &[&str]) -> usize {
    let Some((first, rest)) = lines.split_first() else { return 0 };
    if first.ends_with('}') || first.ends_with(';') {
        return 1;
    }
    let indent = first.len() - first.trim_start().len();
    let ends = |line: &&str| {
        let as_far = line.len() - line.trim_start().len() == indent;
        as_far && (line.trim() == "}" || line.ends_with(';'))
    };
    rest.iter().position(ends).map_or(lines.len(), |at| at + 2)
}

pub(super) fn unexplained_attributes(file: &Text<'_>) -> Vec<Finding> {
    let opens =
        |line: &str| ["#[allow(", "#![allow(", "#[expect(", "#![expect("].iter().any(|open| line.trim_start().starts_with(open));
    let lines: Vec<&str> = file.text.lines().collect();
    let unexplained = lines.iter().enumerate().filter(|(_, line)| opens(line)).filter(|(at, _)| {
        let rest = &lines[*at..];
        let closed = rest.iter().position(|line| line.trim_end().ends_with(")]")).unwrap_or(rest.len() - 1);
        !rest[..=closed].iter().any(|line| line.contains("reason ="))
    });
    unexplained.map(|(at, line)| file.finding(at + 1, format!("`{}`", line.trim()), "whoever silences a lint says why")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_ends_where_it_began() {
        let text = "fn one() {}\nimpl X {\n    pub(crate) async fn two(\n        a: u8,\n    ) -> u8 {\n        if a > 1 {\n        }\n        a\n    }\n}\n";
        let lines: Vec<&str> = text.lines().collect();
        let begin: Vec<usize> = (0..lines.len()).filter(|at| begins_function(lines[*at])).collect();
        assert_eq!(begin, [0, 2]);
        assert_eq!(begin.into_iter().map(|at| length(&lines[at..])).collect::<Vec<_>>(), [1, 7]);
    }

    #[test]
    fn a_long_function_is_found() {
        let text = format!("fn long() {{\n{}}}\n", "    step();\n".repeat(69));
        let file = Text { root: std::path::Path::new(""), path: "x.rs", text: &text };
        assert_eq!(long_functions(&file).len(), 1);
    }

    #[test]
    fn a_reason_may_stand_on_a_line_of_its_own() {
        let text = "#[expect(\n    clippy::panic,\n    reason = \"tests\"\n)]\n#[allow(dead_code)]\n";
        let file = Text { root: std::path::Path::new(""), path: "x.rs", text };
        assert_eq!(unexplained_attributes(&file).iter().map(|finding| finding.line).collect::<Vec<_>>(), [5]);
    }
}
