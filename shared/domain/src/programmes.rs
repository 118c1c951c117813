//! Loyalty programmes by name and kind. The table is `data/programmes.csv` (sources and licences in `data/SOURCES.md`).

use std::{collections::HashMap, sync::LazyLock};

use crate::{
    money::ProgrammeId,
    tables::{BadTable, every_row},
};

/// Whose programme it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An airline's: its awards are flights.
    Airline,
    /// A hotel's: its awards are stays.
    Hotel,
    /// A bank's.
    Bank,
}

static PROGRAMMES: LazyLock<HashMap<ProgrammeId, (&'static str, Kind)>> =
    LazyLock::new(|| TABLE.lines().skip(1).filter_map(row).collect());

const TABLE: &str = include_str!("../data/programmes.csv");

/// A programme with its name and kind. No field of this table is quoted (a test reads it with a full CSV parser and compares).
fn row(line: &str) -> Option<(ProgrammeId, (&str, Kind))> {
    let mut fields = line.split(',');
    let (programme, name) = (fields.next()?.parse().ok()?, fields.next()?);
    let kind = match fields.next()? {
        "airline" => Kind::Airline,
        "hotel" => Kind::Hotel,
        "bank" => Kind::Bank,
        _ => return None,
    };
    Some((programme, (name, kind)))
}

/// Every row of the table can be read.
pub(crate) fn check() -> Result<(), BadTable> {
    every_row("programmes.csv", TABLE, |line| row(line).is_some())
}

/// What a programme is called, if the table knows it.
pub fn name_of(programme: &ProgrammeId) -> Option<&'static str> {
    PROGRAMMES.get(programme).map(|(name, _)| *name)
}

/// Whose it is, if the table knows it.
pub fn kind_of(programme: &ProgrammeId) -> Option<Kind> {
    PROGRAMMES.get(programme).map(|(_, kind)| *kind)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_table_reads_as_a_full_csv_parser_reads_it() {
        let mut reader = csv::Reader::from_reader(include_bytes!("../data/programmes.csv").as_slice());
        let full: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        for record in &full {
            let programme = record[0].parse().unwrap();
            assert_eq!(name_of(&programme), Some(&record[1]));
            assert_eq!(kind_of(&programme).map(|kind| format!("{kind:?}").to_lowercase()).as_deref(), Some(&record[2]));
        }
        assert_eq!(PROGRAMMES.len(), full.len());
    }
}
