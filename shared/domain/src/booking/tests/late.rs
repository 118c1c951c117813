//! What a member says late of what they have transferred.

use super::*;

#[test]
fn what_was_transferred_between_two_looks_counts_for_what_was_told_then() {
    let deal = deal(award(25_000), 0);
    let sent_at = |looks: [u64; 3], then| {
        let mut booking = started(&deal);
        for (minute, points) in [1, 5, 9].into_iter().zip(looks) {
            booking.verify(&deal, seen(points), at(minute)).unwrap();
        }
        booking.transferred(at(then), &enough(), at(12)).unwrap();
        assert_eq!(booking.transferred(at(then), &enough(), at(12)), Err(BookingError::Transferred), "that was said");
        (booking.sent.unwrap().points.get(), booking.wants_points())
    };
    assert_eq!(sent_at([25_000, 40_000, 40_000], 6), (40_000, false), "nobody is told to transfer any of it again");
    assert_eq!(sent_at([40_000, 25_000, 50_000], 6), (25_000, true));
    assert_eq!(sent_at([25_000, 40_000, 50_000], 6), (40_000, true));
    assert_eq!(sent_at([25_000, 40_000, 50_000], 4), (25_000, true));
    assert_eq!(sent_at([25_000, 40_000, 50_000], 9), (50_000, false));
}

#[test]
fn what_was_transferred_in_two_parts_may_be_said_late_part_by_part() {
    let deal = deal(award(25_000), 0);
    let mut booking = started(&deal);
    for (minute, points) in [(1, 25_000), (5, 40_000), (9, 50_000)] {
        booking.verify(&deal, seen(points), at(minute)).unwrap();
    }
    for (then, sent) in [(2, 25_000), (6, 40_000), (10, 50_000)] {
        booking.transferred(at(then), &enough(), at(12)).unwrap();
        assert_eq!(booking.sent.unwrap().points.get(), sent, "at {then}");
    }
    assert_eq!(booking.state, BookingState::Waiting { since: at(10) });
    // Said the other way round, the earlier one tells nothing that is not known.
    let mut dearer_first = started(&deal);
    for (minute, points) in [(1, 40_000), (5, 25_000), (9, 60_000)] {
        dearer_first.verify(&deal, seen(points), at(minute)).unwrap();
    }
    dearer_first.transferred(at(2), &enough(), at(12)).unwrap();
    dearer_first.transferred(at(6), &enough(), at(12)).unwrap();
    assert_eq!(dearer_first.sent.unwrap().points.get(), 40_000, "what was seen to is not less for it");
}

#[test]
fn a_look_in_the_second_of_a_transfer_had_cleared_it() {
    let deal = deal(award(25_000), 0);
    let mut booking = started(&deal);
    let millis = |count| at(1) + SignedDuration::from_millis(count);
    booking.verify(&deal, seen(25_000), millis(537)).unwrap();
    assert_eq!(booking.clone().transferred(millis(645), &enough(), at(2)), Ok(()));
    assert_eq!(booking.clone().transferred(at(1), &enough(), at(2)), Ok(()), "told in whole seconds");
    assert!(booking.transferred(millis(-1), &enough(), at(2)).is_err());
}

#[test]
fn that_points_were_transferred_is_taken_in_however_late_it_is_said() {
    let mut deal = deal(award(40_000), 0);
    let mut booking = started(&deal);
    assert_eq!(booking.transferred(at(0), &enough(), at(0)), Err(BookingError::NotCleared(at(0))), "nobody has looked");
    booking.verify(&deal, seen(40_000), at(1)).unwrap();
    // Gone since, and the look too long ago: what has happened has happened.
    deal.gone(at(10));
    assert_eq!(booking.transfer(&deal, &enough(), at(12)), Err(BookingError::VerifyFirst));
    assert_eq!(booking.transferred(at(0), &enough(), at(12)), Err(BookingError::NotCleared(at(0))));
    assert_eq!(booking.transferred(at(13), &enough(), at(12)), Err(BookingError::NotYet(at(13))));
    let mut late = booking.clone();
    assert_eq!((late.transferred(at(9), &enough(), at(12)), late.state), (Ok(()), BookingState::Waiting { since: at(9) }));
    assert_eq!(late.transferred(at(9), &enough(), at(13)), Err(BookingError::Transferred));
    // Neither a later look makes it undone, nor that there is no seat then, nor giving up.
    let none = Look { seen: seen(40_000).seen.map(|seen| Seen { seats: Some(0), ..seen }), hold: None };
    for look in [seen(40_000), none] {
        let mut later = booking.clone();
        later.verify(&deal, look, at(14)).unwrap();
        assert_eq!((later.transferred(at(9), &enough(), at(15)), later.state), (Ok(()), BookingState::Waiting { since: at(9) }));
    }
    booking.abandon(at(14)).unwrap();
    assert_eq!(booking.clone().transferred(at(9), &enough(), at(15)), Err(BookingError::Over));
    let live = Deal { state: DealState::Live, ..deal };
    let mut again = Booking::start(owner(), &live, None, Some(booking), at(16)).unwrap();
    assert_eq!((again.transferred(at(9), &enough(), at(17)), again.state), (Ok(()), BookingState::Waiting { since: at(9) }));
}

#[test]
fn what_is_said_late_was_transferred_for_what_was_told_then() {
    let deal = deal(award(40_000), 0);
    let mut booking = started(&deal);
    booking.verify(&deal, seen(40_000), at(1)).unwrap();
    booking.verify(&deal, seen(60_000), at(20)).unwrap();
    let points = |count: u64| count.try_into().unwrap();
    assert_eq!([0, 5, 20].map(|minute| booking.told_by(at(minute))), [None, Some(points(40_000)), Some(points(60_000))]);
    let mut on_the_last = booking.clone();
    on_the_last.transferred(at(20), &enough(), at(21)).unwrap();
    assert_eq!((on_the_last.sent.unwrap().points, on_the_last.wants_points()), (points(60_000), false));
    // The rest is transferred on the look that found that it asks more, and may be said late as well.
    booking.transferred(at(5), &enough(), at(21)).unwrap();
    assert_eq!(booking.sent, Some(Sent { at: at(5), points: points(40_000), arrival: None }));
    assert_eq!((booking.wants_points(), booking.may_transfer(&deal, at(21))), (true, Ok(at(30))));
    assert_eq!(booking.clone().transferred(at(5), &enough(), at(22)), Err(BookingError::Transferred), "that was said");
    let mut late = booking.clone();
    late.transferred(at(25), &enough(), at(50)).unwrap();
    booking.transfer(&deal, &planned(&[("aadvantage", 40_000), ("citi-typ", 20_000)], 60_000), at(22)).unwrap();
    for all in [late, booking] {
        assert_eq!((all.sent.unwrap().points, all.wants_points()), (points(60_000), false));
    }
    // Where it asks less by now, all are on their way.
    let mut cheaper = started(&deal);
    cheaper.verify(&deal, seen(40_000), at(1)).unwrap();
    cheaper.verify(&deal, seen(30_000), at(20)).unwrap();
    cheaper.transferred(at(5), &enough(), at(21)).unwrap();
    assert_eq!((cheaper.sent.unwrap().points, cheaper.state), (points(40_000), BookingState::Waiting { since: at(5) }));
}
