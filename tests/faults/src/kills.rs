//! Every function, killed once at every call that it makes: before it, and after it.

use std::sync::Arc;

use local::gate::CallInfo;
use platform::Trigger;

use crate::{
    Violation,
    conditions::Taken,
    ensure, mails, named,
    outcome::{self, Outcome, difference},
    story::{CHAPTERS, Chapter},
    strikes::{Kill, Recorder, Side},
    workers,
    world::{Setting, World, alone},
};

/// The seed of the tellings that are killed: they go the same way as the one without kills.
pub const SEED: u64 = 7;

/// A chapter without a fault: its calls, and its end.
#[derive(Debug, Clone)]
pub struct Told {
    /// Which one.
    pub chapter: &'static Chapter,
    /// Every call, in order.
    pub calls: Vec<CallInfo>,
    /// What is there in the end.
    pub outcome: Outcome,
}

impl Told {
    /// The calls of a function.
    pub fn calls_of(&self, function: &str) -> usize {
        self.calls.iter().filter(|call| call.function == function).count()
    }
}

/// Tells the story without a fault, chapter by chapter.
///
/// # Errors
/// If one does not come to its end.
pub fn told(seed: u64) -> Result<Vec<Told>, Violation> {
    let in_chapter = |(chapter, Violation(what)): (&Chapter, _)| Violation(format!("{}: {what}", chapter.name));
    let told = CHAPTERS.iter().map(|chapter| tell(chapter, seed).map_err(|violation| in_chapter((chapter, violation))));
    told.collect()
}

fn tell(chapter: &'static Chapter, seed: u64) -> Result<Told, Violation> {
    alone(seed, async {
        let recorder = Arc::new(Recorder::of(seed));
        let world = World::new(Setting::of(seed, recorder.clone())).await;
        chapter.tell(&world).await?;
        let outcome = outcome::read(&world)?;
        ensure(world.redriven() == 0, || "messages died without a fault".to_owned())?;
        let uncertain = outcome::uncertain(&world);
        ensure(uncertain == 0, || format!("{uncertain} mails are uncertain without a fault"))?;
        Ok(Told { chapter, calls: recorder.calls(), outcome })
    })
}

/// A kill to be tried.
#[derive(Debug, Clone, Copy)]
pub struct Spot<'a> {
    /// In which telling.
    pub told: &'a Told,
    /// Whom.
    pub function: &'static str,
    /// At which of its calls, from 1.
    pub call: u64,
    /// Before or after it.
    pub side: Side,
}

impl std::fmt::Display for Spot<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let side = match self.side {
            Side::Before => "before",
            Side::After => "after",
        };
        write!(f, "{}:{}:{}:{side}", self.told.chapter.name, self.function, self.call)
    }
}

/// Every spot of the story.
pub fn spots(story: &[Told]) -> Vec<Spot<'_>> {
    let sides = |told, call: &CallInfo| {
        let (function, call) = (call.function, call.number);
        [Side::Before, Side::After].map(|side| Spot { told, function, call, side })
    };
    story.iter().flat_map(|told| told.calls.iter().flat_map(move |call| sides(told, call))).collect()
}

/// Tells its chapter with one kill. Answers how many messages ended uncertain.
///
/// # Errors
/// If something is lost, doubled, or repeated in silence.
pub fn kill(spot: Spot<'_>, without: Option<Taken>) -> Result<usize, Violation> {
    alone(SEED, async {
        let faults = Arc::new(Kill::of(spot.function, spot.call, spot.side, SEED));
        let world = World::new(Setting { without, ..Setting::of(SEED, faults) }).await;
        spot.told.chapter.tell(&world).await?;
        let outcome = outcome::read(&world)?;
        ensure(world.redriven() == 0, || "one kill made messages dead letters".to_owned())?;
        match difference(&spot.told.outcome, &outcome) {
            Some(difference) => Err(Violation(difference)),
            None => {
                let uncertain = outcome::uncertain(&world);
                ensure(uncertain <= most_uncertain(spot), || format!("{uncertain} mails are uncertain"))?;
                Ok(uncertain)
            }
        }
    })
}

/// Mails that one kill can leave uncertain: those of the sender's batches that are under way at once.
fn most_uncertain(spot: Spot<'_>) -> usize {
    let sender = named(spot.function).filter(|function| mails(*function));
    match sender.map(|function| function.trigger()) {
        Some(Trigger::Queue { batch, .. }) => 2 * usize::from(batch),
        Some(Trigger::Http(_) | Trigger::Schedule { .. }) | None => 0,
    }
}

/// Tries every spot. Answers what came of each.
pub fn try_all<'a>(spots: &[Spot<'a>]) -> Vec<(Spot<'a>, Result<usize, Violation>)> {
    spots.iter().copied().zip(workers::each(spots, |spot| kill(*spot, None))).collect()
}
