//! What the sources answered, in parts: one a source, each as old as it is. A source that gives no answer keeps its former part,
//! with a note of the trouble.

use std::fmt;

use jiff::{SignedDuration, Timestamp, civil::Date};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    activities::{ActivityOffer, ActivityQuery},
    caching::{self, State, Stock},
    flights::{Fare, FlightOffer, SourceId},
    places::country_of,
    search::{Asks, SearchKey, SearchQuery, SourceOutcome, SourceReport, Wanted},
    sources::{Market, Switches, Vertical},
    stays::{City, StayOffer, StayQuery},
};

/// A question of one vertical.
pub trait Question: fmt::Debug + Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// What is offered.
    type Offer: fmt::Debug + Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static;
    /// Which vertical.
    const VERTICAL: Vertical;

    /// Its name.
    fn key(&self) -> SearchKey;

    /// The first and the last day that it is about.
    fn span(&self) -> (Date, Date);

    /// The market that it is asked for in, where it is one.
    fn market(&self) -> Option<Market>;

    /// Whether what is in stock there shows in an answer that holds these offers.
    fn shows(&self, stock: &Stock, offers: &[Self::Offer]) -> bool;

    /// The question as it is put to a source, in the words that it takes. It covers this one, unless [`Question::is_covered_by`] says
    /// otherwise. None if it can't be put to it.
    fn put_to(&self, source: &SourceId, asks: Asks, now: Timestamp) -> Option<Self>;

    /// Whether an offer to the question as it was put to a source answers this one.
    fn is_answered_by(&self, asked: &Self, offer: &Self::Offer) -> bool;

    /// Whether whoever has answered the one has answered this one.
    fn is_covered_by(&self, _asked: &Self) -> bool {
        true
    }
}

impl Question for SearchQuery {
    type Offer = FlightOffer;
    const VERTICAL: Vertical = Vertical::Flights;

    fn key(&self) -> SearchKey {
        self.key()
    }

    fn span(&self) -> (Date, Date) {
        self.days()
    }

    /// The country that one sets out from.
    fn market(&self) -> Option<Market> {
        country_of(self.origins())?.parse().ok()
    }

    fn shows(&self, stock: &Stock, _: &[FlightOffer]) -> bool {
        match stock {
            Stock::Route(from, to) => self.origins().contains(from) && self.destinations().contains(to),
            Stock::Property(_) => false,
        }
    }

    fn put_to(&self, _: &SourceId, asks: Asks, now: Timestamp) -> Option<Self> {
        Some(self.asked_of(asks, now))
    }

    fn is_answered_by(&self, _: &Self, offer: &FlightOffer) -> bool {
        self.asks_for(offer)
    }
}

impl Question for StayQuery {
    type Offer = StayOffer;
    const VERTICAL: Vertical = Vertical::Stays;

    fn key(&self) -> SearchKey {
        self.key()
    }

    /// The nights: who leaves in the morning needs no room.
    fn span(&self) -> (Date, Date) {
        (self.checkin(), self.checkout().yesterday().unwrap_or(self.checkin()))
    }

    /// The country that one stays in.
    fn market(&self) -> Option<Market> {
        self.place().city().and_then(City::market).cloned()
    }

    fn shows(&self, stock: &Stock, offers: &[StayOffer]) -> bool {
        match stock {
            Stock::Property(property) => {
                self.place().names(property) || offers.iter().any(|offer| offer.property.reference == *property)
            }
            Stock::Route(..) => false,
        }
    }

    fn put_to(&self, source: &SourceId, asks: Asks, _: Timestamp) -> Option<Self> {
        asks.stays.iter().find_map(|by| self.asked_by(source, *by))
    }

    fn is_answered_by(&self, asked: &Self, offer: &StayOffer) -> bool {
        self.asks_for(offer) && self.place().tells_from(asked.place(), offer)
    }

    fn is_covered_by(&self, asked: &Self) -> bool {
        self.place().is_within(asked.place())
    }
}

impl Question for ActivityQuery {
    type Offer = ActivityOffer;
    const VERTICAL: Vertical = Vertical::Activities;

    fn key(&self) -> SearchKey {
        self.key()
    }

    fn span(&self) -> (Date, Date) {
        self.days()
    }

    /// The country of the city that its words mean.
    fn market(&self) -> Option<Market> {
        self.market().cloned()
    }

    /// Feeds tell of flights and of hotels.
    fn shows(&self, _: &Stock, _: &[ActivityOffer]) -> bool {
        false
    }

    fn put_to(&self, _: &SourceId, asks: Asks, _: Timestamp) -> Option<Self> {
        Some(self.asked_of(asks))
    }

    fn is_answered_by(&self, _: &Self, offer: &ActivityOffer) -> bool {
        self.asks_for(offer)
    }
}

/// Why a source gave nothing, or less than it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// It had not answered when the others had to be shown.
    #[error("it did not answer in time")]
    Late,
    /// No connection.
    #[error("it can't be reached")]
    Unreachable,
    /// It answered that something is wrong on its side.
    #[error("it is out of order")]
    Unavailable,
    /// It takes no more calls for now, or we make none for now.
    #[error("it takes no more calls for now")]
    Limited,
    /// It does not take our key.
    #[error("it does not take the key")]
    KeyRefused,
    /// It refused the question.
    #[error("it refused the question")]
    Refused,
    /// Its answer can't be read.
    #[error("its answer can't be read")]
    Unreadable,
    /// It can't be asked this.
    #[error("it can't be asked this")]
    NotOffered,
    /// It has more than is asked for at once, or kept of an answer.
    #[error("it has more than is read of one answer")]
    Capped,
    /// It was asked less than is wanted, because it can't be asked for all of that.
    #[error("it can be asked for a part of this only")]
    Narrowed,
}

impl Cause {
    /// Whether it can go better by itself.
    pub fn passes(self) -> bool {
        match self {
            Self::Late | Self::Unreachable | Self::Unavailable | Self::Limited => true,
            Self::KeyRefused | Self::Refused | Self::Unreadable | Self::NotOffered | Self::Capped | Self::Narrowed => false,
        }
    }
}

/// That a source gave nothing when it was last asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Trouble {
    /// When it was asked.
    pub at: Timestamp,
    /// Why.
    pub cause: Cause,
}

impl Trouble {
    /// How long it is not worth asking again. Who can't be asked this is not asked until everyone else is.
    pub fn lasts(&self) -> SignedDuration {
        match self.cause {
            Cause::NotOffered | Cause::Capped | Cause::Narrowed => SignedDuration::from_mins(caching::LONGEST.into()),
            Cause::Limited => caching::TRY_LIMITED_AGAIN,
            Cause::Late | Cause::Unreachable | Cause::Unavailable | Cause::KeyRefused | Cause::Refused | Cause::Unreadable => {
                caching::TRY_AGAIN
            }
        }
    }
}

/// What one source answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Part<O> {
    /// How that went.
    pub report: SourceReport,
    /// When it was asked.
    pub asked_at: Timestamp,
    /// Every trusted offer.
    pub offers: Vec<O>,
    /// What was wrong when it was asked again since, or at all.
    pub trouble: Option<Trouble>,
    /// Why this is not all that it has, if it is not.
    #[serde(default)]
    pub cut_off: Option<Cause>,
}

impl<O> Part<O> {
    /// Who answered.
    pub fn source(&self) -> &SourceId {
        &self.report.source
    }

    /// Whether it ever answered.
    pub fn has_answered(&self) -> bool {
        self.report.outcome != SourceOutcome::Failed
    }

    /// Whether its source gave nothing so lately that it is not worth asking again.
    pub fn is_left_alone(&self, now: Timestamp) -> bool {
        self.trouble.is_some_and(|trouble| now.duration_since(trouble.at) < trouble.lasts())
    }

    /// Whether a limit cut it off, and it is worth asking for the rest.
    pub fn lacks_its_rest(&self, now: Timestamp) -> bool {
        let limited = self.trouble.is_some_and(|trouble| trouble.cause == Cause::Limited);
        limited && self.report.outcome == SourceOutcome::Partial && !self.is_left_alone(now)
    }

    /// Without what is not to be shown any more: its source has given nothing then.
    #[must_use]
    pub fn emptied(mut self) -> Self {
        self.offers.clear();
        self.report.outcome = SourceOutcome::Failed;
        self.cut_off = None;
        self
    }

    /// What of it answers a question, where the source was asked another one in its place.
    #[must_use]
    pub fn answering<Q: Question<Offer = O>>(mut self, query: &Q, asked: &Q) -> Self {
        self.offers.retain(|offer| query.is_answered_by(asked, offer));
        self.report.offers = self.offers.len();
        if self.report.outcome == SourceOutcome::Complete && !query.is_covered_by(asked) {
            self.cut_down(Cause::Narrowed);
        }
        self
    }

    /// There was more than is taken of it.
    fn cut_down(&mut self, why: Cause) {
        self.report.outcome = SourceOutcome::Partial;
        self.cut_off = self.cut_off.or(Some(why));
    }
}

/// What the sources answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", bound = "")]
pub struct Answer<Q: Question> {
    /// The question.
    pub query: Q,
    /// When one of the sources was last asked.
    pub asked_at: Timestamp,
    /// How long a part is fresh, in minutes ([`caching::lifetime`]).
    pub lifetime_minutes: u16,
    /// One a source, in the order in which they are asked: what is wanted before what it is compared with.
    pub parts: Vec<Part<Q::Offer>>,
}

/// What the sources of flights answered.
pub type SearchAnswer = Answer<SearchQuery>;

impl<Q: Question> Answer<Q> {
    /// Every offer: award and cash.
    pub fn offers(&self) -> impl Iterator<Item = &Q::Offer> {
        self.parts.iter().flat_map(|part| &part.offers)
    }

    /// The part of a source.
    pub fn part(&self, source: &SourceId) -> Option<&Part<Q::Offer>> {
        self.parts.iter().find(|part| part.source() == source)
    }

    /// Whether all offers that a source has, are in it: only then does an absent one mean that it is gone.
    pub fn is_complete_for(&self, source: &SourceId) -> bool {
        self.part(source).is_some_and(|part| part.report.outcome == SourceOutcome::Complete && part.trouble.is_none())
    }

    /// Takes in what was asked later. Who gave nothing keeps what it gave before, with a note of the trouble; who was not asked
    /// keeps it as it is.
    pub fn joined(former: Option<Self>, later: Self) -> Self {
        let Some(former) = former else { return later };
        let mut parts = later.parts;
        for kept in former.parts {
            match parts.iter_mut().find(|part| part.source() == kept.source()) {
                None => parts.push(kept),
                Some(part) if !part.has_answered() && kept.has_answered() => *part = Part { trouble: part.trouble, ..kept },
                Some(_) => {}
            }
        }
        Self { parts, ..later }
    }

    /// Without the last half of its offers: for one that is too large to be kept. What lost some is no longer complete.
    pub fn cut(&mut self) {
        let mut left = self.offers().count() / 2;
        for part in &mut self.parts {
            if part.offers.len() > left {
                part.offers.truncate(left);
                part.cut_down(Cause::Capped);
            }
            left -= part.offers.len();
        }
    }

    /// Without the parts of sources that are not among these, in their order: a tenant sees what its own sources say.
    pub fn only_of(mut self, sources: &[SourceId]) -> Self {
        let place = |part: &Part<Q::Offer>| sources.iter().position(|source| source == part.source());
        self.parts.retain(|part| place(part).is_some());
        self.parts.sort_by_key(place);
        self
    }

    /// Without the parts of sources that a tenant is not let through to: what is kept may have been asked for by another one.
    pub fn let_through(mut self, switches: &Switches) -> Self {
        let market = self.query.market();
        self.parts.retain(|part| switches.let_through(part.source(), market.as_ref()));
        self
    }

    /// Without what is not to be shown any more. Its sources have given nothing then.
    pub fn shown(mut self, look: &caching::Look<'_>) -> Self {
        let lifetime = self.lifetime_minutes;
        let shown = |part: Part<Q::Offer>| {
            if caching::state(&self.query, &part, lifetime, look) == State::Gone { part.emptied() } else { part }
        };
        self.parts = std::mem::take(&mut self.parts).into_iter().map(shown).collect();
        self
    }
}

impl SearchAnswer {
    /// The offers that are what was wanted, rather than what they are compared with.
    pub fn wanted_offers(&self) -> impl Iterator<Item = &FlightOffer> {
        self.offers().filter(|offer| match (self.query.wanted(), &offer.fare) {
            (Wanted::AwardFlights, Fare::Award { .. }) | (Wanted::CashFlights, Fare::Cash { .. }) => true,
            (Wanted::AwardFlights, Fare::Cash { .. }) | (Wanted::CashFlights, Fare::Award { .. }) => false,
        })
    }
}
