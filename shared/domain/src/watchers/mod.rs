//! Watchers: saved searches that run by themselves.

mod matching;
mod schedule;

use std::collections::BTreeSet;

use jiff::{Timestamp, ToSpan, civil::Date};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::{
    matching::{MatchState, Reason, Standing, Told, Verdict, judge, score_for, still_wants},
    schedule::{ActiveHours, Schedule, Weekday},
};
use crate::{
    faults::{Check, Fault, Faults, Invalid},
    flights::{Cabin, Carrier},
    identity::{Member, Plan},
    ids::{Owner, WatcherId},
    inputs::{Fields, Input, between, leaf, list, object},
    money::{CentsPerPoint, Money, Points, ProgrammeId},
    places::{Airport, Place},
    search::{SearchKey, SearchQuery, Wanted},
    text::{is_label, text},
    time::{Slot, Zone, to_second},
};

text!(
    /// What a member calls a watcher.
    WatcherName, "a watcher name", watcher_name, example "Dubai in April"
);

fn watcher_name(text: &str) -> Result<(), &'static str> {
    if is_label(text, 80) { Ok(()) } else { Err("1 to 80 characters, none of them control characters, no blanks at the ends") }
}

/// When one wants to leave, local to the origin: on a day, with so many days either way, or within a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawDates", into = "RawDates")]
pub enum TravelDates {
    /// On a day, or up to so many days before or after it.
    Around {
        /// The preferred day.
        on: Date,
        /// Days either way, at most 30.
        flex_days: u8,
    },
    /// On any day of a window: none of them is preferred.
    Window {
        /// The first day.
        from: Date,
        /// The last day.
        to: Date,
    },
}

/// Travel dates as they are written.
#[derive(Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = TravelDates, example = json!({"on": "2026-04-27", "flexDays": 1}))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawDates {
    /// The preferred day; without `from` and `to`.
    #[schema(value_type = Option<String>, format = Date)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    on: Option<Date>,
    /// Days either way of `on`, at most 30; 0 if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    flex_days: Option<u8>,
    /// The first day of a window; with `to`, without `on`.
    #[schema(value_type = Option<String>, format = Date)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<Date>,
    /// The last day of a window.
    #[schema(value_type = Option<String>, format = Date)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<Date>,
}

impl TryFrom<RawDates> for TravelDates {
    type Error = Invalid;

    fn try_from(raw: RawDates) -> Result<Self, Invalid> {
        match raw {
            RawDates { on: Some(on), flex_days, from: None, to: None } => {
                Ok(Self::Around { on, flex_days: flex_days.unwrap_or(0) })
            }
            RawDates { on: None, flex_days: None, from: Some(from), to: Some(to) } => Ok(Self::Window { from, to }),
            RawDates { .. } => Err(Invalid { what: "dates", rule: "either on, with or without flexDays, or from and to" }),
        }
    }
}

impl From<TravelDates> for RawDates {
    fn from(dates: TravelDates) -> Self {
        match dates {
            TravelDates::Around { on, flex_days } => Self { on: Some(on), flex_days: Some(flex_days), from: None, to: None },
            TravelDates::Window { from, to } => Self { on: None, flex_days: None, from: Some(from), to: Some(to) },
        }
    }
}

impl Input for TravelDates {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (on, flex_days) = (fields.nullable("on", leaf), fields.nullable("flexDays", flex_days));
        let (from, to) = (fields.nullable("from", leaf), fields.nullable("to", leaf));
        let raw = RawDates { on: on?, flex_days: flex_days?, from: from?, to: to? };
        raw.try_into().map_err(|error: Invalid| fields.fault("", &error.to_string())).ok()
    }
}

/// Days either way. That they are too many is told with what else is wrong with the dates ([`TravelDates::check`]).
fn flex_days(value: Value, at: &str, faults: &mut Vec<Fault>) -> Option<u8> {
    let said = value.as_u64().and_then(|days| u8::try_from(days).ok());
    said.or_else(|| between::<0, MAX_FLEX_DAYS>(value, at, faults))
}

impl Input for Filters {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (max_stops, max_minutes) = (fields.nullable("maxStops", leaf), fields.nullable("maxMinutes", leaf));
        let (carriers, carriers_excluded) = (fields.nullable("carriers", list), fields.nullable("carriersExcluded", list));
        let (programmes, max_points) = (fields.nullable("programmes", list), fields.nullable("maxPoints", leaf));
        let (max_taxes, max_price) = (fields.nullable("maxTaxes", object), fields.nullable("maxPrice", object));
        let min_cents_per_point = fields.nullable("minCentsPerPoint", leaf);
        Some(Self {
            max_stops: max_stops?,
            max_minutes: max_minutes?,
            carriers: carriers?.unwrap_or_default().into_iter().collect(),
            carriers_excluded: carriers_excluded?.unwrap_or_default().into_iter().collect(),
            programmes: programmes?.unwrap_or_default().into_iter().collect(),
            max_points: max_points?,
            max_taxes: max_taxes?,
            max_price: max_price?,
            min_cents_per_point: min_cents_per_point?,
        })
    }
}

impl Input for Telling {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (min_score, again) = (fields.given("minScore", leaf), fields.given("againWhenCheaperBy", leaf));
        Some(Self { min_score: min_score?.unwrap_or(0), again_when_cheaper_by: again?.unwrap_or_else(noise) })
    }
}

impl utoipa::PartialSchema for TravelDates {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        RawDates::schema()
    }
}

impl utoipa::ToSchema for TravelDates {
    fn name() -> std::borrow::Cow<'static, str> {
        "TravelDates".into()
    }
}

/// The most days either way.
const MAX_FLEX_DAYS: u8 = 30;

impl TravelDates {
    /// Notes too many days either way.
    pub fn check(self, check: &mut Check) {
        if let Self::Around { flex_days, .. } = self {
            let detail = format!("must be a whole number from 0 to {MAX_FLEX_DAYS}");
            check.that(flex_days <= MAX_FLEX_DAYS, "/dates/flexDays", "out-of-range", detail);
        }
    }

    /// The first and last day that will do.
    pub fn window(self) -> (Date, Date) {
        match self {
            Self::Around { on, flex_days } => {
                let flex = i64::from(flex_days).days();
                (on.saturating_sub(flex), on.saturating_add(flex))
            }
            Self::Window { from, to } => (from, to),
        }
    }

    /// How near a day is to the preferred one, as a score's part.
    pub fn timing(self, day: Date) -> u8 {
        match self {
            Self::Around { on, flex_days } => {
                let off = on.until(day).map_or(u32::MAX, |span| span.get_days().unsigned_abs());
                crate::deals::timing(off, u32::from(flex_days))
            }
            Self::Window { .. } => 100,
        }
    }
}

/// What an offer must satisfy. An unknown attribute never satisfies a filter on it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Filters {
    /// At most so many stops.
    #[serde(default)]
    pub max_stops: Option<u8>,
    /// At most so many minutes door to door.
    #[serde(default)]
    pub max_minutes: Option<u32>,
    /// Only flights marketed by these carriers.
    #[serde(default)]
    pub carriers: BTreeSet<Carrier>,
    /// No flight marketed by these.
    #[serde(default)]
    pub carriers_excluded: BTreeSet<Carrier>,
    /// Only points of these programmes.
    #[serde(default)]
    pub programmes: BTreeSet<ProgrammeId>,
    /// At most so many points a traveller.
    #[serde(default)]
    pub max_points: Option<Points>,
    /// At most this much in taxes and surcharges a traveller.
    #[serde(default)]
    pub max_taxes: Option<Money>,
    /// At most this cash price a traveller.
    #[serde(default)]
    pub max_price: Option<Money>,
    /// At least so many cents per point.
    #[serde(default)]
    pub min_cents_per_point: Option<CentsPerPoint>,
}

/// What counts as worth telling, among the offers that pass the filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Telling {
    /// At least this score, 0 to 100.
    #[serde(default)]
    pub min_score: u8,
    /// Tell again of a deal already told when its price has fallen by so many percent since, 1 to 90.
    #[serde(default = "noise")]
    pub again_when_cheaper_by: u8,
}

/// A change of price below this many percent is noise, unless the member says otherwise.
fn noise() -> u8 {
    5
}

impl Default for Telling {
    fn default() -> Self {
        Self { min_score: 0, again_when_cheaper_by: noise() }
    }
}

/// What a member says of a watcher: everything that they may choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WatcherSpec {
    /// What it is called.
    pub name: WatcherName,
    /// What is wanted.
    pub wanted: Wanted,
    /// From any of these.
    pub from: BTreeSet<Place>,
    /// To any of these.
    pub to: BTreeSet<Place>,
    /// When.
    pub dates: TravelDates,
    /// In any of these cabins.
    pub cabins: BTreeSet<Cabin>,
    /// How many travel together.
    pub travellers: u8,
    /// What an offer must satisfy.
    pub filters: Filters,
    /// What is worth telling.
    pub telling: Telling,
    /// When it runs.
    pub schedule: Schedule,
}

/// The most places on a side, before they are expanded to airports.
const MAX_PLACES: usize = 10;
/// The most carriers or programmes in a filter.
const MAX_LIST: usize = 20;

impl WatcherSpec {
    /// The question this watcher asks of the sources.
    ///
    /// # Errors
    /// Every fault of places, dates, cabins and travellers.
    pub fn query(&self) -> Result<SearchQuery, Faults> {
        let airports = |places: &BTreeSet<Place>| places.iter().flat_map(Place::airports).collect::<BTreeSet<Airport>>();
        SearchQuery::new(
            self.wanted,
            airports(&self.from),
            airports(&self.to),
            self.dates.window(),
            self.cabins.clone(),
            self.travellers,
        )
    }

    /// Every rule that needs nothing but the spec, the plan and the day.
    ///
    /// # Errors
    /// Every fault.
    pub fn check(&self, plan: Plan, zone: &Zone, now: Timestamp) -> Result<SearchQuery, Faults> {
        let query = self.query();
        let mut check = Check::new();
        check
            .that(self.from.len() <= MAX_PLACES, "/from", "too-many", format!("at most {MAX_PLACES} places"))
            .that(self.to.len() <= MAX_PLACES, "/to", "too-many", format!("at most {MAX_PLACES} places"))
            .also(query.as_ref().map(|_| ()).map_err(Clone::clone));
        self.check_dates(&mut check, zone.local(now).date());
        self.filters.check(&mut check);
        self.check_fit(&mut check);
        check
            .that(self.telling.min_score <= 100, "/telling/minScore", "out-of-range", "a score is 0 to 100")
            .that(
                (1..=90).contains(&self.telling.again_when_cheaper_by),
                "/telling/againWhenCheaperBy",
                "out-of-range",
                "1 to 90 percent",
            )
            .also(self.schedule.check(plan));
        check.done()?;
        query
    }

    fn check_dates(&self, check: &mut Check, today: Date) {
        let last_day = self.dates.window().1;
        check.that(last_day >= today, "/dates", "past", "the last day of travel is past").that(
            last_day <= today.saturating_add(400.days()),
            "/dates",
            "too-far",
            "nothing is sold more than 400 days ahead",
        );
        self.dates.check(check);
    }

    /// Filters that what is wanted can't be held against.
    fn check_fit(&self, check: &mut Check) {
        let (cash, filters) = (self.wanted == Wanted::CashFlights, &self.filters);
        for (given, pointer, why) in [
            (!filters.programmes.is_empty(), "/filters/programmes", "cash fares have no programme"),
            (filters.max_points.is_some(), "/filters/maxPoints", "cash fares ask no points"),
            (filters.max_taxes.is_some(), "/filters/maxTaxes", "cash fares include their taxes; use maxPrice"),
            (filters.min_cents_per_point.is_some(), "/filters/minCentsPerPoint", "cash fares have no value per point"),
        ] {
            check.that(!(cash && given), pointer, "not-for-cash", why);
        }
        let price_of_award = !cash && filters.max_price.is_some();
        check.that(!price_of_award, "/filters/maxPrice", "not-for-awards", "awards have no cash price; use maxTaxes");
    }
}

impl Filters {
    fn check(&self, check: &mut Check) {
        for (count, pointer) in [
            (self.carriers.len(), "/filters/carriers"),
            (self.carriers_excluded.len(), "/filters/carriersExcluded"),
            (self.programmes.len(), "/filters/programmes"),
        ] {
            check.that(count <= MAX_LIST, pointer, "too-many", format!("at most {MAX_LIST}"));
        }
        let disjoint = self.carriers.is_disjoint(&self.carriers_excluded);
        check.that(disjoint, "/filters/carriersExcluded", "contradiction", "a carrier can't be both wanted and excluded");
        for (amount, pointer) in [(self.max_taxes, "/filters/maxTaxes"), (self.max_price, "/filters/maxPrice")] {
            let sound = amount.is_none_or(|amount| !amount.is_negative());
            check.that(sound, pointer, "negative", "an amount of money can't be negative here");
        }
    }
}

/// Whether a watcher runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WatcherState {
    /// It runs.
    Active,
    /// Its owner stopped it.
    Paused,
    /// Its last day of travel, or its schedule, is over.
    Expired,
}

/// A saved search that runs by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Watcher {
    /// Its id.
    pub id: WatcherId,
    /// Whose.
    #[serde(flatten)]
    pub owner: Owner,
    /// What its owner chose.
    pub spec: WatcherSpec,
    /// The question it asks, derived from the spec.
    pub query: SearchQuery,
    /// The question's name.
    pub search_key: SearchKey,
    /// Whether it runs.
    pub state: WatcherState,
    /// The owner's zone when last saved: schedules are in local time.
    pub zone: Zone,
    /// When it runs next; only while active.
    pub next_run: Option<Slot>,
    /// The slot it ran in last.
    pub last_run: Option<Slot>,
    /// When its owner last asked for a run now.
    pub last_run_now: Option<Timestamp>,
    /// Created.
    pub created_at: Timestamp,
    /// Last changed by its owner.
    pub updated_at: Timestamp,
    /// Counts the owner's changes: what the owner's `If-Match` is held against. Runs don't count.
    pub revision: u64,
    /// Optimistic lock: counts every write.
    pub version: u64,
}

/// Why a watcher can't be what is asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WatcherError {
    /// The spec breaks rules.
    #[error(transparent)]
    Faults(#[from] Faults),
    /// The plan's number of watchers is reached.
    #[error("the plan allows {0} watchers")]
    LimitReached(u32),
    /// It is over, and can only be changed or deleted.
    #[error("the watcher has expired")]
    Expired,
    /// It is paused: resume it first.
    #[error("the watcher is paused")]
    Paused,
    /// A run was asked for too recently.
    #[error("a run can be asked for every {} minutes", RUN_NOW_EVERY_MINUTES)]
    RanRecently {
        /// When it may be asked for again.
        again_at: Timestamp,
    },
}

/// How often an owner may ask for a run, in minutes. It costs calls to the sources.
pub const RUN_NOW_EVERY_MINUTES: i64 = 15;

impl Watcher {
    /// A new watcher, active, with its first run planned.
    ///
    /// # Errors
    /// Every fault of the spec. The plan's number of watchers is kept by storage, where no race can pass it.
    pub fn create(id: WatcherId, member: &Member, spec: WatcherSpec, now: Timestamp) -> Result<Self, WatcherError> {
        let query = spec.check(member.plan, &member.zone, now)?;
        let mut watcher = Self {
            id,
            owner: member.owner.clone(),
            search_key: query.key(),
            query,
            spec,
            state: WatcherState::Active,
            zone: member.zone.clone(),
            next_run: None,
            last_run: None,
            last_run_now: None,
            created_at: to_second(now),
            updated_at: to_second(now),
            revision: 1,
            version: 0,
        };
        watcher.plan_next(now);
        Ok(watcher)
    }

    /// Changes what it does, and plans its next run anew. A change that makes an expired watcher possible again
    /// activates it.
    ///
    /// # Errors
    /// Every fault of the spec.
    pub fn change(&mut self, member: &Member, spec: WatcherSpec, now: Timestamp) -> Result<(), WatcherError> {
        self.query = spec.check(member.plan, &member.zone, now)?;
        self.search_key = self.query.key();
        self.spec = spec;
        self.zone = member.zone.clone();
        self.changed(now);
        if self.state == WatcherState::Expired {
            self.state = WatcherState::Active;
        }
        self.plan_next(now);
        Ok(())
    }

    /// Stops it. Pausing a paused one changes nothing.
    ///
    /// # Errors
    /// If it has expired.
    pub fn pause(&mut self, now: Timestamp) -> Result<(), WatcherError> {
        self.not_expired()?;
        if self.state == WatcherState::Active {
            self.state = WatcherState::Paused;
            self.next_run = None;
            self.changed(now);
        }
        Ok(())
    }

    /// Lets it run again. Resuming an active one changes nothing.
    ///
    /// # Errors
    /// If it has expired.
    pub fn resume(&mut self, now: Timestamp) -> Result<(), WatcherError> {
        self.not_expired()?;
        if self.state == WatcherState::Paused {
            self.state = WatcherState::Active;
            self.changed(now);
            self.plan_next(now);
        }
        Ok(())
    }

    /// Plans a run in the minute that comes, besides its schedule. (This minute's slot may have been swept already.)
    ///
    /// # Errors
    /// If it is paused or over, or the last such run is less than [`RUN_NOW_EVERY_MINUTES`] ago.
    pub fn run_now(&mut self, now: Timestamp) -> Result<(), WatcherError> {
        self.not_expired()?;
        if self.state == WatcherState::Paused {
            return Err(WatcherError::Paused);
        }
        if let Some(last) = self.last_run_now {
            let again_at = last.saturating_add(RUN_NOW_EVERY_MINUTES.minutes()).unwrap_or(Timestamp::MAX);
            if now < again_at {
                return Err(WatcherError::RanRecently { again_at });
            }
        }
        self.last_run_now = Some(to_second(now));
        self.revision += 1;
        self.next_run = self.asked_slot();
        Ok(())
    }

    /// Takes the run that is due at `slot` and plans the next one; past its last day of travel it expires instead.
    /// Answers whether the run is to be made.
    pub fn take_run(&mut self, slot: Slot, now: Timestamp) -> bool {
        if self.is_over(now) {
            self.state = WatcherState::Expired;
            self.next_run = None;
            return false;
        }
        self.last_run = Some(slot);
        self.plan_next(now.max(slot.start()));
        true
    }

    /// How old a cached answer may be for a run in a slot, in minutes: half the period, so that an hourly watcher really
    /// looks hourly (the answer of its last run, a few seconds younger than the period, will not do). A run asked for by
    /// its owner accepts what is younger than half the time between two such runs.
    pub fn accepts_answers_of(&self, slot: Slot) -> u32 {
        let asked = self.asked_slot() == Some(slot);
        let period = self.spec.schedule.period_minutes();
        (if asked { period.min(u32::try_from(RUN_NOW_EVERY_MINUTES).unwrap_or(period)) } else { period }) / 2
    }

    /// The slot of the run that its owner asked for last.
    fn asked_slot(&self) -> Option<Slot> {
        self.last_run_now.map(|at| Slot::of(at).plus_minutes(1))
    }

    fn plan_next(&mut self, now: Timestamp) {
        // A run that was promised and not yet made stays promised, whatever else changes.
        let promised =
            self.asked_slot().filter(|slot| self.next_run == Some(*slot) && self.last_run.is_none_or(|last| last < *slot));
        if self.state != WatcherState::Active {
            self.next_run = None;
            return;
        }
        self.next_run = promised.or_else(|| self.spec.schedule.next_after(now, spread(&self.search_key), &self.zone));
        if self.next_run.is_none() || self.is_over(now) {
            self.state = WatcherState::Expired;
            self.next_run = None;
        }
    }

    /// Past the last day of travel everywhere west of the date line: in UTC−12 it is still that day for twelve hours.
    fn is_over(&self, now: Timestamp) -> bool {
        let west = jiff::tz::TimeZone::fixed(jiff::tz::offset(-12));
        west.to_datetime(now).date() > self.query.days().1
    }

    fn changed(&mut self, now: Timestamp) {
        self.updated_at = to_second(now);
        self.revision += 1;
    }

    fn not_expired(&self) -> Result<(), WatcherError> {
        if self.state == WatcherState::Expired { Err(WatcherError::Expired) } else { Ok(()) }
    }
}

/// Where in its period a search runs: a number that depends on nothing but the key, so that the load is spread evenly
/// and watchers that share a search share its slot.
fn spread(key: &SearchKey) -> u32 {
    key.as_str().get(..8).and_then(|hex| u32::from_str_radix(hex, 16).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests;
