//! The words of messages, in English. All of them stand here, so that other languages can join.

use domain::{
    deals::Score,
    flights::{Cabin, Fare, FlightOffer, Freshness, SourceId, Tier},
    language::Language,
    money::ProgrammeId,
    places::Airport,
    programmes::name_of,
    time::Zone,
    value::{Unknown, Valuation, Verdict},
    watchers::{Reason, WatcherName},
};
use jiff::{Timestamp, civil};
use serde::Serialize;

/// The language, as BCP 47 names it.
pub(crate) const LANGUAGE: &str = "en";

/// What never changes from mail to mail.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Labels {
    journey: &'static str,
    worth: &'static str,
    steps: &'static str,
    details: &'static str,
    score: &'static str,
    freshness: &'static str,
    see_deal: &'static str,
    watcher: &'static str,
    preferences: &'static str,
}

pub(crate) const LABELS: Labels = Labels {
    journey: "Journey",
    worth: "What a point is worth here",
    steps: "How to book it",
    details: "Details",
    score: "Score",
    freshness: "How fresh this is",
    see_deal: "See this deal",
    watcher: "Change this watcher",
    preferences: "Mail preferences",
};

/// What is not known is said to be so.
pub(crate) const UNKNOWN: &str = "unknown";

/// Labels of rows.
pub(crate) const DEPARTS: &str = "Departs";
pub(crate) const ARRIVES: &str = "Arrives";
pub(crate) const DURATION: &str = "Duration";
pub(crate) const STOPS: &str = "Stops";
pub(crate) const CABIN: &str = "Cabin";
pub(crate) const FLIGHTS: &str = "Flights";
pub(crate) const SEATS: &str = "Seats left";

/// What kind of news it is, in two words.
pub(crate) fn news(reason: Reason, fare: &Fare) -> &'static str {
    match (reason, fare) {
        (Reason::Found, Fare::Award { .. }) => "Award found",
        (Reason::Found, Fare::Cash { .. }) => "Fare found",
        (Reason::Cheaper, Fare::Award { .. } | Fare::Cash { .. }) => "Now cheaper",
    }
}

/// The subject of a mail.
pub(crate) fn subject(reason: Reason, sentence: &str) -> String {
    match reason {
        Reason::Found => sentence.to_owned(),
        Reason::Cheaper => format!("Now cheaper: {sentence}"),
    }
}

/// From where to where.
pub(crate) fn route(offer: &FlightOffer) -> String {
    format!("{} to {}", offer.origin.city(), offer.destination.city())
}

/// Stands between the route and the price.
pub(crate) fn in_cabin_for(cabin: Cabin) -> String {
    format!("in {} for", cabin_name(cabin))
}

/// What one traveller pays.
pub(crate) fn price(fare: &Fare) -> String {
    match fare {
        Fare::Award { programme, points, taxes } => {
            let taxes = taxes.map_or_else(|| "taxes".to_owned(), |taxes| Language::English.money(taxes));
            format!("{points} {} + {taxes}", points_of(programme))
        }
        Fare::Cash { total, .. } => Language::English.money(*total),
    }
}

/// What a price is for and what is not known of it.
pub(crate) fn price_note(fare: &Fare) -> &'static str {
    match fare {
        Fare::Award { taxes: Some(_), .. } => "for one traveller, one way",
        Fare::Award { taxes: None, .. } => "for one traveller, one way; the source does not say how much the taxes are",
        Fare::Cash { .. } => "for one traveller, one way, all included",
    }
}

/// What it cost before.
pub(crate) fn before(fare: &Fare, until: Timestamp, zone: &Zone) -> String {
    format!("It was {} until {}.", price(fare), date(zone.local(until).date()))
}

/// Why a member is told.
pub(crate) fn why(member: &str, watcher: &WatcherName, reason: Reason) -> String {
    let (member, watcher) = (isolated(member), isolated(watcher.as_str()));
    match reason {
        Reason::Found => format!("{member}, your watcher “{watcher}” found this."),
        Reason::Cheaper => format!("{member}, this became cheaper since your watcher “{watcher}” last told you of it."),
    }
}

/// A line that mail programs show beside the subject.
pub(crate) fn preheader(offer: &FlightOffer, worth: Option<&str>, score: Score) -> String {
    let journey = format!("{}, {}, {}", date(offer.day()), duration(offer.minutes), stops_count(offer.stops()));
    let worth = worth.map(|worth| format!("{worth}. ")).unwrap_or_default();
    format!("{journey}. {worth}Score {}.", score_of_100(score))
}

/// A score in figures.
pub(crate) fn score_of_100(score: Score) -> String {
    format!("{} of 100", score.total)
}

/// The parts of a score by name, in the order in which they are shown.
pub(crate) fn parts(score: Score) -> [(&'static str, Option<u8>); 5] {
    let parts = score.parts;
    [
        ("Value", parts.value),
        ("Convenience", parts.convenience),
        ("Timing", parts.timing),
        ("Reliability", parts.reliability),
        ("Availability", parts.availability),
    ]
}

/// One end of a journey in a line.
pub(crate) fn end(at: civil::DateTime, days: Option<&str>, airport: &Airport) -> String {
    let days = days.map(|days| format!(" ({days})")).unwrap_or_default();
    format!("{}, {}{days}, {}", date(at.date()), time(at.time()), place(airport))
}

/// Hours and minutes.
pub(crate) fn duration(minutes: u32) -> String {
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

/// How many stops.
pub(crate) fn stops_count(stops: usize) -> String {
    match stops {
        0 => "nonstop".to_owned(),
        1 => "1 stop".to_owned(),
        more => format!("{more} stops"),
    }
}

/// How many stops, and where, as far as that is known.
pub(crate) fn stops(offer: &FlightOffer) -> String {
    let landings = offer.segments.iter().take(offer.stops());
    let places: Option<Vec<String>> = landings.map(|segment| segment.destination.as_ref().map(place)).collect();
    match places.filter(|places| !places.is_empty()) {
        Some(places) => format!("{} in {}", stops_count(places.len()), listed(&places)),
        None => stops_count(offer.stops()),
    }
}

/// A place and its code.
pub(crate) fn place(airport: &Airport) -> String {
    match airport.city() {
        city if city == airport.code() => city.to_owned(),
        city => format!("{city} ({airport})"),
    }
}

fn listed(items: &[String]) -> String {
    match items {
        [most @ .., last] if !most.is_empty() => format!("{} and {last}", most.join(", ")),
        few => few.join(""),
    }
}

/// The cabin, and where the journey is not in it.
pub(crate) fn cabin(offer: &FlightOffer) -> String {
    let name = cabin_name(offer.cabin);
    let lower: Vec<String> = offer
        .segments
        .iter()
        .filter_map(|segment| {
            segment.cabin.filter(|cabin| *cabin < offer.cabin).map(|cabin| format!("{} in {}", segment.flight, cabin_name(cabin)))
        })
        .collect();
    match (offer.mixed_cabin, lower.is_empty()) {
        (_, false) => format!("{name}, but {}", listed(&lower)),
        (Some(true), true) => format!("{name}, but part of the journey in a lower cabin"),
        (Some(false) | None, true) => name.to_owned(),
    }
}

fn cabin_name(cabin: Cabin) -> &'static str {
    match cabin {
        Cabin::Economy => "economy",
        Cabin::PremiumEconomy => "premium economy",
        Cabin::Business => "business",
        Cabin::First => "first",
    }
}

/// The flights, each with who flies it where that is someone else.
pub(crate) fn flights(offer: &FlightOffer) -> String {
    let named = offer.segments.iter().map(|segment| match &segment.operated_by {
        Some(other) if other.as_str() != segment.flight.carrier() => format!("{} (operated by {other})", segment.flight),
        Some(_) | None => segment.flight.to_string(),
    });
    named.collect::<Vec<_>>().join(", ")
}

/// One carrier, or several.
pub(crate) fn carriers_label(offer: &FlightOffer) -> &'static str {
    if offer.carriers().len() == 1 { "Carrier" } else { "Carriers" }
}

/// The marketing carriers.
pub(crate) fn carriers(offer: &FlightOffer) -> String {
    offer.carriers().into_iter().collect::<Vec<_>>().join(", ")
}

/// Seats left at this price.
pub(crate) fn seats(offer: &FlightOffer) -> String {
    match offer.seats {
        Some(1) => "1 at this price".to_owned(),
        Some(seats) => format!("{seats} at this price"),
        None => format!("unknown: {} does not say", source(&offer.freshness.source)),
    }
}

/// What a point is worth, or that it is not known.
pub(crate) fn worth(valuation: &Valuation) -> String {
    match valuation.cents_per_point {
        Some(cents) => format!("{cents} {} a point", cents_of(valuation)),
        None => UNKNOWN.to_owned(),
    }
}

/// What a point is worth, for a place with no heading over it.
pub(crate) fn worth_in_short(amount: &str, verdict: Option<&str>) -> String {
    match verdict {
        Some(verdict) => format!("{amount}: {verdict}"),
        None => format!("Value of a point: {amount}"),
    }
}

/// Cents are US cents unless the cash price is in another currency.
fn cents_of(valuation: &Valuation) -> String {
    match valuation.cash.map(|cash| cash.currency().code()) {
        Some("USD") | None => "cents".to_owned(),
        Some(other) => format!("{other} cents"),
    }
}

/// A verdict in a word.
pub(crate) fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Poor => "poor",
        Verdict::Fair => "fair",
        Verdict::Good => "good",
        Verdict::Great => "great",
        Verdict::Exceptional => "exceptional",
    }
}

/// Why it is not known what a point is worth.
pub(crate) fn unknown(why: Unknown) -> &'static str {
    match why {
        Unknown::NoCashPrice => "We know of no cash price for the same cabin and day.",
        Unknown::BetterCabin => "We know of no cash price but that of a better cabin.",
        Unknown::NoTaxes => "The source does not say how much the taxes are.",
        Unknown::Currencies => "The taxes are in another currency than the cash price.",
        Unknown::NoPoints => "The award asks no points.",
    }
}

/// The cash price that an award is compared with, as far as they can be compared.
pub(crate) fn alternative(valuation: &Valuation) -> Option<String> {
    let cash = Language::English.money(valuation.cash?);
    Some(match valuation.cents_per_point {
        Some(_) | None if valuation.estimated_from.is_some() => {
            let of = valuation.estimated_from.map_or("", cabin_name);
            format!(
                "We know of no cash fare in the same cabin that day. The cheapest in {of} is {cash}: it is worth this much at least."
            )
        }
        Some(_) => format!("Compared with {cash}, the cheapest cash fare in the same cabin that day."),
        None => format!("The cheapest cash fare in the same cabin that day is {cash}."),
    })
}

/// What a programme's points are usually worth.
pub(crate) fn usually(programme: &ProgrammeId, valuation: &Valuation, long_ago: bool) -> String {
    let points = points_of(programme);
    let published = match valuation.baseline {
        Some(range) if range.floor == range.ceiling => format!("Published valuation of {points}: {} cents each.", range.floor),
        Some(range) => format!("Published valuations of {points}: {} to {} cents each.", range.floor, range.ceiling),
        None => return format!("No published valuation of {points} is known to us."),
    };
    if long_ago { published + " That was published long ago." } else { published }
}

/// That money is the better way by what the member says.
pub(crate) fn money_first_by_your_own() -> String {
    "By your own valuation money is the better way.".to_owned()
}

/// That a verdict goes by what the member says.
pub(crate) fn by_your_own(programme: &ProgrammeId) -> String {
    format!("Judged by what you say that {} are worth.", points_of(programme))
}

/// Who saw it, when, and how far it can be relied on.
pub(crate) fn freshness(freshness: &Freshness, zone: &Zone) -> String {
    let (source, at) = (source(&freshness.source), moment(freshness.observed_at, zone));
    match freshness.tier {
        Tier::LeadIn => format!("A “from” price of {source}, seen on {at}. The real price may be higher."),
        Tier::Cached => format!("Seen by {source} on {at}, and not confirmed since. It may be gone."),
        Tier::Verified => format!("Confirmed by {source} on {at}."),
        Tier::Held => format!("Held for us by {source} since {at}."),
    }
}

fn source(source: &SourceId) -> &str {
    match source.as_str() {
        "seats-aero" => "seats.aero",
        "duffel" => "Duffel",
        other => other,
    }
}

/// A link to where it can be booked.
pub(crate) fn book_at(host: &str) -> String {
    format!("Book at {host}")
}

/// Who the mail is from and why.
pub(crate) fn footer(brand: &str) -> String {
    format!(
        "{} sends you this because a watcher of yours asked for it. Prices and seats change quickly and are not guaranteed.",
        isolated(brand)
    )
}

/// A day: "Mon 27 Apr 2026".
pub(crate) fn date(date: civil::Date) -> String {
    date.strftime("%a %-d %b %Y").to_string()
}

/// A time of day: "16:20".
pub(crate) fn time(time: civil::Time) -> String {
    time.strftime("%H:%M").to_string()
}

/// How many calendar days after departure.
pub(crate) fn days_later(departs: civil::Date, arrives: civil::Date) -> Option<String> {
    let days = departs.until(arrives).map_or(0, |span| span.get_days());
    match days {
        0 => None,
        1 | -1 => Some(format!("{} day", signed(days))),
        _ => Some(format!("{} days", signed(days))),
    }
}

fn signed(days: i32) -> String {
    let sign = if days < 0 { '−' } else { '+' };
    format!("{sign}{}", days.unsigned_abs())
}

/// An instant where the member is: "Sun 26 Apr 2026 at 21:05 PDT".
pub(crate) fn moment(at: Timestamp, zone: &Zone) -> String {
    let at = at.to_zoned(zone.zone().clone());
    let name = at.strftime("%Z").to_string();
    // Zones without letters are named by their offset.
    let name = if name.starts_with(['+', '-']) { format!("UTC{name}") } else { name };
    format!("{} at {} {name}", date(at.date()), time(at.time()))
}

/// "AAdvantage points", "SkyMiles".
fn points_of(programme: &ProgrammeId) -> String {
    let name = programme_name(programme);
    let counted = ["points", "miles"].iter().any(|unit| name.to_lowercase().ends_with(unit));
    if counted { name } else { format!("{name} points") }
}

/// The table's names begin with the carrier's, and some end with a remark in brackets. Where the rest is what the programme's
/// id says, it is what people call it.
fn programme_name(programme: &ProgrammeId) -> String {
    let Some(full) = name_of(programme) else { return programme.to_string() };
    let full = full.split(" (").next().unwrap_or(full);
    let words: Vec<&str> = full.split(' ').collect();
    (0..words.len())
        .map(|first| words[first..].join(" "))
        .find(|tail| slug(tail) == programme.as_str())
        .unwrap_or_else(|| full.to_owned())
}

fn slug(name: &str) -> String {
    let name = name.to_lowercase().replace('&', "and");
    name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-")
}

/// A name within our sentence: its own direction of writing ends where it ends. Marks that direct what follows them are left
/// out; a name written from right to left stands between the marks of an isolate.
pub(crate) fn isolated(name: &str) -> String {
    let directs = |c: char| matches!(c, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    let breaks = |c: char| matches!(c, '\u{2028}' | '\u{2029}');
    let name: String = name.chars().filter(|c| !directs(*c)).map(|c| if breaks(c) { ' ' } else { c }).collect();
    if name.chars().any(is_right_to_left) { format!("\u{2068}{name}\u{2069}") } else { name }
}

/// The blocks of Unicode that are written from right to left.
fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFF}' | '\u{10800}'..='\u{10FFF}' | '\u{1E800}'..='\u{1EFFF}')
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn programmes_have_the_names_that_people_use() {
        let points = |id: &str| points_of(&id.parse().unwrap());
        assert_eq!(points("aadvantage"), "AAdvantage points");
        assert_eq!(points("skymiles"), "SkyMiles");
        assert_eq!(points("cathay-asia-miles"), "Cathay Pacific Asia Miles");
        assert_eq!(points("miles-and-more"), "Miles & More points");
        assert_eq!(points("british-airways-club"), "British Airways Club points");
        assert_eq!(points("bofa"), "Bank of America points");
        assert_eq!(points("avios"), "avios points", "one that the table does not know");
    }

    #[test]
    fn times_read_as_people_say_them() {
        assert_eq!([45, 60, 1080, 1085].map(duration), ["45 min", "1 h", "18 h", "18 h 5 min"]);
        let at = "2026-02-18T06:05:00Z".parse().unwrap();
        let there = |zone: &str| moment(at, &zone.parse().unwrap());
        assert_eq!(there("America/New_York"), "Wed 18 Feb 2026 at 01:05 EST");
        assert_eq!(there("Asia/Dubai"), "Wed 18 Feb 2026 at 10:05 UTC+04");
        assert_eq!(there("UTC"), "Wed 18 Feb 2026 at 06:05 UTC");
    }

    #[test]
    fn an_arrival_on_another_day_is_marked() {
        let day = |day: i8| civil::date(2026, 4, day);
        assert_eq!(days_later(day(27), day(27)), None);
        assert_eq!(days_later(day(27), day(28)).unwrap(), "+1 day");
        assert_eq!(days_later(day(27), day(29)).unwrap(), "+2 days");
        assert_eq!(days_later(day(27), day(26)).unwrap(), "−1 day", "across the date line");
    }

    #[test]
    fn a_name_directs_nothing_but_itself() {
        assert_eq!(isolated("Dubai in April 🌴"), "Dubai in April 🌴");
        assert_eq!(isolated("\u{202E}evil\u{2069}"), "evil");
        assert_eq!(isolated("דובאי\u{2028}x"), "\u{2068}דובאי x\u{2069}");
    }

    #[test]
    fn lists_end_with_and() {
        let list = |items: &[&str]| listed(&items.iter().map(|item| (*item).to_owned()).collect::<Vec<_>>());
        assert_eq!(
            (list(&["a"]), list(&["a", "b"]), list(&["a", "b", "c"])),
            ("a".to_owned(), "a and b".to_owned(), "a, b and c".to_owned())
        );
    }
}
