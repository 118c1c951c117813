//! Reading the tables. None of their fields is quoted (a test reads them with a full CSV parser and compares).

use std::{collections::BTreeMap, str::FromStr, sync::LazyLock};

use rust_decimal::{Decimal, prelude::ToPrimitive};

use super::{AsOf, Bonus, Card, CardId, Category, Credit, Earning, IssuerId, Rule, RuleId, Source};
use crate::{
    money::{Currency, Money, Points, ProgrammeId},
    programmes::name_of,
    tables::BadTable,
};

/// The text of the four tables.
#[derive(Debug, Clone, Copy)]
pub struct Tables<'a> {
    /// `cards.csv`.
    pub cards: &'a str,
    /// `card-earnings.csv`.
    pub earnings: &'a str,
    /// `card-credits.csv`.
    pub credits: &'a str,
    /// `card-rules.csv`.
    pub rules: &'a str,
}

impl Tables<'static> {
    /// Those that are shipped.
    pub const SHIPPED: Self = Self {
        cards: include_str!("../../data/cards.csv"),
        earnings: include_str!("../../data/card-earnings.csv"),
        credits: include_str!("../../data/card-credits.csv"),
        rules: include_str!("../../data/card-rules.csv"),
    };
}

/// What is wrong with a table: which one, in which line (the header is the first), and what.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueError {
    /// A field can't be read.
    #[error("{file} line {line}: {field} {why}")]
    Field {
        /// The table.
        file: &'static str,
        /// The line.
        line: usize,
        /// The field.
        field: &'static str,
        /// What it must be.
        why: String,
    },
    /// A programme that `programmes.csv` does not have.
    #[error("{file} line {line}: there is no programme {programme}")]
    UnknownProgramme {
        /// The table.
        file: &'static str,
        /// The line.
        line: usize,
        /// The programme.
        programme: String,
    },
    /// A card that `cards.csv` does not have.
    #[error("{file} line {line}: there is no card {card}")]
    UnknownCard {
        /// The table.
        file: &'static str,
        /// The line.
        line: usize,
        /// The card.
        card: String,
    },
    /// A source or a date that is not the card's: one source speaks for all that is said of a card.
    #[error("{file} line {line}: the source or the date is not that of {card} in cards.csv")]
    OtherSource {
        /// The table.
        file: &'static str,
        /// The line.
        line: usize,
        /// The card.
        card: CardId,
    },
    /// The same thing twice.
    #[error("{file} line {line}: {what} stands there twice")]
    Duplicate {
        /// The table.
        file: &'static str,
        /// The line.
        line: usize,
        /// What.
        what: String,
    },
    /// A fee, a credit or a spend below zero.
    #[error("{file} line {line}: {field} is below zero")]
    Negative {
        /// The table.
        file: &'static str,
        /// The line.
        line: usize,
        /// The field.
        field: &'static str,
    },
    /// A bonus without what is to be spent, or by when.
    #[error("{file} line {line}: a bonus needs its points, its spend and its months")]
    HalfABonus {
        /// The table.
        file: &'static str,
        /// The line.
        line: usize,
    },
}

static SHIPPED: LazyLock<Result<Catalogue, CatalogueError>> = LazyLock::new(|| Catalogue::read(Tables::SHIPPED));

/// Every row of the four tables can be right.
pub(crate) fn check() -> Result<(), BadTable> {
    SHIPPED.as_ref().map(|_| ()).map_err(|error| BadTable { table: "cards", why: error.to_string() })
}

/// All cards and all rules.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Catalogue {
    cards: BTreeMap<CardId, Card>,
    rules: Vec<Rule>,
}

impl Catalogue {
    /// Reads tables.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line.
    pub fn read(tables: Tables<'_>) -> Result<Self, CatalogueError> {
        let mut cards = BTreeMap::new();
        for row in rows("cards.csv", tables.cards) {
            let card = card(&row)?;
            let id = card.id.clone();
            if cards.insert(id.clone(), card).is_some() {
                return Err(CatalogueError::Duplicate { file: row.file, line: row.line, what: id.to_string() });
            }
        }
        for row in rows("card-earnings.csv", tables.earnings) {
            let (category, earning) = earning(&row)?;
            let card = row.card(&mut cards, 5)?;
            if card.earnings.insert(category, earning).is_some() {
                let what = format!("{} for {}", card.id, category.as_str());
                return Err(CatalogueError::Duplicate { file: row.file, line: row.line, what });
            }
        }
        for row in rows("card-credits.csv", tables.credits) {
            let a_year = row.dollars("usd_a_year", 2)?.ok_or_else(|| row.wrong("usd_a_year", "must be given"))?;
            let what = row.text("credit", 1)?.to_owned();
            row.card(&mut cards, 3)?.credits.push(Credit { what, a_year });
        }
        let rules = rows("card-rules.csv", tables.rules).map(|row| Rule::read(&row)).collect::<Result<_, _>>()?;
        Ok(Self { cards, rules })
    }

    /// What is shipped. That it can be read is found at the start of whoever goes by it ([`crate::tables`]).
    pub fn shipped() -> &'static Self {
        static NOTHING: Catalogue = Catalogue { cards: BTreeMap::new(), rules: Vec::new() };
        SHIPPED.as_ref().unwrap_or(&NOTHING)
    }

    /// Of these cards, under these rules.
    pub fn of(cards: impl IntoIterator<Item = Card>, rules: Vec<Rule>) -> Self {
        Self { cards: cards.into_iter().map(|card| (card.id.clone(), card)).collect(), rules }
    }

    /// A card.
    pub fn card(&self, id: &CardId) -> Option<&Card> {
        self.cards.get(id)
    }

    /// All cards, by their ids.
    pub fn cards(&self) -> impl Iterator<Item = &Card> {
        self.cards.values()
    }

    /// Whether any card is of this issuer. O(cards).
    pub fn has_issuer(&self, issuer: &IssuerId) -> bool {
        self.cards().any(|card| card.issuer == *issuer)
    }

    /// The longest time that any card gives for the spend of its bonus, in months.
    pub(super) fn longest_bonus(&self) -> u8 {
        self.cards.values().filter_map(|card| card.bonus).map(|bonus| bonus.months).max().unwrap_or_default()
    }

    /// A rule.
    pub fn rule(&self, id: &RuleId) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id == *id)
    }

    /// All rules.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }
}

fn card(row: &Row<'_>) -> Result<Card, CatalogueError> {
    let programme: ProgrammeId = row.must("programme", 6)?;
    if name_of(&programme).is_none() {
        let (file, line, programme) = (row.file, row.line, programme.to_string());
        return Err(CatalogueError::UnknownProgramme { file, line, programme });
    }
    Ok(Card {
        id: row.must("id", 0)?,
        name: row.text("name", 1)?.to_owned(),
        issuer: row.must("issuer", 2)?,
        network: row.may("network", 3)?,
        kind: row.must("kind", 4)?,
        country: row.must("country", 5)?,
        programme,
        transfers: row.may("transfers", 7)?,
        annual_fee: row.dollars("annual_fee", 8)?,
        first_year_fee: row.dollars("first_year_fee", 9)?,
        foreign_fee_percent: row.may("foreign_fee", 10)?,
        bonus: bonus(row)?,
        family: row.may("family", 14)?,
        charge: row.yes_or_no("charge", 15)?,
        pays_us: row.yes_or_no("pays_us", 16)?,
        source: row.source(17)?,
        earnings: BTreeMap::new(),
        credits: Vec::new(),
    })
}

fn bonus(row: &Row<'_>) -> Result<Option<Bonus>, CatalogueError> {
    let (points, spend): (Option<u64>, _) = (row.may("bonus", 11)?, row.dollars("bonus_spend", 12)?);
    match (points, spend, row.may("bonus_months", 13)?) {
        (None, None, None) => Ok(None),
        (Some(points), Some(spend), Some(months)) => {
            let points = Points::try_from(points).map_err(|error| row.wrong("bonus", &error.to_string()))?;
            Ok(Some(Bonus { points, spend, months }))
        }
        (Some(_), _, _) | (_, Some(_), _) | (_, _, Some(_)) => Err(CatalogueError::HalfABonus { file: row.file, line: row.line }),
    }
}

fn earning(row: &Row<'_>) -> Result<(Category, Earning), CatalogueError> {
    let points: Decimal = row.must("points", 2)?;
    let hundredths = (points * Decimal::ONE_HUNDRED).to_u32().filter(|hundredths| *hundredths > 0);
    let hundredths = hundredths.ok_or_else(|| row.wrong("points", "must be more than nothing"))?;
    let cap = match (row.may("cap", 3)?, row.may("cap_per", 4)?) {
        (Some(cap), Some(per)) => Some((cap, per)),
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => return Err(row.wrong("cap", "needs its period")),
    };
    Ok((row.must("category", 1)?, Earning { hundredths, cap }))
}

/// A line of a table, with its number.
pub(super) struct Row<'a> {
    file: &'static str,
    line: usize,
    fields: Vec<&'a str>,
}

fn rows<'a>(file: &'static str, table: &'a str) -> impl Iterator<Item = Row<'a>> {
    let lines = table.lines().enumerate().skip(1);
    lines.map(move |(i, line)| Row { file, line: i + 1, fields: line.split(',').collect() })
}

impl Row<'_> {
    fn get(&self, i: usize) -> &str {
        self.fields.get(i).copied().unwrap_or_default()
    }

    pub(super) fn wrong(&self, field: &'static str, why: &str) -> CatalogueError {
        CatalogueError::Field { file: self.file, line: self.line, field, why: why.to_owned() }
    }

    fn text(&self, field: &'static str, i: usize) -> Result<&str, CatalogueError> {
        Some(self.get(i)).filter(|text| !text.is_empty()).ok_or_else(|| self.wrong(field, "must be given"))
    }

    pub(super) fn may<T: FromStr<Err: ToString>>(&self, field: &'static str, i: usize) -> Result<Option<T>, CatalogueError> {
        let text = Some(self.get(i)).filter(|text| !text.is_empty());
        text.map(|text| text.parse().map_err(|error: T::Err| self.wrong(field, &error.to_string()))).transpose()
    }

    pub(super) fn must<T: FromStr<Err: ToString>>(&self, field: &'static str, i: usize) -> Result<T, CatalogueError> {
        self.may(field, i)?.ok_or_else(|| self.wrong(field, "must be given"))
    }

    fn dollars(&self, field: &'static str, i: usize) -> Result<Option<Money>, CatalogueError> {
        let amount = self.may(field, i)?.map(|amount| Money::new(amount, Currency::USD));
        let amount = amount.transpose().map_err(|error| self.wrong(field, &error.to_string()))?;
        match amount {
            Some(amount) if amount.is_negative() => Err(CatalogueError::Negative { file: self.file, line: self.line, field }),
            amount => Ok(amount),
        }
    }

    fn yes_or_no(&self, field: &'static str, i: usize) -> Result<bool, CatalogueError> {
        match self.get(i) {
            "yes" => Ok(true),
            "no" => Ok(false),
            _ => Err(self.wrong(field, "must be yes or no")),
        }
    }

    pub(super) fn source(&self, i: usize) -> Result<Source, CatalogueError> {
        let as_of: AsOf = self.must("as_of", i + 2)?;
        Ok(Source { publisher: self.text("source", i)?.to_owned(), address: self.may("address", i + 1)?, as_of })
    }

    /// The card that a line speaks of; `i` is where the line's source begins, its date behind it.
    fn card<'a>(&self, cards: &'a mut BTreeMap<CardId, Card>, i: usize) -> Result<&'a mut Card, CatalogueError> {
        let (file, line, id) = (self.file, self.line, self.must::<CardId>("card", 0)?);
        let card = cards.get_mut(&id).ok_or(CatalogueError::UnknownCard { file, line, card: id.to_string() })?;
        let (publisher, as_of): (&str, AsOf) = (self.text("source", i)?, self.must("as_of", i + 1)?);
        if card.source.publisher == publisher && card.source.as_of == as_of {
            Ok(card)
        } else {
            Err(CatalogueError::OtherSource { file, line, card: id })
        }
    }
}
