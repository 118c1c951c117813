//! seats.aero: award space as its crawlers last saw it (Partner API, Cached Search).
//!
//! Facts of the wire are from the vendor's OpenAPI document and its "Concepts" page: the key goes raw into
//! `Partner-Authorization`; local times carry a false `Z`; taxes are in minor units; a seat count of 0 means unknown.
//! Commercial use needs the vendor's written agreement, so a tenant brings its own key. It sells nothing: programmes do, on their own pages.

use std::collections::HashSet;

use bytes::Bytes;
use domain::{
    flights::{Cabin, Fare, FlightNumber, FlightOffer, Freshness, Segment, SourceId, Tier, Untrusted},
    money::{Currency, Money, Points, ProgrammeId},
    places::Airport,
    search::{SearchQuery, SourceOutcome},
};
use futures::future::BoxFuture;
use http::{Request, header::ACCEPT};
use jiff::{Timestamp, civil::DateTime};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::{
    Asking, AwardSource, Found, Sifted, SourceError,
    calls::Calls,
    error::nothing_unless_refused,
    read::{Amount, currency, flight_number, link, local_time, reference, secret_header, seen_at, source_id},
};

/// Its id, as functions declare it.
pub const SOURCE: &str = "seats-aero";
/// Where it is.
pub const BASE: &str = "https://seats.aero/partnerapi";
/// The most pages of one search. Each counts against the account's 1,000 calls a day.
pub const MAX_PAGES: u32 = 5;

/// Records a page: the most the vendor allows, and the least we fall back to when a page is too large to read.
const TAKE: (u32, u32) = (1000, 125);

/// Journeys that are partly in a lower cabin are wanted, marked as such, while most of the distance is in the cabin they
/// are listed under. The vendor leaves all of them out unless asked.
const MIN_CABIN_PCT: u32 = 51;

/// What seats.aero calls a programme, and what we call it. The vendor's list is open: a name that is not here stands
/// for itself.
pub const PROGRAMMES: [(&str, &str); 17] = [
    ("alaska", "atmos"),
    ("american", "aadvantage"),
    ("delta", "skymiles"),
    ("emirates", "emirates-skywards"),
    ("etihad", "etihad-guest"),
    ("finnair", "finnair-plus"),
    ("flyingblue", "flying-blue"),
    ("frontier", "frontier-miles"),
    ("jetblue", "jetblue-trueblue"),
    ("lufthansa", "miles-and-more"),
    ("qatar", "qatar-privilege-club"),
    ("singapore", "krisflyer"),
    ("spirit", "free-spirit"),
    ("turkish", "turkish-miles-smiles"),
    ("united", "mileageplus"),
    ("velocity", "virgin-australia-velocity"),
    ("virginatlantic", "virgin-atlantic"),
];

/// Programmes whose taxes the vendor doesn't have: a zero there is unknown, not free.
const TAXES_UNKNOWN: [&str; 3] = ["qatar", "singapore", "turkish"];

/// The adapter, with one tenant's key.
#[derive(Debug)]
pub struct SeatsAero {
    id: SourceId,
    base: String,
    key: SecretString,
}

impl SeatsAero {
    /// At this base URL ([`BASE`], or one that plays recordings), with this key.
    pub fn new(base: &str, key: SecretString) -> Self {
        Self { id: source_id(SOURCE), base: base.trim_end_matches('/').to_owned(), key }
    }

    async fn search(&self, asking: &Asking<'_>, query: &SearchQuery) -> Found {
        let calls = Calls::by(asking, SOURCE, "search");
        let mut read = Pages::default();
        let error = self.read(&calls, query, &mut read).await.err();
        let outcome = match (&error, read.pages, read.more) {
            (Some(_), 0, _) => SourceOutcome::Failed,
            (Some(_), ..) | (None, _, true) => SourceOutcome::Partial,
            (None, _, false) => SourceOutcome::Complete,
        };
        let Sifted { offers, set_aside, .. } = read.sifted;
        Found { source: self.id.clone(), offers, set_aside, calls: calls.made(), outcome, error }
    }

    /// Reads page after page, with the first page's cursor, skipping what was read. Records can shift and repeat meanwhile.
    async fn read(&self, calls: &Calls<'_>, query: &SearchQuery, read: &mut Pages) -> Result<(), SourceError> {
        let (mut take, least) = TAKE;
        let mut cursor = None;
        for _ in 0..MAX_PAGES {
            let body = match calls.send(self.request(query, take, read.records, cursor.as_ref())?).await {
                Err(SourceError::TooLarge) if take > least => {
                    take /= 2;
                    continue;
                }
                answer => answer?,
            };
            let page = parse_availability(&body, query, calls.now, &mut read.seen)?;
            cursor = cursor.or(page.cursor.clone());
            read.add(page);
            if !read.more {
                break;
            }
            if cursor.is_none() {
                return Err(SourceError::Malformed);
            }
        }
        Ok(())
    }

    fn request(
        &self,
        query: &SearchQuery,
        take: u32,
        skip: usize,
        cursor: Option<&Cursor>,
    ) -> Result<Request<Bytes>, SourceError> {
        let (first, last) = query.days();
        let mut url = format!(
            "{}/search?origin_airport={}&destination_airport={}&start_date={first}&end_date={last}&cabins={}\
             &min_cabin_pct={MIN_CABIN_PCT}&include_trips=true&take={take}",
            self.base,
            list(query.origins().iter().map(Airport::code)),
            list(query.destinations().iter().map(Airport::code)),
            list(query.cabins().iter().copied().map(cabin_name)),
        );
        if let Some(Cursor(cursor)) = cursor {
            url.push_str(&format!("&skip={skip}&cursor={cursor}"));
        }
        let request = Request::get(url)
            .header(ACCEPT, "application/json")
            .header("Partner-Authorization", secret_header(self.key.expose_secret())?);
        request.body(Bytes::new()).map_err(|_| SourceError::Unreachable)
    }
}

impl AwardSource for SeatsAero {
    fn awards<'a>(&'a self, asking: &'a Asking<'a>, query: &'a SearchQuery) -> BoxFuture<'a, Found> {
        Box::pin(self.search(asking, query))
    }
}

fn list<'a>(items: impl Iterator<Item = &'a str>) -> String {
    items.collect::<Vec<_>>().join(",")
}

/// What was read so far.
#[derive(Default)]
struct Pages {
    sifted: Sifted,
    records: usize,
    pages: u32,
    more: bool,
    seen: HashSet<String>,
}

impl Pages {
    fn add(&mut self, page: Page) {
        self.sifted.join(page.sifted);
        self.records += page.records;
        self.pages += 1;
        self.more = page.more;
    }
}

/// Where a search stands: a number without meaning to us, handed back as it came.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Cursor(serde_json::Number);

/// One page of an answer.
#[derive(Debug)]
pub struct Page {
    /// Its offers.
    pub sifted: Sifted,
    /// Records in all, repeated ones included.
    pub records: usize,
    /// More pages follow.
    pub more: bool,
    /// To ask for them with.
    pub cursor: Option<Cursor>,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    data: Vec<&'a RawValue>,
    #[serde(rename = "hasMore")]
    more: bool,
    cursor: Option<Cursor>,
}

/// One route, day and programme.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Availability<'a> {
    #[serde(rename = "ID")]
    id: String,
    route: Route,
    source: String,
    updated_at: Option<Timestamp>,
    #[serde(borrow)]
    availability_trips: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Route {
    origin_airport: String,
    destination_airport: String,
}

/// One way to fly it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Trip {
    #[serde(rename = "ID")]
    id: String,
    cabin: String,
    mileage_cost: Option<i64>,
    total_taxes: Option<i64>,
    taxes_currency: Option<String>,
    remaining_seats: Option<u8>,
    /// How often one changes: one less than there are flights.
    stops: Option<usize>,
    total_duration: u32,
    flight_numbers: String,
    departs_at: String,
    arrives_at: String,
    updated_at: Option<Timestamp>,
    #[serde(rename = "MixedCabinPct", default, deserialize_with = "partly_lower")]
    mixed: bool,
    availability_segments: Option<Vec<TripSegment>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TripSegment {
    flight_number: String,
    origin_airport: Option<String>,
    destination_airport: Option<String>,
    departs_at: Option<String>,
    arrives_at: Option<String>,
    fare_class: Option<String>,
    order: Option<u32>,
}

/// `MixedCabinPct`: the percentage of the distance below the reported cabin, left out when there is none of it. Our
/// recordings write null where a journey is known to be mixed by an unknown share.
fn partly_lower<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Option::<Amount>::deserialize(deserializer).map(|percent| percent.is_none_or(|percent| !percent.0.is_zero()))
}

/// Reads one page. Records whose id was `seen` on an earlier page are skipped.
///
/// # Errors
/// [`SourceError::Malformed`] if the envelope is not what was agreed, [`SourceError::Rejected`] for a refusal that came as a success. A
/// bad record or trip only sets itself aside.
pub fn parse_availability<'q>(
    body: &[u8],
    query: impl Into<Option<&'q SearchQuery>>,
    now: Timestamp,
    seen: &mut HashSet<String>,
) -> Result<Page, SourceError> {
    let query = query.into();
    let Envelope { data, more, cursor } = serde_json::from_slice(body).map_err(|_| SourceError::Malformed)?;
    if data.is_empty() {
        nothing_unless_refused(body)?;
    }
    let mut page = Page { sifted: Sifted::default(), records: data.len(), more, cursor };
    for record in data {
        match serde_json::from_str::<Availability<'_>>(record.get()) {
            Ok(availability) if seen.contains(&availability.id) => {}
            Ok(availability) => {
                page.add(record, &availability, query, now);
                seen.insert(availability.id);
            }
            Err(_) => page.sifted.take_of(record, Err(Untrusted::Form), query),
        }
    }
    Ok(page)
}

impl Page {
    fn add(&mut self, record: &RawValue, availability: &Availability<'_>, query: Option<&SearchQuery>, now: Timestamp) {
        let trips = availability.availability_trips.as_deref().unwrap_or_default();
        if trips.is_empty() {
            self.sifted.take_of(record, Err(Untrusted::Summary), query);
        }
        for trip in trips {
            self.sifted.take_record(trip, query, |trip| offer(trip, availability, now));
        }
    }
}

/// Reads the routes that are watched. None of them is an offer: each only sums up that there is something to be looked for.
///
/// # Errors
/// [`SourceError::Malformed`] if it is no list of routes.
pub fn parse_routes(body: &[u8]) -> Result<Sifted, SourceError> {
    let routes: Vec<&RawValue> = serde_json::from_slice(body).map_err(|_| SourceError::Malformed)?;
    let mut sifted = Sifted::default();
    for raw in routes {
        let why = serde_json::from_str::<Route>(raw.get()).map_or(Untrusted::Form, |_| Untrusted::Summary);
        sifted.take_of(raw, Err(why), None);
    }
    Ok(sifted)
}

#[derive(Deserialize)]
struct Trips<'a> {
    #[serde(borrow)]
    data: Vec<&'a RawValue>,
    #[serde(borrow)]
    booking_links: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
struct BookingLink {
    link: String,
    primary: bool,
}

/// What a trip says of the record that it is one of.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TripOf {
    #[serde(rename = "AvailabilityID")]
    availability: String,
    source: String,
    availability_segments: Vec<TripSegment>,
}

/// Reads the trips of one record. Where they go is what their segments say.
///
/// # Errors
/// [`SourceError::Malformed`] if the envelope is not what was agreed, [`SourceError::Rejected`] for a refusal that came as a success. A
/// bad trip only sets itself aside.
pub fn parse_trips<'q>(body: &[u8], query: impl Into<Option<&'q SearchQuery>>, now: Timestamp) -> Result<Sifted, SourceError> {
    let query = query.into();
    let Trips { data, booking_links } = serde_json::from_slice(body).map_err(|_| SourceError::Malformed)?;
    if data.is_empty() {
        nothing_unless_refused(body)?;
    }
    let mut links = booking_links.into_iter().flatten().filter_map(|raw| serde_json::from_str::<BookingLink>(raw.get()).ok());
    // One that can't be followed costs no trip.
    let programmes_own = links.find(|of| of.primary).and_then(|of| link(Some(of.link)));
    let mut sifted = Sifted::default();
    for raw in data {
        sifted.take_of(raw, trip_alone(raw, programmes_own.as_ref(), now), query);
    }
    Ok(sifted)
}

fn trip_alone(raw: &RawValue, book: Option<&String>, now: Timestamp) -> Result<FlightOffer, Untrusted> {
    let of: TripOf = serde_json::from_str(raw.get()).map_err(|_| Untrusted::Form)?;
    let trip: Trip = serde_json::from_str(raw.get()).map_err(|_| Untrusted::Form)?;
    let mut segments = of.availability_segments;
    segments.sort_by_key(|segment| segment.order);
    let origin = segments.first().and_then(|first| first.origin_airport.clone()).ok_or(Untrusted::Airport)?;
    let destination = segments.last().and_then(|last| last.destination_airport.clone()).ok_or(Untrusted::Airport)?;
    let route = Route { origin_airport: origin, destination_airport: destination };
    let record = Availability { id: of.availability, route, source: of.source, updated_at: None, availability_trips: None };
    Ok(FlightOffer { booking_link: book.cloned(), ..offer(trip, &record, now)? })
}

fn offer(trip: Trip, availability: &Availability<'_>, now: Timestamp) -> Result<FlightOffer, Untrusted> {
    let cabin = Cabin::called(&trip.cabin).ok_or(Untrusted::Cabin)?;
    let fare = fare(&trip, &availability.source)?;
    let seen = seen_at(trip.updated_at, now).or(seen_at(availability.updated_at, now));
    let observed_at = seen.ok_or(Untrusted::Form)?;
    let (departs, arrives) = (false_utc(&trip.departs_at)?, false_utc(&trip.arrives_at)?);
    let route = Ends {
        origin: airport(&availability.route.origin_airport)?,
        destination: airport(&availability.route.destination_airport)?,
        departs,
        arrives,
    };
    let segments = match trip.availability_segments {
        Some(segments) if !segments.is_empty() => detailed(segments)?,
        Some(_) | None => named(&trip.flight_numbers, route)?,
    };
    if trip.stops.is_some_and(|stops| stops.checked_add(1) != Some(segments.len())) {
        return Err(Untrusted::Flights);
    }
    Ok(FlightOffer {
        reference: reference(format!("{}/{}", availability.id, trip.id))?,
        origin: segments.first().and_then(|first| first.origin).unwrap_or(route.origin),
        destination: segments.last().and_then(|last| last.destination).unwrap_or(route.destination),
        departs,
        arrives,
        minutes: trip.total_duration,
        cabin,
        mixed_cabin: Some(trip.mixed),
        segments,
        seats: trip.remaining_seats.filter(|seats| *seats > 0),
        fare,
        booking_link: None,
        valid_until: None,
        freshness: Freshness { source: source_id(SOURCE), observed_at, tier: Tier::Cached },
    })
}

fn fare(trip: &Trip, source: &str) -> Result<Fare, Untrusted> {
    let points = u64::try_from(trip.mileage_cost.ok_or(Untrusted::Price)?).map_err(|_| Untrusted::Price)?;
    let taxes = trip.total_taxes.filter(|minor| *minor != 0 || !TAXES_UNKNOWN.contains(&source));
    // Rows without a currency are read as US dollars, as the vendor's own example does.
    let currency = match trip.taxes_currency.as_deref() {
        None | Some("") => Currency::USD,
        Some(code) => currency(code)?,
    };
    Ok(Fare::Award {
        programme: programme(source)?,
        points: Points::try_from(points).map_err(|_| Untrusted::Form)?,
        taxes: taxes.map(|minor| Money::from_minor(minor, currency)).transpose().map_err(|_| Untrusted::Form)?,
    })
}

fn programme(source: &str) -> Result<ProgrammeId, Untrusted> {
    let ours = PROGRAMMES.iter().find(|(theirs, _)| *theirs == source).map_or(source, |(_, ours)| ours);
    ours.parse().map_err(|_| Untrusted::Programme)
}

/// What seats.aero calls a cabin, when it is asked.
pub fn cabin_name(cabin: Cabin) -> &'static str {
    match cabin {
        Cabin::Economy => "economy",
        Cabin::PremiumEconomy => "premium",
        Cabin::Business => "business",
        Cabin::First => "first",
    }
}

fn airport(code: &str) -> Result<Airport, Untrusted> {
    code.parse().map_err(|_| Untrusted::Airport)
}

/// A local time that is written as if it were UTC: the `Z` is dropped, nothing is converted.
fn false_utc(text: &str) -> Result<DateTime, Untrusted> {
    local_time(text.strip_suffix('Z').unwrap_or(text))
}

fn flight(text: &str) -> Result<FlightNumber, Untrusted> {
    let (carrier, number) = text.trim().split_at_checked(2).ok_or(Untrusted::Form)?;
    flight_number(carrier, number)
}

/// Where and when a journey begins and ends.
#[derive(Clone, Copy)]
struct Ends {
    origin: Airport,
    destination: Airport,
    departs: DateTime,
    arrives: DateTime,
}

/// Segments of which only the flight numbers are known, such as `QR740, QR1014`: what lies between stays unknown.
fn named(flight_numbers: &str, ends: Ends) -> Result<Vec<Segment>, Untrusted> {
    let mut segments: Vec<_> =
        flight_numbers.split(',').map(|number| flight(number).map(Segment::named)).collect::<Result<_, _>>()?;
    if let Some(first) = segments.first_mut() {
        (first.origin, first.departs) = (Some(ends.origin), Some(ends.departs));
    }
    if let Some(last) = segments.last_mut() {
        (last.destination, last.arrives) = (Some(ends.destination), Some(ends.arrives));
    }
    Ok(segments)
}

fn detailed(mut segments: Vec<TripSegment>) -> Result<Vec<Segment>, Untrusted> {
    segments.sort_by_key(|segment| segment.order);
    let segment = |segment: TripSegment| {
        Ok(Segment {
            origin: segment.origin_airport.as_deref().map(airport).transpose()?,
            destination: segment.destination_airport.as_deref().map(airport).transpose()?,
            departs: segment.departs_at.as_deref().map(false_utc).transpose()?,
            arrives: segment.arrives_at.as_deref().map(false_utc).transpose()?,
            fare_class: segment.fare_class.and_then(|class| class.parse().ok()),
            ..Segment::named(flight(&segment.flight_number)?)
        })
    };
    segments.into_iter().map(segment).collect()
}
