//! Which programmes hold awards, and how long: `data/award-holds.csv`. It has no row: no source that we could read is recent enough to
//! rely on where points can't be taken back (decision 0022).

use std::sync::LazyLock;

use jiff::SignedDuration;

use crate::{money::ProgrammeId, programmes::name_of, time::first_day};

/// The longest that each programme holds an award.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Holds(Vec<(ProgrammeId, SignedDuration)>);

static SHIPPED: LazyLock<Holds> = LazyLock::new(|| read(include_str!("../../data/award-holds.csv")));

/// What is shipped.
pub(super) fn shipped() -> &'static Holds {
    &SHIPPED
}

/// A table: rows that are none are left out (a test finds that there are none).
pub(super) fn read(table: &str) -> Holds {
    Holds(table.lines().skip(1).filter_map(row).collect())
}

/// Whose, and how long. Who says so and when must be there.
fn row(line: &str) -> Option<(ProgrammeId, SignedDuration)> {
    let [programme, hours, source, as_of] = line.split(',').collect::<Vec<_>>().try_into().ok()?;
    let programme: ProgrammeId = programme.parse().ok()?;
    let hours: u16 = hours.parse().ok().filter(|hours| *hours > 0)?;
    (!source.is_empty() && name_of(&programme).is_some() && first_day(as_of).is_some())
        .then(|| (programme, SignedDuration::from_hours(hours.into())))
}

impl Holds {
    /// The longest that a programme holds an award, if it is known to.
    pub(super) fn longest(&self, programme: &ProgrammeId) -> Option<SignedDuration> {
        self.0.iter().find(|(known, _)| known == programme).map(|(_, longest)| *longest)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_row_is_read() {
        assert_eq!(shipped().0.len(), include_str!("../../data/award-holds.csv").lines().count() - 1);
    }

    #[test]
    fn a_row_needs_a_programme_hours_a_source_and_its_date() {
        let rows = ["aadvantage,24,made up,2026-11", "nobody,24,s,2026", "hyatt,0,s,2026", "hilton,24,,2026", "ihg,24,s,x"];
        let holds = read(&format!("header\n{}", rows.join("\n")));
        assert_eq!(holds.0.len(), 1);
        assert_eq!(holds.longest(&"aadvantage".parse().unwrap()), Some(SignedDuration::from_hours(24)));
    }
}
