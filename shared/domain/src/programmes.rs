//! Loyalty programmes by name and kind. The table is `data/programmes.csv` (sources and licences in `data/SOURCES.md`).

use std::sync::LazyLock;

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    money::ProgrammeId,
    tables::{BadTable, every_row},
};

/// Whose programme it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = ProgrammeKind)]
pub enum Kind {
    /// An airline's: its awards are flights.
    Airline,
    /// A hotel's: its awards are stays.
    Hotel,
    /// A bank's.
    Bank,
}

/// A loyalty programme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programme {
    /// What it goes by here.
    pub id: ProgrammeId,
    /// What it is called.
    pub name: &'static str,
    /// Whose it is.
    pub kind: Kind,
}

static PROGRAMMES: LazyLock<Vec<Programme>> = LazyLock::new(|| {
    let rows = TABLE.lines().skip(1).filter_map(row);
    let mut programmes: Vec<Programme> = rows.map(|(id, name, kind)| Programme { id, name, kind }).collect();
    programmes.sort_unstable_by(|a, b| a.id.cmp(&b.id));
    programmes
});

const TABLE: &str = include_str!("../data/programmes.csv");

/// A programme with its name and kind. No field of this table is quoted (a test reads it with a full CSV parser and compares).
fn row(line: &str) -> Option<(ProgrammeId, &str, Kind)> {
    let mut fields = line.split(',');
    let (id, name) = (fields.next()?.parse().ok()?, fields.next()?);
    let kind = match fields.next()? {
        "airline" => Kind::Airline,
        "hotel" => Kind::Hotel,
        "bank" => Kind::Bank,
        _ => return None,
    };
    Some((id, name, kind))
}

/// Every row of the table can be read.
pub(crate) fn check() -> Result<(), BadTable> {
    every_row("programmes.csv", TABLE, |line| row(line).is_some())
}

/// All of them, in the order of their ids.
pub fn programmes() -> &'static [Programme] {
    &PROGRAMMES
}

fn find(id: &ProgrammeId) -> Option<&'static Programme> {
    let place = PROGRAMMES.binary_search_by(|programme| programme.id.cmp(id)).ok()?;
    PROGRAMMES.get(place)
}

/// What a programme is called, if the table knows it.
pub fn name_of(programme: &ProgrammeId) -> Option<&'static str> {
    find(programme).map(|programme| programme.name)
}

/// Whose it is, if the table knows it.
pub fn kind_of(programme: &ProgrammeId) -> Option<Kind> {
    find(programme).map(|programme| programme.kind)
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
