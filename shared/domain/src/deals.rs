//! Deals: finds, their scores, and how they change.

mod age;
mod seen;

use jiff::{SignedDuration, Timestamp};
use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde::{Deserialize, Serialize};

use crate::{
    answers::SearchAnswer,
    flights::{Cabin, Fare, FlightOffer, Tier},
    ids::{DealId, Owner, TenantId},
    money::{CentsPerPoint, Currency, Money},
    rates::Rates,
    search::alone,
    time::{day_of, to_second},
    value::{Award, Baseline, BreakEven, Cash, Fees, Valuation, Valuations, appraise},
};

/// What is on offer. Marketplace listings, stays and activities will be further kinds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "subject", rename_all = "kebab-case")]
pub enum Subject {
    /// A flight, for points or for cash.
    Flight(Box<FlightOffer>),
}

/// Where a deal is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DealState {
    /// Offered when last looked.
    Live,
    /// No longer offered.
    Gone,
}

/// A price at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PricePoint {
    /// Seen first at.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// The price.
    pub fare: Fare,
}

/// How many prices a deal remembers; older ones are observations.
pub const HISTORY: usize = 20;

/// A find.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deal {
    /// Derived from what is offered: the same offer seen again is the same deal.
    pub id: DealId,
    /// Whose.
    pub tenant: TenantId,
    /// What is offered.
    pub subject: Subject,
    /// What it is worth; none for cash prices.
    pub valuation: Option<Valuation>,
    /// How good it is, by the parts that do not depend on who looks.
    pub parts: Parts,
    /// Where it is in its life.
    pub state: DealState,
    /// First seen.
    pub first_seen: Timestamp,
    /// Last seen, as last stored: an unchanged deal is not written again before the look that is kept is stale. Of one that is gone,
    /// when a source was last asked and did not offer it.
    pub last_seen: Timestamp,
    /// When a source was last asked that no longer offered it, if one ever was: an answer that was asked for before is no sign
    /// of it.
    #[serde(default)]
    pub missed_at: Option<Timestamp>,
    /// Prices so far, oldest first, at most [`HISTORY`].
    pub history: Vec<PricePoint>,
    /// The version that last brought something that a member would care about: who was told of that one or a later one knows
    /// it all.
    #[serde(default)]
    pub changed_in: u64,
    /// Counts every stored state; messages about a deal carry it.
    pub version: u64,
}

impl Deal {
    /// A deal seen for the first time.
    pub fn first_seen(tenant: TenantId, assessed: Assessed, now: Timestamp) -> Self {
        let now = to_second(now);
        let Assessed { offer, valuation, parts } = assessed;
        Self {
            id: offer.deal_id(&tenant),
            tenant,
            history: vec![PricePoint { at: now, fare: offer.fare.clone() }],
            subject: Subject::Flight(Box::new(offer)),
            valuation,
            parts,
            state: DealState::Live,
            first_seen: now,
            last_seen: now,
            missed_at: None,
            changed_in: 1,
            version: 0,
        }
    }

    /// The same, held against what the points are worth to one member, where they have said so.
    #[must_use]
    pub fn held_against(self, own: &Valuations) -> Self {
        let assessed = Assessed { offer: self.flight().clone(), valuation: self.valuation.clone(), parts: self.parts };
        let Assessed { valuation, parts, .. } = assessed.held_against(own);
        Self { valuation, parts, ..self }
    }

    /// At which price in money its verdict would turn, by what a member says that points are worth or else as published: none, where
    /// it has no verdict. As on the day on which it was valued.
    pub fn break_even(&self, own: &Valuations, rates: &Rates) -> Option<BreakEven> {
        let flight = self.flight();
        let Fare::Award { programme, points, taxes } = &flight.fare else { return None };
        let valuation = self.valuation.as_ref()?;
        let cash = valuation.cash.map(|price| match valuation.estimated_from {
            Some(of) => Cash::OtherCabin { price, of, wanted: flight.cabin },
            None => Cash::Same(price),
        });
        let (fees, on) = (Fees { taxes: *taxes, ..Fees::default() }, day_of(flight.freshness.observed_at));
        appraise(&Award { programme, points: *points, fees, cash, on }, own.own(programme), rates).ok()?.break_even
    }

    /// The flight on offer.
    pub fn flight(&self) -> &FlightOffer {
        let Subject::Flight(offer) = &self.subject;
        offer
    }

    /// What a point is worth here, where known.
    pub fn cents_per_point(&self) -> Option<CentsPerPoint> {
        self.valuation.as_ref().and_then(|valuation| valuation.cents_per_point)
    }

    /// Score for nobody in particular: timing is unknown.
    pub fn score(&self, weights: &Weights) -> Score {
        Score::of(&self.parts, weights)
    }

    /// Whether it can still be taken, as far as is known: offered when last looked, and not past its end.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.state == DealState::Live && !self.is_past(now)
    }

    /// Whether nobody can take it any more, whatever is offered.
    pub fn is_past(&self, now: Timestamp) -> bool {
        now >= self.ends()
    }

    /// When nobody can take it any more: the end of the day of departure, two days later in UTC to be past it anywhere.
    pub fn ends(&self) -> Timestamp {
        self.flight().departs.to_zoned(jiff::tz::TimeZone::UTC).map_or(Timestamp::MAX, |departs| {
            departs.timestamp().saturating_add(SignedDuration::from_hours(48)).unwrap_or(Timestamp::MAX)
        })
    }
}

/// The parts of a score, each 0 to 100, or unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Parts {
    /// Worth against the usual worth of the points (or the usual price).
    pub value: Option<u8>,
    /// Stops and duration.
    pub convenience: Option<u8>,
    /// Nearness to the preferred dates: known only for a watcher.
    pub timing: Option<u8>,
    /// How far the find can be relied on.
    pub reliability: Option<u8>,
    /// Seats left.
    pub availability: Option<u8>,
}

/// How much each part counts. Data: a default, a tenant's, a member's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(try_from = "RawWeights", into = "RawWeights")]
pub struct Weights {
    value: u16,
    convenience: u16,
    timing: u16,
    reliability: u16,
    availability: u16,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawWeights {
    value: u16,
    convenience: u16,
    timing: u16,
    reliability: u16,
    availability: u16,
}

/// Weights that make no score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WeightsError {
    /// All are zero.
    #[error("at least one part must count")]
    AllZero,
    /// One is above 1000.
    #[error("a weight must be at most 1000")]
    TooLarge,
}

impl Default for Weights {
    /// 40, 20, 15, 15, 10 percent.
    fn default() -> Self {
        Self { value: 40, convenience: 20, timing: 15, reliability: 15, availability: 10 }
    }
}

impl TryFrom<RawWeights> for Weights {
    type Error = WeightsError;

    fn try_from(raw: RawWeights) -> Result<Self, WeightsError> {
        let RawWeights { value, convenience, timing, reliability, availability } = raw;
        let all = [value, convenience, timing, reliability, availability];
        if all.iter().all(|weight| *weight == 0) {
            return Err(WeightsError::AllZero);
        }
        if all.iter().any(|weight| *weight > 1000) {
            return Err(WeightsError::TooLarge);
        }
        Ok(Self { value, convenience, timing, reliability, availability })
    }
}

impl From<Weights> for RawWeights {
    fn from(weights: Weights) -> Self {
        let Weights { value, convenience, timing, reliability, availability } = weights;
        Self { value, convenience, timing, reliability, availability }
    }
}

/// A score, 0 to 100, that explains itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Score {
    /// The whole.
    pub total: u8,
    /// Its parts.
    pub parts: Parts,
}

impl Score {
    /// The weighted mean of the known parts, rounded half up; unknown parts leave their weight to the others. With
    /// nothing known it is zero.
    pub fn of(parts: &Parts, weights: &Weights) -> Self {
        let known = Self::weighted(parts, weights)
            .into_iter()
            .filter_map(|(_, part, weight)| part.map(|part| (u32::from(part), u32::from(weight))));
        let (sum, weight) = known.fold((0, 0), |(sum, total), (part, weight)| (sum + part * weight, total + weight));
        let total = (2 * sum + weight).checked_div(2 * weight).unwrap_or(0);
        Self { total: u8::try_from(total).unwrap_or(100).min(100), parts: *parts }
    }

    /// The same with another part of value, at the weights that deals are listed by.
    #[must_use]
    pub fn with_value(&self, value: Option<u8>) -> Self {
        Self::of(&Parts { value, ..self.parts }, &Weights::default())
    }

    /// Every part with its name and weight, in the order in which they are shown.
    pub fn weighted(parts: &Parts, weights: &Weights) -> [(&'static str, Option<u8>, u16); 5] {
        [
            ("value", parts.value, weights.value),
            ("convenience", parts.convenience, weights.convenience),
            ("timing", parts.timing, weights.timing),
            ("reliability", parts.reliability, weights.reliability),
            ("availability", parts.availability, weights.availability),
        ]
    }

    /// The score in a sentence.
    pub fn sentence(&self, weights: &Weights) -> String {
        let name = |(name, part, _): &(&'static str, Option<u8>, u16)| match part {
            Some(part) => format!("{name} {part}"),
            None => format!("{name} unknown"),
        };
        let parts: Vec<String> =
            Self::weighted(&self.parts, weights).iter().filter(|(_, _, weight)| *weight > 0).map(name).collect();
        format!("{} of 100: {}.", self.total, parts.join(", "))
    }
}

/// A deal that a member wants to keep in sight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SavedDeal {
    /// Whose.
    #[serde(flatten)]
    pub owner: Owner,
    /// Which.
    pub deal: DealId,
    /// How many would travel: as many as the search was for that showed it.
    #[serde(default = "alone")]
    pub travellers: u8,
    /// When it was saved.
    pub saved_at: Timestamp,
    /// When the deal ends.
    pub ends: Timestamp,
    /// Optimistic lock.
    pub version: u64,
}

impl SavedDeal {
    /// The most that a member can keep in sight at once.
    pub const MOST: usize = 200;

    /// Of a member, for one traveller.
    pub fn of(owner: Owner, deal: &Deal, now: Timestamp) -> Self {
        Self { owner, deal: deal.id, travellers: alone(), saved_at: to_second(now), ends: deal.ends(), version: 0 }
    }
}

/// An offer with its value and the parts of its score.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessed {
    /// The offer.
    pub offer: FlightOffer,
    /// Its value; none for cash prices.
    pub valuation: Option<Valuation>,
    /// Its parts.
    pub parts: Parts,
}

impl Assessed {
    /// The same, held against what the points are worth to one member, where they have said so.
    #[must_use]
    pub fn held_against(mut self, own: &Valuations) -> Self {
        if let (Fare::Award { programme, .. }, Some(valuation)) = (&self.offer.fare, &mut self.valuation)
            && let Some(cents) = own.own(programme)
        {
            let baseline = Baseline { floor: cents, ceiling: cents };
            valuation.baseline = Some(baseline);
            valuation.verdict = in_us_cents(valuation).map(|cents| baseline.verdict(cents));
            self.parts.value = award_value(valuation);
        }
        self
    }
}

/// Values and scores everything wanted in an answer; of several offers of one deal the cheapest. O(n log n) in its offers.
pub fn assess(tenant: &TenantId, answer: &SearchAnswer, rates: &Rates) -> Vec<Assessed> {
    let market = Market::of(answer);
    let mut cheapest: std::collections::BTreeMap<DealId, &FlightOffer> = std::collections::BTreeMap::new();
    for offer in answer.wanted_offers() {
        let known = cheapest.entry(offer.deal_id(tenant)).or_insert(offer);
        if same_currency(offer, known) && price_order(offer) < price_order(known) {
            *known = offer;
        }
    }
    cheapest
        .into_values()
        .map(|offer| {
            let valuation = match &offer.fare {
                Fare::Award { programme, points, taxes } => {
                    let observed = day_of(offer.freshness.observed_at);
                    Some(Valuation::of(programme, *points, *taxes, market.cheapest_cash(offer), (observed, rates)))
                }
                Fare::Cash { .. } => None,
            };
            let parts = Parts {
                value: match &offer.fare {
                    Fare::Award { .. } => valuation.as_ref().and_then(award_value),
                    Fare::Cash { total, .. } => market.cash_value(offer, *total),
                },
                convenience: market.convenience(offer),
                timing: None,
                reliability: Some(reliability(offer, answer.asked_at)),
                availability: offer.seats.map(availability),
            };
            Assessed { offer: offer.clone(), valuation, parts }
        })
        .collect()
}

/// Prices in different currencies are not compared: the first one seen stays.
fn same_currency(one: &FlightOffer, other: &FlightOffer) -> bool {
    match (&one.fare, &other.fare) {
        (Fare::Cash { total: one, .. }, Fare::Cash { total: other, .. }) => one.currency() == other.currency(),
        (Fare::Award { .. }, Fare::Award { .. }) => true,
        (Fare::Cash { .. }, Fare::Award { .. }) | (Fare::Award { .. }, Fare::Cash { .. }) => false,
    }
}

/// What makes an offer the cheaper one of the same flights, cabin and way to pay: points or cash, then taxes (unknown last),
/// then the whole journey in the cabin.
fn price_order(offer: &FlightOffer) -> (Decimal, bool, Decimal, bool) {
    let (price, taxes) = match &offer.fare {
        Fare::Award { points, taxes, .. } => (Decimal::from(points.get()), *taxes),
        Fare::Cash { total, .. } => (total.amount(), None),
    };
    (price, taxes.is_none(), taxes.map_or(Decimal::ZERO, Money::amount), offer.mixed_cabin == Some(true))
}

/// What the offers of one answer say about each other: per route, day and cabin, sorted cash prices and the fastest
/// journey.
struct Market<'a> {
    groups: std::collections::HashMap<MarketKey<'a>, Group>,
}

type MarketKey<'a> = (&'a str, &'a str, jiff::civil::Date, crate::flights::Cabin);

#[derive(Default)]
struct Group {
    cash: Vec<Money>,
    fastest: Option<u32>,
}

impl<'a> Market<'a> {
    fn of(answer: &'a SearchAnswer) -> Self {
        let mut groups: std::collections::HashMap<MarketKey<'a>, Group> = std::collections::HashMap::new();
        for offer in answer.offers() {
            let group = groups.entry(Self::key(offer)).or_default();
            group.fastest = Some(group.fastest.map_or(offer.minutes, |fastest| fastest.min(offer.minutes)));
            if let Fare::Cash { total, .. } = offer.fare {
                group.cash.push(total);
            }
        }
        for group in groups.values_mut() {
            // Sources answer in one currency; should they not, only the first one's prices are comparable.
            let currency = group.cash.first().map(|first| first.currency());
            group.cash.retain(|price| Some(price.currency()) == currency);
            group.cash.sort_unstable_by_key(|price| price.amount());
        }
        Self { groups }
    }

    fn key(offer: &'a FlightOffer) -> MarketKey<'a> {
        (offer.origin.code(), offer.destination.code(), offer.day(), offer.cabin)
    }

    /// The cheapest cash price of the same cabin, or else of the best one below it.
    fn cheapest_cash(&self, offer: &'a FlightOffer) -> Option<Cash> {
        let (from, to, day, wanted) = Self::key(offer);
        let cheapest = |cabin| self.groups.get(&(from, to, day, cabin)).and_then(|group| group.cash.first().copied());
        let plainer = || {
            let below = Cabin::ALL.into_iter().rev().filter(|cabin| *cabin < wanted);
            below.into_iter().find_map(|of| cheapest(of).map(|price| Cash::OtherCabin { price, of, wanted }))
        };
        cheapest(wanted).map(Cash::Same).or_else(plainer)
    }

    /// 50 at the median price, 100 at half of it or less, 0 at one and a half times it or more. Unknown below three
    /// prices: there is no market to compare with.
    fn cash_value(&self, offer: &'a FlightOffer, price: Money) -> Option<u8> {
        let group = self.groups.get(&Self::key(offer)).filter(|group| group.cash.len() >= 3)?;
        let median = group.cash.get(group.cash.len() / 2)?;
        price.compare(*median).ok()?;
        let percent_of_median = price.amount().checked_mul(Decimal::ONE_HUNDRED)?.checked_div(median.amount())?;
        Some(percent(Decimal::from(150) - percent_of_median))
    }

    /// The mean of two marks: 100, 70, 40, 10, 0 for 0, 1, 2, 3 or more stops; and 100 for the fastest journey of the
    /// day in that cabin, one less for each percent it takes longer. Fifteen off when part of it is in a lower cabin.
    fn convenience(&self, offer: &'a FlightOffer) -> Option<u8> {
        let fastest = self.groups.get(&Self::key(offer)).and_then(|group| group.fastest)?;
        let stops = 100_i64 - 30 * i64::try_from(offer.stops()).ok()?;
        let longer = (i64::from(offer.minutes) * 100).checked_div(i64::from(fastest))? - 100;
        let mixed = if offer.mixed_cabin == Some(true) { 15 } else { 0 };
        let mark = i64::midpoint(stops.max(0), (100 - longer).max(0)) - mixed;
        u8::try_from(mark.clamp(0, 100)).ok()
    }
}

/// What a point is worth in US cents, in which valuations are.
fn in_us_cents(valuation: &Valuation) -> Option<CentsPerPoint> {
    let in_dollars = valuation.cash.is_some_and(|cash| cash.currency() == Currency::USD);
    valuation.us_cents_per_point.or(valuation.cents_per_point.filter(|_| in_dollars))
}

/// 0 at nothing, 40 at the floor of the programme's published valuations, 60 at the ceiling, 100 at twice the ceiling,
/// straight in between. Unknown where the value is; a programme without published valuations is held against what points
/// are typically worth, or it would rank above all that are known to be poor.
fn award_value(valuation: &Valuation) -> Option<u8> {
    let cents = in_us_cents(valuation)?.get();
    let baseline = valuation.baseline.unwrap_or_else(Baseline::typical);
    let (floor, ceiling) = (baseline.floor.get(), baseline.ceiling.get());
    let (forty, sixty) = (Decimal::from(40), Decimal::from(60));
    let mark = if cents <= floor {
        forty * cents.checked_div(floor)?
    } else if cents <= ceiling {
        forty + (sixty - forty) * (cents - floor).checked_div(ceiling - floor)?
    } else {
        sixty + forty * (cents - ceiling).checked_div(ceiling)?
    };
    Some(percent(mark))
}

/// Held 100, verified 95, a lead-in price 30. What a source has cached counts 90 when seen just now, 5 less for each full
/// hour since, down to 30. (The history of carrier and route joins when enough of it is observed.)
fn reliability(offer: &FlightOffer, now: Timestamp) -> u8 {
    match offer.tier_at(now) {
        Tier::Held => 100,
        Tier::Verified => 95,
        Tier::LeadIn => 30,
        Tier::Cached => {
            let hours = now.duration_since(offer.freshness.observed_at).as_hours().clamp(0, 12);
            u8::try_from(90 - 5 * hours).unwrap_or(30).max(30)
        }
    }
}

/// 1 seat 40, then 15 more a seat, up to 100.
fn availability(seats: u8) -> u8 {
    seats.saturating_sub(1).saturating_mul(15).saturating_add(40).min(100)
}

/// Rounded to a whole mark within 0 to 100.
fn percent(mark: Decimal) -> u8 {
    mark.clamp(Decimal::ZERO, Decimal::ONE_HUNDRED).round().to_u8().unwrap_or(0)
}

/// Nearness to a preferred day: 100 on it, falling straight to 0 one day past the edge of what is accepted.
pub fn timing(days_off: u32, accepted: u32) -> u8 {
    let span = accepted + 1;
    u8::try_from(100 * span.saturating_sub(days_off) / span).unwrap_or(100)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::flights::{Freshness, tests::by_way_of_doha};

    fn part() -> impl Strategy<Value = Option<u8>> {
        proptest::option::of(0_u8..=100)
    }

    fn parts() -> impl Strategy<Value = Parts> {
        (part(), part(), part(), part(), part()).prop_map(|(value, convenience, timing, reliability, availability)| Parts {
            value,
            convenience,
            timing,
            reliability,
            availability,
        })
    }

    #[test]
    fn a_score_is_forty_twenty_fifteen_fifteen_ten() {
        let parts =
            Parts { value: Some(50), convenience: Some(100), timing: Some(100), reliability: Some(0), availability: Some(10) };
        assert_eq!(Score::of(&parts, &Weights::default()).total, 20 + 20 + 15 + 1);
    }

    #[test]
    fn an_unknown_part_leaves_its_weight_to_the_others_and_is_shown() {
        let parts = Parts { value: None, convenience: Some(80), timing: None, reliability: Some(80), availability: Some(80) };
        let score = Score::of(&parts, &Weights::default());
        assert_eq!(score.total, 80);
        assert_eq!(
            score.sentence(&Weights::default()),
            "80 of 100: value unknown, convenience 80, timing unknown, reliability 80, availability 80."
        );
    }

    pub(super) fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_776_000_000 + 60 * minute).unwrap()
    }

    /// An award of so many points, observed at a minute, that is worth a cent a point.
    pub(super) fn award(points: u64, observed: i64) -> Assessed {
        let (programme, points) = ("aadvantage".parse().unwrap(), points.try_into().unwrap());
        let cents = Some(CentsPerPoint::from_ten_thousandths(10_000));
        let valuation = Valuation {
            cash: Some(Money::from_minor(40_000, Currency::USD).unwrap()),
            estimated_from: None,
            cents_per_point: cents,
            us_cents_per_point: None,
            unknown: None,
            baseline: None,
            verdict: None,
        };
        let offer = FlightOffer {
            segments: Vec::new(),
            seats: Some(2),
            fare: Fare::Award { programme, points, taxes: None },
            freshness: Freshness { source: "seats-aero".parse().unwrap(), observed_at: at(observed), tier: Tier::Cached },
            ..by_way_of_doha()
        };
        Assessed { offer, valuation: Some(valuation), parts: Parts::default() }
    }

    #[test]
    fn a_deal_is_held_against_what_the_points_are_worth_to_who_looks() {
        let deal = Deal::first_seen("demo".parse().unwrap(), award(40_000, 10), at(10));
        let of = |own: &[(&str, &str)]| {
            let own = own.iter().map(|(programme, cents)| (programme.parse().unwrap(), cents.parse().unwrap())).collect();
            let deal = deal.clone().held_against(&own);
            (deal.valuation.and_then(|valuation| valuation.verdict), deal.parts.value)
        };
        assert_eq!(of(&[("hyatt", "4")]), (None, None), "it says nothing of these points");
        assert_eq!(of(&[("aadvantage", "0.25")]), (Some(crate::value::Verdict::Exceptional), Some(100)));
        assert_eq!(of(&[("aadvantage", "4")]), (Some(crate::value::Verdict::Poor), Some(10)));
    }

    #[test]
    fn timing_falls_from_the_preferred_day() {
        assert_eq!([timing(0, 3), timing(1, 3), timing(3, 3), timing(4, 3), timing(9, 3)], [100, 75, 25, 0, 0]);
        assert_eq!(timing(0, 0), 100);
    }

    proptest! {
        #[test]
        fn a_score_lies_between_its_least_and_greatest_known_part(parts in parts()) {
            let known: Vec<u8> = Score::weighted(&parts, &Weights::default()).iter().filter_map(|(_, part, _)| *part).collect();
            let total = Score::of(&parts, &Weights::default()).total;
            match (known.iter().min(), known.iter().max()) {
                (Some(least), Some(greatest)) => prop_assert!((*least..=*greatest).contains(&total)),
                _ => prop_assert_eq!(total, 0),
            }
        }

        #[test]
        fn a_better_part_never_lowers_a_score(parts in parts(), better in 0_u8..=100) {
            let improved = Parts { value: parts.value.map(|value| value.max(better)), ..parts };
            prop_assert!(Score::of(&improved, &Weights::default()).total >= Score::of(&parts, &Weights::default()).total);
        }
    }
}
