//! Where a programme can be called: `data/programme-phones.csv` (sources in `data/SOURCES.md`; each row names its own, with its date).

use std::sync::LazyLock;

use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    money::ProgrammeId,
    programmes::name_of,
    tables::{BadTable, every_row},
    time::first_day,
};

/// Where a programme can be called in the United States.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Phone {
    /// The number, as ITU-T E.123 writes it.
    #[schema(example = "+1 800 433 7300")]
    pub number: String,
    /// How long one usually waits, in minutes. Null: not known.
    pub wait_minutes: Option<u16>,
    /// Who says so.
    pub source: String,
    /// When they said so.
    #[schema(value_type = String, format = Date)]
    pub as_of: Date,
}

static PHONES: LazyLock<Vec<(ProgrammeId, Phone)>> = LazyLock::new(|| TABLE.lines().skip(1).filter_map(row).collect());

const TABLE: &str = include_str!("../../data/programme-phones.csv");

/// Every row of the table can be read.
pub(super) fn check() -> Result<(), BadTable> {
    every_row("programme-phones.csv", TABLE, |line| row(line).is_some())
}

/// Whose, and where.
fn row(line: &str) -> Option<(ProgrammeId, Phone)> {
    let [programme, number, wait, source, as_of] = line.split(',').collect::<Vec<_>>().try_into().ok()?;
    let programme: ProgrammeId = programme.parse().ok()?;
    let is_number = number.strip_prefix('+').is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == ' '));
    let wait_minutes = if wait.is_empty() { None } else { Some(wait.parse().ok()?) };
    let as_of = first_day(as_of)?;
    let good = is_number && !source.is_empty() && name_of(&programme).is_some();
    good.then(|| (programme, Phone { number: number.to_owned(), wait_minutes, source: source.to_owned(), as_of }))
}

impl Phone {
    /// A programme's, if a source names it. O(rows).
    pub fn of(programme: &ProgrammeId) -> Option<&'static Self> {
        PHONES.iter().find(|(whose, _)| whose == programme).map(|(_, phone)| phone)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_row_is_read_and_no_programme_has_two() {
        let lines: Vec<&str> = TABLE.lines().skip(1).collect();
        assert_eq!(PHONES.len(), lines.len());
        assert!(lines.windows(2).all(|pair| pair[0].split(',').next() < pair[1].split(',').next()));
    }

    #[test]
    fn a_row_needs_a_programme_a_number_a_source_and_its_date() {
        assert_eq!(row("hyatt,+1 800 555 0100,12,made up,2026-11").unwrap().1.wait_minutes, Some(12));
        for bad in
            ["nobody,+1 800,,s,2026", "hyatt,0800,,s,2026", "hyatt,+1 800,soon,s,2026", "hyatt,+1 8,,,2026", "hyatt,+1 8,,s,x"]
        {
            assert_eq!(row(bad), None, "{bad}");
        }
        assert_eq!(Phone::of(&"hyatt".parse().unwrap()), None);
    }
}
