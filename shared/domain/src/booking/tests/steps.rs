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
    booking.verify(&deal, Look { held_until: Some(at(60)), ..seen(40_000) }, at(20)).unwrap();
    assert_eq!(marks(&booking, 50), [Done, Done, Next, ToCome, ToCome, ToCome]);
    booking.transfer(&deal, &enough(), at(51)).unwrap();
    assert_eq!(steps_of(&booking, &deal, 52), [(K::Verify, Done), (K::Transfer, Done), (K::Wait, Next), (K::Book, ToCome)]);
    let none = Look { seen: seen(40_000).seen.map(|seen| Seen { seats: Some(0), ..seen }), held_until: None };
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
    booking.verify(&deal, Look { held_until: Some(at(60)), ..seen(40_000) }, at(1)).unwrap();
    let next = |booking: &Booking, deal: &Deal| {
        steps_of(booking, deal, 3).into_iter().find(|(_, state)| *state == StepState::Next).map(|(kind, _)| kind)
    };
    assert_eq!((next(&booking, &deal), booking.may_transfer(&deal, at(3))), (Some(StepKind::Check), Ok(at(60))));
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
    let held = Look { held_until: Some(at(120)), ..seen(40_000) };
    let mut booking = started(&deal);
    booking.verify_by(&holds, &deal, held, at(1)).unwrap();
    // The next look says nothing of it.
    booking.verify_by(&holds, &deal, seen(40_000), at(30)).unwrap();
    assert_eq!(booking.may_transfer(&deal, at(100)), Ok(at(120)));
    let mut dearer = booking.clone();
    dearer.verify_by(&holds, &deal, seen(45_000), at(31)).unwrap();
    assert_eq!((dearer.held_until, dearer.relied_on_until()), (None, Some(at(41))), "what is held does not ask more");
    booking.transfer(&deal, &enough(), at(31)).unwrap();
    let told = |booking: &Booking, minute| {
        let zone = Zone::try_from("Europe/Berlin".to_owned()).unwrap();
        let steps = booking.steps(None, &booking.may_transfer(&deal, at(minute)), (&"en".parse().unwrap(), &zone), at(minute));
        steps.into_iter().find(|step| step.kind == StepKind::Wait).unwrap().text
    };
    assert!(told(&booking, 32).ends_with("The award is held for you until 2026-02-17 22:00; after that it can be gone."));
    assert!(told(&booking, 121).ends_with("The award can be gone by then."));
    // Nor does it outlast a look that finds no seat.
    let none = Look { seen: seen(40_000).seen.map(|seen| Seen { seats: Some(0), ..seen }), held_until: None };
    booking.verify_by(&holds, &deal, none, at(33)).unwrap();
    assert_eq!(booking.held_until, None);
}

#[test]
fn who_waits_for_points_is_told_by_when_they_come() {
    let arrival = |usually, latest| Some(Arrival { usually: at(usually), latest: at(latest) });
    let deal = deal(award(40_000), 0);
    let mut booking = started(&deal);
    booking.verify(&deal, seen(40_000), at(1)).unwrap();
    // Of Citi's nobody has measured how long it takes; of Bilt's somebody has.
    let mut unknown = booking.clone();
    unknown.transfer(&deal, &enough(), at(2)).unwrap();
    assert_eq!(unknown.sent.unwrap().arrival, None);
    let mut plan = enough().unwrap();
    let measured = "2026-02-01".parse().unwrap();
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
            "Wait until the points are at {programme}: usually by 2026-02-17 20:02, at the latest by 2026-02-19 19:02. \
             The award can be gone by then."
        )
    );
    assert!(told(&booking, "de", 3).contains("meist bis 2026-02-17 20:02, spätestens bis 2026-02-19 19:02. Die Prämie"));
    assert!(told(&booking, "en", 2_883).contains(": they should have been there by 2026-02-19 19:02, so ask if they are not."));
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
