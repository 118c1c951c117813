#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::*;
use crate::{
    answers::{Cause, SearchAnswer, Trouble},
    flights::Cabin,
    search::{SearchQuery, SourceOutcome, SourceReport, Wanted},
};

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_second(1_771_356_240 + minutes * 60).unwrap()
}

fn source(id: &str) -> SourceId {
    id.parse().unwrap()
}

fn airport(code: &str) -> Airport {
    code.parse().unwrap()
}

fn query() -> SearchQuery {
    let days = ("2026-04-27".parse().unwrap(), "2026-04-29".parse().unwrap());
    let (from, to) = ([airport("LAX")].into(), [airport("DXB"), airport("AUH")].into());
    SearchQuery::new(Wanted::AwardFlights, from, to, days, [Cabin::Economy].into(), 1).unwrap()
}

fn part(id: &str, asked: i64, outcome: SourceOutcome) -> Part<crate::flights::FlightOffer> {
    let report = SourceReport { source: source(id), outcome, calls: 1, offers: 0, set_aside: Vec::new() };
    Part { report, asked_at: at(asked), offers: Vec::new(), trouble: None, cut_off: None }
}

fn answered(id: &str, asked: i64) -> Part<crate::flights::FlightOffer> {
    part(id, asked, SourceOutcome::Complete)
}

fn failed(id: &str, asked: i64) -> Part<crate::flights::FlightOffer> {
    Part { trouble: Some(Trouble { at: at(asked), cause: Cause::Unavailable }), ..part(id, asked, SourceOutcome::Failed) }
}

fn answer(parts: Vec<Part<crate::flights::FlightOffer>>) -> SearchAnswer {
    let asked_at = parts.iter().map(|part| part.asked_at).max().unwrap();
    Answer { query: query(), asked_at, lifetime_minutes: 120, parts }
}

fn planned(kept: &SearchAnswer, now: i64, marks: &Marks) -> (Vec<String>, bool) {
    let sources = [source("awards"), source("fares")];
    let Plan { ask, refresh } = plan(Some(kept), &sources, &Look { now: at(now), since: None, marks });
    (ask.iter().map(ToString::to_string).collect(), refresh)
}

fn doubt(stock: Stock) -> Doubt {
    Doubt::Stock { source: None, stock, days: None }
}

fn marked(minute: i64, doubt: Doubt) -> Marks {
    Marks { latest: vec![Mark { at: at(minute), doubt }], unread: Vec::new() }
}

#[test]
fn an_answer_is_shown_then_refreshed_then_asked_for() {
    let kept = answer(vec![answered("awards", 0), answered("fares", 0)]);
    let none = Marks::default();
    assert_eq!(planned(&kept, 119, &none), (vec![], false));
    assert_eq!(planned(&kept, 120, &none), (vec![], true));
    assert_eq!(planned(&kept, 179, &none), (vec![], true));
    assert_eq!(planned(&kept, 180, &none), (vec!["awards".to_owned(), "fares".to_owned()], false));
}

#[test]
fn only_who_has_nothing_fresh_is_asked() {
    let kept = answer(vec![answered("awards", 170), answered("fares", 0)]);
    assert_eq!(planned(&kept, 185, &Marks::default()), (vec!["fares".to_owned()], false));
    assert_eq!(planned(&answer(vec![answered("fares", 0)]), 1, &Marks::default()), (vec!["awards".to_owned()], false));
}

#[test]
fn who_failed_is_left_alone_for_a_while() {
    let kept = answer(vec![failed("awards", 0), answered("fares", 0)]);
    assert_eq!(planned(&kept, 4, &Marks::default()), (vec![], false));
    assert_eq!(planned(&kept, 5, &Marks::default()), (vec!["awards".to_owned()], false));
    // But a watcher's run is planned by its own schedule.
    let look = Look { now: at(4), since: Some(at(-60)), marks: &Marks::default() };
    assert_eq!(plan(Some(&kept), &[source("awards")], &look).ask, [source("awards")]);
}

#[test]
fn what_a_limit_cut_off_is_shown_for_a_minute_and_then_asked_for_again() {
    let limited = |asked, outcome| {
        let trouble = Some(Trouble { at: at(asked), cause: Cause::Limited });
        Part { trouble, ..part("awards", asked, outcome) }
    };
    let awards = vec!["awards".to_owned()];
    let nothing = answer(vec![limited(0, SourceOutcome::Failed), answered("fares", 0)]);
    assert_eq!(planned(&nothing, 0, &Marks::default()), (vec![], false));
    assert_eq!(planned(&nothing, 1, &Marks::default()), (awards.clone(), false));

    let some = answer(vec![limited(0, SourceOutcome::Partial), answered("fares", 0)]);
    assert_eq!(planned(&some, 0, &Marks::default()), (vec![], false));
    assert_eq!(planned(&some, 1, &Marks::default()), (awards.clone(), false));
    // Who is refused once more keeps what there was, and is left alone for another minute.
    let later = Answer::joined(Some(some), answer(vec![limited(1, SourceOutcome::Failed), answered("fares", 1)]));
    assert_eq!(planned(&later, 1, &Marks::default()), (vec![], false));
    assert_eq!(planned(&later, 2, &Marks::default()), (awards, false));
    // What is cut off at a cap of our own is as fresh as all there is.
    let capped = answer(vec![part("awards", 0, SourceOutcome::Partial), answered("fares", 0)]);
    assert_eq!(planned(&capped, 119, &Marks::default()), (vec![], false));
}

#[test]
fn a_source_that_fails_keeps_what_it_gave_with_a_note() {
    let former = answer(vec![answered("awards", 0), answered("fares", 0)]);
    let later = answer(vec![failed("awards", 200), answered("fares", 200)]);
    let kept = Answer::joined(Some(former), later);
    let awards = kept.part(&source("awards")).unwrap();
    assert_eq!((awards.asked_at, awards.trouble.unwrap().at, awards.has_answered()), (at(0), at(200), true));
    assert!(!kept.is_complete_for(&source("awards")) && kept.is_complete_for(&source("fares")));
    let state = |now| state(&kept.query, awards, 120, &Look { now: at(now), since: None, marks: &Marks::default() });
    assert_eq!([state(204), state(24 * 60 - 1), state(24 * 60)], [State::GoodEnough, State::GoodEnough, State::Gone]);
}

#[test]
fn a_mark_is_on_what_was_asked_for_before_it() {
    let kept = answer(vec![answered("awards", 0), answered("fares", 10)]);
    let both = vec!["awards".to_owned(), "fares".to_owned()];
    let route = |to: &str| doubt(Stock::Route(airport("LAX"), airport(to)));
    assert_eq!(planned(&kept, 20, &marked(5, route("AUH"))).0, ["awards"]);
    assert_eq!(planned(&kept, 20, &marked(10, route("AUH"))).0, both);
    assert_eq!(planned(&kept, 20, &marked(15, route("DOH"))).0, [""; 0]);
    assert_eq!(planned(&kept, 20, &marked(15, Doubt::Question(query().key()))).0, both);
    let of_awards = Doubt::Stock {
        source: Some(source("awards")),
        stock: Stock::Route(airport("LAX"), airport("DXB")),
        days: Some(("2026-04-29".parse().unwrap(), "2026-05-02".parse().unwrap())),
    };
    assert_eq!(planned(&kept, 20, &marked(15, of_awards)).0, ["awards"]);
}

#[test]
fn what_nobody_read_is_on_all_that_is_older_and_a_source_speaks_of_none_but_its_own() {
    let kept = answer(vec![answered("awards", 0), answered("fares", 10)]);
    let unread = |teller: Option<&str>, minute| {
        let unread = vec![Unread { teller: teller.map(source), until: at(minute) }];
        planned(&kept, 20, &Marks { latest: Vec::new(), unread }).0
    };
    assert_eq!(unread(None, 5), ["awards"]);
    assert_eq!(unread(None, 10), ["awards", "fares"]);
    assert_eq!(unread(Some("fares"), 10), ["fares"]);
    assert_eq!(unread(Some("fares"), 9), [""; 0]);
    assert_eq!(unread(Some("hotels"), 10), [""; 0]);
}

#[test]
fn days_that_only_touch_are_the_same_day_and_others_are_not() {
    let on = |from: &str, to: &str| {
        let days = Some((from.parse().unwrap(), to.parse().unwrap()));
        let doubt = Doubt::Stock { source: None, stock: Stock::Route(airport("LAX"), airport("DXB")), days };
        Mark { at: at(1), doubt }.is_on(&query(), &answered("awards", 0))
    };
    assert!(on("2026-04-20", "2026-04-27") && on("2026-04-29", "2026-04-29") && on("2026-01-01", "2026-12-31"));
    assert!(!on("2026-04-20", "2026-04-26") && !on("2026-04-30", "2026-05-01"));
}

#[test]
fn what_is_too_large_loses_its_end_and_says_so() {
    let mut kept = answer(vec![answered("awards", 0), answered("fares", 0)]);
    kept.cut();
    assert!(kept.is_complete_for(&source("awards")) && kept.is_complete_for(&source("fares")), "there was nothing to cut");
    assert!(kept.parts.iter().all(|part| part.cut_off.is_none()));
}

#[test]
fn one_member_in_sixteen_is_noted_and_always_as_the_same() {
    let key = query().key();
    let member = |n: u128| Owner { tenant: "demo".parse().unwrap(), member: ulid::Ulid(n).into() };
    let noted: Vec<String> = (0..1_600).filter_map(|n| super::noted(&member(n), &key)).collect();
    assert!((60..140).contains(&noted.len()), "{}", noted.len());
    let different: std::collections::BTreeSet<&String> = noted.iter().collect();
    assert_eq!(different.len(), noted.len());
    let again: Vec<String> = (0..1_600).filter_map(|n| super::noted(&member(n), &key)).collect();
    assert_eq!(again, noted);
    let elsewhere = |n| Owner { tenant: "other".parse().unwrap(), ..member(n) };
    let others: std::collections::BTreeSet<String> = (0..1_600).filter_map(|n| super::noted(&elsewhere(n), &key)).collect();
    assert!(!others.is_empty() && others.iter().all(|who| !different.contains(who)), "a member is of one tenant");
}

#[test]
fn a_life_is_two_to_six_hours() {
    assert_eq!([lifetime(0, 90), lifetime(0, 0), lifetime(200, 90), lifetime(200, 0)], [360, 240, 240, 120]);
    assert_eq!([lifetime(100, 45), lifetime(u32::MAX, i32::MIN), lifetime(0, i32::MAX)], [240, 120, 360]);
}

proptest! {
    #[test]
    fn what_is_asked_for_more_or_is_nearer_lives_no_longer(
        asked in 0_u32..1_000, more in 0_u32..1_000, ahead in -10_i32..400, nearer in 0_i32..400,
    ) {
        let life = lifetime(asked, ahead);
        prop_assert!((SHORTEST..=LONGEST).contains(&life));
        prop_assert!(lifetime(asked + more, ahead) <= life && lifetime(asked, ahead - nearer) <= life);
    }

    #[test]
    fn what_is_marked_is_never_shown_and_the_older_is_never_the_better(
        asked in 0_i64..2_000, later in 0_i64..2_000, now in 0_i64..4_000, mark in 0_i64..4_000, life in SHORTEST..=LONGEST,
    ) {
        let (older, newer) = (answered("awards", asked), answered("awards", asked + later));
        let marks = marked(mark, doubt(Stock::Route(airport("LAX"), airport("DXB"))));
        let unmarked = Marks::default();
        let seen = |part: &Part<_>, marks: &Marks| state(&query(), part, life, &Look { now: at(now), since: None, marks });
        prop_assert!(seen(&newer, &marks) <= seen(&older, &marks));
        prop_assert_eq!(seen(&older, &marks) == State::Gone, asked <= mark || seen(&older, &unmarked) == State::Gone);
    }
}
