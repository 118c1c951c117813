//! The recordings that the local run's travel sources play: real observations, re-encoded in each source's wire format.
//!
//! An observation was made elsewhere and knows less than the source would say. What it doesn't know is null or absent here:
//! no booking classes, no airports in between, no times in between, no share of a mixed cabin.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use domain::money::{Currency, Money};
use jiff::civil::DateTime;
use local::recordings::OBSERVED;
use providers::seats_aero::PROGRAMMES;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

const FOLDER: &str = "infra/local/recordings";
const OBSERVATIONS: &str = "award-and-cash-offers.csv";
const SEATS_AERO: &str = "seats-aero/search.json";
const DUFFEL: &str = "duffel/offers.json";
const ECB: &str = "ecb/eurofxref-daily.xml";
/// The shipped exchange rates, from the root.
const RATES: &str = "shared/domain/data/rates.csv";

/// Where the observations come from, as each recording says of itself (`infra/local/recordings/SOURCES.md` says more).
const RECORDED: Recorded = Recorded {
    what: "real observations, re-encoded",
    source: "https://github.com/wiziswiz/flight-search-agent",
    licence: "MIT",
    observed: "2026-02-17",
    route: "LAX to DXB and XNB",
};

/// Why recordings can't be made.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// A file can't be read or written.
    #[error("{0}: {1}")]
    File(PathBuf, io::Error),
    /// The observations are no table.
    #[error("{OBSERVATIONS}: {0}")]
    Table(#[from] csv::Error),
    /// An observation can't be expressed.
    #[error("{OBSERVATIONS}, line {line}: {what}")]
    Observation {
        /// Which.
        line: usize,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The shipped rates do not know a day.
    #[error("{RATES} has no rates of {0}")]
    NoRates(jiff::civil::Date),
    /// A recording can't be written as JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

/// Writes the recordings from the observations.
///
/// # Errors
/// If an observation can't be expressed, or a file can't be read or written.
pub fn write(root: &Path) -> Result<(), RecordingError> {
    for (path, text) in encode(root)? {
        let folder = path.parent().unwrap_or(root);
        fs::create_dir_all(folder).and_then(|()| fs::write(&path, text)).map_err(|error| RecordingError::File(path, error))?;
    }
    Ok(())
}

/// Whether the recordings are what the observations say.
///
/// # Errors
/// As [`write`].
pub fn is_current(root: &Path) -> Result<bool, RecordingError> {
    Ok(encode(root)?.iter().all(|(path, text)| fs::read_to_string(path).is_ok_and(|written| written == *text)))
}

fn encode(root: &Path) -> Result<[(PathBuf, String); 3], RecordingError> {
    let folder = root.join(FOLDER);
    let table = folder.join(OBSERVATIONS);
    let text = fs::read_to_string(&table).map_err(|error| RecordingError::File(table, error))?;
    let rows: Vec<Observation> = csv::Reader::from_reader(text.as_bytes()).into_deserialize().collect::<Result<_, _>>()?;
    let pretty = |json: Result<String, serde_json::Error>| json.map(|text| text + "\n");
    Ok([
        (folder.join(SEATS_AERO), pretty(serde_json::to_string_pretty(&search(&rows)?))?),
        (folder.join(DUFFEL), pretty(serde_json::to_string_pretty(&offers(&rows)?))?),
        (folder.join(ECB), rates(root)?),
    ])
}

/// The bank's own rates of the day of the observations, as it publishes them.
fn rates(root: &Path) -> Result<String, RecordingError> {
    let table = root.join(RATES);
    let mut reader = csv::Reader::from_path(&table)?;
    let currencies = reader.headers()?.clone();
    let is_that_day = |row: &csv::StringRecord| row.get(0).is_some_and(|day| day == OBSERVED.to_string());
    let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>()?;
    let row = rows.iter().find(|row| is_that_day(row)).ok_or(RecordingError::NoRates(OBSERVED))?;
    let quoted = currencies.iter().zip(row).skip(1);
    let cubes: String = quoted.map(|(currency, rate)| format!("\t\t\t<Cube currency='{currency}' rate='{rate}'/>\n")).collect();
    Ok(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <gesmes:Envelope xmlns:gesmes=\"http://www.gesmes.org/xml/2002-08-01\" \
         xmlns=\"http://www.ecb.int/vocabulary/2002-08-01/eurofxref\">\n\
         \t<gesmes:subject>Reference rates</gesmes:subject>\n\
         \t<gesmes:Sender>\n\t\t<gesmes:name>European Central Bank</gesmes:name>\n\t</gesmes:Sender>\n\
         \t<Cube>\n\t\t<Cube time='{OBSERVED}'>\n{cubes}\t\t</Cube>\n\t</Cube>\n</gesmes:Envelope>\n"
    ))
}

/// A row of the observations.
#[derive(Deserialize)]
struct Observation {
    observed_at: jiff::Timestamp,
    kind: String,
    program: String,
    origin: String,
    destination: String,
    depart: String,
    arrive: String,
    cabin: String,
    fare_class: String,
    points: Option<u64>,
    taxes: Option<Decimal>,
    taxes_currency: String,
    cash_price: Option<Decimal>,
    cash_currency: String,
    seats: Option<u8>,
    stops: u8,
    duration_min: u32,
    airlines: String,
    flights: String,
}

impl Observation {
    /// Local clock times: an offset, where one is given, only repeats the airport's time zone.
    fn times(&self) -> Result<(DateTime, DateTime), &'static str> {
        let local = |text: &str| text.replace(' ', "T").get(..16).and_then(|minute| minute.parse().ok());
        local(&self.depart).zip(local(&self.arrive)).ok_or("its times can't be read")
    }
}

/// The rows of a kind, each encoded.
fn rows_of<'a, T>(
    rows: &'a [Observation],
    kind: &str,
    encode: impl Fn(&'a Observation) -> Result<T, &'static str>,
) -> Result<Vec<T>, RecordingError> {
    // The header is line 1.
    let of_kind = rows.iter().zip(2..).filter(|(row, _)| row.kind == kind);
    of_kind.map(|(row, line)| encode(row).map_err(|what| RecordingError::Observation { line, what })).collect()
}

fn minor_units(amount: Decimal, currency: &str) -> Result<i128, &'static str> {
    let currency: Currency = currency.parse().map_err(|_| "its currency is unknown")?;
    // Money keeps exactly the currency's decimals, so its mantissa counts minor units.
    Money::new(amount, currency).map(|money| money.amount().mantissa()).map_err(|_| "its amount is no amount of its currency")
}

#[derive(Clone, Copy, Serialize)]
struct Recorded {
    what: &'static str,
    source: &'static str,
    licence: &'static str,
    observed: &'static str,
    route: &'static str,
}

// seats.aero ---------------------------------------------------------------------------------------------------------

#[derive(Serialize)]
struct Search<'a> {
    #[serde(rename = "_recorded")]
    recorded: Recorded,
    data: Vec<Availability<'a>>,
    count: usize,
    #[serde(rename = "hasMore")]
    has_more: bool,
    cursor: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Availability<'a> {
    #[serde(rename = "ID")]
    id: String,
    route: Route<'a>,
    date: String,
    source: &'a str,
    updated_at: String,
    availability_trips: Vec<Trip<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Route<'a> {
    origin_airport: &'a str,
    destination_airport: &'a str,
    source: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Trip<'a> {
    #[serde(rename = "ID")]
    id: String,
    #[serde(rename = "AvailabilityID")]
    availability_id: String,
    availability_segments: Option<()>,
    total_duration: u32,
    stops: u8,
    carriers: String,
    remaining_seats: u8,
    mileage_cost: u64,
    total_taxes: i128,
    taxes_currency: &'a str,
    flight_numbers: String,
    departs_at: String,
    arrives_at: String,
    cabin: &'static str,
    /// Left out when no part is in a lower cabin, null when a part of unknown size is.
    #[serde(skip_serializing_if = "Option::is_none")]
    mixed_cabin_pct: Option<()>,
    updated_at: String,
    source: &'a str,
}

/// One availability for each programme, route and day.
fn search(rows: &[Observation]) -> Result<Search<'_>, RecordingError> {
    let mut availabilities = BTreeMap::new();
    for (row, trip) in rows_of(rows, "award", |row| Ok((row, trip(row)?)))? {
        let availability = availabilities.entry(trip.availability_id.clone()).or_insert_with(|| availability(row, &trip));
        availability.availability_trips.push(trip);
    }
    let data: Vec<_> = availabilities.into_values().collect();
    // The vendor's cursor is a Unix time.
    let cursor = rows.iter().map(|row| row.observed_at.as_second()).max().unwrap_or_default();
    Ok(Search { recorded: RECORDED, count: data.len(), data, has_more: false, cursor })
}

fn availability<'a>(row: &'a Observation, first: &Trip<'a>) -> Availability<'a> {
    Availability {
        id: first.availability_id.clone(),
        route: Route { origin_airport: &row.origin, destination_airport: &row.destination, source: first.source },
        date: first.departs_at.chars().take(10).collect(),
        source: first.source,
        updated_at: row.observed_at.to_string(),
        availability_trips: Vec::new(),
    }
}

fn trip(row: &Observation) -> Result<Trip<'_>, &'static str> {
    let (departs, arrives) = row.times()?;
    let source = PROGRAMMES.iter().find(|(_, ours)| *ours == row.program).map_or(row.program.as_str(), |(theirs, _)| theirs);
    let (cabin, mixed) = cabin(&row.fare_class)?;
    let carriers: Vec<&str> = row.airlines.split('|').collect();
    let flights: Vec<String> =
        carriers.iter().zip(row.flights.split('|')).map(|(carrier, number)| format!("{carrier}{number}")).collect();
    let availability_id = format!("{source}-{}-{}-{}", row.origin, row.destination, departs.date());
    Ok(Trip {
        id: format!("{availability_id}-{}-{cabin}", flights.join("-")),
        availability_id,
        availability_segments: None,
        total_duration: row.duration_min,
        stops: row.stops,
        carriers: carriers.join(", "),
        // Zero is how seats.aero says that it doesn't know.
        remaining_seats: row.seats.unwrap_or(0),
        mileage_cost: row.points.ok_or("it has no price")?,
        total_taxes: minor_units(row.taxes.ok_or("it has no taxes")?, &row.taxes_currency)?,
        taxes_currency: &row.taxes_currency,
        flight_numbers: flights.join(", "),
        // Local times with a false Z, as seats.aero writes them.
        departs_at: format!("{departs}Z"),
        arrives_at: format!("{arrives}Z"),
        cabin,
        mixed_cabin_pct: mixed.then_some(()),
        updated_at: row.observed_at.to_string(),
        source,
    })
}

/// The observed class says more than the observed cabin, which counts premium economy as economy.
fn cabin(fare_class: &str) -> Result<(&'static str, bool), &'static str> {
    let (class, mixed) = fare_class.strip_suffix("MIXED").map_or((fare_class, false), |class| (class, true));
    match class {
        "ECON" => Ok(("economy", mixed)),
        "PREMECON" => Ok(("premium", mixed)),
        "BUSINESS" => Ok(("business", mixed)),
        "FIRST" => Ok(("first", mixed)),
        _ => Err("its class is unknown"),
    }
}

// Duffel -------------------------------------------------------------------------------------------------------------

#[derive(Serialize)]
struct Offers<'a> {
    #[serde(rename = "_recorded")]
    recorded: Recorded,
    data: Vec<Offer<'a>>,
}

#[derive(Serialize)]
struct Offer<'a> {
    id: String,
    created_at: String,
    expires_at: Option<()>,
    owner: Option<()>,
    total_amount: String,
    total_currency: &'a str,
    /// Whom it is for, which says what each of them pays: the observations are of one.
    passengers: [Passenger; 1],
    slices: [Slice<'a>; 1],
}

#[derive(Serialize)]
struct Passenger {
    r#type: &'static str,
}

#[derive(Serialize)]
struct Slice<'a> {
    origin: Named<'a>,
    destination: Named<'a>,
    duration: String,
    segments: Vec<Segment<'a>>,
}

#[derive(Clone, Copy, Serialize)]
struct Named<'a> {
    iata_code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

#[derive(Serialize)]
struct Segment<'a> {
    origin: Option<Named<'a>>,
    destination: Option<Named<'a>>,
    departing_at: Option<String>,
    arriving_at: Option<String>,
    duration: Option<()>,
    marketing_carrier: Named<'a>,
    marketing_carrier_flight_number: &'a str,
    operating_carrier: Option<()>,
    passengers: [SegmentPassenger<'a>; 1],
}

#[derive(Serialize)]
struct SegmentPassenger<'a> {
    cabin_class: &'a str,
}

fn offers(rows: &[Observation]) -> Result<Offers<'_>, RecordingError> {
    Ok(Offers { recorded: RECORDED, data: rows_of(rows, "cash", offer)? })
}

fn offer(row: &Observation) -> Result<Offer<'_>, &'static str> {
    let (departs, arrives) = row.times()?;
    let named = |iata_code| Named { iata_code, name: None };
    let (origin, destination) = (named(row.origin.as_str()), named(row.destination.as_str()));
    let mut segments = segments(row)?;
    if let Some(first) = segments.first_mut() {
        (first.origin, first.departing_at) = (Some(origin), Some(departs.to_string()));
    }
    if let Some(last) = segments.last_mut() {
        (last.destination, last.arriving_at) = (Some(destination), Some(arrives.to_string()));
    }
    let currency: Currency = row.cash_currency.parse().map_err(|_| "its currency is unknown")?;
    let total =
        Money::new(row.cash_price.ok_or("it has no price")?, currency).map_err(|_| "its price is no amount of its currency")?;
    let flights = row.flights.replace(' ', "").replace('|', "-");
    Ok(Offer {
        id: format!("off_{}-{}-{}-{flights}-{}", row.origin, row.destination, departs.date(), row.cabin),
        created_at: row.observed_at.to_string(),
        expires_at: None,
        owner: None,
        total_amount: total.amount().to_string(),
        total_currency: &row.cash_currency,
        passengers: [Passenger { r#type: "adult" }],
        slices: [Slice {
            origin,
            destination,
            duration: format!("PT{}H{}M", row.duration_min / 60, row.duration_min % 60),
            segments,
        }],
    })
}

/// Flights such as `UA 2061|LH 447|LH 630`, flown by `United|Lufthansa`: the names stand in the order in which the codes first do.
fn segments(row: &Observation) -> Result<Vec<Segment<'_>>, &'static str> {
    let flights: Vec<(&str, &str)> =
        row.flights.split('|').map(|flight| flight.split_once(' ').ok_or("a flight has no carrier")).collect::<Result<_, _>>()?;
    let mut codes: Vec<&str> = Vec::new();
    for (code, _) in &flights {
        if !codes.contains(code) {
            codes.push(code);
        }
    }
    let names: Vec<&str> = row.airlines.split('|').collect();
    let carrier = |code| Named {
        iata_code: code,
        name: codes
            .iter()
            .position(|known| *known == code)
            .and_then(|at| names.get(at).copied())
            .filter(|_| names.len() == codes.len()),
    };
    let segment = |(code, number)| Segment {
        origin: None,
        destination: None,
        departing_at: None,
        arriving_at: None,
        duration: None,
        marketing_carrier: carrier(code),
        marketing_carrier_flight_number: number,
        operating_carrier: None,
        passengers: [SegmentPassenger { cabin_class: &row.cabin }],
    };
    Ok(flights.into_iter().map(segment).collect())
}
