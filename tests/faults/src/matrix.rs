//! Every function under every fault, by as many seeds as one likes.

use std::{collections::BTreeMap, sync::Arc};

use local::{gate::Faults, machine::functions};
use platform::{Function, Trigger};

use crate::{
    Violation,
    conditions::Taken,
    ensure,
    kills::Told,
    mails, named,
    outcome::{self, difference},
    story,
    strikes::{Recorder, Strikes, Trouble},
    workers,
    world::{Mischief, Setting, World, alone},
};

/// What befalls a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A few of its calls go wrong.
    Struck(Trouble),
    /// Everything reaches it three times: requests and schedules at once, messages now and later.
    Thrice,
    /// Its messages come up to ten minutes late, in another order.
    Late,
    /// There is poison among its messages.
    Poison,
    /// Its clock is so many minutes ahead.
    Clock(i64),
}

impl Fault {
    /// Every fault.
    pub fn all() -> Vec<Self> {
        let struck = Trouble::ALL.into_iter().map(Self::Struck);
        struck.chain([Self::Thrice, Self::Late, Self::Poison, Self::Clock(10), Self::Clock(-10)]).collect()
    }

    /// Its name.
    pub fn name(self) -> String {
        match self {
            Self::Struck(trouble) => trouble.name(),
            Self::Thrice => "thrice".to_owned(),
            Self::Late => "late".to_owned(),
            Self::Poison => "poison".to_owned(),
            Self::Clock(minutes) => format!("clock{minutes:+}"),
        }
    }

    fn befalls(self, function: &'static dyn Function, told: &Told) -> bool {
        let name = function.spec().name;
        match self {
            Self::Struck(trouble) => told.calls.iter().any(|call| call.function == name && trouble.befalls(call)),
            Self::Thrice | Self::Clock(_) => true,
            Self::Late | Self::Poison => matches!(function.trigger(), Trigger::Queue { .. }),
        }
    }

    fn mischief(self, function: &'static str) -> Mischief {
        let none = Mischief { function, ..Mischief::default() };
        match self {
            Self::Struck(_) => none,
            Self::Thrice => Mischief { thrice: true, ..none },
            Self::Late => Mischief { late: true, ..none },
            Self::Poison => Mischief { poison: true, ..none },
            Self::Clock(minutes) => Mischief { skew_minutes: minutes, ..none },
        }
    }

    fn may_park(self) -> bool {
        matches!(self, Self::Struck(trouble) if trouble.may_park())
    }
}

/// A function under a fault.
#[derive(Debug, Clone, Copy)]
pub struct Cell<'a> {
    /// In which chapter.
    pub told: &'a Told,
    /// Whom.
    pub function: &'static str,
    /// What befalls it.
    pub fault: Fault,
}

impl std::fmt::Display for Cell<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/{}", self.told.chapter.name, self.function, self.fault.name())
    }
}

/// Every function with every fault that can befall it, in every chapter in which it has work.
pub fn cells<'a>(story: &'a [Told]) -> Vec<Cell<'a>> {
    let of = |told, function: &'static dyn Function| {
        let befall = Fault::all().into_iter().filter(move |fault| fault.befalls(function, told));
        befall.map(move |fault| Cell { told, function: function.spec().name, fault })
    };
    let of_chapter = |told: &'a Told| {
        let working = functions().into_iter().filter(|function| told.calls_of(function.spec().name) > 0);
        working.flat_map(move |function| of(told, function))
    };
    story.iter().flat_map(of_chapter).collect()
}

/// Troubles that a function's grants say can befall it, and that no call of the story is there for.
pub fn never_struck(story: &[Told]) -> Vec<String> {
    let befallen = |name, trouble: Trouble| {
        story.iter().any(|told| told.calls.iter().any(|call| call.function == name && trouble.befalls(call)))
    };
    let mut never = Vec::new();
    for function in functions() {
        let name = function.spec().name;
        let can = |trouble: &Trouble| function.grants().iter().any(|grant| trouble.befalls_grant(grant));
        never.extend(
            Trouble::ALL
                .into_iter()
                .filter(can)
                .filter(|trouble| !befallen(name, *trouble))
                .map(|trouble| format!("{name}/{}", trouble.name())),
        );
    }
    never
}

/// How a telling under a fault went.
#[derive(Debug, Clone, Copy, Default)]
pub struct Went {
    /// Calls that were struck, or what else was done.
    pub struck: usize,
    /// Messages whose outcome is uncertain.
    pub uncertain: usize,
    /// Dead letters that had to be sent round again.
    pub redriven: usize,
}

/// Tells the story with a function under a fault.
///
/// # Errors
/// If the end is another one than without the fault.
pub fn run(cell: Cell<'_>, seed: u64, without: Option<Taken>) -> Result<Went, Violation> {
    let strikes = match cell.fault {
        Fault::Struck(trouble) => {
            let of = cell.told.calls.iter().filter(|call| call.function == cell.function && trouble.befalls(call)).count();
            Some(Arc::new(Strikes::of(cell.function, trouble, of, seed)))
        }
        Fault::Thrice | Fault::Late | Fault::Poison | Fault::Clock(_) => None,
    };
    let faults: Arc<dyn Faults> = match &strikes {
        Some(strikes) => strikes.clone(),
        None => Arc::new(Recorder::of(seed)),
    };
    alone(seed, async {
        let mischief = cell.fault.mischief(cell.function);
        let world = World::new(Setting { seed, faults, mischief, without }).await;
        cell.told.chapter.tell(&world).await?;
        let mut should = cell.told.outcome.clone();
        if !world.looks_are_fresh() {
            should.remove(story::TRANSFERRED);
        }
        if let Some(difference) = difference(&should, &outcome::read(&world)?) {
            return Err(Violation(difference));
        }
        let parked = world.redriven();
        ensure(parked == 0 || cell.fault.may_park(), || format!("{parked} messages died of what passes"))?;
        let struck = strikes.map_or(world.meddled(), |strikes| strikes.struck());
        let uncertain = outcome::uncertain(&world);
        cell.is_rightly_uncertain(uncertain, struck)?;
        Ok(Went { struck, uncertain, redriven: parked })
    })
}

/// A telling that did not end as it should.
#[derive(Debug)]
pub struct Failed<'a> {
    /// Under which fault.
    pub cell: Cell<'a>,
    /// By which seed.
    pub seed: u64,
    /// What is wrong.
    pub violation: Violation,
}

/// What came of the tellings under one fault.
#[derive(Debug, Default)]
pub struct Line {
    /// Calls that were struck, or what else was done, over all tellings.
    pub struck: usize,
    /// Functions under it.
    pub cells: usize,
    /// Tellings.
    pub runs: usize,
    /// Messages whose outcome is uncertain, over all tellings.
    pub uncertain: usize,
    /// Dead letters sent round again, over all tellings.
    pub redriven: usize,
}

/// Runs every cell by every seed.
pub fn run_all<'a>(cells: &[Cell<'a>], seeds: &[u64]) -> (BTreeMap<String, Line>, Vec<Failed<'a>>) {
    let runs: Vec<(Cell<'_>, u64)> = cells.iter().flat_map(|cell| seeds.iter().map(|seed| (*cell, *seed))).collect();
    let results = workers::each(&runs, |(cell, seed)| run(*cell, *seed, None));
    let mut lines: BTreeMap<String, Line> = BTreeMap::new();
    for cell in cells {
        lines.entry(cell.fault.name()).or_default().cells += 1;
    }
    let mut failed = Vec::new();
    let mut struck: BTreeMap<String, usize> = BTreeMap::new();
    for ((cell, seed), result) in runs.into_iter().zip(results) {
        let line = lines.entry(cell.fault.name()).or_default();
        line.runs += 1;
        match result {
            Ok(went) => {
                line.struck += went.struck;
                *struck.entry(cell.to_string()).or_default() += went.struck;
                line.uncertain += went.uncertain;
                line.redriven += went.redriven;
            }
            Err(violation) => failed.push(Failed { cell, seed, violation }),
        }
    }
    // A cell in which nothing was done says nothing. Few seeds may miss a few calls.
    if seeds.len() >= ENOUGH {
        let idle = cells.iter().filter(|cell| struck.get(&cell.to_string()) == Some(&0));
        let violation = || Violation("by no seed anything was struck".to_owned());
        failed.extend(idle.map(|cell| Failed { cell: *cell, seed: 0, violation: violation() }));
    }
    (lines, failed)
}

/// Whose messages are kept with what became of them.
const ALERTS: &str = "notifications-send-email";
/// So many seeds strike every cell.
const ENOUGH: usize = 10;

impl Cell<'_> {
    /// Whether so many messages may be uncertain, after so many strikes.
    fn is_rightly_uncertain(self, uncertain: usize, struck: usize) -> Result<(), Violation> {
        let so = match self.fault {
            // Each of them, and no other. Mails about an account are asked for again by whoever waits: they are counted, not kept.
            Fault::Struck(Trouble::MailAnswerLost) => uncertain == if self.function == ALERTS { struck } else { 0 },
            Fault::Struck(trouble) if trouble.may_leave_uncertain() && named(self.function).is_some_and(mails) => true,
            Fault::Struck(_) | Fault::Thrice | Fault::Late | Fault::Poison | Fault::Clock(_) => uncertain == 0,
        };
        ensure(so, || format!("{uncertain} messages are uncertain after {struck} strikes"))
    }
}
