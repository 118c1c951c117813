//! What issuers say of applications and bonuses. Few of these rules are published; none is a promise of approval.

use std::str::FromStr;

use jiff::{ToSpan, civil::Date};

use super::{Card, CardKind, CardsHeld, Catalogue, CatalogueError, Family, HeldCard, IssuerId, RuleId, Source, catalogue::Row};

/// What the table calls [`Counts`].
const COUNTS: &str = "must be same-issuer, same-issuer-business, same-issuer-credit or any-personal";

/// What cards a rule on their number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counts {
    /// Those of the same issuer.
    SameIssuer,
    /// Those of the same issuer that are for businesses.
    SameIssuerBusiness,
    /// Those of the same issuer that are no charge cards. Nor does the rule speak of who wants a charge card.
    SameIssuerCredit,
    /// Everybody's that are for people.
    AnyPersonal,
}

/// How far back a rule looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// So many days.
    Days(u16),
    /// So many months.
    Months(u16),
}

impl Window {
    /// Whether a day lies within the window that ends today.
    fn holds(self, day: Date, today: Date) -> bool {
        let begin = match self {
            Self::Days(days) => today.saturating_sub(i64::from(days).days()),
            Self::Months(months) => today.saturating_sub(i64::from(months).months()),
        };
        day > begin
    }
}

/// What a rule says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleKind {
    /// Who has opened so many cards within the window is refused.
    Velocity {
        /// For which kind of card; both, if none.
        of: Option<CardKind>,
        /// Which cards count.
        counts: Counts,
        /// How many are too many.
        most: u8,
        /// Within what time.
        window: Window,
    },
    /// Who had the card gets no bonus for it again.
    OncePerCard(Option<Family>),
    /// Who got the card's bonus within the window gets none.
    BonusAgain {
        /// Then the bonus of any card of this family counts; that of the same card, if none.
        of: Option<Family>,
        /// Within what time.
        window: Window,
    },
}

/// What comes of a rule that applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The application would be refused.
    Refused,
    /// The card could be had, without its bonus.
    NoBonus,
}

/// A rule of an issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its id.
    pub id: RuleId,
    /// Whose.
    pub issuer: IssuerId,
    /// What it says.
    pub kind: RuleKind,
    /// Who says that it does.
    pub source: Source,
}

impl Rule {
    pub(super) fn read(row: &Row<'_>) -> Result<Self, CatalogueError> {
        let (kind, scope): (String, Option<String>) = (row.must("kind", 2)?, row.may("scope", 3)?);
        let kind = match kind.as_str() {
            "velocity" => RuleKind::Velocity {
                of: scope.filter(|of| of != "all").map(|of| parsed(row, &of)).transpose()?,
                counts: match row.must::<String>("counts", 4)?.as_str() {
                    "same-issuer" => Counts::SameIssuer,
                    "same-issuer-business" => Counts::SameIssuerBusiness,
                    "same-issuer-credit" => Counts::SameIssuerCredit,
                    "any-personal" => Counts::AnyPersonal,
                    _ => return Err(row.wrong("counts", COUNTS)),
                },
                most: row.must("most", 5)?,
                window: window(row)?,
            },
            "once-per-card" => RuleKind::OncePerCard(scope.map(|of| parsed(row, &of)).transpose()?),
            "bonus-again" => RuleKind::BonusAgain { of: scope.map(|of| parsed(row, &of)).transpose()?, window: window(row)? },
            _ => return Err(row.wrong("kind", "must be velocity, once-per-card or bonus-again")),
        };
        Ok(Self { id: row.must("id", 0)?, issuer: row.must("issuer", 1)?, kind, source: row.source(8)? })
    }

    /// Whether it is about a card.
    pub(super) fn speaks_of(&self, card: &Card) -> bool {
        let is_kin = |family: Option<&Family>| family.is_none_or(|family| card.family.as_ref() == Some(family));
        let speaks = match &self.kind {
            RuleKind::Velocity { of, counts, .. } => {
                of.is_none_or(|of| of == card.kind) && !(*counts == Counts::SameIssuerCredit && card.charge)
            }
            RuleKind::OncePerCard(family) => is_kin(family.as_ref()),
            RuleKind::BonusAgain { of, .. } => is_kin(of.as_ref()),
        };
        self.issuer == card.issuer && speaks
    }

    /// What comes of it for who wants a card today; nothing, if it does not apply. O(cards held).
    pub fn effect(&self, catalogue: &Catalogue, card: &Card, held: &CardsHeld, today: Date) -> Option<Effect> {
        if !self.speaks_of(card) {
            return None;
        }
        match &self.kind {
            RuleKind::Velocity { counts, most, window, .. } => {
                let opened = opened(catalogue, card, held, *counts).filter(|day| window.holds(*day, today)).count();
                (opened >= usize::from(*most)).then_some(Effect::Refused)
            }
            RuleKind::OncePerCard(_) => {
                let had = held.held.iter().any(|had| had.card == card.id);
                had.then_some(Effect::NoBonus)
            }
            RuleKind::BonusAgain { of, window } => {
                let kin = |had: &Card| if of.is_some() { had.family == *of } else { had.id == card.id };
                let known = held.held.iter().filter_map(|had| Some((had, catalogue.card(&had.card)?)));
                let mut bonuses = known.filter(|(_, had)| kin(had)).map(|(had, of)| bonus_by(catalogue, of, had));
                bonuses.any(|day| window.holds(day, today)).then_some(Effect::NoBonus)
            }
        }
    }
}

/// When the bonus of a card came. If that is not known, the last day on which it can have come: the end of the time in which its spend
/// counts, taken as the longest of the catalogue where no source says how long that is.
fn bonus_by(catalogue: &Catalogue, card: &Card, had: &HeldCard) -> Date {
    had.bonus_on.unwrap_or_else(|| {
        let months = card.bonus.map(|bonus| bonus.months).unwrap_or_else(|| catalogue.longest_bonus());
        had.opened.saturating_add(i64::from(months).months())
    })
}

/// When cards that count were opened.
fn opened<'a>(catalogue: &'a Catalogue, card: &'a Card, held: &'a CardsHeld, counts: Counts) -> impl Iterator<Item = Date> + 'a {
    let counted = move |had: &Card| match counts {
        Counts::SameIssuer => had.issuer == card.issuer,
        Counts::SameIssuerBusiness => had.issuer == card.issuer && had.kind == CardKind::Business,
        Counts::SameIssuerCredit => had.issuer == card.issuer && !had.charge,
        Counts::AnyPersonal => had.kind == CardKind::Personal,
    };
    let known = held.held.iter().filter(move |had| catalogue.card(&had.card).is_some_and(counted)).map(|had| had.opened);
    let elsewhere = held.elsewhere.iter().filter(move |had| {
        let is_its_own = had.issuer.as_ref() == Some(&card.issuer);
        match counts {
            Counts::SameIssuer | Counts::SameIssuerCredit => is_its_own,
            Counts::SameIssuerBusiness => is_its_own && had.kind == CardKind::Business,
            Counts::AnyPersonal => had.kind == CardKind::Personal,
        }
    });
    known.chain(elsewhere.map(|had| had.opened))
}

fn parsed<T: FromStr<Err: ToString>>(row: &Row<'_>, text: &str) -> Result<T, CatalogueError> {
    text.parse().map_err(|error: T::Err| row.wrong("scope", &error.to_string()))
}

fn window(row: &Row<'_>) -> Result<Window, CatalogueError> {
    let length = row.must("window", 6)?;
    match row.must::<String>("unit", 7)?.as_str() {
        "days" => Ok(Window::Days(length)),
        "months" => Ok(Window::Months(length)),
        _ => Err(row.wrong("unit", "must be days or months")),
    }
}
