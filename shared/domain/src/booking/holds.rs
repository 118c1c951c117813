//! Which programmes hold awards, and how long: `data/award-holds.csv` (sources in `data/SOURCES.md`; each row names its own, with
//! its date). A row that is a year old counts no longer: points can't be taken back (decision 0022).

use std::sync::LazyLock;

use jiff::{SignedDuration, Timestamp, civil::Date};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    money::ProgrammeId,
    programmes::name_of,
    tables::{BadTable, every_row},
    time::{day_of, first_day},
    value::STALE_AFTER_DAYS,
};

/// That a programme holds awards for who asks it to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Hold {
    /// The longest that it holds one, in hours.
    pub hours: u16,
    /// Whether one can ask for it on its own site; otherwise by phone.
    pub online: bool,
    /// Who says so.
    pub source: String,
    /// When they said so.
    #[schema(value_type = String, format = Date)]
    pub as_of: Date,
}

/// What each programme holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Holds(Vec<(ProgrammeId, Hold)>);

const TABLE: &str = include_str!("../../data/award-holds.csv");

/// Every row of the table can be read.
pub(super) fn check() -> Result<(), BadTable> {
    every_row("award-holds.csv", TABLE, |line| row(line).is_some())
}

static SHIPPED: LazyLock<Holds> = LazyLock::new(|| read(TABLE));

/// What is shipped.
pub(super) fn shipped() -> &'static Holds {
    &SHIPPED
}

/// A table: rows that are none are left out (a start finds that there are none).
pub(super) fn read(table: &str) -> Holds {
    Holds(table.lines().skip(1).filter_map(row).collect())
}

/// Whose, and how long. Who says so and when must be there.
fn row(line: &str) -> Option<(ProgrammeId, Hold)> {
    let [programme, hours, online, source, as_of] = line.split(',').collect::<Vec<_>>().try_into().ok()?;
    let programme: ProgrammeId = programme.parse().ok()?;
    let hours: u16 = hours.parse().ok().filter(|hours| *hours > 0)?;
    let online = match online {
        "yes" => true,
        "no" => false,
        _ => return None,
    };
    let as_of = first_day(as_of)?;
    let good = !source.is_empty() && name_of(&programme).is_some();
    good.then(|| (programme, Hold { hours, online, source: source.to_owned(), as_of }))
}

impl Holds {
    /// What a programme holds, if a source said so within a year. O(rows).
    pub(super) fn of(&self, programme: &ProgrammeId, now: Timestamp) -> Option<&Hold> {
        let today = day_of(now);
        let counts = |hold: &Hold| (today - hold.as_of).get_days() <= STALE_AFTER_DAYS;
        self.0.iter().find(|(known, hold)| known == programme && counts(hold)).map(|(_, hold)| hold)
    }
}

impl Hold {
    /// The longest that an award is held.
    pub(super) fn longest(&self) -> SignedDuration {
        SignedDuration::from_hours(self.hours.into())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn at(day: &str) -> Timestamp {
        format!("{day}T12:00:00Z").parse().unwrap()
    }

    #[test]
    fn every_shipped_row_is_read() {
        assert_eq!(shipped().0.len(), TABLE.lines().count() - 1);
        let hours = |programme: &str| shipped().of(&programme.parse().unwrap(), at("2026-11-22")).map(|hold| hold.hours);
        let known = ["aadvantage", "flying-blue", "miles-and-more", "virgin-atlantic", "skymiles"];
        assert_eq!(known.map(hours), [Some(24), Some(72), Some(120), Some(24), None]);
    }

    #[test]
    fn a_row_needs_a_programme_hours_a_way_a_source_and_its_date() {
        let bad = [
            "nobody,24,no,s,2026",
            "hyatt,0,no,s,2026",
            "hyatt,24,perhaps,s,2026",
            "hilton,24,no,,2026",
            "ihg,24,no,s,x",
            "ihg,24,no,s",
        ];
        for line in bad {
            assert_eq!(row(line), None, "{line}");
        }
        let (_, hold) = row("aadvantage,24,yes,made up,2026-11").unwrap();
        assert_eq!((hold.longest(), hold.online), (SignedDuration::from_hours(24), true));
    }

    #[test]
    fn what_was_said_a_year_ago_is_not_relied_on() {
        let programme = "aadvantage".parse().unwrap();
        let holds = read("header\naadvantage,24,yes,made up,2026-04-29");
        assert!(holds.of(&programme, at("2027-04-29")).is_some());
        assert_eq!(holds.of(&programme, at("2027-04-30")), None);
    }
}
