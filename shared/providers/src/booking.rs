//! A booking at a source: what is asked for, for whom, and what can become of it.
//!
//! No payment card is handled here. What is paid is paid from what we have with the source, later, or at the property; a source that
//! wants a card offers no booking here, and its adapter says so.

use std::{fmt, net::IpAddr, str::FromStr, time::Duration};

use domain::{faults::Invalid, money::Money, sources::Market, stays::Guests};
use jiff::civil::{Date, Time};
use serde::Serialize;
use serde_json::Value;

use crate::{SourceError, error::codes_in};

/// How long a source may take to book: Viator and Expedia name two minutes. Who books has that much time.
pub const BOOKING_TIMEOUT: Duration = Duration::from_secs(120);

/// What tells who somebody is. It goes to the source that books, and is shown nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Personal<T>(T);

impl<T> Personal<T> {
    /// What is not to be shown.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// For the source.
    pub(crate) fn told(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Personal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[personal]")
    }
}

/// How somebody is addressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Title {
    /// Mr
    Mr,
    /// Ms
    Ms,
    /// Mrs
    Mrs,
    /// Miss
    Miss,
    /// Dr
    Dr,
}

/// As it stands in a passport, where an airline asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gender {
    /// F
    Female,
    /// M
    Male,
}

/// What airlines ask of those who fly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flyer {
    /// How they are addressed.
    pub title: Title,
    /// As it stands in the passport.
    pub gender: Gender,
    /// The day of birth.
    pub born_on: Date,
}

/// Somebody who comes along.
#[derive(Debug, Clone)]
pub struct Traveller {
    /// As in the passport.
    pub given_name: Personal<String>,
    /// As in the passport.
    pub family_name: Personal<String>,
    /// What airlines ask besides.
    pub flyer: Option<Personal<Flyer>>,
}

/// A telephone number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phone {
    /// The digits of the country code.
    pub country_code: u16,
    /// All other digits.
    pub number: String,
}

impl fmt::Display for Phone {
    /// As ITU-T E.164 writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}{}", self.country_code, self.number)
    }
}

/// Where somebody lives. Sources want the country, and some of them the rest for some countries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Street and number.
    pub line: Option<String>,
    /// The city.
    pub city: Option<String>,
    /// The code of state or province.
    pub region: Option<String>,
    /// The postal code.
    pub postal_code: Option<String>,
    /// The country.
    pub country: Market,
}

/// Who is told of the booking: the traveller who books.
#[derive(Debug, Clone)]
pub struct Contact {
    /// Where mail reaches them.
    pub email: Personal<String>,
    /// Where they can be called.
    pub phone: Personal<Phone>,
    /// Where they live.
    pub address: Personal<Address>,
    /// The network address that they book from. Sources look for fraud by it.
    pub network_address: Personal<IpAddr>,
}

/// What is to be booked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bookable {
    /// What a source books by one reference: that of its offer.
    Offer(String),
    /// A room, where it takes more than one reference.
    Stay {
        /// The property.
        property: String,
        /// The offer.
        offer: String,
        /// The day of arrival.
        checkin: Date,
        /// The day of departure.
        checkout: Date,
        /// Who is to sleep there.
        guests: Guests,
    },
    /// An activity on a day.
    Activity {
        /// The product.
        product: String,
        /// Which way to do it.
        option: Option<String>,
        /// The day.
        day: Date,
        /// When it begins.
        starts: Option<Time>,
    },
}

impl Bookable {
    /// The one reference that it is booked by.
    pub(crate) fn offer(&self) -> Option<&str> {
        match self {
            Self::Offer(reference) => Some(reference),
            Self::Stay { offer, .. } => Some(offer),
            Self::Activity { .. } => None,
        }
    }
}

/// Who pays, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payment {
    /// We, from what we have with the source: a balance there, or its invoice.
    Account,
    /// Nobody yet: it is held for as long as the source says.
    Hold,
    /// The guest, at the property.
    AtProperty,
}

/// What we call a booking. A source that takes it books once by it, or is asked by it what became of the booking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OurReference(String);

impl OurReference {
    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for OurReference {
    type Err = Invalid;

    /// What all sources take: Expedia's are 3 to 28 characters long, the others' longer. An id without its prefix is 26.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let fits = (3..=28).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let wrong = Invalid { what: "a reference of ours", rule: "3 to 28 letters, digits and hyphens" };
        if fits { Ok(Self(text.to_owned())) } else { Err(wrong) }
    }
}

/// A booking that is wanted.
#[derive(Debug, Clone)]
pub struct BookingRequest {
    /// What.
    pub item: Bookable,
    /// All that it costs, as it was agreed to: at another price nothing is booked.
    pub price: Money,
    /// Who pays.
    pub payment: Payment,
    /// Who books, and comes along.
    pub lead: Traveller,
    /// Who else comes along.
    pub others: Vec<Traveller>,
    /// Who is told.
    pub contact: Contact,
    /// What we call it: one for each booking that is wanted, however often it is asked about.
    pub reference: OurReference,
}

impl BookingRequest {
    /// Who comes along, the one who books first.
    pub(crate) fn travellers(&self) -> impl ExactSizeIterator<Item = &Traveller> {
        let all: Vec<&Traveller> = std::iter::once(&self.lead).chain(&self.others).collect();
        all.into_iter()
    }

    /// Whether this price is the one agreed to.
    pub(crate) fn agrees(&self, now: Money) -> Result<(), BookingError> {
        if now == self.price { Ok(()) } else { Err(BookingError::PriceChanged { now: Some(now) }) }
    }
}

/// Why there is no booking, or why it is not known whether there is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "outcome", content = "detail", rename_all = "kebab-case")]
pub enum BookingError {
    /// It costs something else now. Nothing is booked.
    #[error("the price has changed")]
    PriceChanged {
        /// What it costs now, where the source says so.
        now: Option<Money>,
    },
    /// It is sold, or no longer on offer. Nothing is booked.
    #[error("it is no longer on offer")]
    Gone,
    /// The source refused, or was not asked to book at all. Nothing is booked.
    #[error("nothing is booked: {0}")]
    Refused(SourceError),
    /// It was sent, and what became of it is not known: it may be booked. It is not sent again; who wants to know asks
    /// [`crate::Desk::find`].
    #[error("it may be booked: {0}")]
    OutcomeUnknown(SourceError),
}

/// What a code of a source means for a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It costs something else now.
    PriceChanged,
    /// It is no longer on offer.
    Gone,
    /// There is one by our reference already, or of this offer: perhaps the one that is asked for.
    AlreadyThere,
}

/// The codes by which a source refuses to book.
pub(crate) type Refusals = &'static [(&'static str, Refusal)];

impl BookingError {
    /// A booking that was not sent, because what has to be asked before has failed.
    pub(crate) fn before(error: SourceError, refusals: Refusals) -> Self {
        let code = if let SourceError::Rejected { code: Some(code), .. } = &error { Some(code.as_str()) } else { None };
        match refusals.iter().find(|(known, _)| Some(*known) == code) {
            Some((_, Refusal::PriceChanged)) => Self::PriceChanged { now: None },
            Some((_, Refusal::Gone)) => Self::Gone,
            Some((_, Refusal::AlreadyThere)) | None => Self::Refused(error),
        }
    }

    /// A booking that was sent and not made, with the body of the answer.
    pub(crate) fn refused(error: SourceError, body: &[u8], refusals: Refusals) -> Self {
        let said = codes_in(body);
        match refusals.iter().find(|(code, _)| said.iter().any(|one| one == code)) {
            Some((_, Refusal::PriceChanged)) => Self::PriceChanged { now: None },
            Some((_, Refusal::Gone)) => Self::Gone,
            Some((_, Refusal::AlreadyThere)) => Self::OutcomeUnknown(error),
            None => Self::sent(error),
        }
    }

    /// A booking that was sent, and failed in this way. What the source does not say that it refused, it may have done.
    pub(crate) fn sent(error: SourceError) -> Self {
        match error {
            SourceError::Unavailable(_)
            | SourceError::Malformed
            | SourceError::TooLarge
            | SourceError::Timeout
            | SourceError::Unreachable => Self::OutcomeUnknown(error),
            // 409 is a conflict with what is there already.
            SourceError::Rejected { status: 409, .. } => Self::OutcomeUnknown(error),
            SourceError::Unauthorized
            | SourceError::Forbidden
            | SourceError::RateLimited { .. }
            | SourceError::Rejected { .. }
            | SourceError::Undeclared
            | SourceError::LeftAlone { .. }
            | SourceError::LimitReached { .. }
            | SourceError::QuotaUsedUp { .. }
            | SourceError::BudgetUsedUp { .. }
            | SourceError::RepeatedEnough
            | SourceError::Uncounted
            | SourceError::NotOffered => Self::Refused(error),
        }
    }

    /// The source can't be asked this.
    pub(crate) fn not_offered() -> Self {
        Self::Refused(SourceError::NotOffered)
    }
}

/// An object of those fields that are known.
pub(crate) fn known<const N: usize>(fields: [(&str, Option<&str>); N]) -> Value {
    fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), Value::from(value?)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_fits_every_source() {
        for (text, fits) in [
            ("01KHPNJ4R6Z9X0Q3T5V7W9Y1B3", true),
            ("MB-1", true),
            ("ab", false),
            ("01KHPNJ4R6Z9X0Q3T5V7W9Y1B3-00", false),
            ("a&b", false),
            ("a b", false),
        ] {
            assert_eq!(text.parse::<OurReference>().is_ok(), fits, "{text}");
        }
    }

    #[test]
    fn what_is_personal_shows_as_nothing_else() {
        assert_eq!(format!("{:?}", Personal::new("Amelia")), "[personal]");
        assert_eq!(format!("{:#?}", [Personal::new("Amelia")]), "[\n    [personal],\n]");
    }
}
