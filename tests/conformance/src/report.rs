//! What agreed and what did not, for whoever reads it.

use std::fmt::Write;

use crate::{Judged, Verdict};

/// A table with a line for each row, and a column for each side.
pub fn table(sides: &[(&str, Vec<Judged<'_>>)]) -> String {
    let mut text = String::new();
    let width = sides.iter().flat_map(|(_, judged)| judged).map(|judged| judged.row.len()).max().unwrap_or_default();
    let headings: String = sides.iter().map(|(side, _)| format!("  {side:<10}")).collect();
    writeln!(text, "{:<width$}{headings}", "").ok();
    for (number, first) in sides.first().map(|(_, judged)| judged.as_slice()).unwrap_or_default().iter().enumerate() {
        let verdicts: String = sides.iter().map(|(_, judged)| format!("  {:<10}", word(judged[number].verdict))).collect();
        writeln!(text, "{:<width$}{}", first.row, verdicts.trim_end()).ok();
    }
    text
}

/// What the words of the table mean where they are not "agreed".
pub fn details(sides: &[(&str, Vec<Judged<'_>>)]) -> String {
    let mut text = String::new();
    for (side, judged) in sides {
        for Judged { row, expected, seen, verdict } in judged {
            let (expected, seen) = (joined(expected), joined(seen));
            match verdict {
                Verdict::Agreed => {}
                Verdict::Listed(difference) => {
                    let (documented, harmless) = (difference.documented, difference.harmless);
                    write!(text, "\n{row}\n  AWS: {expected}\n  {side}: {seen}\n  {documented}\n  {harmless}\n").ok();
                }
                Verdict::Different => {
                    write!(text, "\nDIFFERENT: {row}\n  AWS: {expected}\n  {side}: {seen}\n").ok();
                }
                Verdict::NoMore(_) => {
                    write!(text, "\nNO MORE: {row}\n  {side} does as AWS does: {seen}; take it off the list\n").ok();
                }
            }
        }
    }
    text
}

fn joined(seen: &[crate::seen::Seen]) -> String {
    seen.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn word(verdict: Verdict<'_>) -> &'static str {
    match verdict {
        Verdict::Agreed => "agreed",
        Verdict::Listed(_) => "listed",
        Verdict::Different => "DIFFERENT",
        Verdict::NoMore(_) => "NO MORE",
    }
}
