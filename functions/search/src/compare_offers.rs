//! `POST /v1/search/compare`

use std::collections::BTreeSet;

use axum::extract::State;
use domain::{
    compare::{Breakdown, Line, Priced, side_by_side},
    faults::{Check, Faults},
    flights::{Cabin, FlightNumber, FlightOffer, SourceId, cabins::cabin},
    identity::Role,
    ids::TenantId,
    inputs::{Asked, Fields, between, leaf, list},
    money::{Currency, Money},
    places::Airport,
    properties::{HouseContent, ListingKey, ListingReference, Property},
    search::{MAX_TRAVELLERS, SearchQuery, Wanted},
    sources::KeyScope,
    stays::{City, Guests, StayOffer, StayPlace, StayQuery, city},
    tables,
};
use jiff::civil::Date;
use platform::{Answer, Deps, Endpoint, Failure, Inquiry, Limit, Problems, Reply};
use providers::{booking_demand, duffel, expedia_rapid, goibibo, makemytrip, oyo, seats_aero, trip_com};
use serde::Serialize;
use storage::{Entity, Grant, Observation, PlacedListing};
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::{
    answer_view::{self, Searched, answered, check_to_come, earliest},
    asking::{Askable, Had},
    houses::Houses,
    search_stays::Room,
};

/// Puts side by side what sources ask for one stay or one flight.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "search-compare-offers", || routes!(compare_offers))
    .asks()
    .limited(Limit::SEARCHES)
    .memory(512)
    .may(&[
        PlacedListing::READ,
        Property::READ,
        HouseContent::READ,
        Observation::WRITE,
        Grant::Call(seats_aero::SOURCE),
        Grant::Call(duffel::SOURCE),
        Grant::Call(booking_demand::SOURCE),
        Grant::Call(expedia_rapid::SOURCE),
        Grant::Call(goibibo::SOURCE),
        Grant::Call(makemytrip::SOURCE),
        Grant::Call(oyo::SOURCE),
        Grant::Call(trip_com::SOURCE),
    ])
    .may_also(answer_view::GRANTS)
    .goes_by(&[tables::values]);

/// The most flights of one journey.
const MOST_FLIGHTS: usize = 8;

/// What is to be compared: exactly one of `stay` and `flight`.
#[derive(ToSchema)]
#[schema(as = CompareOffers, rename_all = "camelCase", example = json!({
    "flight": {
        "flights": ["QR740", "QR1018"], "from": "LAX", "to": "DXB", "day": "2026-04-27", "cabin": "economy", "wanted": "award-flights"
    }
}))]
#[expect(dead_code, reason = "it describes the body and is never built")]
pub struct CompareOffersBody {
    stay: Option<OneStay>,
    flight: Option<OneFlight>,
    /// What totals are compared in; US dollars, if not given. They are shown as the sources ask them.
    currency: Option<Currency>,
}

/// A stay in one house.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct OneStay {
    /// A source that sells it.
    source: SourceId,
    /// What that source calls it.
    reference: ListingReference,
    /// The city that it is in: some sources can only be asked for all of it. The nearest large one, if not given.
    #[schema(required = false)]
    #[schema(value_type = Option<String>)]
    city: Option<City>,
    /// The day of arrival, there.
    #[schema(value_type = String, format = Date)]
    checkin: Date,
    #[schema(minimum = 1, maximum = 90)]
    nights: u8,
    /// 2 if not given.
    #[schema(required = false, minimum = 1, maximum = 14)]
    adults: u8,
    /// The age of each child in years.
    #[schema(required = false)]
    child_ages: Vec<u8>,
}

/// One journey by its flights.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct OneFlight {
    /// In their order.
    flights: Vec<FlightNumber>,
    from: Airport,
    to: Airport,
    /// The day of departure, there.
    #[schema(value_type = String, format = Date)]
    day: Date,
    cabin: Cabin,
    /// For cash, if not given; for points as well, if awards are wanted.
    #[schema(required = false)]
    wanted: Wanted,
    /// 1 if not given.
    #[schema(required = false, minimum = 1, maximum = 9)]
    travellers: u8,
}

/// What is to be compared, and in which currency.
#[derive(Debug)]
pub struct CompareOffers {
    what: What,
    currency: Currency,
}

#[derive(Debug)]
enum What {
    Stay(OneStay),
    Flight(OneFlight),
}

impl Asked for CompareOffers {
    fn read(fields: &mut Fields<'_>, earliest: Date) -> Option<Self> {
        let (stay, flight) = (fields.asked("stay", earliest), fields.asked("flight", earliest));
        let currency = fields.given("currency", leaf);
        let what = match (stay?, flight?) {
            (Some(stay), None) => What::Stay(stay),
            (None, Some(flight)) => What::Flight(flight),
            (Some(_), Some(_)) | (None, None) => {
                fields.fault("", "give exactly one of stay and flight");
                return None;
            }
        };
        Some(Self { what, currency: currency?.unwrap_or(Currency::USD) })
    }
}

impl Asked for OneStay {
    fn read(fields: &mut Fields<'_>, earliest: Date) -> Option<Self> {
        let (source, reference) = (fields.required("source", leaf), fields.required("reference", leaf));
        let (city, room) = (fields.given::<City>("city", city), Room::read(fields));
        let place = city.clone().flatten().map(StayPlace::City);
        room.check(fields, place.as_ref(), earliest);
        let (checkin, nights, guests) = room.whole()?;
        let Guests { adults, child_ages } = guests;
        Some(Self { source: source?, reference: reference?, city: city?, checkin, nights, adults, child_ages })
    }
}

impl Asked for OneFlight {
    fn read(fields: &mut Fields<'_>, earliest: Date) -> Option<Self> {
        let (flights, cabin) = (fields.required::<Vec<_>>("flights", list), fields.required("cabin", cabin));
        let (from, to) = (fields.required::<Airport>("from", leaf), fields.required::<Airport>("to", leaf));
        let (day, wanted) = (fields.required("day", leaf), fields.given("wanted", leaf));
        let travellers = fields.given("travellers", between::<1, MAX_TRAVELLERS>);
        let mut check = Check::new();
        let is_journey = flights.as_ref().is_none_or(|flights| (1..=MOST_FLIGHTS).contains(&flights.len()));
        check.that(is_journey, "/flights", "out-of-range", format!("1 to {MOST_FLIGHTS} flights"));
        check.that(from.is_none() || from != to, "/to", "same-place", "one can't fly to where one starts");
        check_to_come(&mut check, earliest, day, "/day");
        fields.check(check);
        let (wanted, travellers) = (wanted?.unwrap_or(Wanted::CashFlights), travellers?.unwrap_or(1));
        Some(Self { flights: flights?, from: from?, to: to?, day: day?, cabin: cabin?, wanted, travellers })
    }
}

/// One source's offer among the others.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ComparedOffer {
    source: SourceId,
    #[serde(skip_serializing_if = "Option::is_none")]
    stay: Option<StayOffer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flight: Option<FlightOffer>,
    /// All that has to be paid, as the source asks it: for a stay by all guests together, for a flight by each traveller; none for
    /// points.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<Money>,
    breakdown: BreakdownView,
    /// The total in the currency that is compared in; none, if no rate is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    compared: Option<Money>,
    /// The day of the rate by which it was converted: to compare it, and for nothing else.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    rate_of: Option<Date>,
    /// Whether no other one is cheaper, of those that can be compared.
    cheapest: bool,
    /// Whether its source has to be asked again before one relies on it.
    stale: bool,
}

/// What a total is made of, as far as the source says. Paid on the spot is a part of it, too.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BreakdownView {
    #[serde(skip_serializing_if = "Option::is_none")]
    base: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    taxes: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fees: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on_the_spot: Option<Money>,
    /// What of the total is in none of base, taxes and fees.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_broken_down: Option<Money>,
}

impl From<Breakdown> for BreakdownView {
    fn from(Breakdown { base, taxes, fees, on_the_spot, not_broken_down }: Breakdown) -> Self {
        Self { base, taxes, fees, on_the_spot, not_broken_down }
    }
}

/// Compares what sources ask for one stay or one flight
///
/// Side by side, the cheapest first, with what each total is made of. A stay is that of one house, which its sources call by different
/// references; a flight is a journey by the same flights on the same day. Totals in other currencies are compared at a day's rates, and
/// what can't be converted comes last. `sources` tells who was not asked or did not answer.
#[utoipa::path(
    post,
    path = "/v1/search/compare",
    tag = "search",
    request_body = CompareOffersBody,
    responses((status = 200, body = Searched<ComparedOffer>), Problems)
)]
async fn compare_offers(State(cx): State<Deps>, inquiry: Inquiry<CompareOffers>) -> Reply<Searched<ComparedOffer>> {
    let Inquiry { caller, input: CompareOffers { what, currency } } = inquiry;
    match what {
        What::Stay(stay) => {
            let property = property(&cx, caller.tenant(), &stay).await?;
            let query = stay.query(&property, currency)?;
            let had = answered(&cx, &caller, &query).await?;
            let houses = Houses::of(&cx, &had.scope, had.answer.offers()).await;
            let offers: Vec<StayOffer> = had.answer.offers().map(|offer| houses.told(offer)).collect();
            compared(&cx, &had, offers, currency, |offer| (offer.freshness.source.clone(), Some(offer), None)).await
        }
        What::Flight(flight) => {
            let (query, now) = (flight.query()?, cx.now());
            let had = answered(&cx, &caller, &query).await?;
            let is_it = |offer: &&FlightOffer| offer.segments.iter().map(|segment| &segment.flight).eq(&flight.flights);
            let offers: Vec<FlightOffer> = had.answer.offers().filter(is_it).cloned().collect();
            compared(&cx, &had, offers, currency, |offer| (offer.freshness.source.clone(), None, Some(offer.as_of(now)))).await
        }
    }
}

/// The house, as all its sources know it: as a key of the tenant's own has shown it before what is everyone's.
async fn property(cx: &Deps, tenant: &TenantId, stay: &OneStay) -> Result<Property, Failure> {
    let key = ListingKey { source: stay.source.clone(), reference: stay.reference.clone() };
    for scope in [KeyScope::Tenant(tenant.clone()), KeyScope::Deployment] {
        if let Some(placed) = cx.store().placed_listing(&scope, &key).await? {
            // In the moment in which it is joined to another it is in neither place.
            return cx.store().property_of(&placed).await?.ok_or(Failure::Unavailable);
        }
    }
    Err(Failure::NotFound("property"))
}

impl OneStay {
    fn query(self, property: &Property, currency: Currency) -> Result<StayQuery, Faults> {
        let city = self.city.or_else(|| property.position().and_then(City::near));
        let place = StayPlace::Listings(property.listings.values().map(|listing| listing.key.clone()).collect(), city);
        let guests = Guests { adults: self.adults, child_ages: self.child_ages };
        StayQuery::new(place, self.checkin, self.nights, guests, currency)
    }
}

impl OneFlight {
    fn query(&self) -> Result<SearchQuery, Faults> {
        let one = |airport: Airport| BTreeSet::from([airport]);
        let days = (self.day, self.day);
        SearchQuery::new(self.wanted, one(self.from), one(self.to), days, BTreeSet::from([self.cabin]), self.travellers)
    }
}

/// The offers in their order, each with its source and itself.
async fn compared<Q: Askable, O: Priced>(
    cx: &Deps,
    had: &Had<Q>,
    offers: Vec<O>,
    currency: Currency,
    shown: impl Fn(O) -> (SourceId, Option<StayOffer>, Option<FlightOffer>),
) -> Reply<Searched<ComparedOffer>> {
    let lines = side_by_side(&offers, currency, earliest(cx), &*cx.rates().await?);
    let found = offers.len();
    let mut offers: Vec<Option<O>> = offers.into_iter().map(Some).collect();
    let items = lines.into_iter().filter_map(|Line { at, ordered_by, rate_of, cheapest }| {
        let offer = offers.get_mut(at)?.take()?;
        let (total, breakdown) = (offer.total(), offer.breakdown().into());
        let (source, stay, flight) = shown(offer);
        let stale = had.stale.contains(&source);
        Some(ComparedOffer { source, stay, flight, total, breakdown, compared: ordered_by, rate_of, cheapest, stale })
    });
    Ok(Answer::ok(Searched::new(had, found, items.collect())))
}
