//! How cards are shown.

use domain::{
    cards::{
        Bonus, Card, CardId, CardKind, Catalogue, Category, Country, Credit, Earning, IssuerId, Network, Period, Rule, RuleId,
        RuleKind, Source, Transfers,
    },
    money::{Money, Points, ProgrammeId},
    programmes::name_of,
};
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use crate::words::Words;

/// A card. What is null is not known.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CardView {
    /// Its id.
    id: CardId,
    /// What it is called.
    name: String,
    /// Who issues it.
    issuer: IssuerId,
    /// Its network.
    network: Option<Network>,
    /// Whom it is for.
    kind: CardKind,
    /// Where it is offered.
    country: Country,
    /// What it earns.
    programme: ProgrammeId,
    /// What that is called.
    programme_name: &'static str,
    /// Whether what it earns can be transferred to other programmes.
    transfers: Option<Transfers>,
    /// What it costs a year.
    annual_fee: Option<Money>,
    /// What the first year costs, where that is another amount.
    first_year_fee: Option<Money>,
    /// What it adds to purchases abroad, in percent.
    foreign_fee_percent: Option<u8>,
    /// What a new holder gets.
    bonus: Option<BonusView>,
    /// What it earns, by category; what is not listed is not known.
    earnings: Vec<EarningView>,
    /// What it pays back each year to who uses it.
    credits: Vec<CreditView>,
    /// What its issuer is known to say of who applies for it, and of its bonus. Most rules are not published.
    rules: Vec<RuleView>,
    /// Whether we are paid when a member applies for it.
    pays_us: bool,
    /// Where all this stands.
    source: SourceView,
}

/// What a new holder gets for spending enough in time.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BonusView {
    /// The points.
    points: Points,
    /// How much is to be spent.
    spend: Money,
    /// Within so many months.
    months: u8,
}

/// What a card earns for a category.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EarningView {
    /// The category.
    category: Category,
    /// Points for a dollar, with two decimals.
    #[schema(example = "1.50")]
    points_per_dollar: String,
    /// Up to so many dollars.
    limit: Option<LimitView>,
}

/// Up to how many dollars a rate holds. Categories of a card with the same rate and the same limit share it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LimitView {
    /// Whole US dollars.
    usd: u32,
    /// In each of these.
    per: Period,
}

/// Something that an issuer pays back.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreditView {
    /// For what.
    what: String,
    /// How much a year at most.
    a_year: Money,
}

/// A rule of an issuer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CardRule)]
pub struct RuleView {
    /// Its id.
    id: RuleId,
    /// In a sentence.
    text: String,
    /// Whether it has applications refused; any other takes the bonus away.
    refuses: bool,
    /// Where it stands.
    source: SourceView,
}

/// Where a fact stands.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SourceView {
    /// Who says so.
    publisher: String,
    /// Where it was read.
    address: Option<String>,
    /// When. Of a source that is dated to the month or the year, its first day.
    #[schema(value_type = String, format = Date)]
    as_of: Date,
}

impl CardView {
    pub(crate) fn of(words: Words, card: &Card) -> Self {
        Self {
            id: card.id.clone(),
            name: card.name.clone(),
            issuer: card.issuer.clone(),
            network: card.network,
            kind: card.kind,
            country: card.country.clone(),
            programme: card.programme.clone(),
            programme_name: name_of(&card.programme).unwrap_or_default(),
            transfers: card.transfers,
            annual_fee: card.annual_fee,
            first_year_fee: card.first_year_fee,
            foreign_fee_percent: card.foreign_fee_percent,
            bonus: card.bonus.map(BonusView::from),
            earnings: card.earnings.iter().map(|(category, earning)| EarningView::of(*category, *earning)).collect(),
            credits: card.credits.iter().map(CreditView::from).collect(),
            rules: Catalogue::shipped().rules_on(card).map(|rule| RuleView::of(words, rule)).collect(),
            pays_us: card.pays_us,
            source: SourceView::from(&card.source),
        }
    }
}

impl From<Bonus> for BonusView {
    fn from(Bonus { points, spend, months }: Bonus) -> Self {
        Self { points, spend, months }
    }
}

impl EarningView {
    fn of(category: Category, Earning { hundredths, cap }: Earning) -> Self {
        let points_per_dollar = format!("{}.{:02}", hundredths / 100, hundredths % 100);
        Self { category, points_per_dollar, limit: cap.map(|(usd, per)| LimitView { usd, per }) }
    }
}

impl From<&Credit> for CreditView {
    fn from(Credit { what, a_year }: &Credit) -> Self {
        Self { what: what.clone(), a_year: *a_year }
    }
}

impl RuleView {
    fn of(words: Words, rule: &Rule) -> Self {
        let refuses = match rule.kind {
            RuleKind::Velocity { .. } => true,
            RuleKind::OncePerCard(_) | RuleKind::BonusAgain { .. } => false,
        };
        let text = format!("{}.", words.rule(rule));
        Self { id: rule.id.clone(), text, refuses, source: SourceView::from(&rule.source) }
    }
}

impl From<&Source> for SourceView {
    fn from(Source { publisher, address, as_of }: &Source) -> Self {
        Self { publisher: publisher.clone(), address: address.clone(), as_of: as_of.day() }
    }
}
