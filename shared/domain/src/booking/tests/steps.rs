//! What a member is told to do, and how far that is.

use super::*;
use crate::transfers::TransferTime;

#[test]
fn each_step_is_done_next_or_to_come() {
    use StepKind as K;
    use StepState::{Done, Next, ToCome};
    let deal = deal(award(40_000), 0);
    let mut booking = started(&deal);
    let marks =
        |booking: &Booking, minute| steps_of(booking, &deal, minute).into_iter().map(|(_, state)| state).collect::<Vec<_>>();
    let kinds: Vec<K> = steps_of(&booking, &deal, 0).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, [K::Verify, K::Hold, K::Check, K::Transfer, K::Wait, K::Book]);
    assert_eq!(marks(&booking, 0), [Next, ToCome, ToCome, ToCome, ToCome, ToCome]);
    booking.verify(&deal, seen(40_000), at(1)).unwrap();
    assert_eq!(marks(&booking, 2), [Done, Next, ToCome, ToCome, ToCome, ToCome]);
    assert_eq!(marks(&booking, 12), [Next, ToCome, ToCome, ToCome, ToCome, ToCome], "that look is too long ago");
    booking.verify(&deal, Look { hold: Some(Some(at(70))), ..seen(40_000) }, at(20)).unwrap();
    assert_eq!(marks(&booking, 50), [Done, Done, Next, ToCome, ToCome, ToCome]);
    booking.transfer(&deal, &enough(), at(51)).unwrap();
    assert_eq!(steps_of(&booking, &deal, 52), [(K::Verify, Done), (K::Transfer, Done), (K::Wait, Next), (K::Book, ToCome)]);
    let none = Look { seen: seen(40_000).seen.map(|seen| Seen { seats: Some(0), ..seen }), hold: None };
    booking.verify(&deal, none, at(53)).unwrap();
    assert_eq!(steps_of(&booking, &deal, 54), [(K::Verify, Next), (K::Transfer, Done), (K::Wait, ToCome), (K::Book, ToCome)]);
    booking.verify(&deal, seen(40_000), at(55)).unwrap();
    booking.done(None, at(60)).unwrap();
    assert_eq!(steps_of(&booking, &deal, 61), [(K::Verify, Done), (K::Book, Done)]);
}

#[test]
fn what_may_not_be_transferred_is_not_told_to_be() {
    let deal = deal(award(40_000), 0);
    let mut booking = started(&deal);
    booking.verify(&deal, Look { hold: Some(Some(at(60))), ..seen(40_000) }, at(1)).unwrap();
    let next = |booking: &Booking, deal: &Deal| {
        steps_of(booking, deal, 3).into_iter().find(|(_, state)| *state == StepState::Next).map(|(kind, _)| kind)
    };
    assert_eq!((next(&booking, &deal), booking.may_transfer(&deal, at(3))), (Some(StepKind::Check), Ok(at(50))));
    let (mut gone, mut dearer, mut past) = (deal.clone(), deal.clone(), deal.clone());
    gone.gone(at(2));
    let Subject::Flight(offer) = &mut dearer.subject;
    (offer.fare, offer.freshness.observed_at) = (award(80_000), at(2));
    let Subject::Flight(offer) = &mut past.subject;
    offer.departs = "2026-02-15T19:02".parse().unwrap();
    let causes = [BookingError::Gone, BookingError::Changed(at(2)), BookingError::Gone];
    for (deal, cause) in [gone, dearer, past].iter().zip(causes) {
        assert_eq!((next(&booking, deal), booking.may_transfer(deal, at(3))), (Some(StepKind::Verify), Err(cause.clone())));
        assert_eq!(booking.clone().transfer(deal, &enough(), at(3)), Err(cause), "what is shown is what is done");
    }
}

#[test]
fn once_points_are_on_their_way_nobody_is_told_to_transfer_them() {
    let deal = deal(award(40_000), 0);
    let mut booking = started(&deal);
    booking.verify(&deal, seen(40_000), at(1)).unwrap();
    booking.transfer(&deal, &enough(), at(2)).unwrap();
    for (locale, words) in [("en", "Don't transfer them again."), ("de", "nicht noch einmal.")] {
        // Whatever the balances say by now.
        let steps = booking.steps(None, &booking.may_transfer(&deal, at(3)), (&locale.parse().unwrap(), &Zone::UTC), at(3));
        assert!(steps[1].text.ends_with(words) && steps.iter().all(|step| step.transfer.is_none()), "{steps:#?}");
    }
    booking.abandon(at(4)).unwrap();
    assert_eq!(booking.steps(None, &booking.may_transfer(&deal, at(5)), (&"en".parse().unwrap(), &Zone::UTC), at(5)), []);
}

#[test]
fn a_hold_lasts_until_a_look_speaks_against_it() {
    let deal = deal(award(40_000), 0);
    let holds = holds::read("header\naadvantage,24,yes,made up,2026-11");
    let mut booking = started(&deal);
    booking.verify_by(&holds, &deal, Look { hold: Some(Some(at(120))), ..seen(40_000) }, at(1)).unwrap();
    // The next look says nothing of it. What is about to end is as good as over: points are not there at once.
    booking.verify_by(&holds, &deal, seen(40_000), at(30)).unwrap();
    assert_eq!((booking.held_until, booking.may_transfer(&deal, at(100))), (Some(at(120)), Ok(at(110))));
    assert_eq!(booking.may_transfer(&deal, at(111)), Err(BookingError::VerifyFirst));
    let after = |look: Look| {
        let mut booking = booking.clone();
        booking.verify_by(&holds, &deal, look, at(31)).unwrap();
        booking.held_until
    };
    assert_eq!(after(Look { hold: Some(None), ..seen(40_000) }), None, "it is said to be over");
    assert_eq!(after(Look { hold: Some(Some(at(90))), ..seen(45_000) }), Some(at(90)), "another one");
    let of = |change: fn(Seen) -> Seen| Look { seen: seen(40_000).seen.map(change), hold: None };
    let dearer = Money::from_minor(94_400, Currency::USD).ok();
    assert_eq!(after(of(|seen| Seen { seats: Some(9), taxes: None, ..seen })), Some(at(120)));
    assert_eq!([after(seen(45_000)), after(seen(35_000))], [None; 2], "what is held asks what it asked");
    assert_eq!(after(Look { seen: seen(40_000).seen.map(|seen| Seen { taxes: dearer, ..seen }), hold: None }), None);
    let none = of(|seen| Seen { seats: Some(0), ..seen });
    assert_eq!([after(none), after(Look { hold: Some(Some(at(90))), ..none })], [None; 2], "nobody holds what is not there");
}

#[test]
fn while_points_are_waited_for_the_member_knows_how_long_the_award_is_held() {
    let deal = deal(award(40_000), 0);
    let holds = holds::read("header\naadvantage,24,yes,made up,2026-11");
    let mut booking = started(&deal);
    booking.verify_by(&holds, &deal, Look { hold: Some(Some(at(120))), ..seen(40_000) }, at(1)).unwrap();
    let told = |booking: &Booking, minute| {
        let zone = Zone::try_from("Europe/Berlin".to_owned()).unwrap();
        let reader = (&"en".parse().unwrap(), &zone);
        let plan = enough().unwrap();
        let steps = booking.steps(Some(&plan), &booking.may_transfer(&deal, at(minute)), reader, at(minute));
        steps.into_iter().find(|step| step.kind == StepKind::Wait).unwrap().text
    };
    let held = "The award is held for you until 2026-02-17 22:00 CET; after that it can be gone.";
    assert!(told(&booking, 2).ends_with(held), "before the transfer, too");
    booking.transfer(&deal, &enough(), at(31)).unwrap();
    assert!(told(&booking, 32).ends_with(held));
    assert!(told(&booking, 121).ends_with("The award can be gone by then."));
}

#[test]
fn who_waits_for_points_is_told_by_when_they_come() {
    let measured = "2026-02-01".parse().unwrap();
    let arrival = |usually, latest| Some(Arrival { usually: at(usually), latest: at(latest), as_of: measured });
    let deal = deal(award(40_000), 0);
    let mut booking = started(&deal);
    booking.verify(&deal, seen(40_000), at(1)).unwrap();
    // Of Citi's nobody has measured how long it takes; of Bilt's somebody has.
    let mut unknown = booking.clone();
    unknown.transfer(&deal, &enough(), at(2)).unwrap();
    assert_eq!(unknown.sent.unwrap().arrival, None);
    let mut plan = enough().unwrap();
    plan.transfers[0].time = Some(TransferTime { typical_minutes: 60, worst_minutes: 2_880, as_of: measured });
    booking.transfer(&deal, &Ok(plan.clone()), at(2)).unwrap();
    assert_eq!(booking.sent.unwrap().arrival, arrival(62, 2_882));
    let told = |booking: &Booking, locale: &str, minute| {
        let reader = (&locale.parse().unwrap(), &Zone::UTC);
        booking.steps(None, &booking.may_transfer(&deal, at(minute)), reader, at(minute)).swap_remove(2).text
    };
    let programme = "American Airlines AAdvantage";
    assert_eq!(
        told(&booking, "en", 3),
        format!(
            "Wait until the points are at {programme}: usually by 2026-02-17 20:02 UTC, at the latest by 2026-02-19 19:02 UTC. \
             The award can be gone by then."
        )
    );
    assert!(told(&booking, "de", 3).contains("meist bis 2026-02-17 20:02 UTC, spätestens bis 2026-02-19 19:02 UTC. Die Prämie"));
    assert!(
        told(&booking, "en", 2_943).contains(": they should have been there by 2026-02-19 19:02 UTC, so ask if they are not.")
    );
    assert!(told(&unknown, "en", 3).starts_with(&format!("Wait until the points are at {programme}. The award")));
    // What is transferred on top is waited for as well.
    booking.verify(&deal, seen(60_000), at(10)).unwrap();
    plan.transfers[0].time = Some(TransferTime { typical_minutes: 120, worst_minutes: 180, as_of: measured });
    booking.transfer(&deal, &Ok(plan), at(11)).unwrap();
    assert_eq!(booking.sent.unwrap().arrival, arrival(131, 2_882), "the later of each");
    booking.verify(&deal, seen(70_000), at(12)).unwrap();
    booking.transfer(&deal, &enough(), at(13)).unwrap();
    assert_eq!(booking.sent.unwrap().arrival, None, "of some nobody knows");
}

#[test]
fn what_comes_at_once_is_late_only_after_a_while() {
    let deal = deal(award(40_000), 0);
    let mut booking = started(&deal);
    booking.verify(&deal, seen(40_000), at(1)).unwrap();
    let mut plan = enough().unwrap();
    let measured = "2021-03-04".parse().unwrap();
    plan.transfers[0].time = Some(TransferTime { typical_minutes: 0, worst_minutes: 0, as_of: measured });
    booking.transfer(&deal, &Ok(plan), at(2)).unwrap();
    let told = |locale: &str, minute| {
        let reader = (&locale.parse().unwrap(), &Zone::UTC);
        booking.steps(None, &booking.may_transfer(&deal, at(minute)), reader, at(minute)).swap_remove(2).text
    };
    let at_once = ": usually they are there at once (as measured on 2021-03-04, long ago). The award";
    assert!(told("en", 2).contains(at_once) && told("en", 62).contains(at_once), "{}", told("en", 62));
    assert!(told("de", 3).contains(": meist sind sie sofort da (gemessen am 2021-03-04"), "{}", told("de", 3));
    assert!(told("en", 63).contains("should have been there by 2026-02-17 19:02 UTC, so ask"), "{}", told("en", 63));
}
