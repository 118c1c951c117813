//! The search for the plan that gives up the least: branch and bound over how much each source gives, the cheapest per point
//! got first. Amounts are whole points, money is in ten-thousandths of a cent.

use std::{
    cmp::{Ordering, Reverse},
    collections::{HashMap, hash_map::Entry},
};

use super::{Effort, sums};
use crate::transfers::{TransferPartner, gcd};

/// One transfer that the wallet can pay for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source {
    index: usize,
    step: u64,
    least: u64,
    most: u64,
    give: u64,
    get: u64,
    extra: Option<(u64, u64)>,
    percent: u64,
    worth: i128,
    fee: Option<Fee>,
    /// Minutes; what is not known is slower than anything that is.
    slow: u32,
    /// What is got at most.
    most_got: u64,
    /// What is got is a multiple of it.
    lattice: u64,
    /// A point got costs this at least, fees and all, in 2^-40: see [`Source::rate`].
    rate: i128,
    /// More than this one increment never brings.
    largest_step: u64,
    /// A bit for it and those that are like it but for how much there is of them and how fast they are: see [`Source::is_like`]. None,
    /// if there is no other.
    twins: u64,
}

/// A fee by the point: cents as a fraction, up to so many.
#[derive(Debug, Clone, Copy)]
struct Fee {
    cents: u128,
    points: u128,
    most: u64,
}

const SHIFT: u32 = 40;

/// What is given, by the place of each partner in the list that was asked about; nothing that is zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chosen {
    pub(super) given: Vec<(usize, u64)>,
}

/// How good a plan is; less is better, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Goodness {
    /// Given up, without what the needed points themselves are worth.
    pub(super) cost: i128,
    /// How many transfers.
    pub(super) transfers: usize,
    /// Minutes of the slowest.
    pub(super) slowest: u32,
}

/// The most that can be given from a balance: whole steps, within the cap, nothing below the least.
pub(super) fn most_given(partner: &TransferPartner, balance: u64) -> u64 {
    let most = partner.most.map_or(balance, |most| most.get().min(balance)) / partner.step() * partner.step();
    if most < partner.least() { 0 } else { most }
}

/// The least that has to be given to get so many points, whatever there is; nothing if the cap stands against it.
pub(super) fn least_for(partner: &TransferPartner, percent: u32, wanted: u64) -> Option<u64> {
    let (step, most) = (partner.step(), partner.most.map_or(1_000_000_000, |most| most.get()));
    let (mut low, mut high) = (partner.least() / step, most / step);
    if partner.got(high * step, percent) < wanted {
        return None;
    }
    while low < high {
        let middle = u64::midpoint(low, high);
        if partner.got(middle * step, percent) < wanted { low = middle + 1 } else { high = middle }
    }
    Some(low * step)
}

impl Source {
    /// A partner as the search sees it; nothing, if the balance is below what can be given.
    pub(super) fn of(
        index: usize,
        partner: &TransferPartner,
        percent: u32,
        balance: u64,
        worth: i128,
        need: u64,
    ) -> Option<Self> {
        let (step, least) = (partner.step(), partner.least());
        // More than what is needed from it alone is never given, but for what fills up the points that bring more.
        let all = most_given(partner, balance);
        let every = partner.extra.map(|extra| u64::from(extra.every));
        let enough = least_for(partner, percent, need).map(|enough| every.map_or(enough, |every| filled_up(enough, every, step)));
        let most = enough.filter(|enough| *enough <= all).or_else(|| least_for(partner, percent, need)).unwrap_or(all).min(all);
        let fee = partner.fee.and_then(|fee| {
            let cents = fee.per_point * rust_decimal::Decimal::ONE_HUNDRED;
            let most = u64::try_from(fee.at_most.minor()).ok()?;
            Some(Fee { cents: u128::try_from(cents.mantissa()).ok()?, points: 10_u128.checked_pow(cents.scale())?, most })
        });
        let mut source = Self {
            index,
            step,
            least,
            most,
            give: partner.ratio.give.into(),
            get: partner.ratio.get.into(),
            extra: partner.extra.map(|extra| (extra.every.into(), extra.points.into())),
            percent: (100 + percent).into(),
            worth,
            fee,
            slow: partner.time.map_or(u32::MAX, |time| time.typical_minutes),
            most_got: 0,
            lattice: 1,
            rate: 0,
            largest_step: 0,
            twins: 0,
        };
        source.most_got = source.got(most);
        source.lattice = source.lattice();
        source.rate = source.rate();
        source.largest_step = source.largest_step();
        (most > 0 && source.most_got > 0).then_some(source)
    }

    /// Whether what is given of the one can as well be given of the other: every increment costs the same and brings the same, the first
    /// among them, and whole points.
    fn is_like(&self, other: &Self) -> bool {
        let plain = |source: &Self| {
            let each = source.step / source.give * source.get * source.percent;
            source.extra.is_none() && source.fee.is_none() && source.least == source.step && each.is_multiple_of(100)
        };
        let terms = |source: &Self| (source.step, source.give, source.get, source.percent, source.worth);
        plain(self) && plain(other) && terms(self) == terms(other)
    }

    /// Its place in the list that was asked about.
    pub(super) fn index(&self) -> usize {
        self.index
    }

    /// Minutes that it takes.
    pub(super) fn slow(&self) -> u32 {
        self.slow
    }

    /// What can be given of it, the least first.
    pub(super) fn each_amount(&self) -> impl Iterator<Item = u64> {
        (self.least / self.step..=self.most / self.step).map(|steps| steps * self.step)
    }

    /// How many amounts that are.
    pub(super) fn amounts(&self) -> u64 {
        self.most / self.step + 1 - self.least / self.step
    }

    pub(super) fn got(&self, given: u64) -> u64 {
        let extra = self.extra.map_or(0, |(every, points)| given / every * points);
        (given / self.give * self.get + extra) * self.percent / 100
    }

    /// Worth of the points given, and the fee.
    pub(super) fn gross(&self, given: u64) -> i128 {
        let fee = self.fee.map_or(0, |fee| (u128::from(given) * fee.cents).div_ceil(fee.points).min(fee.most.into()));
        i128::from(given) * self.worth + i128::try_from(fee).unwrap_or(i128::MAX / 10_000) * 10_000
    }

    /// What every number of points got is a multiple of, where bonuses break no points.
    fn lattice(&self) -> u64 {
        let parts = [Some(self.step / self.give * self.get), self.extra.map(|(_, points)| points)];
        let whole = |part: u64| (part * self.percent).is_multiple_of(100).then_some(part * self.percent / 100);
        let parts: Option<Vec<u64>> = parts.into_iter().flatten().map(whole).collect();
        parts.map_or(1, |parts| parts.into_iter().fold(0, gcd)).max(1)
    }

    /// What a point got costs at least, in 2^-40, rounded down: worth and fee of a point given over the most that one can bring.
    /// A capped fee weighs least on the largest transfer.
    fn rate(&self) -> i128 {
        let most = i128::from(self.most.max(1));
        let fee = self.fee.map_or(0, |fee| {
            let uncapped = u128::from(self.most) * fee.cents * 10_000 / fee.points;
            i128::try_from(uncapped.min(u128::from(fee.most) * 10_000)).unwrap_or(0)
        });
        let (every, extra) = self.extra.unwrap_or((1, 0));
        let (give, get, every, extra) = (i128::from(self.give), i128::from(self.get), i128::from(every), i128::from(extra));
        // (worth × most + fee) ÷ most is what a point given costs; ÷ ((get ÷ give + extra ÷ every) × percent ÷ 100), one got.
        let over = (get * every + extra * give) * i128::from(self.percent);
        ((((self.worth * most + fee) << SHIFT) / most) * give * every * 100).div_euclid(over.max(1))
    }

    /// A bound on what [`Self::last_step`] is.
    fn largest_step(&self) -> u64 {
        let last = self.extra.map_or(self.step, |(every, _)| every + self.step);
        let extra = self.extra.map_or(0, |(every, points)| (last / every + 1) * points);
        let of_step = (last.div_ceil(self.give) * self.get + extra) * self.percent;
        of_step.div_ceil(100).max(self.got(self.least))
    }

    /// What the last increment brings, or all that brought the last extra points: nothing may be given that could be left out.
    pub(super) fn last_step(&self, given: u64) -> u64 {
        let filled = self.extra.filter(|(every, _)| given >= *every && filled_up(given / every * every, 1, self.step) == given);
        let less = given.saturating_sub(self.step);
        let before = filled.map_or(less, |(every, _)| less.min(filled_up((given / every - 1) * every, 1, self.step)));
        let before = if given <= self.least || before == 0 { 0 } else { before.max(self.least) };
        self.got(given) - self.got(before)
    }

    /// The next amount above this one that brings extra points, if there is so much.
    fn filled(&self, given: u64) -> Option<u64> {
        let (every, _) = self.extra?;
        Some(filled_up(given, every, self.step)).filter(|filled| (given + 1..=self.most).contains(filled))
    }

    /// The least that has to be given for so many points, or all there is.
    fn up_to(&self, wanted: u64) -> u64 {
        let (mut low, mut high) = (self.least / self.step, self.most / self.step);
        while low < high {
            let middle = u64::midpoint(low, high);
            if self.got(middle * self.step) < wanted { low = middle + 1 } else { high = middle }
        }
        low * self.step
    }
}

/// The least number of whole steps that is a multiple of `every`, or just above one, and no less than this.
fn filled_up(given: u64, every: u64, step: u64) -> u64 {
    given.next_multiple_of(every).next_multiple_of(step)
}

/// The best plan for so many points, or none if there are not so many. `worth` is that of a point left over.
///
/// # Errors
/// If the effort is used up before that is certain.
pub(super) fn least_given_up(
    mut sources: Vec<Source>,
    need: u64,
    worth: i128,
    effort: &mut Effort,
) -> Result<Option<Chosen>, UsedUp> {
    if need == 0 {
        return Ok(Some(Chosen { given: vec![] }));
    }
    // Of those that cost the same the finest come last: they fill up what the others leave.
    sources.sort_by_key(|source| (source.rate, Reverse(source.lattice), Reverse(source.most_got), source.slow));
    mark_twins(&mut sources);
    match effort.lend(effort.branches, |effort| branch_and_bound(&sources, need, worth, effort)) {
        Err(UsedUp) => sums::least_given_up(&sources, need, worth, effort),
        certain => certain,
    }
}

fn branch_and_bound(sources: &[Source], need: u64, worth: i128, effort: &mut Effort) -> Result<Option<Chosen>, UsedUp> {
    let tails = (0..=sources.len()).map(|from| Tail::of(&sources[from..])).collect();
    let mut search = Search { sources, tails, worth, best: None, path: Vec::new(), effort, visited: 0, stood: HashMap::new() };
    search.visit(0, Node { left: need, gross: 0, slowest: 0, last_step: u64::MAX, broken: 0 })?;
    Ok(search.best.map(|(_, given)| Chosen { given }))
}

/// Gives those that are like each other a bit of their own, as long as there are bits.
fn mark_twins(sources: &mut [Source]) {
    let mut bits = (0..u64::BITS).map(|bit| 1_u64 << bit);
    for first in 0..sources.len() {
        let (before, rest) = sources.split_at_mut(first + 1);
        let Some(one) = before.last_mut().filter(|one| one.twins == 0) else { continue };
        let mut twins: Vec<&mut Source> = rest.iter_mut().filter(|other| other.is_like(one)).collect();
        if twins.is_empty() {
            continue;
        }
        let Some(bit) = bits.next() else { return };
        one.twins = bit;
        twins.iter_mut().for_each(|twin| twin.twins = bit);
    }
}

/// No more amounts may be tried.
#[derive(Debug)]
pub(super) struct UsedUp;

/// What is known of the sources from one on.
struct Tail {
    lattice: u64,
    largest_step: u64,
    /// What the first so many of them bring together, when the richest are taken.
    richest: Vec<u64>,
    /// Each by how slow it is, the fastest first, with what it brings.
    by_speed: Vec<(u32, u64)>,
}

impl Tail {
    fn of(sources: &[Source]) -> Self {
        let mut most: Vec<u64> = sources.iter().map(|source| source.most_got).collect();
        most.sort_unstable_by(|one, other| other.cmp(one));
        let richest = most
            .into_iter()
            .scan(0, |sum, got| {
                *sum += got;
                Some(*sum)
            })
            .collect();
        let mut by_speed: Vec<(u32, u64)> = sources.iter().map(|source| (source.slow, source.most_got)).collect();
        by_speed.sort_unstable();
        Self {
            lattice: sources.iter().fold(0, |all, source| gcd(all, source.lattice)).max(1),
            largest_step: sources.iter().map(|source| source.largest_step).max().unwrap_or(0),
            richest,
            by_speed,
        }
    }

    /// How many of them it takes at least for so many points; none if all are too few.
    fn fewest_for(&self, left: u64) -> Option<usize> {
        self.richest.iter().position(|together| *together >= left).map(|at| at + 1)
    }

    /// How slow the slowest of so many of them is at least that bring so many points.
    fn fastest_for(&self, left: u64, count: usize) -> u32 {
        let mut taken: Vec<u64> = Vec::with_capacity(count + 1);
        for (slow, got) in &self.by_speed {
            let at = taken.partition_point(|known| known >= got);
            taken.insert(at, *got);
            taken.truncate(count);
            if taken.iter().sum::<u64>() >= left {
                return *slow;
            }
        }
        u32::MAX
    }
}

/// Where the search stands: what is still needed, and what was given up for the rest.
#[derive(Clone, Copy)]
struct Node {
    left: u64,
    gross: i128,
    slowest: u32,
    /// The smallest last increment of what was given: more than that can't be left over.
    last_step: u64,
    /// The bits of those of which a twin was given in part. No other twin is given after it: whatever they give together, all but the last
    /// of them can give all they have, by as many transfers of the same ones.
    broken: u64,
}

struct Search<'a> {
    sources: &'a [Source],
    tails: Vec<Tail>,
    worth: i128,
    best: Option<(Goodness, Vec<(usize, u64)>)>,
    path: Vec<(usize, u64)>,
    effort: &'a mut Effort,
    visited: usize,
    /// How well the search has stood at a source with so many points left, with how many transfers.
    stood: HashMap<(usize, u64), (Node, usize)>,
}

/// From so many nodes on it is remembered how well the search has stood: most searches are over before that pays.
const SHORT_SEARCH: usize = 64;

impl Search<'_> {
    fn visit(&mut self, at: usize, node: Node) -> Result<(), UsedUp> {
        if !self.is_promising(at, &node) || self.has_stood_as_well(at, &node) {
            return Ok(());
        }
        let Some(source) = self.sources.get(at).copied() else { return Ok(()) };
        if node.broken & source.twins != 0 {
            return self.visit(at + 1, node);
        }
        let top = source.up_to(node.left);
        if let Some(filled) = source.filled(top) {
            self.give(at, &source, &node, filled)?;
        }
        let mut given = top;
        while given >= source.least && self.give(at, &source, &node, given)? {
            if given < source.step {
                break;
            }
            given -= source.step;
        }
        self.visit(at + 1, node)
    }

    /// Tries to give so much, and all that can follow. Says whether giving less is worth trying.
    fn give(&mut self, at: usize, source: &Source, node: &Node, given: u64) -> Result<bool, UsedUp> {
        self.effort.take(1)?;
        let got = source.got(given);
        let next = Node {
            left: node.left.saturating_sub(got),
            gross: node.gross + source.gross(given),
            slowest: node.slowest.max(source.slow),
            last_step: node.last_step.min(source.last_step(given)),
            broken: if given < source.most { node.broken | source.twins } else { node.broken },
        };
        self.path.push((source.index, given));
        let goes_on = if got >= node.left {
            self.settle(&next, got - node.left);
            true
        } else if self.is_hopeless(at, node, &next, got) {
            false
        } else {
            self.visit(at + 1, next)?;
            true
        };
        self.path.pop();
        Ok(goes_on)
    }

    /// Whether it has been here before with no more given up, by no more and no slower transfers, and no less to be left over:
    /// whatever follows, it was no worse then. Plans that cost the same would have no end otherwise.
    fn has_stood_as_well(&mut self, at: usize, node: &Node) -> bool {
        self.visited += 1;
        if self.visited < SHORT_SEARCH {
            return false;
        }
        let transfers = self.path.len();
        match self.stood.entry((at, node.left)) {
            Entry::Vacant(place) => drop(place.insert((*node, transfers))),
            Entry::Occupied(mut place) => {
                let (known, fewer) = *place.get();
                let no_dearer = known.gross <= node.gross && known.slowest <= node.slowest && known.last_step >= node.last_step;
                let no_more_broken = known.broken & !node.broken == 0;
                if no_dearer && no_more_broken && fewer <= transfers {
                    return true;
                }
                if (node.gross, transfers) < (known.gross, fewer) {
                    place.insert((*node, transfers));
                }
            }
        }
        false
    }

    /// Takes in a plan that brings enough, if it moves nothing that it could do without.
    fn settle(&mut self, node: &Node, left_over: u64) {
        if left_over >= node.last_step {
            return;
        }
        let cost = node.gross - self.worth * i128::from(left_over);
        let goodness = Goodness { cost, transfers: self.path.len(), slowest: node.slowest };
        if self.best.as_ref().is_none_or(|(best, _)| goodness < *best) {
            self.best = Some((goodness, self.path.clone()));
        }
    }

    /// Whether a plan from here on can be better than the best one.
    fn is_promising(&self, at: usize, node: &Node) -> bool {
        let tail = &self.tails[at];
        let Some(more) = tail.fewest_for(node.left) else { return false };
        // What is got from here on is a multiple of the lattice: so much is left over at least, and less than what the last
        // increment brings.
        let over = node.left.next_multiple_of(tail.lattice) - node.left;
        let Some(room) = node.last_step.min(tail.largest_step).checked_sub(over + 1) else { return false };
        let Some((best, _)) = &self.best else { return true };
        let Some(relaxed) = self.relaxed(at, node.left + over) else { return false };
        let won = self.won_by_leaving(at, room / tail.lattice * tail.lattice);
        let cost = whole(((node.gross - self.worth * i128::from(over)) << SHIFT) + relaxed - won);
        let transfers = self.path.len() + more;
        match (cost.cmp(&best.cost), transfers.cmp(&best.transfers)) {
            (Ordering::Less, _) | (Ordering::Equal, Ordering::Less) => true,
            (Ordering::Equal, Ordering::Equal) => node.slowest.max(tail.fastest_for(node.left, more)) < best.slowest,
            (Ordering::Equal | Ordering::Greater, _) => false,
        }
    }

    /// Whether, with so many points of a source or fewer, even broken increments give up more than the best plan does. Every point of
    /// the source is counted at its rate, which none is below, and the ones after it are dearer: with less of it, it only gets worse.
    fn is_hopeless(&self, at: usize, node: &Node, next: &Node, got: u64) -> bool {
        let (source, all, tail) = (&self.sources[at], &self.tails[at], &self.tails[at + 1]);
        let Some(more) = tail.fewest_for(next.left) else { return true };
        let Some((best, _)) = &self.best else { return false };
        let over = node.left.next_multiple_of(all.lattice) - node.left;
        let Some(room) = node.last_step.min(source.largest_step).checked_sub(over + 1) else { return true };
        let Some(relaxed) = self.relaxed(at + 1, next.left + over) else { return true };
        let of_it = source.rate * i128::from(got);
        let won = self.won_by_leaving(at + 1, room / all.lattice * all.lattice);
        let cost = whole(((node.gross - self.worth * i128::from(over)) << SHIFT) + of_it + relaxed - won);
        let slowest = next.slowest.max(tail.fastest_for(next.left, more));
        Goodness { cost, transfers: self.path.len() + more, slowest } >= *best
    }

    /// What leaving over so many points can win at most: only where a point got is cheaper than it is worth. In 2^-40.
    fn won_by_leaving(&self, at: usize, points: u64) -> i128 {
        let won = self.sources.get(at).map_or(0, |source| ((self.worth << SHIFT) - source.rate).max(0));
        won * i128::from(points)
    }

    /// What so many points cost at least from the sources from `at` on, if increments could be broken: the cheapest first.
    /// Nothing if they don't bring so many. In 2^-40.
    fn relaxed(&self, at: usize, mut left: u64) -> Option<i128> {
        let mut cost = 0_i128;
        for source in &self.sources[at..] {
            let got = source.most_got.min(left);
            cost += source.rate * i128::from(got);
            left -= got;
            if left == 0 {
                return Some(cost);
            }
        }
        None
    }
}

/// Costs are whole: rounding a bound up is safe, and makes up for rates that were rounded down.
fn whole(cost: i128) -> i128 {
    -((-cost) >> SHIFT)
}
