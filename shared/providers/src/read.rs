//! What reading answers takes, whoever gave them: exact amounts, times, references; and the sieve for what can't be trusted.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use domain::{
    activities::{ActivityOffer, ActivityQuery},
    flights::{FlightNumber, FlightOffer, Freshness, SourceId, Tier, Untrusted, lead_ins::LeadInFare},
    money::{Currency, Money},
    properties::{Listing, ListingReference},
    search::SearchQuery,
    stays::{Position, StayOffer, StayQuery},
};
use http::HeaderValue;
use jiff::{Timestamp, civil::DateTime};
use rust_decimal::Decimal;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, de::Error};
use serde_json::{Value, value::RawValue};
use url::Url;

use crate::SourceError;

/// What offers of all kinds have in common.
pub trait Offer {
    /// What is asked for it.
    type Query;

    /// Whether it can be trusted.
    ///
    /// # Errors
    /// The first reason why not.
    fn trusted(&self) -> Result<(), Untrusted>;

    /// Whether it answers a question.
    fn answers(&self, query: &Self::Query) -> bool;

    /// What tells it from the others of its source, if something does.
    fn reference(&self) -> Option<String>;
}

impl Offer for FlightOffer {
    type Query = SearchQuery;

    fn trusted(&self) -> Result<(), Untrusted> {
        self.trusted()
    }

    fn answers(&self, query: &SearchQuery) -> bool {
        query.asks_for(self)
    }

    fn reference(&self) -> Option<String> {
        Some(self.reference.clone())
    }
}

impl Offer for LeadInFare {
    type Query = SearchQuery;

    fn trusted(&self) -> Result<(), Untrusted> {
        self.trusted()
    }

    /// As far as it says what it is: one of its airports must be among those asked for.
    fn answers(&self, query: &SearchQuery) -> bool {
        let (first, last) = query.days();
        let origin = self.origin.is_none_or(|place| place.airports().iter().any(|one| query.origins().contains(one)));
        let destination =
            self.destination.is_none_or(|place| place.airports().iter().any(|one| query.destinations().contains(one)));
        origin
            && destination
            && (first..=last).contains(&self.day)
            && self.cabin.is_none_or(|cabin| query.cabins().contains(&cabin))
    }

    fn reference(&self) -> Option<String> {
        None
    }
}

impl Offer for StayOffer {
    type Query = StayQuery;

    fn trusted(&self) -> Result<(), Untrusted> {
        self.trusted()
    }

    fn answers(&self, query: &StayQuery) -> bool {
        query.asks_for(self)
    }

    fn reference(&self) -> Option<String> {
        Some(format!("{} {}", self.property.reference, self.reference))
    }
}

impl Offer for ActivityOffer {
    type Query = ActivityQuery;

    fn trusted(&self) -> Result<(), Untrusted> {
        self.trusted()
    }

    fn answers(&self, query: &ActivityQuery) -> bool {
        query.asks_for(self)
    }

    fn reference(&self) -> Option<String> {
        Some(format!("{} {}", self.reference, self.option.as_deref().unwrap_or_default()))
    }
}

/// What a source says of a house, apart from what is free in it.
impl Offer for Listing {
    /// The houses that were asked for.
    type Query = BTreeSet<ListingReference>;

    /// A house without a name is none that anybody could be told of.
    fn trusted(&self) -> Result<(), Untrusted> {
        if self.name.is_some() { Ok(()) } else { Err(Untrusted::Place) }
    }

    fn answers(&self, query: &Self::Query) -> bool {
        query.contains(&self.key.reference)
    }

    fn reference(&self) -> Option<String> {
        Some(self.key.reference.to_string())
    }
}

/// Offers read from an answer: those that are trusted and answer the question, and the others counted by reason.
#[derive(Debug)]
pub struct Sifted<O = FlightOffer> {
    /// Trusted, and what was asked for.
    pub offers: Vec<O>,
    /// Set aside, by reason.
    pub set_aside: BTreeMap<Untrusted, usize>,
    /// The same one by one, where nothing was asked: who reads a recording wants to know which, and a search how many.
    pub named: Vec<SetAside>,
    /// How many records were read.
    taken: usize,
}

/// A record of an answer that was set aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SetAside {
    /// The how manieth it is of those that are read, from 0.
    pub index: usize,
    /// What the source calls it, where it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Why.
    pub reason: Untrusted,
}

impl<O> Default for Sifted<O> {
    fn default() -> Self {
        Self { offers: Vec::new(), set_aside: BTreeMap::new(), named: Vec::new(), taken: 0 }
    }
}

impl<O: Offer> Sifted<O> {
    /// Without a question every offer is what was asked for.
    pub(crate) fn take(&mut self, read: Result<O, Untrusted>, query: Option<&O::Query>) {
        self.take_called(read, query, || None);
    }

    /// The same of a record that can say what it is called where it can't be read.
    pub(crate) fn take_of(&mut self, raw: &RawValue, read: Result<O, Untrusted>, query: Option<&O::Query>) {
        self.take_called(read, query, || id_in(raw));
    }

    /// Takes one record of an answer, which is read by itself: one of another form sets aside no other.
    pub(crate) fn take_record<'r, T: Deserialize<'r>>(
        &mut self,
        raw: &'r RawValue,
        query: Option<&O::Query>,
        offer: impl FnOnce(T) -> Result<O, Untrusted>,
    ) {
        let read = serde_json::from_str(raw.get()).map_err(|_| Untrusted::Form);
        self.take_of(raw, read.and_then(offer), query);
    }

    fn take_called(&mut self, read: Result<O, Untrusted>, query: Option<&O::Query>, called: impl FnOnce() -> Option<String>) {
        let aside = match read {
            Err(reason) => Some((reason, None)),
            Ok(offer) => match Self::doubted(&offer, query) {
                Some(reason) => Some((reason, offer.reference())),
                None => {
                    self.offers.push(offer);
                    None
                }
            },
        };
        if let Some((reason, id)) = aside {
            *self.set_aside.entry(reason).or_default() += 1;
            if query.is_none() {
                self.named.push(SetAside { index: self.taken, id: id.or_else(called), reason });
            }
        }
        self.taken += 1;
    }

    /// Why an offer is not taken, if it is not.
    fn doubted(offer: &O, query: Option<&O::Query>) -> Option<Untrusted> {
        let not_asked = query.is_some_and(|query| !offer.answers(query)).then_some(Untrusted::NotAsked);
        offer.trusted().err().or(not_asked)
    }

    pub(crate) fn join(&mut self, other: Self) {
        let Self { offers, set_aside, named, taken } = other;
        self.offers.extend(offers);
        for (reason, count) in set_aside {
            *self.set_aside.entry(reason).or_default() += count;
        }
        let before = self.taken;
        self.named.extend(named.into_iter().map(|one| SetAside { index: before + one.index, ..one }));
        self.taken += taken;
    }

    /// Joins a page, without what was `seen` before, on it or on an earlier one: records can shift and repeat meanwhile.
    pub(crate) fn join_new(&mut self, mut page: Self, seen: &mut HashSet<String>) {
        page.offers.retain(|offer| offer.reference().is_none_or(|reference| seen.insert(reference)));
        self.join(page);
    }
}

/// What records are called in the answers of all sources.
const IDS: [&str; 9] =
    ["id", "ID", "rateId", "property_id", "productCode", "productOptionCode", "tour_id", "option_id", "AvailabilityID"];

/// What a record is called that can't be read.
fn id_in(raw: &RawValue) -> Option<String> {
    let record: Value = serde_json::from_str(raw.get()).ok()?;
    let id = IDS.iter().find_map(|name| serde_json::from_value::<Id>(record.get(name)?.clone()).ok())?;
    label(&id.0)
}

/// A place on earth by its degrees, as exact as they are written; none where one of them is not said.
pub(crate) fn position(latitude: Option<Amount>, longitude: Option<Amount>) -> Result<Option<Position>, Untrusted> {
    let at = |(latitude, longitude): (Amount, Amount)| Position::new(latitude.0, longitude.0).ok_or(Untrusted::Place);
    latitude.zip(longitude).map(at).transpose()
}

/// An amount in major units, exactly as it is written: a JSON number, or a text with nothing but digits, a point and a sign. It
/// never passes through a float.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Amount(pub(crate) Decimal);

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        let text = raw.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(raw);
        decimal(text).map(Self).map_err(|_| D::Error::custom("an amount"))
    }
}

impl Amount {
    pub(crate) fn money(self, currency: Currency) -> Result<Money, Untrusted> {
        Money::new(self.0, currency).map_err(|_| Untrusted::Form)
    }
}

/// Digits, a point, a sign: the library alone would also take underscores.
pub(crate) fn decimal(text: &str) -> Result<Decimal, Untrusted> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b'-') {
        return Err(Untrusted::Form);
    }
    Decimal::from_str_exact(text).map_err(|_| Untrusted::Form)
}

/// A JSON number, as exact as it is.
pub(crate) fn number(decimal: Decimal) -> Option<Value> {
    serde_json::from_str(&decimal.to_string()).ok()
}

/// A currency as sources write it, in capitals or not.
pub(crate) fn currency(code: &str) -> Result<Currency, Untrusted> {
    code.to_ascii_uppercase().parse().map_err(|_| Untrusted::Form)
}

/// A reference that some sources write as a number and some as a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Id(pub(crate) String);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Text(String),
            Number(i64),
        }
        Ok(Self(match Either::deserialize(deserializer)? {
            Either::Text(text) => text,
            Either::Number(number) => number.to_string(),
        }))
    }
}

/// A source's id; ours are valid by construction.
pub(crate) fn source_id(id: &'static str) -> SourceId {
    id.parse().unwrap_or_else(|_| unreachable!("a slug"))
}

/// Seen by a source right now.
pub(crate) fn fresh(source: &'static str, now: Timestamp, tier: Tier) -> Freshness {
    Freshness { source: source_id(source), observed_at: now, tier }
}

/// A header whose value is never shown. A key that is no header value is one that the source can't know.
pub(crate) fn secret_header(text: &str) -> Result<HeaderValue, SourceError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| SourceError::Unauthorized)?;
    value.set_sensitive(true);
    Ok(value)
}

/// The two parts of a key that has two, such as a name and a secret: they are kept as one text with a colon between them. A part that is
/// empty is none.
pub(crate) fn two_parts(key: &SecretString) -> Result<(&str, &str), SourceError> {
    let parts = key.expose_secret().split_once(':').filter(|(one, other)| !one.is_empty() && !other.is_empty());
    parts.ok_or(SourceError::Unauthorized)
}

/// A source's reference, kept and handed on: it must have some text, and not much.
pub(crate) fn reference(text: String) -> Result<String, Untrusted> {
    bounded(text, 200)
}

/// The same for references that are links with a token in them, which are long.
pub(crate) fn long_reference(text: String) -> Result<String, Untrusted> {
    bounded(text, 2_000)
}

fn bounded(text: String, most: usize) -> Result<String, Untrusted> {
    if (1..=most).contains(&text.len()) && !text.contains(char::is_control) { Ok(text) } else { Err(Untrusted::Form) }
}

/// A name for people: without blanks around it and characters that nobody sees, cut to 200 characters; `None` if nothing is left.
pub(crate) fn label(text: &str) -> Option<String> {
    let text: String = text.chars().filter(|c| !is_unseen(*c)).collect();
    let text: String = text.trim().chars().take(200).collect();
    let text = text.trim_end();
    (!text.is_empty()).then(|| text.to_owned())
}

/// Characters that control, have no width or turn the direction of others: with them a text shows as something else than it is.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
        )
}

/// Where to book: only an address that a browser may be sent to, and that shows whose it is. An offer with another one has none, and is
/// good for all that.
pub(crate) fn link(text: Option<String>) -> Option<String> {
    text.filter(|text| is_address(text)).and_then(|text| long_reference(text).ok())
}

fn is_address(text: &str) -> bool {
    let plain = text.starts_with("https://") && !text.chars().any(|c| is_unseen(c) || c.is_whitespace() || c == '\\');
    let of_a_host = |url: &Url| url.has_host() && url.username().is_empty() && url.password().is_none();
    plain && Url::parse(text).is_ok_and(|url| of_a_host(&url))
}

/// A local time as sources write it, such as `2026-04-27T16:20:00`: without an offset, which would make it something else.
pub(crate) fn local_time(text: &str) -> Result<DateTime, Untrusted> {
    DateTime::strptime("%Y-%m-%dT%H:%M:%S%.f", text).map_err(|_| Untrusted::Form)
}

/// A carrier's code and number as one flight number. Some sources fill the number up with zeros.
pub(crate) fn flight_number(carrier: &str, number: &str) -> Result<FlightNumber, Untrusted> {
    format!("{carrier}{}", number.trim_start_matches('0')).parse().map_err(|_| Untrusted::Form)
}

/// When the source saw an offer, where it says so: never later than now, however its clock goes. The first moment of the year 1 is how some
/// write that they don't know.
pub(crate) fn seen_at(stated: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    stated.filter(|stated| *stated > Timestamp::UNIX_EPOCH).map(|stated| stated.min(now))
}

/// A text as a parameter of an address.
pub(crate) fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// A digest in lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_is_no_part_of_a_name() {
        let name = "\u{feff} Grand\u{202e}\u{200b} Hotel\u{7}\u{2066} \u{200f}";
        assert_eq!(label(name).as_deref(), Some("Grand Hotel"));
        assert_eq!(label("\u{200b}\u{202e}"), None);
        assert_eq!(label("होटल ताज 東京 São").as_deref(), Some("होटल ताज 東京 São"));
    }

    #[test]
    fn a_link_is_an_address_that_shows_whose_it_is() {
        let read = |text: &str| link(Some(text.to_owned()));
        for good in ["https://example.com/a?b=c#d", "https://example.com:8443/", "https://example.com/@name"] {
            assert_eq!(read(good).as_deref(), Some(good));
        }
        for bad in [
            "https://",
            "https://?q",
            "https:///",
            "https://user@example.com/",
            "https://bank.example:x@evil.example/",
            "https://bank.example\\@evil.example/",
            "https://example.com/a b",
            "https://example.com/\u{202e}moc",
            "https://exa\u{200b}mple.com/",
            "https://example.com/\n",
            "https://[::1",
            "http://example.com/",
            "javascript:alert(1)",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn nothing_was_seen_in_the_year_one_or_in_time_to_come() {
        let at = |text: &str| text.parse::<Timestamp>().ok();
        let now = at("2026-02-18T07:00:00Z").unwrap_or_default();
        assert_eq!(seen_at(at("0001-01-01T00:00:00Z"), now), None);
        assert_eq!(seen_at(at("2026-02-18T06:00:00Z"), now), at("2026-02-18T06:00:00Z"));
        assert_eq!(seen_at(at("2026-02-18T08:00:00Z"), now), Some(now));
    }

    #[test]
    fn what_stands_twice_on_a_page_is_found_once() {
        struct One(&'static str);
        impl Offer for One {
            type Query = ();
            fn trusted(&self) -> Result<(), Untrusted> {
                Ok(())
            }
            fn answers(&self, (): &()) -> bool {
                true
            }
            fn reference(&self) -> Option<String> {
                Some(self.0.to_owned())
            }
        }
        let (mut all, mut seen) = (Sifted::default(), HashSet::new());
        for page in [["a", "a"], ["a", "b"]] {
            all.join_new(Sifted { offers: page.map(One).into(), ..Sifted::default() }, &mut seen);
        }
        assert_eq!(all.offers.iter().map(|one| one.0).collect::<Vec<_>>(), ["a", "b"]);
    }
}
