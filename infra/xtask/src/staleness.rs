//! Which rows of the shipped tables are old: facts about programmes change without telling us.

use std::{fs, path::Path};

use domain::{rates::MAX_AGE_DAYS, time::first_day};
use jiff::civil::Date;

/// A table whose rows are dated.
struct Dated {
    table: &'static str,
    /// The columns that name a row.
    names: &'static [&'static str],
    /// The one that dates it.
    by: &'static str,
    /// Whether that is empty where there is nothing to date.
    may_be_empty: bool,
    /// After how many days its rows are of no use, where that is known.
    of_use: Option<i32>,
}

impl Dated {
    const fn always(table: &'static str, names: &'static [&'static str], by: &'static str) -> Self {
        Self { table, names, by, may_be_empty: false, of_use: None }
    }
}

const TABLES: [Dated; 11] = [
    Dated::always("cards.csv", &["id"], "as_of"),
    Dated::always("card-rules.csv", &["id"], "as_of"),
    Dated::always("award-holds.csv", &["programme"], "as_of"),
    Dated::always("free-nights.csv", &["programme"], "as_of"),
    Dated::always("transfer-partners.csv", &["from", "to"], "as_of"),
    // How long a transfer takes is measured by others than those who say that it is offered.
    Dated { table: "transfer-partners.csv", names: &["from", "to"], by: "timed", may_be_empty: true, of_use: None },
    Dated::always("transfer-bonuses.csv", &["from", "to"], "as_of"),
    Dated::always("valuations.csv", &["programme", "source"], "as_of"),
    Dated::always("portal-rates.csv", &["programme"], "as_of"),
    Dated::always("programme-phones.csv", &["programme"], "as_of"),
    Dated { of_use: Some(MAX_AGE_DAYS), ..Dated::always("rates.csv", &[], "date") },
];

/// What is old in a table.
#[derive(Debug, PartialEq, Eq)]
pub struct OldRows {
    /// Which table.
    pub table: &'static str,
    /// By which column.
    pub by: &'static str,
    /// From how many days on they are old.
    pub days: i32,
    /// How many of its rows have a date there.
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

/// What is older than so many days, or than its rows are of use, whichever is less. Of exchange rates, which are a history, the latest day
/// counts.
///
/// # Errors
/// If a table is not as it should be.
pub fn report(root: &Path, today: Date, days: i32) -> Result<Vec<OldRows>, StalenessError> {
    let folder = root.join("shared/domain/data");
    let read = |dated: &Dated| old_rows(&fs::read_to_string(folder.join(dated.table))?, dated, today, days);
    TABLES.iter().map(read).collect()
}

fn old_rows(text: &str, dated: &Dated, today: Date, days: i32) -> Result<OldRows, StalenessError> {
    let Dated { table, names, by, may_be_empty, of_use } = *dated;
    let days = of_use.map_or(days, |of_use| of_use.min(days));
    let fault = |error| StalenessError::Csv(table, error);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let headings = reader.headers().map_err(fault)?.clone();
    let column =
        |name: &'static str| headings.iter().position(|heading| heading == name).ok_or(StalenessError::NoColumn(table, name));
    let (names, when) = (names.iter().map(|name| column(name)).collect::<Result<Vec<_>, _>>()?, column(by)?);
    let mut all = Vec::new();
    for (i, record) in reader.records().enumerate() {
        let record = record.map_err(fault)?;
        let name: Vec<&str> = names.iter().filter_map(|column| record.get(*column)).collect();
        let at = record.get(when).unwrap_or_default();
        if !(may_be_empty && at.is_empty()) {
            all.push((first_day(at).ok_or(StalenessError::NoDate(table, i + 1))?, name.join(" ")));
        }
    }
    all.sort_unstable();
    if names.is_empty() {
        all.drain(..all.len().saturating_sub(1));
    }
    let of = all.len();
    let mut rows = all;
    rows.retain(|(at, _)| (today - *at).get_days() > days);
    Ok(OldRows { table, by, days, of, rows })
}

#[cfg(test)]
mod tests {
    use domain::rates::Rates;
    use jiff::{ToSpan, civil::date};

    use super::*;

    #[test]
    fn rows_are_old_by_the_first_day_that_their_date_can_mean() {
        let text = "from,to,as_of\na,b,2025\na,c,2025-H2\na,d,2025-12\na,e,2025-12-31\n";
        let old = |days| {
            let dated = Dated::always("t", &["from", "to"], "as_of");
            let old = old_rows(text, &dated, date(2026, 1, 1), days).map(|old| (old.of, old.rows));
            old.map(|(of, rows)| (of, rows.into_iter().map(|(_, name)| name).collect::<Vec<_>>())).ok()
        };
        assert_eq!(old(0), Some((4, ["a b", "a c", "a d", "a e"].map(str::to_owned).to_vec())));
        assert_eq!(old(31), Some((4, ["a b", "a c"].map(str::to_owned).to_vec())));
        assert_eq!(old(400), Some((4, vec![])));
    }

    #[test]
    fn what_was_not_measured_is_not_old() {
        let text = "from,timed\na,\nb,2021-03-04\n";
        let dated = |may_be_empty| Dated { may_be_empty, ..Dated::always("t", &["from"], "timed") };
        let old = |may_be_empty| old_rows(text, &dated(may_be_empty), date(2026, 1, 1), 365).ok();
        let rows = vec![(date(2021, 3, 4), "b".to_owned())];
        assert_eq!(old(true), Some(OldRows { table: "t", by: "timed", days: 365, of: 1, rows }));
        assert_eq!(old(false), None);
    }

    #[test]
    fn rates_are_old_once_nothing_is_converted_by_them() {
        let latest = Rates::shipped().latest(Date::MAX).unwrap_or_default();
        let old = |after: i32| {
            let tables = report(&crate::root(), latest.saturating_add(after.days()), 180).unwrap_or_default();
            tables.into_iter().find(|table| table.table == "rates.csv").map(|rates| (rates.days, rates.rows.len()))
        };
        assert_eq!((old(MAX_AGE_DAYS), old(MAX_AGE_DAYS + 1)), (Some((MAX_AGE_DAYS, 0)), Some((MAX_AGE_DAYS, 1))));
    }

    #[test]
    fn every_shipped_table_can_be_dated() {
        let tables = report(&crate::root(), date(2026, 11, 21), i32::MAX).unwrap_or_default();
        assert_eq!((tables.len(), tables.iter().filter(|table| table.of == 0).count()), (TABLES.len(), 0));
    }
}
