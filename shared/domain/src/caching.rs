//! How long what sources answered is good for, and what makes it worthless before its time.

use jiff::{SignedDuration, Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use crate::{
    answers::{Answer, Part, Question},
    flights::SourceId,
    ids::{Owner, digest},
    places::Airport,
    search::SearchKey,
    sources::Vertical,
};

/// The longest that an answer is fresh, in minutes.
pub const LONGEST: u16 = 6 * 60;
/// The shortest.
pub const SHORTEST: u16 = 2 * 60;
/// So many ask the most popular question in two days, as far as this matters.
pub const POPULAR: u32 = 200;
/// One member in so many is noted when they ask a question, for so many.
pub const NOTED: u8 = 16;
/// So many days ahead prices move little.
const FAR_AHEAD: i32 = 90;

/// How long an answer is fresh, in minutes: six hours, less up to two for how many ask for it (what many look at is worth
/// asking again) and up to two for how near the day of departure is (what is near changes faster); straight in between.
pub fn lifetime(asked: u32, days_ahead: i32) -> u16 {
    let popularity = asked.min(POPULAR) * 120 / POPULAR;
    let nearness = (FAR_AHEAD - days_ahead.clamp(0, FAR_AHEAD)).unsigned_abs() * 120 / FAR_AHEAD.unsigned_abs();
    // At most 240 is taken from 360.
    u16::try_from(u32::from(LONGEST) - popularity - nearness).unwrap_or(SHORTEST)
}

/// So long after it was asked for an answer may stand in for one that can't be had.
pub const GOOD_ENOUGH: SignedDuration = SignedDuration::from_hours(24);
/// A source that failed is not asked again for a member before this much time has passed.
pub const TRY_AGAIN: SignedDuration = SignedDuration::from_mins(5);
/// One that takes no more calls for now, or that we make none to, is soon asked again: who counts the calls says so before one is made, and
/// whoever set the limit may have raised it.
pub const TRY_LIMITED_AGAIN: SignedDuration = SignedDuration::from_mins(1);
/// So long before the end of its life an answer that many ask for is asked for anew.
pub const AHEAD: SignedDuration = SignedDuration::from_mins(20);
/// From so many members in two days on, that is done: more than a single one can stand for.
pub const MANY: u32 = 20;
const _: () = assert!(MANY > NOTED as u32);

/// What a member is noted as who asks a question: None for those of whom another one stands. The same member is always the same, however
/// often they ask, and is another one at another question.
pub fn noted(who: &Owner, key: &SearchKey) -> Option<String> {
    let digest = digest(&["asker", who.tenant.as_str(), &who.member.to_string(), key.as_str()]);
    digest[0].is_multiple_of(NOTED).then(|| hex(&digest[1..9]))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where something is in stock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stock {
    /// Rooms of a property, by the source's own reference.
    Property(String),
    /// Seats from one airport to another.
    Route(Airport, Airport),
}

impl Stock {
    /// Whose answers it is about.
    pub fn vertical(&self) -> Vertical {
        match self {
            Self::Property(_) => Vertical::Stays,
            Self::Route(..) => Vertical::Flights,
        }
    }
}

/// What is no longer to be believed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Doubt {
    /// All that answers one question.
    Question(SearchKey),
    /// All that shows some stock.
    Stock {
        /// As one source has it; as any, if none is named.
        source: Option<SourceId>,
        /// Where.
        stock: Stock,
        /// From the first to the last of these days; on any, if none are given.
        days: Option<(Date, Date)>,
    },
}

/// That what was asked for before is no longer to be believed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mark {
    /// Before when.
    pub at: Timestamp,
    /// What.
    pub doubt: Doubt,
}

impl Mark {
    /// What tells it from others of the same instant: 16 hexadecimal digits.
    pub fn id(&self) -> String {
        let doubt = serde_json::to_string(&self.doubt).unwrap_or_default();
        hex(&digest(&[&doubt])[..8])
    }

    /// Whether it is about a part of an answer.
    pub fn is_on<Q: Question>(&self, query: &Q, part: &Part<Q::Offer>) -> bool {
        let about = match &self.doubt {
            Doubt::Question(key) => *key == query.key(),
            Doubt::Stock { source, stock, days } => {
                let (first, last) = query.span();
                source.as_ref().is_none_or(|source| source == part.source())
                    && days.is_none_or(|(from, to)| from <= last && first <= to)
                    && query.shows(stock, &part.offers)
            }
        };
        about && part.asked_at <= self.at
    }
}

/// The marks that were made since an answer was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Marks {
    /// The latest of them.
    pub latest: Vec<Mark>,
    /// That there are more.
    pub unread: Vec<Unread>,
}

/// That there are more marks than anybody looks at: what was asked for before them is not believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// Whose own; a source's speak of no other. Everybody's, if none is named.
    pub teller: Option<SourceId>,
    /// Up to when.
    pub until: Timestamp,
}

impl Marks {
    fn are_on<Q: Question>(&self, query: &Q, part: &Part<Q::Offer>) -> bool {
        let is_unread = |unread: &Unread| {
            unread.teller.as_ref().is_none_or(|teller| teller == part.source()) && part.asked_at <= unread.until
        };
        self.unread.iter().any(is_unread) || self.latest.iter().any(|mark| mark.is_on(query, part))
    }
}

/// Who looks, and when.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    /// When.
    pub now: Timestamp,
    /// Since when a part must have been asked for to be fresh; by its own lifetime, if not given. Who gives it takes nothing older,
    /// and has a source that failed asked again at once.
    pub since: Option<Timestamp>,
    /// What is no longer to be believed.
    pub marks: &'a Marks,
}

/// What a part is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// To be shown.
    Fresh,
    /// To be shown as stale, while it is asked for anew: for half of its life after its end.
    Stale,
    /// To be shown as stale where nothing better can be had.
    GoodEnough,
    /// Not to be shown.
    Gone,
}

/// What a part is good for, for who looks.
pub fn state<Q: Question>(query: &Q, part: &Part<Q::Offer>, lifetime: u16, look: &Look<'_>) -> State {
    if !part.has_answered() || look.marks.are_on(query, part) {
        return State::Gone;
    }
    let age = look.now.duration_since(part.asked_at);
    let life = SignedDuration::from_mins(lifetime.into());
    match look.since {
        Some(since) if part.asked_at >= since => State::Fresh,
        Some(_) => State::Gone,
        None if age < GOOD_ENOUGH && part.lacks_its_rest(look.now) => State::GoodEnough,
        None if age < life => State::Fresh,
        None if age < life + life / 2 => State::Stale,
        None if age < GOOD_ENOUGH => State::GoodEnough,
        None => State::Gone,
    }
}

/// What is to be done about an answer before it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// Whom to ask before.
    pub ask: Vec<SourceId>,
    /// Whether to have it asked for anew, behind the back of who looks.
    pub refresh: bool,
}

/// Plans for what is kept, if anything is, and those who are to answer. O(parts × marks).
pub fn plan<Q: Question>(kept: Option<&Answer<Q>>, sources: &[SourceId], look: &Look<'_>) -> Plan {
    let mut plan = Plan::default();
    for source in sources {
        let Some((kept, part)) = kept.and_then(|kept| Some((kept, kept.part(source)?))) else {
            plan.ask.push(source.clone());
            continue;
        };
        match state(&kept.query, part, kept.lifetime_minutes, look) {
            State::Fresh => {}
            _ if look.since.is_none() && part.is_left_alone(look.now) => {}
            State::Stale => plan.refresh = true,
            State::GoodEnough | State::Gone => plan.ask.push(source.clone()),
        }
    }
    plan
}

/// How a search came to its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Counted {
    /// It was kept, and fresh.
    Hit,
    /// It was kept, and shown as stale while it was asked for anew.
    Stale,
    /// Another search asked for it at the same time.
    Shared,
    /// The sources were asked.
    Miss,
    /// There was none.
    Failed,
}

impl Counted {
    /// Every one.
    pub const ALL: [Self; 5] = [Self::Hit, Self::Stale, Self::Shared, Self::Miss, Self::Failed];

    /// In a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Stale => "stale",
            Self::Shared => "shared",
            Self::Miss => "miss",
            Self::Failed => "failed",
        }
    }
}

#[cfg(test)]
mod tests;
