//! What members say of their cards.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Card, CardId, CardKind, Catalogue, Category, Country, IssuerId};
use crate::{
    faults::{Check, Faults},
    ids::Owner,
    inputs::{Fields, Input, leaf, objects},
    sealed::{Place, Sealed},
};

/// A card of the catalogue that a member has, or had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HeldCard {
    /// Which.
    pub card: CardId,
    /// When it was opened.
    #[schema(value_type = String, format = Date)]
    pub opened: Date,
    /// When it was closed, if it is.
    #[schema(value_type = Option<String>, format = Date)]
    pub closed: Option<Date>,
    /// When its bonus came, if it did and the member knows.
    #[schema(value_type = Option<String>, format = Date)]
    pub bonus_on: Option<Date>,
}

/// A card that the catalogue does not have: issuers count it all the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Elsewhere {
    /// When it was opened.
    #[schema(value_type = String, format = Date)]
    pub opened: Date,
    /// Whom it is for: for themselves, if not given.
    #[schema(required = false)]
    pub kind: CardKind,
    /// Who issued it, where that is one of the catalogue's: its rules on its own cards count it, and take it for no charge card. Of
    /// any other it is counted by the rules on everybody's cards alone.
    #[serde(default)]
    pub issuer: Option<IssuerId>,
}

/// What a member spends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Spending {
    /// On what.
    pub category: Category,
    /// Whole US dollars a year.
    #[schema(maximum = 10_000_000)]
    pub usd_a_year: u32,
}

/// Everything that a member says of their cards. Personal: it is stored sealed.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CardsHeld {
    /// Cards of the catalogue, those that are closed among them: some rules ask for them.
    pub held: Vec<HeldCard>,
    /// Cards that the catalogue does not have.
    pub elsewhere: Vec<Elsewhere>,
    /// What they spend a year, as far as they say: it is all that they spend only if `everything` is among it, what they spend on
    /// everything else.
    pub spending: Vec<Spending>,
    /// Whether they have a business: some cards are for no one else.
    pub business: bool,
    /// Where they would apply. If they do not say, cards of any country are shown.
    pub country: Option<Country>,
}

impl std::fmt::Debug for CardsHeld {
    /// Without what it holds: it would end up in logs by accident.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CardsHeld").finish_non_exhaustive()
    }
}

/// The most cards of each kind that a member can name.
const MOST_CARDS: usize = 100;
/// The most that somebody spends on a category, in US dollars a year.
const MOST_SPENT: u32 = 10_000_000;

impl CardsHeld {
    /// Whether a card is open.
    pub fn has(&self, card: &CardId) -> bool {
        self.held.iter().any(|held| held.card == *card && held.closed.is_none())
    }

    /// The same with these cards besides, opened on a day.
    pub(super) fn and<'a>(&self, cards: impl Iterator<Item = &'a Card>, opened: Date) -> Self {
        let mut more = self.clone();
        more.held.extend(cards.map(|card| HeldCard { card: card.id.clone(), opened, closed: None, bonus_on: None }));
        more
    }

    /// Every rule.
    ///
    /// # Errors
    /// Every fault.
    pub fn check(&self, catalogue: &Catalogue, today: Date) -> Result<(), Faults> {
        let mut check = Check::new();
        for (list, pointer) in [(self.held.len(), "/held"), (self.elsewhere.len(), "/elsewhere")] {
            check.that(list <= MOST_CARDS, pointer, "too-many", format!("at most {MOST_CARDS} cards"));
        }
        let mut open = BTreeSet::new();
        for (i, held) in self.held.iter().enumerate().take(MOST_CARDS) {
            let at = |field: &str| format!("/held/{i}/{field}");
            let ends = held.closed.is_none_or(|closed| held.opened <= closed && closed <= today);
            let earned = held.bonus_on.is_none_or(|on| held.opened <= on && on <= today);
            check
                .that(catalogue.card(&held.card).is_some(), &at("card"), "unknown", "the catalogue has no such card")
                .that(held.opened <= today, &at("opened"), "future", "a card can't be opened after today")
                .that(ends, &at("closed"), "out-of-range", "a card is closed after it was opened, and not after today")
                .that(earned, &at("bonusOn"), "out-of-range", "a bonus comes after the card was opened, and not after today")
                .that(held.closed.is_some() || open.insert(&held.card), &at("card"), "duplicate", "it is open twice");
        }
        for (i, had) in self.elsewhere.iter().enumerate().take(MOST_CARDS) {
            let at = |field: &str| format!("/elsewhere/{i}/{field}");
            let known = had.issuer.as_ref().is_none_or(|issuer| catalogue.has_issuer(issuer));
            check.that(had.opened <= today, &at("opened"), "future", "a card can't be opened after today").that(
                known,
                &at("issuer"),
                "unknown",
                "the catalogue has no such issuer: leave it out for any other",
            );
        }
        let mut named = BTreeSet::new();
        for (i, spent) in self.spending.iter().enumerate() {
            let at = |field: &str| format!("/spending/{i}/{field}");
            check.that(named.insert(spent.category), &at("category"), "duplicate", "this category stands there twice").that(
                spent.usd_a_year <= MOST_SPENT,
                &at("usdAYear"),
                "out-of-range",
                format!("at most {MOST_SPENT}"),
            );
        }
        check.done()
    }
}

impl Input for CardsHeld {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (held, elsewhere) = (fields.given("held", objects), fields.given("elsewhere", objects));
        let (spending, business) = (fields.given("spending", objects), fields.given("business", leaf));
        let country = fields.nullable("country", leaf);
        Some(Self {
            held: held?.unwrap_or_default(),
            elsewhere: elsewhere?.unwrap_or_default(),
            spending: spending?.unwrap_or_default(),
            business: business?.unwrap_or_default(),
            country: country?,
        })
    }
}

impl Input for HeldCard {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (card, opened) = (fields.required("card", leaf), fields.required("opened", leaf));
        let (closed, bonus_on) = (fields.nullable("closed", leaf), fields.nullable("bonusOn", leaf));
        Some(Self { card: card?, opened: opened?, closed: closed?, bonus_on: bonus_on? })
    }
}

impl Input for Elsewhere {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (opened, kind) = (fields.required("opened", leaf), fields.given("kind", leaf));
        let issuer = fields.nullable("issuer", leaf);
        Some(Self { opened: opened?, kind: kind?.unwrap_or(CardKind::Personal), issuer: issuer? })
    }
}

impl Input for Spending {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (category, usd_a_year) = (fields.required("category", leaf), fields.required("usdAYear", leaf));
        Some(Self { category: category?, usd_a_year: usd_a_year? })
    }
}

/// A member's cards as they are stored, and whether the member wants advice at all. That can be read without opening anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MemberCards {
    /// Whose.
    #[serde(flatten)]
    pub owner: Owner,
    /// What they said of their cards, once they did.
    pub held: Option<Sealed<CardsHeld>>,
    /// Whether they want no advice: then nothing is looked at.
    pub opted_out: bool,
    /// Counts the member's changes: what `If-Match` is held against.
    pub revision: u64,
    /// Optimistic lock.
    pub version: u64,
}

impl MemberCards {
    /// Where what they said is sealed.
    pub const HELD: Place<CardsHeld> = Place::new("member-cards", "held");

    /// Of someone who has said nothing yet.
    pub fn none_of(owner: Owner) -> Self {
        Self { owner, held: None, opted_out: false, revision: 0, version: 0 }
    }
}
