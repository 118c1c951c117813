//! The same plan as [`super::search`] finds, by a table of sums: for every number of points that sources can bring together, the best way
//! to bring just that. It takes as long for plans that cost about the same as for any others, where branch and bound has to try them all.
//!
//! A plan may leave over less than the last increment of each of its transfers brings. So a table is made for each size that a last
//! increment can have: of what has increments of that size or larger, with less than that left over. Every plan is in one of the tables, and
//! nothing else is. O(sizes × sources × points needed ÷ what they are multiples of), for sources whose increments all cost the same.

use std::collections::{BTreeSet, VecDeque};

use super::{
    Effort,
    search::{Chosen, Goodness, Source, UsedUp},
};
use crate::transfers::gcd;

/// So many places of a table take about as long as to try an amount.
const PLACES_AN_AMOUNT: u64 = 16;

/// What can be given of a source.
#[derive(Debug, Clone, Copy)]
struct Amount {
    given: u64,
    got: u64,
    gross: i128,
    last_step: u64,
}

/// Amounts each of which is as much above the one before: so much more is given, got and given up.
#[derive(Debug)]
struct Run {
    first: Amount,
    more: Amount,
    count: u64,
}

/// The best way to bring a number of points.
type Way = Option<Goodness>;

/// The best plan for so many points, or none if there are not so many. `worth` is that of a point left over.
///
/// # Errors
/// If the effort is used up before that is certain.
pub(super) fn least_given_up(sources: &[Source], need: u64, worth: i128, effort: &mut Effort) -> Result<Option<Chosen>, UsedUp> {
    let mut amounts = Vec::with_capacity(sources.len());
    for source in sources {
        effort.take(source.amounts() / PLACES_AN_AMOUNT)?;
        amounts.push(amounts_of(source));
    }
    let sizes: BTreeSet<u64> = amounts.iter().flatten().map(|amount| amount.last_step).collect();
    let unit = amounts.iter().flatten().fold(0, |unit, amount| gcd(unit, amount.got)).max(1);
    let mut best: Option<(Goodness, Chosen)> = None;
    for size in sizes {
        let mut table = Table::new(need + size - 1, unit, effort)?;
        for (source, amounts) in sources.iter().zip(&amounts) {
            table.take_in(source, &runs(amounts.iter().filter(|amount| amount.last_step >= size)), effort)?;
        }
        if let Some((goodness, place)) = table.best(need, worth)
            && best.as_ref().is_none_or(|(known, _)| goodness < *known)
        {
            best = Some((goodness, Chosen { given: table.way_to(place, sources) }));
        }
    }
    Ok(best.map(|(_, chosen)| chosen))
}

fn amounts_of(source: &Source) -> Vec<Amount> {
    let amount = |given| Amount { given, got: source.got(given), gross: source.gross(given), last_step: source.last_step(given) };
    source.each_amount().map(amount).filter(|amount| amount.last_step > 0).collect()
}

/// As few runs as there are, from the least amount to the largest.
fn runs<'a>(amounts: impl Iterator<Item = &'a Amount>) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut before: Option<Amount> = None;
    for amount in amounts {
        let more = before.map(|before| Amount {
            given: amount.given - before.given,
            got: amount.got - before.got,
            gross: amount.gross - before.gross,
            last_step: 0,
        });
        before = Some(*amount);
        match (runs.last_mut(), more) {
            (Some(run), Some(more)) if run.count == 1 && more.got > 0 => (run.more, run.count) = (more, 2),
            (Some(run), Some(more)) if run.count > 1 && run.more.is_as_much(&more) => run.count += 1,
            (Some(_) | None, _) => {
                runs.push(Run { first: *amount, more: Amount { given: 0, got: 0, gross: 0, last_step: 0 }, count: 1 })
            }
        }
    }
    runs
}

impl Amount {
    fn is_as_much(&self, other: &Self) -> bool {
        (self.given, self.got, self.gross) == (other.given, other.got, other.gross)
    }
}

/// The best ways to bring every number of points up to one, in units: what all numbers are multiples of.
struct Table {
    unit: u64,
    ways: Vec<Way>,
    /// For each source that was taken in: how much of it is given at each place.
    given: Vec<Vec<u64>>,
}

impl Table {
    fn new(most: u64, unit: u64, effort: &mut Effort) -> Result<Self, UsedUp> {
        let places = most / unit + 1;
        effort.take(places / PLACES_AN_AMOUNT)?;
        let mut ways = vec![None; usize::try_from(places).map_err(|_| UsedUp)?];
        ways[0] = Some(Goodness { cost: 0, transfers: 0, slowest: 0 });
        Ok(Self { unit, ways, given: Vec::new() })
    }

    /// With a source more: at each place as before, or with one of its amounts.
    fn take_in(&mut self, source: &Source, runs: &[Run], effort: &mut Effort) -> Result<(), UsedUp> {
        let before = self.ways.clone();
        let mut given = vec![0; before.len()];
        for run in runs {
            effort.take(before.len() as u64 / PLACES_AN_AMOUNT + 1)?;
            let (first, step) = (self.place(run.first.got), self.place(run.more.got).max(1));
            for start in 0..step.min(before.len()) {
                let mut kept = Window::of(run);
                let places = (start..).step_by(step).zip(0_u64..).take_while(|(from, _)| from + first < before.len());
                for (from, turn) in places {
                    kept.pass(turn, before[from]);
                    let Some((way, amount)) = kept.best(turn, source.slow()) else { continue };
                    let to = from + first;
                    if self.ways[to].is_none_or(|known| way < known) {
                        (self.ways[to], given[to]) = (Some(way), amount);
                    }
                }
            }
        }
        self.given.push(given);
        Ok(())
    }

    fn place(&self, points: u64) -> usize {
        usize::try_from(points / self.unit).unwrap_or(usize::MAX)
    }

    /// The best of those that bring enough, and its place.
    fn best(&self, need: u64, worth: i128) -> Option<(Goodness, usize)> {
        let enough = self.place(need.next_multiple_of(self.unit));
        let ways = self.ways.iter().enumerate().skip(enough);
        let left_over = |place: usize| i128::from(place as u64 * self.unit - need);
        let plans = ways.filter_map(|(place, way)| {
            let Goodness { cost, transfers, slowest } = (*way)?;
            Some((Goodness { cost: cost - worth * left_over(place), transfers, slowest }, place))
        });
        plans.min()
    }

    /// What is given for what a place has.
    fn way_to(&self, mut place: usize, sources: &[Source]) -> Vec<(usize, u64)> {
        let mut path = Vec::new();
        for (source, given) in sources.iter().zip(&self.given).rev() {
            let amount = given[place];
            if amount > 0 {
                path.push((source.index(), amount));
                place -= self.place(source.got(amount));
            }
        }
        path.reverse();
        path
    }
}

/// The places from which a run can lead to where one looks, the best first: as one goes on by what an increment brings, one comes in and
/// the last one may go out. What it costs to come from a place grows alike for all of them, so that their order stays.
struct Window<'a> {
    run: &'a Run,
    kept: VecDeque<(u64, Goodness)>,
}

impl<'a> Window<'a> {
    fn of(run: &'a Run) -> Self {
        Self { run, kept: VecDeque::new() }
    }

    /// Goes on by one.
    fn pass(&mut self, turn: u64, way: Way) {
        if self.kept.front().is_some_and(|(first, _)| first + self.run.count <= turn) {
            self.kept.pop_front();
        }
        let Some(way) = way else { return };
        let way = Goodness { cost: way.cost - i128::from(turn) * self.run.more.gross, ..way };
        while self.kept.back().is_some_and(|(_, known)| *known >= way) {
            self.kept.pop_back();
        }
        self.kept.push_back((turn, way));
    }

    /// The best way, and how much of the source it gives.
    fn best(&self, turn: u64, slow: u32) -> Option<(Goodness, u64)> {
        let (from, way) = self.kept.front()?;
        let (first, more) = (&self.run.first, &self.run.more);
        let cost = way.cost + i128::from(turn) * more.gross + first.gross;
        let way = Goodness { cost, transfers: way.transfers + 1, slowest: way.slowest.max(slow) };
        Some((way, first.given + (turn - from) * more.given))
    }
}
