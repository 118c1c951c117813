//! What a recommendation over the whole catalogue takes, one core: `cargo bench -p load --bench cards`. The median is held against
//! its budget of five milliseconds (the slowest say how busy the machine is); next to it, what it takes merely to sort the catalogue
//! by its bonuses.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "what was measured")]

use std::{
    cmp::Reverse,
    hint::black_box,
    time::{Duration, Instant},
};

use domain::{
    cards::{
        CardKind, CardsHeld, Catalogue, Category, Elsewhere, HeldCard, Reach, Situation, Spending, Wish, WishedBy, recommend,
    },
    ids::{WatcherId, derived},
    money::ProgrammeId,
    transfers::partners,
    value::Valuations,
};
use jiff::{ToSpan, civil::date};

const ROUNDS: usize = 2_000;
const BUDGET: Duration = Duration::from_millis(5);

fn main() {
    let catalogue = Catalogue::shipped();
    let sorted = median_and_p99(|| {
        let mut cards: Vec<_> = catalogue.cards().collect();
        cards.sort_by_key(|card| Reverse(card.bonus.map(|bonus| bonus.points)));
        black_box(cards);
    });
    let reach: Reach = partners().iter().map(|partner| (partner.from.clone(), partner.to.clone())).collect();
    let (held, wishes, worth, today) = (busy(catalogue), plans(), Valuations::default(), date(2026, 11, 21));
    let situation = Situation { held: &held, wishes: &wishes, reach: &reach, worth: &worth, today };
    let advised = median_and_p99(|| {
        black_box(recommend(black_box(catalogue), black_box(situation)));
    });
    println!(
        "{} cards, {} plans, {} cards held, median and p99: a recommendation {advised:?}, a bare sort {sorted:?}",
        catalogue.cards().count(),
        wishes.len(),
        held.held.len()
    );
    assert!(advised.0 < BUDGET, "a recommendation takes more than {BUDGET:?}");
}

fn median_and_p99(run: impl Fn()) -> (Duration, Duration) {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let started = Instant::now();
            run();
            started.elapsed()
        })
        .collect();
    times.sort_unstable();
    (times[ROUNDS / 2], times[ROUNDS * 99 / 100])
}

/// Someone with twenty cards of the catalogue, ten others, and a word on all that they spend.
fn busy(catalogue: &Catalogue) -> CardsHeld {
    let opened = |n: usize| date(2026, 1, 1).saturating_sub(i64::try_from(n * 60).unwrap().days());
    let held = catalogue.cards().step_by(2).take(20).enumerate();
    CardsHeld {
        held: held.map(|(n, card)| HeldCard { card: card.id.clone(), opened: opened(n), closed: None, bonus_on: None }).collect(),
        elsewhere: (0..10).map(|n| Elsewhere { opened: opened(n + 15), kind: CardKind::Personal, issuer: None }).collect(),
        spending: Category::ALL.iter().map(|category| Spending { category: *category, usd_a_year: 5_000 }).collect(),
        business: true,
        country: None,
    }
}

/// As many plans as there can be watchers and finds, each of which several programmes would serve.
fn plans() -> Vec<Wish> {
    let programmes: Vec<ProgrammeId> = partners().iter().map(|partner| partner.to.clone()).collect();
    (0..45)
        .map(|n: usize| Wish {
            by: WishedBy::Watcher(derived::<WatcherId>(&[&n.to_string()])),
            any_of: programmes.iter().skip(n * 2).step_by(7).take(4).cloned().collect(),
            points: None,
            travellers: 1,
            in_hand: false,
        })
        .collect()
}
