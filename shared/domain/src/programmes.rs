//! Loyalty programmes by name. The table is `data/programmes.csv` (sources and licences in `data/SOURCES.md`).

use std::{collections::HashMap, sync::LazyLock};

use crate::money::ProgrammeId;

static NAMES: LazyLock<HashMap<ProgrammeId, &'static str>> =
    LazyLock::new(|| rows(include_str!("../data/programmes.csv")).collect());

/// Each programme with its name. No field of this table is quoted (a test reads it with a full CSV parser and compares).
fn rows(table: &'static str) -> impl Iterator<Item = (ProgrammeId, &'static str)> {
    table.lines().skip(1).filter_map(|line| {
        let mut fields = line.split(',');
        Some((fields.next()?.parse().ok()?, fields.next()?))
    })
}

/// What a programme is called, if the table knows it.
pub fn name_of(programme: &ProgrammeId) -> Option<&'static str> {
    NAMES.get(programme).copied()
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
            assert_eq!(name_of(&record[0].parse().unwrap()), Some(&record[1]));
        }
        assert_eq!(NAMES.len(), full.len());
    }
}
