#![expect(clippy::unwrap_used, reason = "tests")]

mod late;
mod steps;

use proptest::prelude::*;

use super::*;
use crate::{
    deals::{Assessed, Parts, Subject},
    flights::{FlightOffer, Freshness, Segment, Tier, tests::by_way_of_doha},
    money::Currency,
    time::Zone,
};

fn at(minutes: i64) -> Timestamp {
    "2026-02-17T19:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minutes)
}

fn owner() -> Owner {
    Owner { tenant: "demo".parse().unwrap(), member: ulid::Ulid::from_bytes([1; 16]).into() }
}

fn award(points: u64) -> Fare {
    let taxes = Some(Money::from_minor(4_400, Currency::USD).unwrap());
    Fare::Award { programme: "aadvantage".parse().unwrap(), points: points.try_into().unwrap(), taxes }
}

/// A deal, observed at a minute.
fn deal(fare: Fare, observed: i64) -> Deal {
    let segment = Segment::named("QR740".parse().unwrap());
    let offer = FlightOffer {
        segments: vec![segment],
        seats: Some(2),
        fare,
        freshness: Freshness { source: "seats-aero".parse().unwrap(), observed_at: at(observed), tier: Tier::Verified },
        ..by_way_of_doha()
    };
    Deal::first_seen("demo".parse().unwrap(), Assessed { offer, valuation: None, parts: Parts::default() }, at(observed))
}

fn started(deal: &Deal) -> Booking {
    Booking::start(owner(), deal, None, None, at(0)).unwrap()
}

fn seen(points: u64) -> Look {
    let taxes = Some(Money::from_minor(4_400, Currency::USD).unwrap());
    Look { seen: Some(Seen { points: points.try_into().unwrap(), taxes, seats: Some(2) }), hold: None }
}

/// Where AAdvantage points come from, for who has these.
fn planned(balances: &[(&str, u64)], points: u64) -> Result<FundingPlan, FundingError> {
    use crate::funding::{Terms, plan};
    let balance = |(programme, points): &(&str, u64)| (programme.parse().unwrap(), (*points).try_into().unwrap());
    let balances = balances.iter().map(balance).collect();
    let points = points.try_into().unwrap();
    plan(&"aadvantage".parse().unwrap(), points, &balances, &Default::default(), &Terms::shipped(at(1)))
}

/// What Citi's points are enough for.
fn enough() -> Result<FundingPlan, FundingError> {
    planned(&[("citi-typ", 90_000)], 40_000)
}

#[test]
fn points_are_transferred_only_right_after_the_award_was_seen() {
    let deal = deal(award(40_000), 0);
    let mut booking = started(&deal);
    assert_eq!(booking.transfer(&deal, &enough(), at(1)), Err(BookingError::VerifyFirst));
    booking.verify(&deal, seen(40_000), at(5)).unwrap();
    assert_eq!(booking.clone().transfer(&deal, &enough(), at(15)), Ok(()));
    assert_eq!(booking.transfer(&deal, &enough(), at(16)), Err(BookingError::VerifyFirst));
    booking.verify(&deal, seen(40_000), at(20)).unwrap();
    booking.transfer(&deal, &enough(), at(21)).unwrap();
    assert_eq!(booking.transfer(&deal, &enough(), at(21)), Err(BookingError::Transferred));
    assert_eq!((booking.done(None, at(60)), booking.state), (Ok(()), BookingState::Booked));
}

#[test]
fn a_source_counts_if_it_looked_minutes_ago() {
    let mut booking = started(&deal(award(40_000), 0));
    assert_eq!(booking.verify(&deal(award(40_000), 3), Look::default(), at(14)), Err(BookingError::SeenTooLongAgo(at(3))));
    booking.verify(&deal(award(40_000), 5), Look::default(), at(14)).unwrap();
    assert_eq!(booking.relied_on_until(), Some(at(15)));
}

#[test]
fn what_a_source_has_cached_is_no_look_however_recent() {
    let mut cached = deal(award(40_000), 3);
    let mut booking = started(&cached);
    for tier in [Tier::Cached, Tier::LeadIn] {
        let Subject::Flight(offer) = &mut cached.subject;
        offer.freshness.tier = tier;
        assert_eq!(booking.verify(&cached, Look::default(), at(4)), Err(BookingError::OnlyCached));
    }
    assert_eq!(booking.relied_on_until(), None);
    booking.verify(&cached, seen(40_000), at(4)).unwrap();
}

#[test]
fn what_a_source_saw_before_the_booking_was_begun_is_no_look() {
    let deal = deal(award(40_000), 3);
    let mut booking = Booking::start(owner(), &deal, None, None, at(4)).unwrap();
    assert_eq!(booking.verify(&deal, Look::default(), at(5)), Err(BookingError::SeenBeforeStart(at(3))));
    // Nor is it for one that begins anew.
    let mut again = started(&deal);
    again.verify(&deal, Look::default(), at(4)).unwrap();
    again.abandon(at(5)).unwrap();
    let mut again = Booking::start(owner(), &deal, None, Some(again), at(6)).unwrap();
    assert_eq!(again.verify(&deal, Look::default(), at(7)), Err(BookingError::SeenBeforeStart(at(3))));
}

#[test]
fn nothing_is_booked_where_the_last_look_found_no_seat() {
    let deal = deal(award(40_000), 0);
    let none = Look { seen: seen(40_000).seen.map(|seen| Seen { seats: Some(0), ..seen }), hold: None };
    let mut booking = started(&deal);
    booking.verify(&deal, none, at(1)).unwrap();
    assert_eq!(booking.done(None, at(2)), Err(BookingError::NoSeats));
    booking.verify(&deal, seen(40_000), at(3)).unwrap();
    booking.transfer(&deal, &enough(), at(3)).unwrap();
    booking.verify(&deal, none, at(4)).unwrap();
    assert_eq!(booking.done(None, at(5)), Err(BookingError::NoSeats));
    booking.verify(&deal, seen(40_000), at(6)).unwrap();
    assert_eq!(booking.done(None, at(7)), Ok(()));
}

#[test]
fn what_was_never_transferred_must_be_there() {
    let deal = deal(award(40_000), 0);
    let mut booking = started(&deal);
    booking.verify(&deal, seen(40_000), at(1)).unwrap();
    let missing = |count: u64| Err(BookingError::TooFewThere(count.try_into().unwrap()));
    assert_eq!(booking.done(Some(39_999), at(2)), missing(1));
    assert_eq!(booking.clone().done(Some(40_000), at(2)), Ok(()));
    assert_eq!(booking.clone().done(None, at(2)), Ok(()), "what they have was never said");
    // What is on its way may be there by now, or spent.
    booking.transfer(&deal, &enough(), at(2)).unwrap();
    assert_eq!(booking.done(Some(0), at(3)), Ok(()));
}

/// The kinds of a booking's steps with how far each is, for who has Citi's points alone.
fn steps_of(booking: &Booking, deal: &Deal, minute: i64) -> Vec<(StepKind, StepState)> {
    use crate::funding::{Balances, Terms, plan};
    let balances: Balances = [("citi-typ".parse().unwrap(), 90_000.try_into().unwrap())].into_iter().collect();
    let (terms, locale) = (Terms::shipped(at(minute)), "en".parse().unwrap());
    let plan = plan(&booking.programme, booking.seen.points, &balances, &Default::default(), &terms).unwrap();
    let may_transfer = booking.may_transfer(deal, at(minute));
    booking
        .steps(Some(&plan), &may_transfer, (&locale, &Zone::UTC), at(minute))
        .into_iter()
        .map(|step| (step.kind, step.state))
        .collect()
}

#[test]
fn what_was_transferred_is_not_forgotten_by_giving_up() {
    use StepKind as K;
    use StepState::{Done, Next, ToCome};
    let deal = deal(award(40_000), 0);
    let mut booking = started(&deal);
    booking.verify(&deal, seen(40_000), at(1)).unwrap();
    booking.transfer(&deal, &enough(), at(2)).unwrap();
    booking.abandon(at(3)).unwrap();
    assert_eq!(booking.state, BookingState::Abandoned { transferred_at: Some(at(2)) });
    let mut again = Booking::start(owner(), &deal, None, Some(booking), at(20)).unwrap();
    assert_eq!(again.state, BookingState::Waiting { since: at(2) });
    assert_eq!(again.clone().transfer(&deal, &enough(), at(21)), Err(BookingError::Transferred));
    // Begun anew, it is looked at anew.
    assert_eq!(steps_of(&again, &deal, 21), [(K::Verify, Next), (K::Transfer, Done), (K::Wait, ToCome), (K::Book, ToCome)]);
    assert_eq!(again.clone().done(None, at(21)), Err(BookingError::NotLookedAt));
    again.verify(&deal, seen(40_000), at(22)).unwrap();
    assert_eq!(steps_of(&again, &deal, 23), [(K::Verify, Done), (K::Transfer, Done), (K::Wait, Next), (K::Book, ToCome)]);
    assert_eq!(again.clone().done(None, at(23)), Ok(()));
    // However often it is given up.
    again.abandon(at(24)).unwrap();
    let third = Booking::start(owner(), &deal, None, Some(again), at(25)).unwrap();
    assert_eq!(third.state, BookingState::Waiting { since: at(2) });
}

#[test]
fn that_a_hold_is_over_needs_no_look() {
    let deal = deal(award(40_000), 0);
    let holds = holds::read("header\naadvantage,24,yes,made up,2026-11");
    let mut booking = started(&deal);
    booking.verify_by(&holds, &deal, Look { hold: Some(Some(at(120))), ..seen(40_000) }, at(1)).unwrap();
    booking.verify_by(&holds, &deal, Look { seen: None, hold: Some(None) }, at(5)).unwrap();
    assert_eq!((booking.held_until, booking.may_transfer(&deal, at(6))), (None, Ok(at(11))), "the look still counts");
}

#[test]
fn begun_anew_for_more_what_was_transferred_is_not_all() {
    let deal = deal(award(40_000), 0);
    let mut booking = started(&deal);
    booking.verify(&deal, seen(40_000), at(1)).unwrap();
    booking.transfer(&deal, &enough(), at(2)).unwrap();
    booking.abandon(at(3)).unwrap();
    let again = Booking::start(owner(), &deal, Some(2), Some(booking), at(4)).unwrap();
    assert_eq!((again.state, again.wants_points()), (BookingState::Verify, true));
    let plan = planned(&[("aadvantage", 40_000), ("citi-typ", 90_000)], 80_000).unwrap();
    let reader = (&"en".parse().unwrap(), &Zone::UTC);
    let steps = again.steps(Some(&plan), &again.may_transfer(&deal, at(5)), reader, at(5));
    let told: Vec<_> = steps.iter().map(|step| (step.kind, step.state)).collect();
    assert_eq!(told[..2], [(StepKind::Verify, StepState::Next), (StepKind::Transfer, StepState::Done)]);
    assert!(steps[1].text.contains("40,000 points") && told[2..].iter().all(|(_, state)| *state == StepState::ToCome));
}

#[test]
fn one_that_was_stored_when_one_look_and_no_arrival_were_kept_is_still_read() {
    let deal = deal(award(40_000), 0);
    let mut booking = started(&deal);
    booking.verify(&deal, seen(40_000), at(1)).unwrap();
    for cleared in [serde_json::Value::Null, serde_json::json!({"at": at(1), "points": 40_000})] {
        let mut stored = serde_json::to_value(&booking).unwrap();
        stored["cleared"] = cleared;
        stored["state"]["heldUntil"] = serde_json::json!(at(60));
        stored["sent"] = serde_json::json!({"at": at(2), "points": 40_000});
        let read: Booking = serde_json::from_value(stored).unwrap();
        assert_eq!((read.held_until, read.sent.unwrap().arrival), (None, None));
    }
}

#[test]
fn one_that_was_given_up_before_that_was_told_is_still_read() {
    let read: BookingState = serde_json::from_str(r#"{"at":"abandoned"}"#).unwrap();
    assert_eq!(read, BookingState::Abandoned { transferred_at: None });
}

#[test]
fn a_hold_keeps_what_was_seen() {
    let deal = deal(award(40_000), 0);
    let mut booking = started(&deal);
    let held = |until| Look { hold: Some(Some(at(until))), ..seen(40_000) };
    let holds = holds::read("header\naadvantage,24,yes,made up,2026-11");
    assert_eq!(booking.verify_by(&holds, &deal, held(0), at(1)), Err(BookingError::Hold));
    assert_eq!(booking.verify_by(&holds, &deal, held(24 * 60 + 2), at(1)), Err(BookingError::Hold));
    booking.verify_by(&holds, &deal, held(24 * 60), at(1)).unwrap();
    assert_eq!(booking.transfer(&deal, &enough(), at(23 * 60)), Ok(()));
}

#[test]
fn a_hold_is_believed_only_of_programmes_that_a_source_says_hold_awards() {
    let deal = deal(award(40_000), 0);
    let mut booking = started(&deal);
    let held = Look { hold: Some(Some(at(60))), ..seen(40_000) };
    assert_eq!(booking.verify_by(&Holds::default(), &deal, held, at(1)), Err(BookingError::NoHolds));
    assert_eq!(booking.relied_on_until(), None);
}

#[test]
fn an_award_without_seats_is_not_there() {
    let none = deal(award(40_000), 0);
    let mut booking = started(&none);
    let seats = |seats| Look { seen: seen(40_000).seen.map(|seen| Seen { seats, ..seen }), hold: None };
    booking.verify(&none, seats(Some(2)), at(1)).unwrap();
    booking.verify(&none, seats(Some(0)), at(2)).unwrap();
    assert_eq!((booking.state, booking.seen.seats), (BookingState::Verify, Some(0)));
    assert_eq!(booking.transfer(&none, &enough(), at(2)), Err(BookingError::NoSeats));
    assert!(matches!(booking.changes.as_slice(), [Change::Seats { before: Some(2), now: Some(0) }]));
    // Nor is it by what a source saw before.
    assert_eq!(booking.verify(&none, Look::default(), at(3)), Err(BookingError::NothingNewer(at(0))));
    booking.verify(&none, seats(None), at(4)).unwrap();
    assert_eq!(booking.transfer(&none, &enough(), at(4)), Ok(()));
}

#[test]
fn an_older_look_by_a_source_replaces_no_newer_one() {
    let deal = deal(award(40_000), 2);
    let mut booking = started(&deal);
    booking.verify(&deal, seen(45_000), at(8)).unwrap();
    let known = booking.clone();
    assert_eq!(booking.verify(&deal, Look::default(), at(9)), Err(BookingError::NothingNewer(at(2))));
    assert_eq!((&booking, booking.relied_on_until()), (&known, Some(at(18))));
}

#[test]
fn nothing_is_transferred_once_a_source_sees_that_the_award_is_gone() {
    let mut deal = deal(award(40_000), 0);
    let mut booking = started(&deal);
    booking.verify(&deal, seen(40_000), at(1)).unwrap();
    deal.gone(at(2));
    assert_eq!(booking.transfer(&deal, &enough(), at(3)), Err(BookingError::Gone));
    // The member looked again, and knows better, until another source finds the same.
    booking.verify(&deal, seen(40_000), at(4)).unwrap();
    assert_eq!(booking.clone().transfer(&deal, &enough(), at(5)), Ok(()));
    deal.gone(at(6));
    assert_eq!(booking.transfer(&deal, &enough(), at(7)), Err(BookingError::Gone));
}

#[test]
fn nothing_is_transferred_once_a_source_sees_that_the_award_is_worse() {
    let first = deal(award(40_000), 0);
    let mut booking = started(&first);
    booking.verify(&first, seen(40_000), at(1)).unwrap();
    let seen_again = |points, seats, observed| {
        let mut offer = first.flight().clone();
        (offer.fare, offer.seats, offer.freshness.observed_at) = (award(points), seats, at(observed));
        let mut deal = first.clone();
        assert!(deal.seen_again(Assessed { offer, valuation: None, parts: Parts::default() }, at(observed)));
        deal
    };
    let dearer = seen_again(80_000, Some(2), 2);
    assert_eq!(dearer.id, first.id);
    let worse = [dearer.clone(), seen_again(40_000, Some(0), 2), seen_again(40_000, Some(1), 2)];
    for deal in worse {
        assert_eq!(booking.clone().transfer(&deal, &enough(), at(3)), Err(BookingError::Changed(at(2))));
    }
    for deal in [seen_again(39_000, Some(9), 2), seen_again(40_000, None, 2)] {
        assert_eq!(booking.clone().transfer(&deal, &enough(), at(3)), Ok(()));
    }
    // The member looked again, and knows better; or it asks what they know that it does.
    booking.verify(&dearer, seen(40_000), at(4)).unwrap();
    assert_eq!(booking.clone().transfer(&dearer, &enough(), at(5)), Ok(()));
    booking.verify(&dearer, seen(80_000), at(4)).unwrap();
    assert_eq!(booking.transfer(&seen_again(80_000, Some(2), 5), &enough(), at(6)), Ok(()));
    // Where nobody told of seats, that there is none is worse, and that there is one is not.
    let mut untold = started(&Deal { subject: seen_again(40_000, None, 0).subject, ..first.clone() });
    untold.verify(&first, Look { seen: seen(40_000).seen.map(|seen| Seen { seats: None, ..seen }), hold: None }, at(1)).unwrap();
    assert_eq!(untold.seen.seats, None);
    assert_eq!(untold.clone().transfer(&seen_again(40_000, Some(0), 2), &enough(), at(3)), Err(BookingError::Changed(at(2))));
    assert_eq!(untold.clone().transfer(&seen_again(40_000, Some(1), 2), &enough(), at(3)), Ok(()));
    untold.travellers = 2;
    assert_eq!(untold.transfer(&seen_again(40_000, Some(1), 2), &enough(), at(3)), Err(BookingError::Changed(at(2))));
}

#[test]
fn nothing_is_transferred_once_a_source_sees_that_the_award_costs_more_besides() {
    let first = deal(award(40_000), 0);
    let mut booking = started(&first);
    booking.verify(&first, seen(40_000), at(1)).unwrap();
    let with_taxes = |taxes: Option<&str>| {
        let mut offer = first.flight().clone();
        if let Fare::Award { taxes: besides, .. } = &mut offer.fare {
            *besides = taxes.map(|taxes| taxes.parse().unwrap());
        }
        offer.freshness.observed_at = at(2);
        let mut deal = first.clone();
        assert!(deal.seen_again(Assessed { offer, valuation: None, parts: Parts::default() }, at(2)));
        deal
    };
    booking.seen.taxes = Some("44.10USD".parse().unwrap());
    let transfer = |taxes| booking.clone().transfer(&with_taxes(taxes), &enough(), at(3));
    assert_eq!(transfer(Some("900USD")), Err(BookingError::Changed(at(2))));
    assert_eq!(transfer(Some("44.11USD")), Err(BookingError::Changed(at(2))));
    for no_more in [Some("44.10USD"), Some("5.60USD"), Some("90EUR"), None] {
        assert_eq!(transfer(no_more), Ok(()), "{no_more:?}");
    }
    booking.seen.taxes = None;
    assert_eq!(booking.transfer(&with_taxes(Some("900USD")), &enough(), at(3)), Ok(()), "what it cost before nobody told");
}

#[test]
fn nothing_is_transferred_of_which_nobody_knows_from_where() {
    let deal = deal(award(40_000), 0);
    let mut booking = started(&deal);
    booking.verify(&deal, seen(40_000), at(1)).unwrap();
    assert_eq!(booking.clone().transfer(&deal, &Err(FundingError::TooLarge), at(2)), Err(BookingError::NotPlanned));
    // What the member says that they did is a fact.
    assert_eq!(booking.transferred(at(2), &Err(FundingError::TooLarge), at(3)), Ok(()));
}

#[test]
fn nothing_is_booked_that_has_departed() {
    let mut deal = deal(award(40_000), 0);
    let mut booking = started(&deal);
    booking.verify(&deal, seen(40_000), at(1)).unwrap();
    let Subject::Flight(offer) = &mut deal.subject;
    offer.departs = "2026-02-15T19:02".parse().unwrap();
    assert_eq!(deal.ends(), at(2));
    assert_eq!((deal.is_open(at(1)), deal.is_open(at(2))), (true, false));
    assert_eq!(Booking::start(owner(), &deal, None, None, at(2)), Err(BookingError::Gone));
    assert_eq!(booking.clone().transfer(&deal, &enough(), at(1)), Ok(()));
    assert_eq!(booking.transfer(&deal, &enough(), at(2)), Err(BookingError::Gone));
    // Whoever says they see it.
    assert_eq!(booking.verify(&deal, seen(40_000), at(2)), Err(BookingError::Gone));
    assert_eq!(booking.verify(&deal, Look::default(), at(2)), Err(BookingError::Gone));
}

#[test]
fn nothing_is_transferred_that_would_not_be_enough() {
    let deal = deal(award(40_000), 0);
    let mut booking = started(&deal);
    booking.verify(&deal, seen(40_000), at(1)).unwrap();
    let short = Err(BookingError::TooFewPoints(1_000.try_into().unwrap()));
    assert_eq!(booking.transfer(&deal, &planned(&[("citi-typ", 39_999)], 40_000), at(2)), short);
    assert_eq!(booking.transfer(&deal, &planned(&[("citi-typ", 40_000)], 40_000), at(2)), Ok(()));
}

#[test]
fn nothing_is_transferred_where_all_points_are_there() {
    let deal = deal(award(40_000), 0);
    let mut booking = started(&deal);
    booking.verify(&deal, seen(40_000), at(1)).unwrap();
    let there = planned(&[("aadvantage", 40_000), ("citi-typ", 90_000)], 40_000);
    assert_eq!(booking.transfer(&deal, &there, at(2)), Err(BookingError::NothingToTransfer));
    // One that is not there is: what has happened is taken in.
    assert_eq!(booking.clone().transferred(at(2), &enough(), at(3)), Ok(()));
    assert_eq!(booking.done(Some(40_000), at(3)), Ok(()));
}

/// One for which 40,000 points are on their way since the second minute.
fn waiting(deal: &Deal) -> Booking {
    let mut booking = started(deal);
    booking.verify(deal, seen(40_000), at(1)).unwrap();
    booking.transfer(deal, &enough(), at(2)).unwrap();
    booking
}

#[test]
fn where_the_award_asks_more_than_is_on_its_way_the_rest_is_transferred_on_a_look_of_its_own() {
    let deal = deal(award(40_000), 0);
    let mut booking = waiting(&deal);
    let sent = |minute, points: u64| Some(Sent { at: at(minute), points: points.try_into().unwrap(), arrival: None });
    assert_eq!((booking.sent, booking.wants_points()), (sent(2, 40_000), false));
    booking.verify(&deal, seen(60_000), at(20)).unwrap();
    assert_eq!((booking.sent, booking.wants_points(), booking.may_transfer(&deal, at(21))), (sent(2, 40_000), true, Ok(at(30))));
    let missing = |count: u64| count.try_into().unwrap();
    assert_eq!(booking.clone().done(Some(40_000), at(21)), Err(BookingError::TooFewThere(missing(20_000))));
    let rest = |citi| planned(&[("aadvantage", 40_000), ("citi-typ", citi)], 60_000);
    assert_eq!(booking.clone().transfer(&deal, &rest(5_000), at(21)), Err(BookingError::TooFewPoints(missing(15_000))));
    assert_eq!(booking.clone().transfer(&deal, &rest(50_000), at(31)), Err(BookingError::VerifyFirst));
    // What was transferred before that look is what was told before.
    assert_eq!(booking.clone().transferred(at(19), &enough(), at(21)), Err(BookingError::NotCleared(at(19))));
    booking.transfer(&deal, &rest(50_000), at(21)).unwrap();
    assert_eq!((booking.sent, booking.state), (sent(21, 60_000), BookingState::Waiting { since: at(21) }));
    assert_eq!(booking.done(None, at(22)), Ok(()));
}

#[test]
fn begun_anew_it_has_what_is_left_of_what_was_transferred_for_it() {
    let deal = deal(award(40_000), 0);
    let mut booking = waiting(&deal);
    let points = |count: u64| count.try_into().unwrap();
    assert_eq!(booking.given_up(), None, "it goes on");
    booking.abandon(at(3)).unwrap();
    assert_eq!(booking.given_up().map(|given_up| given_up.points), Some(points(40_000)));
    let on_their_way = BookingState::Waiting { since: at(2) };
    for (is_left, held, state) in [(true, Some(40_000), on_their_way), (false, None, BookingState::Verify)] {
        let before = booking.clone().left_with(is_left);
        let again = Booking::start(owner(), &deal, None, Some(before), at(4)).unwrap();
        assert_eq!((again.held().map(|held| held.points.get()), again.state), (held, state), "{is_left}");
    }
}

proptest! {
    #[test]
    fn what_is_held_is_what_was_sent_as_far_as_it_is_asked(looks in prop::collection::vec((1_u64..80_000, any::<bool>()), 1..8)) {
        let deal = deal(award(40_000), 0);
        let (mut booking, mut asked, mut sent) = (waiting(&deal), 40_000, 40_000);
        let count = |held: Option<Held>| held.map_or(0, |held| held.points.get());
        for (minute, (points, is_left)) in (3..).zip(looks) {
            booking = booking.left_with(is_left);
            booking.verify(&deal, seen(points), at(minute)).unwrap();
            sent = if is_left { sent } else { sent.min(asked) };
            asked = points;
            prop_assert_eq!((count(booking.held()), count(booking.given_up())), (sent.min(asked), sent.saturating_sub(asked)));
            prop_assert_eq!(booking.wants_points(), sent < asked);
        }
    }
}

#[test]
fn where_the_award_asks_no_more_than_is_on_its_way_it_is_waited_for() {
    let deal = deal(award(40_000), 0);
    let mut booking = waiting(&deal);
    let none = Look { seen: seen(60_000).seen.map(|seen| Seen { seats: Some(0), ..seen }), hold: None };
    let states = [(none, false), (seen(60_000), true), (seen(30_000), false), (seen(60_000), true), (seen(40_000), false)];
    for (minute, (look, wants_more)) in (3..).zip(states) {
        booking.verify(&deal, look, at(minute)).unwrap();
        assert_eq!(booking.wants_points(), wants_more, "{look:?}");
        assert_eq!(booking.state == BookingState::Waiting { since: at(2) }, !wants_more, "{look:?}");
    }
    booking.verify(&deal, seen(60_000), at(9)).unwrap();
    booking.abandon(at(10)).unwrap();
    assert_eq!((booking.state, booking.held()), (BookingState::Abandoned { transferred_at: Some(at(2)) }, None));
    let mut again = Booking::start(owner(), &deal, None, Some(booking), at(11)).unwrap();
    assert_eq!(again.state, BookingState::Waiting { since: at(2) });
    again.verify(&deal, seen(60_000), at(12)).unwrap();
    assert!(again.wants_points(), "what was transferred for it was for 40,000");
}

#[test]
fn all_who_travel_need_points_and_seats() {
    let deal = deal(award(40_000), 0);
    let mut booking = Booking::start(owner(), &deal, Some(3), None, at(0)).unwrap();
    assert_eq!((booking.needed().get(), booking.taxes().unwrap().to_string().as_str()), (120_000, "132.00 USD"));
    let seats = |seats| Look { seen: seen(40_000).seen.map(|seen| Seen { seats, ..seen }), hold: None };
    let too_few = Err(BookingError::TooFewSeats(2));
    // A source told of two, and who looks tells of none.
    for look in [seats(Some(2)), seats(None)] {
        booking.verify(&deal, look, at(1)).unwrap();
        assert_eq!((booking.state, booking.relied_on_until()), (BookingState::Verify, None));
        assert_eq!(booking.clone().transfer(&deal, &enough(), at(2)), too_few.clone());
        assert_eq!(booking.clone().done(Some(120_000), at(2)), too_few);
    }
    booking.verify(&deal, seats(Some(3)), at(3)).unwrap();
    let missing = |count: u64| count.try_into().unwrap();
    assert_eq!(booking.clone().done(Some(40_000), at(4)), Err(BookingError::TooFewThere(missing(80_000))));
    booking.transfer(&deal, &planned(&[("citi-typ", 120_000)], 120_000), at(4)).unwrap();
    assert_eq!(booking.held().unwrap().points.get(), 120_000);
    booking
        .verify(
            &deal,
            Look { seen: seats(Some(3)).seen.map(|seen| Seen { points: missing(41_000), ..seen }), ..seats(None) },
            at(5),
        )
        .unwrap();
    assert_eq!((booking.wants_points(), booking.needed().get()), (true, 123_000));
    booking.abandon(at(6)).unwrap();
    // Begun anew it is for as many, or for as many as is said then.
    let again = |travellers| Booking::start(owner(), &deal, travellers, Some(booking.clone()), at(7)).unwrap().travellers;
    assert_eq!((again(None), again(Some(1))), (3, 1));
}

#[test]
fn the_steps_to_the_rest_begin_with_what_is_done() {
    use StepKind as K;
    use StepState::{Done, Next, ToCome};
    let deal = deal(award(40_000), 0);
    let mut booking = waiting(&deal);
    booking.verify(&deal, seen(60_000), at(20)).unwrap();
    let steps = |there, minute| {
        let plan = planned(&[("aadvantage", there), ("citi-typ", 90_000)], 60_000).unwrap();
        booking.steps(Some(&plan), &booking.may_transfer(&deal, at(minute)), (&"en".parse().unwrap(), &Zone::UTC), at(minute))
    };
    let marks = |steps: &[Step]| steps.iter().map(|step| (step.kind, step.state)).collect::<Vec<_>>();
    let more = steps(40_000, 21);
    let expected =
        [(K::Verify, Done), (K::Transfer, Done), (K::Hold, Next), (K::Check, ToCome), (K::Transfer, ToCome), (K::Wait, ToCome)];
    assert_eq!(marks(&more)[..6], expected);
    assert!(more[1].text.contains("40,000 points") && more[1].transfer.is_none(), "{}", more[1].text);
    assert_eq!(more[4].transfer.as_ref().unwrap().give.get(), 20_000);
    assert_eq!(marks(&steps(40_000, 31))[..3], [(K::Verify, Next), (K::Transfer, Done), (K::Hold, ToCome)]);
    // What else is there is enough.
    assert_eq!(marks(&steps(60_000, 21)), [(K::Verify, Done), (K::Transfer, Done), (K::Wait, Next), (K::Book, ToCome)]);
}

#[test]
fn what_changed_is_told_and_is_then_what_is_asked() {
    let deal = deal(award(40_000), 0);
    let mut booking = started(&deal);
    booking.verify(&deal, seen(45_000), at(1)).unwrap();
    let (before, now) = (40_000.try_into().unwrap(), 45_000.try_into().unwrap());
    assert_eq!((booking.changes.as_slice(), booking.seen.points), (&[Change::Points { before, now }][..], now));
    booking.verify(&deal, seen(45_000), at(2)).unwrap();
    assert!(booking.changes.is_empty());
}

#[test]
fn only_awards_that_are_there_are_begun_and_each_once() {
    let mut gone = deal(award(40_000), 0);
    let cash = deal(Fare::Cash { total: Money::from_minor(50_000, Currency::USD).unwrap(), taxes: None }, 0);
    assert_eq!(Booking::start(owner(), &cash, None, None, at(0)), Err(BookingError::NoAward));
    let mut booking = started(&gone);
    assert_eq!(Booking::start(owner(), &gone, None, Some(booking.clone()), at(1)), Err(BookingError::Exists));
    booking.abandon(at(2)).unwrap();
    assert_eq!(
        Booking::start(owner(), &gone, None, Some(booking.clone()), at(3)).map(|booking| booking.state),
        Ok(BookingState::Verify)
    );
    gone.gone(at(4));
    assert_eq!(Booking::start(owner(), &gone, None, Some(booking), at(5)), Err(BookingError::Gone));
}

#[test]
fn nothing_goes_on_once_it_is_over() {
    let deal = deal(award(40_000), 0);
    let mut booking = started(&deal);
    assert_eq!(booking.done(None, at(1)), Err(BookingError::NotLookedAt));
    booking.abandon(at(1)).unwrap();
    let over = Err(BookingError::Over);
    let all = [
        booking.verify(&deal, seen(1), at(1)),
        booking.transfer(&deal, &enough(), at(1)),
        booking.done(None, at(1)),
        booking.abandon(at(1)),
    ];
    assert!(all.into_iter().all(|result| result == over));
}

/// What a member may try.
#[derive(Debug, Clone, Copy)]
enum Try {
    /// That it asks so many points, and perhaps that it is held for so long.
    See(u64, Option<i64>),
    Look,
    Transfer,
    Told(i64),
    Done,
    Abandon,
}

fn price() -> impl Strategy<Value = u64> {
    prop_oneof![3 => Just(40_000), 1 => Just(35_000), 1 => Just(45_000)]
}

fn tries() -> impl Strategy<Value = Vec<(i64, Try)>> {
    let one = prop_oneof![
        6 => price().prop_map(|points| Try::See(points, None)),
        3 => (price(), 1_i64..60).prop_map(|(points, held)| Try::See(points, Some(held))),
        3 => Just(Try::Look),
        6 => Just(Try::Transfer),
        2 => (-12_i64..3).prop_map(Try::Told),
        1 => Just(Try::Done),
        1 => Just(Try::Abandon),
    ];
    proptest::collection::vec((0_i64..12, one), 1..30)
}

proptest! {
    #[test]
    fn whatever_is_tried_nothing_is_transferred_on_what_was_seen_long_ago(tries in tries(), observed in 0_i64..60) {
        let deal = deal(award(40_000), observed);
        let holds = holds::read("header\naadvantage,24,yes,made up,2026-11");
        let (mut booking, mut minute, mut good_until, mut good_from) = (started(&deal), 0, None, None);
        // A hold lasts as long as looks find the same price. Its last ten minutes are as good as none.
        let (mut held_until, mut price) = (0, 40_000);
        for (later, this) in tries {
            minute += later;
            let before = booking.clone();
            let result = match this {
                Try::See(points, held) => {
                    let look = Look { hold: held.map(|held| Some(at(minute + held))), ..seen(points) };
                    booking.verify_by(&holds, &deal, look, at(minute))
                }
                Try::Look => booking.verify(&deal, Look::default(), at(minute)),
                Try::Transfer => booking.transfer(&deal, &enough(), at(minute)),
                Try::Told(after) => booking.transferred(at(minute + after), &enough(), at(minute)),
                Try::Done => booking.done(None, at(minute)),
                Try::Abandon => booking.abandon(at(minute)),
            };
            match (this, &result) {
                (Try::See(points, held), Ok(())) => {
                    held_until = held.map_or(if points == price { held_until } else { 0 }, |held| minute + held);
                    price = points;
                    good_until = Some((held_until - 10).max(minute + 10));
                    good_from = Some(good_from.map_or(minute, |from: i64| from.min(minute)));
                }
                (Try::Look, Ok(())) => {
                    held_until = if price == 40_000 { held_until } else { 0 };
                    price = 40_000;
                    good_until = Some((held_until - 10).max(observed + 10));
                    good_from = Some(good_from.map_or(observed, |from: i64| from.min(observed)));
                }
                (Try::Told(after), Ok(())) => prop_assert!(after <= 0 && good_from.is_some_and(|from| minute + after >= from)),
                (Try::Transfer, Ok(())) => prop_assert!(good_until.is_some_and(|until| minute <= until)),
                (Try::Done | Try::Abandon, Ok(())) | (_, Err(_)) => {}
            }
            if result.is_err() {
                prop_assert_eq!(&booking, &before);
            }
        }
    }
}
