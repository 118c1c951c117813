//! When a watcher runs.

use jiff::{
    SignedDuration, Timestamp, ToSpan,
    civil::{self, Date, Time},
};
use serde::{Deserialize, Serialize};

use crate::{
    faults::{Check, Faults},
    identity::Plan,
    inputs::{Fields, Input, leaf, object},
    time::{Slot, Zone},
};

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "they are the days of the week")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl From<Weekday> for civil::Weekday {
    fn from(day: Weekday) -> Self {
        match day {
            Weekday::Monday => Self::Monday,
            Weekday::Tuesday => Self::Tuesday,
            Weekday::Wednesday => Self::Wednesday,
            Weekday::Thursday => Self::Thursday,
            Weekday::Friday => Self::Friday,
            Weekday::Saturday => Self::Saturday,
            Weekday::Sunday => Self::Sunday,
        }
    }
}

/// Hours of the member's day in which a watcher may run. `to` may lie before `from`: the hours then cross midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActiveHours {
    /// The first minute.
    #[schema(value_type = String, example = "07:00:00")]
    pub from: Time,
    /// The first minute that is no longer active.
    #[schema(value_type = String, example = "22:00:00")]
    pub to: Time,
}

impl ActiveHours {
    /// Whether a local time lies in them.
    pub fn contain(&self, time: Time) -> bool {
        if self.from <= self.to { (self.from..self.to).contains(&time) } else { time >= self.from || time < self.to }
    }

    /// How many minutes they last.
    fn minutes(&self) -> u32 {
        let minute = |time: Time| u32::from(time.hour().unsigned_abs()) * 60 + u32::from(time.minute().unsigned_abs());
        (minute(self.to) + DAY_MINUTES - minute(self.from)) % DAY_MINUTES
    }
}

/// How often, and when. Runs are spread over the period by the search they ask, never bunched at the full hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "every", rename_all = "kebab-case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Schedule {
    /// Every so many hours: 1, 2, 3, 4, 6, 8, 12 or 24.
    Hours {
        /// How many.
        hours: u32,
        /// Only in these hours of the member's day.
        active: Option<ActiveHours>,
    },
    /// Daily, in the quarter of an hour from a local time.
    Day {
        /// The local time.
        #[schema(value_type = String, example = "07:30:00")]
        at: Time,
    },
    /// Weekly, in the quarter of an hour from a local time.
    Week {
        /// The day.
        on: Weekday,
        /// The local time.
        #[schema(value_type = String, example = "07:30:00")]
        at: Time,
    },
}

impl Input for Schedule {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let every: Option<String> = fields.required("every", leaf);
        match every?.as_str() {
            "hours" => {
                let (hours, active) = (fields.required("hours", leaf), fields.nullable("active", object));
                Some(Self::Hours { hours: hours?, active: active? })
            }
            "day" => fields.required("at", leaf).map(|at| Self::Day { at }),
            "week" => {
                let (on, at) = (fields.required("on", leaf), fields.required("at", leaf));
                Some(Self::Week { on: on?, at: at? })
            }
            _ => {
                fields.fault("every", "must be hours, day or week");
                None
            }
        }
    }
}

impl Input for ActiveHours {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (from, to) = (fields.required("from", leaf), fields.required("to", leaf));
        Some(Self { from: from?, to: to? })
    }
}

const DAY_MINUTES: u32 = 24 * 60;
/// Runs at a stated time are spread over so many minutes.
const SPREAD_MINUTES: u32 = 15;

impl Schedule {
    /// The rules of a schedule.
    ///
    /// # Errors
    /// Every fault, under `/schedule`.
    pub fn check(&self, plan: Plan) -> Result<(), Faults> {
        let mut check = Check::new();
        if let Self::Hours { hours, active } = self {
            check
                // Divisors of a day: watchers of different periods that share a search then meet in the same slots.
                .that(
                    [1, 2, 3, 4, 6, 8, 12, 24].contains(hours),
                    "/schedule/hours",
                    "out-of-range",
                    "1, 2, 3, 4, 6, 8, 12 or 24 hours",
                )
                .that(
                    *hours == 0 || *hours >= plan.hours_between_runs(),
                    "/schedule/hours",
                    "plan",
                    format!("your plan runs a watcher at most every {} hours", plan.hours_between_runs()),
                )
                .that(
                    active.is_none_or(|active| active.minutes() >= 60),
                    "/schedule/active",
                    "too-short",
                    "at least an hour must be active",
                );
        }
        check.done()
    }

    /// The time between two runs, in minutes.
    pub fn period_minutes(&self) -> u32 {
        match self {
            Self::Hours { hours, .. } => hours * 60,
            Self::Day { .. } => DAY_MINUTES,
            Self::Week { .. } => 7 * DAY_MINUTES,
        }
    }

    /// The first slot that begins after an instant. `spread` places it within the period. None past the end of time.
    pub fn next_after(&self, after: Timestamp, spread: u32, zone: &Zone) -> Option<Slot> {
        match self {
            Self::Hours { hours, active } => {
                let slot = next_on_grid(after, hours * 60, spread)?;
                match active {
                    Some(active) if !active.contain(zone.local(slot.start()).time()) => {
                        // Outside the active hours: the same spread, within the hours that come next.
                        let offset = spread % active.minutes().min(hours * 60).max(1);
                        next_local(slot.start(), active.from, offset, zone, |_| true)
                    }
                    Some(_) | None => Some(slot),
                }
            }
            Self::Day { at } => next_local(after, *at, spread % SPREAD_MINUTES, zone, |_| true),
            Self::Week { on, at } => {
                next_local(after, *at, spread % SPREAD_MINUTES, zone, |date| date.weekday() == civil::Weekday::from(*on))
            }
        }
    }
}

/// The first minute after an instant whose place in the period is the spread's.
fn next_on_grid(after: Timestamp, period: u32, spread: u32) -> Option<Slot> {
    let (period, offset) = (i64::from(period.max(1)), i64::from(spread.checked_rem(period).unwrap_or(0)));
    let minute = Slot::of(after).minute() + 1;
    let wait = (offset - minute).rem_euclid(period);
    Timestamp::from_second((minute + wait) * 60).ok().map(Slot::of)
}

/// The first instant after another at a local time plus some minutes, on a day that will do. A time that a daylight
/// saving change skips is moved past the gap; one that it repeats is taken the first time.
fn next_local(after: Timestamp, at: Time, plus_minutes: u32, zone: &Zone, day_will_do: impl Fn(Date) -> bool) -> Option<Slot> {
    let today = zone.local(after).date();
    // From yesterday: the minutes added can carry a time past midnight.
    (-1_i64..=8)
        .filter_map(|days| today.checked_add(days.days()).ok())
        .filter(|date| day_will_do(*date))
        .filter_map(|date| {
            let start = zone.zone().to_timestamp(date.to_datetime(at)).ok()?;
            start.checked_add(SignedDuration::from_mins(i64::from(plus_minutes))).ok()
        })
        .find(|start| Slot::of(*start).start() > after)
        .map(Slot::of)
}
