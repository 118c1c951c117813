//! Which rows of the shipped tables are old: facts about programmes change without telling us.

use std::{fs, path::Path};

use domain::time::first_day;
use jiff::civil::Date;

/// A table, its columns that name a row, and the one that dates it.
const TABLES: [(&str, &[&str], &str); 10] = [
    ("cards.csv", &["id"], "as_of"),
    ("card-rules.csv", &["id"], "as_of"),
    ("award-holds.csv", &["programme"], "as_of"),
    ("free-nights.csv", &["programme"], "as_of"),
    ("transfer-partners.csv", &["from", "to"], "as_of"),
    ("transfer-bonuses.csv", &["from", "to"], "as_of"),
    ("valuations.csv", &["programme", "source"], "as_of"),
    ("portal-rates.csv", &["programme"], "as_of"),
    ("programme-phones.csv", &["programme"], "as_of"),
    ("rates.csv", &[], "date"),
];

/// What is old in a table.
#[derive(Debug, PartialEq, Eq)]
pub struct OldRows {
    /// Which table.
    pub table: &'static str,
    /// How many rows it has.
    pub of: usize,
    /// Those that are old, each with its names and its date, the oldest first.
    pub rows: Vec<(Date, String)>,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum StalenessError {
    /// A table can't be read.
    #[error("{0}: {1}")]
    Csv(&'static str, csv::Error),
    /// A table lacks a column.
    #[error("{0} has no column {1}")]
    NoColumn(&'static str, &'static str),
    /// A date that is none.
    #[error("{0}, row {1}: no date")]
    NoDate(&'static str, usize),
    /// The folder can't be read.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// What is older than so many days. Of exchange rates, which are a history, the latest day counts.
///
/// # Errors
/// If a table is not as it should be.
pub fn report(root: &Path, today: Date, days: i32) -> Result<Vec<OldRows>, StalenessError> {
    let folder = root.join("shared/domain/data");
    let read = |(table, names, dated): (&'static str, &'static [&'static str], &'static str)| {
        let path = folder.join(table);
        old_rows(&fs::read_to_string(&path)?, (table, names, dated), today, days)
    };
    TABLES.into_iter().map(read).collect()
}

fn old_rows(
    text: &str,
    (table, names, dated): (&'static str, &[&'static str], &'static str),
    today: Date,
    days: i32,
) -> Result<OldRows, StalenessError> {
    let fault = |error| StalenessError::Csv(table, error);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let headings = reader.headers().map_err(fault)?.clone();
    let column =
        |name: &'static str| headings.iter().position(|heading| heading == name).ok_or(StalenessError::NoColumn(table, name));
    let (names, dated) = (names.iter().map(|name| column(name)).collect::<Result<Vec<_>, _>>()?, column(dated)?);
    let mut all = Vec::new();
    for (i, record) in reader.records().enumerate() {
        let record = record.map_err(fault)?;
        let name: Vec<&str> = names.iter().filter_map(|column| record.get(*column)).collect();
        let at = record.get(dated).and_then(first_day).ok_or(StalenessError::NoDate(table, i + 1))?;
        all.push((at, name.join(" ")));
    }
    all.sort_unstable();
    if names.is_empty() {
        all.drain(..all.len().saturating_sub(1));
    }
    let of = all.len();
    let mut rows = all;
    rows.retain(|(at, _)| (today - *at).get_days() > days);
    Ok(OldRows { table, of, rows })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn rows_are_old_by_the_first_day_that_their_date_can_mean() {
        let text = "from,to,as_of\na,b,2025\na,c,2025-H2\na,d,2025-12\na,e,2025-12-31\n";
        let old = |days| {
            let old = old_rows(text, ("t", &["from", "to"], "as_of"), date(2026, 1, 1), days).map(|old| (old.of, old.rows));
            old.map(|(of, rows)| (of, rows.into_iter().map(|(_, name)| name).collect::<Vec<_>>())).ok()
        };
        assert_eq!(old(0), Some((4, ["a b", "a c", "a d", "a e"].map(str::to_owned).to_vec())));
        assert_eq!(old(31), Some((4, ["a b", "a c"].map(str::to_owned).to_vec())));
        assert_eq!(old(400), Some((4, vec![])));
    }

    #[test]
    fn every_shipped_table_can_be_dated() {
        let tables = report(&crate::root(), date(2026, 11, 21), i32::MAX).unwrap_or_default();
        assert_eq!((tables.len(), tables.iter().filter(|table| table.of == 0).count()), (TABLES.len(), 0));
    }
}
