//! Which card to get: what it brings within reach first, then what its bonus and a year's spending are worth, then its fee against
//! what it pays back. Who pays us for what does not come into it.

use std::{cmp::Ordering, collections::BTreeMap};

use jiff::civil::Date;
use rust_decimal::{Decimal, RoundingStrategy, prelude::ToPrimitive};

use super::{
    Bonus, Card, CardId, CardKind, CardsHeld, Catalogue, Category, Country, Earning, Effect, Period, Reach, Rule, RuleId, Source,
    Way, Wish, gaps::Hand,
};
use crate::{
    money::{CentsPerPoint, Currency, Money, Points, ProgrammeId},
    value::{Basis, PointWorth, Valuations},
};

/// The most cards that are recommended at once.
pub const MOST: usize = 3;
/// Values within one such step, in US cents, count as the same: then the fee decides. Points are not worth anything to the cent.
pub const SAME_VALUE_CENTS: i64 = 10_000;
/// What Chase and Citi pay in money for a point that can't be transferred, in ten-thousandths of a US cent (source in
/// `data/SOURCES.md`). Nobody else's cards come in pairs.
const AS_CASH: i64 = 10_000;

/// What a recommendation rests on.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// The member's cards.
    pub held: &'a CardsHeld,
    /// Their plans.
    pub wishes: &'a [Wish],
    /// Where currencies can be transferred to.
    pub reach: &'a Reach,
    /// What points are worth.
    pub worth: &'a Valuations,
    /// The day.
    pub today: Date,
}

/// How good a card is for a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Score {
    /// How many plans it brings within reach that no card held does, nor one recommended before it.
    pub filled: usize,
    /// What its bonus and what a year's spending earns are worth, in US cents.
    pub value_cents: i64,
    /// Half of what it pays back a year, less its fee, in US cents: few use all of it.
    pub net_cents: i64,
}

impl Ord for Score {
    /// The better one is the greater one.
    fn cmp(&self, other: &Self) -> Ordering {
        let key =
            |score: &Self| (score.filled, score.value_cents.div_euclid(SAME_VALUE_CENTS), score.net_cents, score.value_cents);
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for Score {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Something that speaks for a card, or is to be known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// It brings points of a programme that plans need and no card held brings.
    Fills {
        /// The programme.
        programme: ProgrammeId,
        /// How.
        way: Way,
        /// For so many plans.
        plans: usize,
    },
    /// What it earns can't be transferred without another card, which the member does not have.
    Alone {
        /// The programme.
        programme: ProgrammeId,
        /// What a point is taken to be worth for that: what is paid for it in money, unless the member says what it is worth to them.
        worth: PointWorth,
    },
    /// Its bonus.
    Bonus {
        /// What is got, for what.
        bonus: Bonus,
        /// What a point is taken to be worth.
        worth: PointWorth,
        /// What that comes to.
        value: Money,
    },
    /// No source says what its bonus is.
    BonusNotKnown,
    /// It would come without its bonus.
    BonusWithheld {
        /// By which rule.
        rule: RuleId,
    },
    /// The member does not spend enough for its bonus.
    BonusTooFar {
        /// What is got, for what.
        bonus: Bonus,
    },
    /// What the member's spending would earn in a year.
    Earns {
        /// Points.
        points: Points,
        /// What they are worth.
        value: Money,
    },
    /// What it costs.
    Costs {
        /// In the first year.
        first_year: Money,
        /// In any other.
        a_year: Money,
        /// What it pays back a year, to who uses all of it.
        credits: Money,
        /// What of that is counted: half, since few use all of it.
        counted: Money,
    },
    /// Where all this stands.
    ReadAt {
        /// The source.
        source: Source,
        /// Whether that is long ago.
        stale: bool,
    },
}

/// Why a card is not recommended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// The member has it.
    Held,
    /// A rule of its issuer would have the application refused.
    Refused(RuleId),
    /// It is offered in another country.
    OfferedIn(Country),
    /// It is for businesses.
    NeedsBusiness,
    /// No source says what it costs.
    FeeNotKnown,
    /// It fills no gap, and costs more in its first year than it brings.
    NothingToGain,
    /// It fills no gap, and costs more in its first year than it is known to bring; but no source says what its bonus is.
    GainNotKnown,
    /// A rule forbids to have it together with those that are recommended.
    NotTogether(RuleId),
    /// Those that are recommended do more, or leave nothing for it to add.
    Outranked,
}

/// A card to get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recommendation {
    /// Which.
    pub card: CardId,
    /// How good it is.
    pub score: Score,
    /// Why.
    pub reasons: Vec<Reason>,
}

/// A card that is not recommended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Which.
    pub card: CardId,
    /// Why not. Never empty.
    pub why: Vec<Obstacle>,
}

/// What is recommended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Advice {
    /// The best first, at most [`MOST`]; each is the best for who has those before it.
    pub recommended: Vec<Recommendation>,
    /// All others, by their ids.
    pub left_out: Vec<LeftOut>,
}

/// The best cards for a member. The best is taken first; the next is the best for who has opened that one today, and so on, so that two
/// cards are never taken for the same gap, and no rule of their issuers forbids to have all of them, in whatever order they are got. What is
/// spent is not divided among them. Equally good ones stand by their ids. O(cards × (plans × programmes + rules × cards held)).
pub fn recommend(catalogue: &Catalogue, situation: Situation<'_>) -> Advice {
    let mut advice = Advice::default();
    let mut candidates = Vec::new();
    for (card, figures) in scored(catalogue, catalogue.cards(), situation) {
        let mut why = obstacles(catalogue, card, situation);
        if why.is_empty() && figures.gains_nothing() {
            let is_known = !figures.reasons.contains(&Reason::BonusNotKnown);
            why.push(if is_known { Obstacle::NothingToGain } else { Obstacle::GainNotKnown });
        }
        if why.is_empty() {
            candidates.push(card);
        } else {
            advice.left_out.push(LeftOut { card: card.id.clone(), why });
        }
    }
    let mut taken: Vec<&Card> = Vec::new();
    while taken.len() < MOST {
        let Some((card, figures)) = best_beside(&taken, &candidates, catalogue, situation) else { break };
        advice.recommended.push(figures.recommendation(card, situation.today));
        candidates.retain(|candidate| candidate.id != card.id);
        taken.push(card);
    }
    advice.left_out.extend(candidates.into_iter().map(|card| {
        let rule = clash(&[&taken[..], &[card]].concat(), catalogue, situation);
        let why = rule.map_or(Obstacle::Outranked, |rule| Obstacle::NotTogether(rule.id.clone()));
        LeftOut { card: card.id.clone(), why: vec![why] }
    }));
    advice.left_out.sort_unstable_by(|one, other| one.card.cmp(&other.card));
    advice
}

/// The best of these cards for who has opened some today, if one goes with them.
fn best_beside<'a>(
    taken: &[&'a Card],
    candidates: &[&'a Card],
    catalogue: &Catalogue,
    situation: Situation<'_>,
) -> Option<(&'a Card, Figures)> {
    let held = situation.held.and(taken.iter().copied(), situation.today);
    let mut ranked = scored(catalogue, candidates.iter().copied(), Situation { held: &held, ..situation });
    ranked.retain(|(_, figures)| !figures.gains_nothing());
    ranked.sort_by(|(a, one), (b, other)| other.score.cmp(&one.score).then_with(|| a.id.cmp(&b.id)));
    ranked.into_iter().find(|(card, _)| clash(&[taken, &[*card]].concat(), catalogue, situation).is_none())
}

/// The rule, if there is one, that refuses one of these cards to who has opened all the others today.
fn clash<'a>(cards: &[&Card], catalogue: &'a Catalogue, Situation { held, today, .. }: Situation<'_>) -> Option<&'a Rule> {
    cards.iter().find_map(|last| {
        let before = held.and(cards.iter().copied().filter(|card| card.id != last.id), today);
        refusals(catalogue, last, &before, today).next()
    })
}

/// How good a card is for a member, whatever speaks against it.
pub fn score(catalogue: &Catalogue, card: &Card, situation: Situation<'_>) -> Score {
    Figures::of(catalogue, card, &Lack::of(catalogue, situation), situation).score
}

fn scored<'a>(
    catalogue: &Catalogue,
    cards: impl Iterator<Item = &'a Card>,
    situation: Situation<'_>,
) -> Vec<(&'a Card, Figures)> {
    let lack = Lack::of(catalogue, situation);
    cards.map(|card| (card, Figures::of(catalogue, card, &lack, situation))).collect()
}

/// The rules that would have an application refused.
fn refusals<'a>(catalogue: &'a Catalogue, card: &Card, held: &CardsHeld, today: Date) -> impl Iterator<Item = &'a Rule> {
    let refuses = move |rule: &&Rule| rule.effect(catalogue, card, held, today) == Some(Effect::Refused);
    catalogue.rules().iter().filter(refuses)
}

fn obstacles(catalogue: &Catalogue, card: &Card, Situation { held, today, .. }: Situation<'_>) -> Vec<Obstacle> {
    let refused = refusals(catalogue, card, held, today);
    let abroad = held.country.as_ref().is_some_and(|country| *country != card.country);
    let own = [
        (held.has(&card.id), Obstacle::Held),
        (abroad, Obstacle::OfferedIn(card.country.clone())),
        (card.kind == CardKind::Business && !held.business, Obstacle::NeedsBusiness),
        (card.annual_fee.is_none(), Obstacle::FeeNotKnown),
    ];
    let own = own.into_iter().filter(|(applies, _)| *applies).map(|(_, obstacle)| obstacle);
    own.chain(refused.map(|rule| Obstacle::Refused(rule.id.clone()))).collect()
}

/// What a member's cards reach, and the plans that they can't meet.
struct Lack<'a> {
    hand: Hand<'a>,
    unmet: Vec<&'a Wish>,
}

impl<'a> Lack<'a> {
    fn of(catalogue: &'a Catalogue, Situation { held, wishes, reach, .. }: Situation<'a>) -> Self {
        let hand = Hand::of(held, catalogue, reach);
        let unmet = wishes.iter().filter(|wish| !wish.any_of.is_empty() && !hand.meets(wish)).collect();
        Self { hand, unmet }
    }
}

/// The numbers of a card for a member, and what they mean.
struct Figures {
    score: Score,
    /// What the first year brings, credits by half.
    first_year_cents: i64,
    reasons: Vec<Reason>,
}

impl Figures {
    fn of(catalogue: &Catalogue, card: &Card, lack: &Lack<'_>, situation: Situation<'_>) -> Self {
        let (filled, mut reasons) = fills(card, lack);
        let is_alone = lack.hand.lacks_pair(card);
        let worth = worth(card, is_alone, situation);
        if is_alone {
            reasons.push(Reason::Alone { programme: card.programme.clone(), worth });
        }
        let (welcome, reason) = welcome(catalogue, card, worth, situation);
        reasons.push(reason);
        let points = a_year(card, situation);
        let earned = value_cents(points, worth);
        if let Some(points) = Points::try_from(points.unsigned_abs()).ok().filter(|points| points.get() > 0) {
            reasons.push(Reason::Earns { points, value: dollars(earned) });
        }
        let fee = card.annual_fee.map_or(0, cents);
        let first_year = card.first_year_fee.map_or(fee, cents);
        let credits: i64 = card.credits.iter().map(|credit| cents(credit.a_year)).sum();
        let counted = credits / 2;
        let (of_first_year, a_year) = (dollars(first_year), dollars(fee));
        let (credits, of_them) = (dollars(credits), dollars(counted));
        reasons.push(Reason::Costs { first_year: of_first_year, a_year, credits, counted: of_them });
        let score = Score { filled, value_cents: welcome + earned, net_cents: counted - fee };
        Self { score, first_year_cents: score.value_cents + counted - first_year, reasons }
    }

    /// It fills no gap, and costs more in its first year than it brings.
    fn gains_nothing(&self) -> bool {
        self.score.filled == 0 && self.first_year_cents <= 0
    }

    fn recommendation(mut self, card: &Card, today: Date) -> Recommendation {
        let stale = card.source.as_of.is_stale(today);
        self.reasons.push(Reason::ReadAt { source: card.source.clone(), stale });
        Recommendation { card: card.id.clone(), score: self.score, reasons: self.reasons }
    }
}

/// How many plans a card brings within reach, and by which programmes.
fn fills(card: &Card, Lack { hand, unmet }: &Lack<'_>) -> (usize, Vec<Reason>) {
    let mut by_programme: BTreeMap<&ProgrammeId, (Way, usize)> = BTreeMap::new();
    let mut filled = 0;
    for wish in unmet {
        let ways: Vec<_> = wish.any_of.iter().filter_map(|to| Some((to, hand.way(card, to)?))).collect();
        filled += usize::from(!ways.is_empty());
        for (to, way) in ways {
            by_programme.entry(to).or_insert((way, 0)).1 += 1;
        }
    }
    let reasons = by_programme.into_iter();
    let reasons = reasons.map(|(programme, (way, plans))| Reason::Fills { programme: programme.clone(), way, plans });
    (filled, reasons.collect())
}

/// What a point of a card is worth to a member: without the card that it lacks for transfers, what is paid for it in money.
fn worth(card: &Card, is_alone: bool, situation: Situation<'_>) -> PointWorth {
    if is_alone && situation.worth.own(&card.programme).is_none() {
        return PointWorth { cents: CentsPerPoint::from_ten_thousandths(AS_CASH), basis: Basis::Cash };
    }
    situation.worth.of(&card.programme, situation.today)
}

/// What a card's bonus is worth to a member, in cents.
fn welcome(catalogue: &Catalogue, card: &Card, worth: PointWorth, situation: Situation<'_>) -> (i64, Reason) {
    let Situation { held, today, .. } = situation;
    let Some(bonus) = card.bonus else { return (0, Reason::BonusNotKnown) };
    let withheld = catalogue.rules().iter().find(|rule| rule.effect(catalogue, card, held, today) == Some(Effect::NoBonus));
    if let Some(rule) = withheld {
        return (0, Reason::BonusWithheld { rule: rule.id.clone() });
    }
    let spent: i64 = held.spending.iter().map(|spent| i64::from(spent.usd_a_year) * 100).sum();
    // Who does not say what they spend on everything else has not said how much they spend.
    let is_all = held.spending.iter().any(|spent| spent.category == Category::Everything);
    // What is spent in the bonus's months, taken as twelfths of a year.
    if is_all && spent * i64::from(bonus.months) < cents(bonus.spend) * 12 {
        return (0, Reason::BonusTooFar { bonus });
    }
    let value = value_cents(i64::try_from(bonus.points.get()).unwrap_or(i64::MAX), worth);
    (value, Reason::Bonus { bonus, worth, value: dollars(value) })
}

/// The points that a member's spending earns in a year. Categories of a card with the same rate and the same limit share it.
fn a_year(card: &Card, situation: Situation<'_>) -> i64 {
    let otherwise = card.earnings.get(&Category::Everything).map_or(0, |earning| u64::from(earning.hundredths));
    let mut left: BTreeMap<(u32, u32, Period), u64> = BTreeMap::new();
    let mut hundredths: u64 = 0;
    for spent in &situation.held.spending {
        let usd = u64::from(spent.usd_a_year);
        hundredths += match earning_for(card, spent.category) {
            None => 0,
            Some((_, Earning { hundredths, cap: None })) => usd * u64::from(hundredths),
            Some((category, Earning { hundredths, cap: Some((cap, per)) })) => {
                let left = left.entry((hundredths, cap, per)).or_insert(u64::from(cap) * per.a_year());
                let within = usd.min(*left);
                *left -= within;
                // Past the limit on everything, no source says what is earned.
                let beyond = if category == Category::Everything { 0 } else { otherwise };
                within * u64::from(hundredths) + (usd - within) * beyond
            }
        };
    }
    i64::try_from(hundredths / 100).unwrap_or(i64::MAX)
}

/// What a card says of a category, or of the next wider one.
fn earning_for(card: &Card, category: Category) -> Option<(Category, Earning)> {
    let mut asked = Some(category);
    while let Some(category) = asked {
        if let Some(earning) = card.earnings.get(&category) {
            return Some((category, *earning));
        }
        asked = category.wider();
    }
    None
}

/// Points at so many cents each, rounded down to the cent. Valuations have four decimals, so that nothing is lost before.
fn value_cents(points: i64, worth: PointWorth) -> i64 {
    let ten_thousandths = i128::from(points) * i128::from(worth.cents.ten_thousandths());
    i64::try_from(ten_thousandths.div_euclid(10_000)).unwrap_or(i64::MAX)
}

fn cents(amount: Money) -> i64 {
    let cents = (amount.amount() * Decimal::ONE_HUNDRED).round_dp_with_strategy(0, RoundingStrategy::ToZero);
    cents.to_i64().unwrap_or(i64::MAX)
}

fn dollars(cents: i64) -> Money {
    Money::from_minor(cents, Currency::USD).unwrap_or(Money::zero(Currency::USD))
}
