//! Where the points for an award come from: the transfers, beside the miles that are there, that give up the least.
//!
//! Given up are the points that are spent or transferred, each at what it is worth to the member, and fees, less what is left
//! over in the programme. Of plans that give up the same the one with the fewest transfers counts, then the one whose slowest
//! transfer is the fastest. A plan moves nothing that it could do without: every transfer, less by one increment, would leave too
//! little, or, where it fills up the points that bring extra ones, less by as many. Points go one way, once: no plan leads through a third programme.

mod search;
mod sums;

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    faults::Check,
    inputs::{Fields, Input, map},
    money::{Currency, Money, Points, ProgrammeId},
    programmes::name_of,
    rates::rounded,
    time::day_of,
    transfers::{TransferBonus, TransferPartner, TransferTime, bonus_percent},
    value::{PointWorth, Valuations},
};
use search::{Chosen, Source};

/// How many balances a member can have: more programmes than there are.
const MOST_BALANCES: usize = 100;

/// What a member has of each currency.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Balances(BTreeMap<ProgrammeId, Points>);

impl std::fmt::Debug for Balances {
    /// Without what it holds: it would end up in logs by accident.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Balances").finish_non_exhaustive()
    }
}

impl Balances {
    /// What there is of one: nothing, where nothing is said.
    pub fn of(&self, programme: &ProgrammeId) -> u64 {
        self.0.get(programme).map_or(0, |points| points.get())
    }

    /// What all of it is worth on a day, rounded half to even to a cent.
    ///
    /// # Errors
    /// If that is more than anybody has.
    pub fn worth(&self, valuations: &Valuations, on: Date) -> Result<Money, FundingError> {
        let each = self.iter().map(|(programme, points)| {
            i128::from(points.get()) * i128::from(valuations.of(programme, on).cents.ten_thousandths())
        });
        dollars(rounded(each.sum(), 10_000))
    }

    /// Less so many of one: none, where there are fewer.
    #[must_use]
    pub fn less(mut self, programme: &ProgrammeId, points: u64) -> Self {
        if let Some(there) = self.0.get_mut(programme) {
            *there = there.minus(points);
        }
        self
    }

    /// At least so many of one.
    #[must_use]
    pub fn at_least(mut self, programme: &ProgrammeId, points: Points) -> Self {
        let there = self.0.entry(programme.clone()).or_insert(points);
        *there = points.max(*there);
        self
    }

    /// After the transfers of a plan: less of what they give, and more of what that becomes.
    ///
    /// # Errors
    /// If that is more than anybody has.
    pub fn after(mut self, plan: &FundingPlan) -> Result<Self, FundingError> {
        for transfer in &plan.transfers {
            self = self.less(&transfer.from, transfer.give.get());
            let there = points(self.of(&transfer.to) + transfer.get.get())?;
            self = self.at_least(&transfer.to, there);
        }
        Ok(self)
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = (&ProgrammeId, Points)> {
        self.0.iter().map(|(programme, points)| (programme, *points))
    }
}

impl FromIterator<(ProgrammeId, Points)> for Balances {
    fn from_iter<I: IntoIterator<Item = (ProgrammeId, Points)>>(balances: I) -> Self {
        Self(balances.into_iter().collect())
    }
}

impl Input for Balances {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let balances: BTreeMap<ProgrammeId, Points> = fields.required("balances", map)?;
        let mut check = Check::new();
        check.that(balances.len() <= MOST_BALANCES, "/balances", "too-many", "at most 100");
        for programme in balances.keys().filter(|programme| name_of(programme).is_none()) {
            check.that(false, &format!("/balances/{programme}"), "unknown-programme", "there is no such programme");
        }
        fields.check(check).then_some(Self(balances))
    }
}

/// Which transfers there are, and when.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// Transfers that programmes offer.
    pub partners: &'a [TransferPartner],
    /// Bonuses, whether they are in force or not.
    pub bonuses: &'a [TransferBonus],
    /// The instant for which is planned.
    pub at: Timestamp,
}

impl Terms<'static> {
    /// Those that are shipped, at an instant.
    pub fn shipped(at: Timestamp) -> Self {
        Self { partners: crate::transfers::partners(), bonuses: crate::transfers::bonuses(), at }
    }
}

impl Terms<'_> {
    fn bonus(&self, partner: &TransferPartner) -> u32 {
        bonus_percent(self.bonuses, &partner.from, &partner.to, self.at)
    }

    /// What comes of all that can be given.
    fn most_got(&self, partner: &TransferPartner, balances: &Balances) -> u64 {
        partner.got(search::most_given(partner, balances.of(&partner.from)), self.bonus(partner))
    }

    /// The day for which is planned, UTC.
    pub fn day(&self) -> Date {
        day_of(self.at)
    }
}

/// One transfer of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Transfer {
    /// Whose points.
    pub from: ProgrammeId,
    /// To whom.
    pub to: ProgrammeId,
    /// Points given.
    pub give: Points,
    /// Points got.
    pub get: Points,
    /// The bonus among them, in percent; 0 if there is none.
    pub bonus_percent: u32,
    /// What it costs.
    pub fee: Money,
    /// How long it takes, as far as that is known.
    pub time: Option<TransferTime>,
    /// Whether it can be undone.
    pub reversible: bool,
    /// Whether a recent source confirms that it is offered.
    pub confirmed: bool,
    /// Whether no source names its minimum or its increment: what is given is then a guess on the safe side.
    pub assumed: bool,
    /// What the points given are worth, each.
    pub worth: PointWorth,
}

/// How an award is paid for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FundingPlan {
    /// Whose award.
    pub programme: ProgrammeId,
    /// What it asks.
    pub points: Points,
    /// How many of them are there already.
    pub existing: Points,
    /// What is to be transferred; nothing, where there is enough.
    pub transfers: Vec<Transfer>,
    /// What stays in the programme afterwards.
    pub left_over: Points,
    /// Fees of all transfers.
    pub fees: Money,
    /// What all of it gives up, at the member's valuations, rounded half to even to a cent.
    pub given_up: Money,
}

impl FundingPlan {
    /// How long it takes until the points of all its transfers are there, which are made at once; as of the day on which the first of
    /// them was measured. None, where nobody has measured one of them, or there is none.
    pub fn time(&self) -> Option<TransferTime> {
        let times = self.transfers.iter().map(|transfer| transfer.time).collect::<Option<Vec<_>>>()?;
        times.into_iter().reduce(|one, other| TransferTime {
            typical_minutes: one.typical_minutes.max(other.typical_minutes),
            worst_minutes: one.worst_minutes.max(other.worst_minutes),
            as_of: one.as_of.min(other.as_of),
        })
    }

    /// The transfer that can take longest; one that nobody has measured can.
    pub fn slowest(&self) -> Option<&Transfer> {
        let time =
            |transfer: &&Transfer| transfer.time.map_or((u32::MAX, u32::MAX), |time| (time.worst_minutes, time.typical_minutes));
        self.transfers.iter().max_by_key(time)
    }
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FundingError {
    /// Nothing is asked for.
    #[error("the award asks no points")]
    ZeroPoints,
    /// A programme that the table does not know.
    #[error("the programme is not known")]
    UnknownProgramme,
    /// It is not enough.
    #[error("{} points are missing", .0.missing)]
    Short(Shortfall),
    /// Amounts that no member has.
    #[error("the amounts are out of range")]
    OutOfRange,
    /// So many plans that cost about the same that finding the best one would take too long.
    #[error("there are too many ways to bring so many points together")]
    TooLarge,
}

/// How many amounts one plan may try, or places of a table instead (`sums`). An ordinary wallet's takes hundreds, and one in fifty of the
/// hardest more than [`BRANCHES`]; so many are a third of a second.
const EFFORT_OF_A_PLAN: u32 = 600_000;

/// How many of them branch and bound may try: from so many on a table of all sums is as fast.
const BRANCHES: u32 = 20_000;

/// How many amounts may still be tried, by all plans of a request together: whatever a member has, an answer takes no seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effort {
    amounts: u32,
    /// How many of them each plan may spend on branch and bound.
    branches: u32,
}

impl Effort {
    /// Enough for any one plan.
    pub const fn of_a_plan() -> Self {
        Self::of_plans(1)
    }

    /// Enough for so many plans that each take all they may; most take next to nothing.
    pub const fn of_plans(count: u32) -> Self {
        Self { amounts: EFFORT_OF_A_PLAN.saturating_mul(count), branches: BRANCHES }
    }

    fn take(&mut self, amounts: u64) -> Result<(), search::UsedUp> {
        let amounts = u32::try_from(amounts).map_err(|_| search::UsedUp)?;
        self.amounts = self.amounts.checked_sub(amounts).ok_or(search::UsedUp)?;
        Ok(())
    }

    /// Runs something with so much of this at most.
    fn lend<T>(&mut self, most: u32, run: impl FnOnce(&mut Self) -> T) -> T {
        let mut lent = Self { amounts: self.amounts.min(most), branches: self.branches };
        let before = lent.amounts;
        let result = run(&mut lent);
        self.amounts -= before - lent.amounts;
        result
    }
}

/// What is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Shortfall {
    /// Whose award.
    pub programme: ProgrammeId,
    /// What it asks.
    pub points: Points,
    /// What there can be at most, with everything transferred that can be.
    pub reachable: Points,
    /// What is still missing then.
    pub missing: Points,
    /// How many more points of each of these would do, each by itself; the fewest first.
    pub would_do: Vec<WouldDo>,
}

/// Points that would close the gap.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub struct WouldDo {
    /// So many more.
    pub points: Points,
    /// Of these.
    pub programme: ProgrammeId,
    /// Whether a recent source confirms that they can be transferred.
    pub confirmed: bool,
    /// Whether no source names the minimum or the increment of that transfer.
    pub assumed: bool,
}

/// The plan that gives up the least, or what is missing. Transfers that nothing recent confirms are used only where there is no
/// plan without. Exact; the search is branch and bound, and its bound the relaxation to broken increments.
///
/// # Errors
/// If it is not enough, or nothing that can be planned.
pub fn plan(
    programme: &ProgrammeId,
    points: Points,
    balances: &Balances,
    valuations: &Valuations,
    terms: &Terms<'_>,
) -> Result<FundingPlan, FundingError> {
    plan_within(&mut Effort::of_a_plan(), programme, points, balances, valuations, terms)
}

/// The same, for one of several plans that share an effort.
///
/// # Errors
/// If it is not enough, or nothing that can be planned, or not within the effort.
pub fn plan_within(
    effort: &mut Effort,
    programme: &ProgrammeId,
    points: Points,
    balances: &Balances,
    valuations: &Valuations,
    terms: &Terms<'_>,
) -> Result<FundingPlan, FundingError> {
    name_of(programme).ok_or(FundingError::UnknownProgramme)?;
    if points.get() == 0 {
        return Err(FundingError::ZeroPoints);
    }
    let offered = |sure: bool| -> Vec<&TransferPartner> {
        terms.partners.iter().filter(|partner| partner.to == *programme && (partner.confirmed || !sure)).collect()
    };
    let problem = Problem { programme, points, balances, valuations, terms };
    effort.lend(EFFORT_OF_A_PLAN, |effort| match problem.solve(&offered(true), effort) {
        Err(FundingError::Short(_)) => problem.solve(&offered(false), effort),
        other => other,
    })
}

/// How many points of a programme a member can have at most, with all transferred to it that a recent source says can be. O(transfers).
pub fn reachable(programme: &ProgrammeId, balances: &Balances, terms: &Terms<'_>) -> u64 {
    let confirmed = terms.partners.iter().filter(|partner| partner.to == *programme && partner.confirmed);
    balances.of(programme) + confirmed.map(|partner| terms.most_got(partner, balances)).sum::<u64>()
}

/// Whether so many points of a programme can come together at all, unconfirmed transfers included: where not, there is no plan.
/// O(transfers).
pub fn can_reach(programme: &ProgrammeId, points: Points, balances: &Balances, terms: &Terms<'_>) -> bool {
    let partners = terms.partners.iter().filter(|partner| partner.to == *programme);
    balances.of(programme) + partners.map(|partner| terms.most_got(partner, balances)).sum::<u64>() >= points.get()
}

struct Problem<'a> {
    programme: &'a ProgrammeId,
    points: Points,
    balances: &'a Balances,
    valuations: &'a Valuations,
    terms: &'a Terms<'a>,
}

impl Problem<'_> {
    fn solve(&self, partners: &[&TransferPartner], effort: &mut Effort) -> Result<FundingPlan, FundingError> {
        let there = self.balances.of(self.programme);
        let need = self.points.get().saturating_sub(there);
        let sources: Vec<Source> = partners.iter().enumerate().filter_map(|(i, partner)| self.source(i, partner, need)).collect();
        let worth = self.worth(self.programme).cents.ten_thousandths();
        match search::least_given_up(sources, need, worth.into(), effort) {
            Ok(Some(chosen)) => self.told(partners, &chosen, there, worth.into()),
            Ok(None) => Err(self.short(partners, there)),
            Err(search::UsedUp) => Err(FundingError::TooLarge),
        }
    }

    fn worth(&self, programme: &ProgrammeId) -> PointWorth {
        self.valuations.of(programme, self.terms.day())
    }

    fn source(&self, index: usize, partner: &TransferPartner, need: u64) -> Option<Source> {
        let worth = self.worth(&partner.from).cents.ten_thousandths();
        Source::of(index, partner, self.terms.bonus(partner), self.balances.of(&partner.from), worth.into(), need)
    }

    fn told(&self, partners: &[&TransferPartner], chosen: &Chosen, there: u64, worth: i128) -> Result<FundingPlan, FundingError> {
        let given = chosen.given.iter().filter_map(|(index, give)| Some((*partners.get(*index)?, *give)));
        let transfers = given.map(|(partner, give)| self.transfer(partner, give)).collect::<Result<Vec<_>, _>>()?;
        let got: u64 = transfers.iter().map(|transfer| transfer.get.get()).sum();
        let fees: i128 = transfers.iter().map(|transfer| transfer.fee.minor()).sum();
        let spent: i128 = transfers
            .iter()
            .map(|transfer| i128::from(transfer.give.get()) * i128::from(transfer.worth.cents.ten_thousandths()))
            .sum();
        let from_programme = (i128::from(self.points.get()) - i128::from(got)) * worth;
        Ok(FundingPlan {
            programme: self.programme.clone(),
            points: self.points,
            existing: points(there.min(self.points.get()))?,
            left_over: points(there + got - self.points.get())?,
            fees: dollars(fees)?,
            given_up: dollars(rounded(spent + from_programme, 10_000) + fees)?,
            transfers,
        })
    }

    fn transfer(&self, partner: &TransferPartner, give: u64) -> Result<Transfer, FundingError> {
        let bonus_percent = self.terms.bonus(partner);
        Ok(Transfer {
            from: partner.from.clone(),
            to: partner.to.clone(),
            give: points(give)?,
            get: points(partner.got(give, bonus_percent))?,
            bonus_percent,
            fee: dollars(partner.fee_cents(give).into())?,
            time: partner.time,
            reversible: partner.reversible,
            confirmed: partner.confirmed,
            assumed: partner.is_assumed(),
            worth: self.worth(&partner.from),
        })
    }

    fn short(&self, partners: &[&TransferPartner], there: u64) -> FundingError {
        let most = |partner: &TransferPartner| self.terms.most_got(partner, self.balances);
        let all: u64 = partners.iter().map(|partner| most(partner)).sum();
        let reachable = there.saturating_add(all);
        let missing = self.points.get().saturating_sub(reachable);
        let mut would_do: Vec<WouldDo> = partners
            .iter()
            .filter_map(|partner| {
                let give = search::least_for(partner, self.terms.bonus(partner), most(partner) + missing)?;
                let more = give.saturating_sub(self.balances.of(&partner.from));
                Some(WouldDo {
                    points: more.try_into().ok()?,
                    programme: partner.from.clone(),
                    confirmed: partner.confirmed,
                    assumed: partner.is_assumed(),
                })
            })
            .collect();
        would_do.sort_unstable();
        let tell = || {
            Some(Shortfall {
                programme: self.programme.clone(),
                points: self.points,
                reachable: reachable.try_into().ok()?,
                missing: missing.try_into().ok()?,
                would_do,
            })
        };
        tell().map_or(FundingError::OutOfRange, FundingError::Short)
    }
}

fn points(count: u64) -> Result<Points, FundingError> {
    count.try_into().map_err(|_| FundingError::OutOfRange)
}

fn dollars(cents: i128) -> Result<Money, FundingError> {
    let cents = i64::try_from(cents).map_err(|_| FundingError::OutOfRange)?;
    Money::from_minor(cents, Currency::USD).map_err(|_| FundingError::OutOfRange)
}

#[cfg(test)]
mod tests;
