#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use jiff::tz::TimeZone;
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::*;
use crate::{
    deals::{Deal, Parts, Weights},
    flights::{Fare, FlightOffer, Freshness, Segment, Tier, tests::by_way_of_doha},
    identity::{MemberState, Role},
    money::Currency,
    sealed::Sealed,
};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn member(plan: Plan) -> Member {
    Member {
        owner: Owner { tenant: "demo".parse().unwrap(), member: ulid::Ulid::from_bytes([1; 16]).into() },
        handle: "demo".parse().unwrap(),
        email: Sealed::new(Vec::new()),
        name: Sealed::new(Vec::new()),
        state: MemberState::Active,
        zone: "America/Los_Angeles".parse().unwrap(),
        locale: "en-US".parse().unwrap(),
        currency: Currency::USD,
        home_airport: None,
        role: Role::Member,
        plan,
        terms: None,
        last_sign_in: None,
        revision: 1,
        version: 1,
    }
}

fn spec() -> WatcherSpec {
    WatcherSpec {
        name: "Dubai".parse().unwrap(),
        wanted: Wanted::AwardFlights,
        from: ["LAX".parse().unwrap()].into(),
        to: ["DXB".parse().unwrap()].into(),
        dates: TravelDates::Around { on: "2026-04-27".parse().unwrap(), flex_days: 1 },
        cabins: [Cabin::Economy].into(),
        travellers: 1,
        filters: Filters::default(),
        telling: Telling::default(),
        schedule: Schedule::Hours { hours: 24, active: None },
    }
}

fn watcher(spec: WatcherSpec) -> Watcher {
    Watcher::create(ulid::Ulid::from_bytes([2; 16]).into(), &member(Plan::Premium), spec, at("2026-02-17T19:24:00Z")).unwrap()
}

fn award(points: u64) -> Fare {
    Fare::Award {
        programme: "aadvantage".parse().unwrap(),
        points: points.try_into().unwrap(),
        taxes: Some(Money::from_minor(4_400, Currency::USD).unwrap()),
    }
}

fn deal(version: u64, fare: Fare) -> Deal {
    let offer = FlightOffer {
        segments: vec![Segment::named("QR740".parse().unwrap())],
        seats: Some(2),
        fare,
        freshness: Freshness {
            source: "seats-aero".parse().unwrap(),
            observed_at: at("2026-02-17T19:23:50Z"),
            tier: Tier::Cached,
        },
        ..by_way_of_doha()
    };
    assert_eq!(offer.trusted(), Ok(()));
    let assessed = crate::deals::Assessed { offer, valuation: None, parts: Parts { convenience: Some(80), ..Parts::default() } };
    let mut deal = Deal::first_seen("demo".parse().unwrap(), assessed, at("2026-02-17T19:24:00Z"));
    (deal.version, deal.changed_in) = (version, version);
    deal
}

fn look(watcher: &Watcher, deal: &Deal, before: Option<MatchState>) -> Verdict {
    judge(watcher, deal, score_for(watcher, deal, &Weights::default()), before, at("2026-02-17T19:25:00Z"))
}

fn told(verdict: Verdict) -> (Option<MatchState>, Option<Reason>) {
    match verdict {
        Verdict::Ignore => (None, None),
        Verdict::Remember(state) => (Some(state), None),
        Verdict::Tell(state, reason) => (Some(state), Some(reason)),
    }
}

fn codes(result: Result<SearchQuery, Faults>) -> Vec<(String, &'static str)> {
    result.expect_err("faults").as_slice().iter().map(|fault| (fault.pointer.clone(), fault.code)).collect()
}

#[test]
fn every_fault_of_a_spec_is_named_at_once() {
    let bad = WatcherSpec {
        to: ["LAX".parse().unwrap()].into(),
        dates: TravelDates::Window { from: "2025-05-02".parse().unwrap(), to: "2025-05-01".parse().unwrap() },
        cabins: [].into(),
        travellers: 0,
        filters: Filters { max_price: Some(Money::from_minor(-1, Currency::USD).unwrap()), ..Filters::default() },
        telling: Telling { min_score: 101, again_when_cheaper_by: 0 },
        schedule: Schedule::Hours { hours: 5, active: None },
        ..spec()
    };
    let found = codes(bad.check(Plan::Free, &Zone::UTC, at("2026-02-17T19:24:00Z")));
    let found: Vec<(&str, &str)> = found.iter().map(|(pointer, code)| (pointer.as_str(), *code)).collect();
    assert_eq!(
        found,
        [
            ("/to", "same-place"),
            ("/dates", "backwards"),
            ("/cabins", "empty"),
            ("/travellers", "out-of-range"),
            ("/dates", "past"),
            ("/filters/maxPrice", "negative"),
            ("/filters/maxPrice", "not-for-awards"),
            ("/telling/minScore", "out-of-range"),
            ("/telling/againWhenCheaperBy", "out-of-range"),
            ("/schedule/hours", "out-of-range"),
            ("/schedule/hours", "plan"),
        ]
    );
}

#[test]
fn a_free_member_watches_at_most_daily() {
    let hourly = WatcherSpec { schedule: Schedule::Hours { hours: 1, active: None }, ..spec() };
    assert!(hourly.check(Plan::Premium, &Zone::UTC, at("2026-02-17T19:24:00Z")).is_ok());
    assert_eq!(codes(hourly.check(Plan::Free, &Zone::UTC, at("2026-02-17T19:24:00Z"))), [("/schedule/hours".to_owned(), "plan")]);
}

#[test]
fn watchers_that_share_a_search_share_its_slots_whatever_their_period() {
    let key = watcher(spec()).search_key;
    let start = at("2026-02-17T00:00:00Z");
    let slots = |hours, count| -> Vec<Slot> {
        let schedule = Schedule::Hours { hours, active: None };
        let next = |after: Timestamp| schedule.next_after(after, spread(&key), &Zone::UTC);
        std::iter::successors(next(start), |slot| next(slot.start())).take(count).collect()
    };
    let hourly = slots(1, 48);
    assert!(slots(24, 2).iter().chain(&slots(6, 8)).all(|slot| hourly.contains(slot)));
}

#[test]
fn a_local_time_stays_local_over_a_daylight_saving_change() {
    let zone: Zone = "America/New_York".parse().unwrap();
    let daily = Schedule::Day { at: "02:30".parse().unwrap() };
    // On 2026-03-08 clocks go from 02:00 to 03:00: the run moves past the gap, and is back the day after.
    let local = |after: &str| zone.local(daily.next_after(at(after), 0, &zone).unwrap().start()).to_string();
    assert_eq!(local("2026-03-07T12:00:00Z"), "2026-03-08T03:30:00");
    assert_eq!(local("2026-03-08T12:00:00Z"), "2026-03-09T02:30:00");
}

#[test]
fn a_watcher_expires_after_its_last_day_and_not_before() {
    let mut watcher = watcher(spec());
    let slot = Slot::of(at("2026-04-28T23:00:00Z"));
    assert!(watcher.take_run(slot, slot.start()), "the last day is 28 April");
    let slot = Slot::of(at("2026-04-29T13:00:00Z"));
    assert!(!watcher.take_run(slot, slot.start()));
    assert_eq!((watcher.state, watcher.next_run), (WatcherState::Expired, None));
    assert_eq!(watcher.pause(slot.start()), Err(WatcherError::Expired));
}

#[test]
fn a_run_now_comes_in_the_next_minute_and_not_twice_in_a_quarter_of_an_hour() {
    let mut watcher = watcher(spec());
    watcher.run_now(at("2026-02-17T20:00:30Z")).unwrap();
    let asked = Slot::of(at("2026-02-17T20:01:00Z"));
    assert_eq!(watcher.next_run, Some(asked));
    assert_eq!(watcher.accepts_answers_of(asked), 7);
    let mut changed = watcher.clone();
    changed.change(&member(Plan::Premium), spec(), at("2026-02-17T20:00:40Z")).unwrap();
    assert_eq!(changed.next_run, Some(asked), "what was promised stays promised");
    assert!(changed.take_run(asked, asked.start()));
    assert!(changed.next_run > Some(asked), "and is kept once");
    assert_eq!(
        watcher.run_now(at("2026-02-17T20:15:29Z")),
        Err(WatcherError::RanRecently { again_at: at("2026-02-17T20:15:30Z") })
    );
    assert!(watcher.run_now(at("2026-02-17T20:15:30Z")).is_ok());
    watcher.pause(at("2026-02-17T21:00:00Z")).unwrap();
    assert_eq!(watcher.run_now(at("2026-02-17T22:00:00Z")), Err(WatcherError::Paused));
    assert_eq!(watcher.next_run, None);
}

#[test]
fn a_find_is_told_once_and_again_only_when_clearly_cheaper() {
    let watcher = watcher(spec());
    let (state, reason) = told(look(&watcher, &deal(1, award(40_000)), None));
    assert_eq!(reason, Some(Reason::Found));
    let (_, reason) = told(look(&watcher, &deal(1, award(40_000)), state.clone()));
    assert_eq!(reason, None, "the same version again");
    let (state, reason) = told(look(&watcher, &deal(2, award(38_500)), state));
    assert_eq!(reason, None, "3.75 % is noise");
    let (state, reason) = told(look(&watcher, &deal(3, award(38_000)), state));
    assert_eq!(reason, Some(Reason::Cheaper), "a slow slide counts against what was told, not against the last look");
    let (_, reason) =
        told(look(&watcher, &deal(4, Fare::Cash { total: Money::from_minor(1, Currency::USD).unwrap(), taxes: None }), state));
    assert_eq!(reason, None, "cash is never cheaper than points");
}

#[test]
fn what_is_kept_anew_as_it_was_is_not_judged_again() {
    let watcher = watcher(spec());
    let (state, _) = told(look(&watcher, &deal(1, award(40_000)), None));
    assert!(state.is_some(), "else this says nothing");
    let anew = Deal { version: 2, ..deal(1, award(40_000)) };
    assert_eq!(look(&watcher, &anew, state), Verdict::Ignore);
}

#[test]
fn it_re_arms_only_after_falling_clearly_back() {
    let watcher = watcher(WatcherSpec {
        filters: Filters { max_points: Some(40_000.try_into().unwrap()), ..Filters::default() },
        ..spec()
    });
    let (state, reason) = told(look(&watcher, &deal(1, award(40_000)), None));
    assert_eq!(reason, Some(Reason::Found));
    let (state, _) = told(look(&watcher, &deal(2, award(41_000)), state));
    let (state, reason) = told(look(&watcher, &deal(3, award(40_000)), state));
    assert_eq!(reason, None, "it was only just above");
    let (state, _) = told(look(&watcher, &deal(4, award(50_000)), state));
    let (state, reason) = told(look(&watcher, &deal(5, award(40_000)), state));
    assert_eq!(reason, Some(Reason::Found), "it fell clearly back in between");
    let mut gone = deal(5, award(40_000));
    assert!(gone.gone(at("2026-02-18T00:00:00Z")));
    let (state, reason) = told(look(&watcher, &gone, state));
    assert_eq!(reason, None);
    assert_eq!(told(look(&watcher, &deal(7, award(40_000)), state)).1, Some(Reason::Found), "what went and came back is news");
}

#[test]
fn an_unknown_never_satisfies_a_filter_on_it() {
    let no_taxes = Fare::Award { programme: "aadvantage".parse().unwrap(), points: 1_000.try_into().unwrap(), taxes: None };
    let limits = Filters { max_taxes: Some(Money::from_minor(10_000, Currency::USD).unwrap()), ..Filters::default() };
    let watcher = watcher(WatcherSpec { filters: limits, ..spec() });
    assert_eq!(look(&watcher, &deal(1, no_taxes), None), Verdict::Ignore);
    let floor = Filters { min_cents_per_point: Some(CentsPerPoint::rounded(Decimal::ZERO)), ..Filters::default() };
    let watcher = self::watcher(WatcherSpec { filters: floor, ..spec() });
    assert_eq!(look(&watcher, &deal(1, award(1_000)), None), Verdict::Ignore);
}

#[test]
fn a_score_below_the_floor_is_not_told() {
    let watcher = watcher(WatcherSpec { telling: Telling { min_score: 95, ..Telling::default() }, ..spec() });
    let deal = deal(1, award(40_000));
    assert!(score_for(&watcher, &deal, &Weights::default()).total < 95);
    assert_eq!(look(&watcher, &deal, None), Verdict::Ignore);
}

fn schedules() -> impl Strategy<Value = Schedule> {
    let time = (0_i8..24, 0_i8..60).prop_map(|(hour, minute)| jiff::civil::time(hour, minute, 0, 0));
    let hours = proptest::sample::select(vec![1_u32, 2, 3, 4, 6, 8, 12, 24]);
    prop_oneof![
        (hours, proptest::option::of((time.clone(), time.clone()))).prop_map(|(hours, active)| Schedule::Hours {
            hours,
            active: active.map(|(from, to)| ActiveHours { from, to }).filter(|active| Schedule::Hours {
                hours: 24,
                active: Some(*active)
            }
            .check(Plan::Free)
            .is_ok()),
        }),
        time.clone().prop_map(|at| Schedule::Day { at }),
        time.prop_map(|at| Schedule::Week { on: Weekday::Wednesday, at }),
    ]
}

proptest! {
    #[test]
    fn the_next_run_lies_ahead_within_a_period_and_in_the_active_hours(schedule in schedules(), second in 1_700_000_000_i64..1_900_000_000, spread: u32) {
        let zone: Zone = "Europe/Berlin".parse().unwrap();
        let after = Timestamp::from_second(second).unwrap();
        let next = schedule.next_after(after, spread, &zone).unwrap();
        prop_assert!(next.start() > after);
        // A day more: active hours can make a run wait, and a daylight saving change can lengthen a day.
        let latest = after + jiff::SignedDuration::from_mins(i64::from(schedule.period_minutes()) + 24 * 60 + 75);
        prop_assert!(next.start() <= latest, "{next} after {after}");
        if let Schedule::Hours { active: Some(active), .. } = schedule {
            let local = TimeZone::get("Europe/Berlin").unwrap().to_datetime(next.start()).time();
            // A change to summer time can push a run of the skipped hour out by that hour.
            let earlier = local.wrapping_sub(1.hours());
            prop_assert!(active.contain(local) || active.contain(earlier), "{local} {active:?}");
        }
    }

    #[test]
    fn judging_again_with_the_remembered_state_tells_nothing(points in 1_u64..100_000, version in 1_u64..9) {
        let watcher = watcher(spec());
        let deal = deal(version, award(points));
        let (state, _) = told(look(&watcher, &deal, None));
        prop_assert_eq!(told(look(&watcher, &deal, state)).1, None);
    }

    #[test]
    fn no_walk_of_prices_tells_twice_without_a_clear_fall_or_a_clear_return(walk in proptest::collection::vec(30_000_u64..60_000, 1..40)) {
        let watcher = watcher(WatcherSpec { filters: Filters { max_points: Some(45_000.try_into().unwrap()), ..Filters::default() }, ..spec() });
        let (mut state, mut last_told, mut clearly_above) = (None, None::<u64>, true);
        for (i, points) in walk.into_iter().enumerate() {
            let (next, reason) = told(look(&watcher, &deal(i as u64 + 1, award(points)), state.clone()));
            match reason {
                Some(Reason::Found) => prop_assert!(clearly_above && points <= 45_000),
                Some(Reason::Cheaper) => prop_assert!(points * 100 <= last_told.unwrap() * 95),
                None => {}
            }
            if reason.is_some() {
                (last_told, clearly_above) = (Some(points), false);
            }
            clearly_above |= points > 47_250;
            state = next.or(state);
        }
    }

    #[test]
    fn what_means_the_same_has_the_same_key(swap: bool, days in 0_u8..30) {
        let on: Date = "2026-04-27".parse().unwrap();
        let around = WatcherSpec { dates: TravelDates::Around { on, flex_days: days }, from: ["metro:LON".parse().unwrap()].into(), ..spec() };
        let (from, to) = around.dates.window();
        let airports = Place::airports(&"LON".parse().unwrap());
        let mut listed: Vec<Place> = airports.into_iter().map(Place::Airport).collect();
        if swap { listed.reverse(); }
        let window = WatcherSpec { dates: TravelDates::Window { from, to }, from: listed.into_iter().collect(), ..spec() };
        prop_assert_eq!(around.query().unwrap().key(), window.query().unwrap().key());
        let wider = WatcherSpec { travellers: 2, ..around.clone() };
        prop_assert_ne!(around.query().unwrap().key(), wider.query().unwrap().key());
    }
}

#[test]
fn a_party_is_told_of_what_it_can_sit_in_and_shares_what_was_asked_for_one() {
    let party = watcher(WatcherSpec { travellers: 3, ..spec() }).query;
    let asks = crate::search::Asks { party: false, days: crate::search::Days::Weeks, stays: &[] };
    let shared = party.asked_of(asks, at("2026-02-17T19:24:00Z"));
    for (seats, has_room) in [(None, true), (Some(0), false), (Some(2), false), (Some(3), true), (Some(9), true)] {
        let offer = FlightOffer { seats, ..deal(1, award(11_000)).flight().clone() };
        assert_eq!(party.asks_for(&offer), has_room, "{seats:?}");
        assert_eq!(shared.asks_for(&offer), seats != Some(0), "what one can sit in is kept for all: {seats:?}");
    }
}
