#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;

fn segment(flight: &str, (from, departs): (Option<&str>, Option<&str>), (to, arrives): (Option<&str>, Option<&str>)) -> Segment {
    Segment {
        origin: from.map(|code| code.parse().unwrap()),
        destination: to.map(|code| code.parse().unwrap()),
        departs: departs.map(|local| local.parse().unwrap()),
        arrives: arrives.map(|local| local.parse().unwrap()),
        ..Segment::named(flight.parse().unwrap())
    }
}

/// From Los Angeles to Dubai by way of Doha.
pub(crate) fn by_way_of_doha() -> FlightOffer {
    FlightOffer {
        reference: "r".to_owned(),
        origin: "LAX".parse().unwrap(),
        destination: "DXB".parse().unwrap(),
        departs: "2026-04-27T16:20".parse().unwrap(),
        arrives: "2026-04-28T21:25".parse().unwrap(),
        minutes: 1085,
        cabin: Cabin::Economy,
        mixed_cabin: None,
        segments: vec![
            segment("QR740", (Some("LAX"), Some("2026-04-27T16:20")), (Some("DOH"), Some("2026-04-28T17:20"))),
            segment("QR1014", (Some("DOH"), Some("2026-04-28T19:10")), (Some("DXB"), Some("2026-04-28T21:25"))),
        ],
        seats: None,
        fare: Fare::Cash { total: Money::from_minor(37_600, crate::money::Currency::USD).unwrap(), taxes: None },
        booking_link: None,
        valid_until: None,
        freshness: Freshness { source: "duffel".parse().unwrap(), observed_at: Timestamp::UNIX_EPOCH, tier: Tier::Verified },
    }
}

fn with(change: impl FnOnce(&mut Segment, &mut Segment)) -> Result<(), Untrusted> {
    let mut offer = by_way_of_doha();
    let [first, second] = offer.segments.as_mut_slice() else { unreachable!("two flights") };
    change(first, second);
    offer.trusted()
}

fn local(text: &str) -> Option<civil::DateTime> {
    Some(text.parse().unwrap())
}

#[test]
fn each_flight_leaves_before_it_lands_and_the_next_one_after_that() {
    assert_eq!(with(|_, _| {}), Ok(()));
    let wrong = [
        with(|first, second| (first.arrives, second.departs) = (local("2020-01-01T00:00"), local("2031-01-01T00:00"))),
        with(|first, _| first.departs = local("2026-04-27T16:19")),
        with(|first, _| first.arrives = local("2026-04-28T02:20")),
        with(|_, second| second.departs = local("2026-04-28T17:19")),
        with(|_, second| second.departs = local("2026-04-28T20:25")),
        with(|_, second| second.arrives = local("2026-04-28T21:26")),
    ];
    assert_eq!(wrong, [Err(Untrusted::Times); 6]);
}

#[test]
fn clocks_are_those_of_the_airports_and_of_none_where_none_is_known() {
    assert_eq!(with(|first, _| first.arrives = local("2026-04-28T02:21")), Ok(()), "a minute by the clocks of both");
    let nowhere = |first: &mut Segment, second: &mut Segment| (first.destination, second.origin) = (None, None);
    assert_eq!(with(nowhere), Ok(()));
    let late = |first: &mut Segment, second: &mut Segment| {
        nowhere(first, second);
        second.departs = local("2026-04-29T12:00");
    };
    assert_eq!(with(late), Err(Untrusted::Times), "nowhere on earth it is that early");
    assert_eq!(
        with(|first, second| (first.destination, second.departs) = (None, None)),
        Ok(()),
        "it lands where the next leaves"
    );
}

#[test]
fn what_a_source_leaves_out_sets_nothing_aside() {
    let unknown = with(|first, second| {
        (*first, *second) = (Segment::named(first.flight.clone()), Segment::named(second.flight.clone()));
    });
    assert_eq!(unknown, Ok(()));
}

#[test]
fn a_flight_is_written_with_its_instants_and_read_without() {
    let mut flight = by_way_of_doha().segments.remove(0);
    flight.fare_class = Some("I".parse().unwrap());
    let written = serde_json::to_value(&flight).unwrap();
    assert_eq!(
        written,
        serde_json::json!({
            "flight": "QR740", "operatedBy": null, "origin": "LAX", "destination": "DOH", "cabin": null, "fareClass": "I",
            "departs": "2026-04-27T16:20:00", "departsAt": "2026-04-27T23:20:00Z",
            "arrives": "2026-04-28T17:20:00", "arrivesAt": "2026-04-28T14:20:00Z"
        })
    );
    assert_eq!(serde_json::from_value::<Segment>(written).unwrap(), flight);
    let nowhere = serde_json::to_value(Segment { origin: None, ..flight }).unwrap();
    assert_eq!(nowhere.get("departsAt"), None, "what is not known is not made up");
}

#[test]
fn a_fare_class_is_a_code() {
    for (text, is_one) in [("I", true), ("OXZ0RO", true), ("Y/CH25", true), ("", false), ("economy", false), ("A B", false)] {
        assert_eq!(text.parse::<FareClass>().is_ok(), is_one, "{text}");
    }
}

#[test]
fn taxes_are_part_of_a_fare_and_never_negative() {
    let money = |minor, currency| Money::from_minor(minor, currency).unwrap();
    let (usd, eur) = (crate::money::Currency::USD, "EUR".parse().unwrap());
    let cash =
        |taxes| FlightOffer { fare: Fare::Cash { total: money(9_080, usd), taxes: Some(taxes) }, ..by_way_of_doha() }.trusted();
    assert_eq!([0, 9_080].map(|taxes| cash(money(taxes, usd))), [Ok(()); 2]);
    assert_eq!([money(-1, usd), money(9_081, usd), money(1, eur)].map(cash), [Err(Untrusted::Price); 3]);
    let award = |taxes| {
        let fare = Fare::Award { programme: "atmos".parse().unwrap(), points: 7_000.try_into().unwrap(), taxes: Some(taxes) };
        FlightOffer { fare, ..by_way_of_doha() }.trusted()
    };
    assert_eq!([0, -1].map(|taxes| award(money(taxes, usd))), [Ok(()), Err(Untrusted::Price)]);
}

#[test]
fn nobody_asks_for_so_much_or_for_so_few_points() {
    let money = |whole: i64, code: &str| Money::new(whole.into(), code.parse().unwrap()).unwrap();
    let cash = |total| FlightOffer { fare: Fare::Cash { total, taxes: None }, ..by_way_of_doha() }.trusted();
    let (most, too_much) = ([(1_000_000, "USD"), (1_000_000_000, "VND")], [(1_000_001, "USD"), (1_000_000_001, "VND")]);
    assert_eq!(most.map(|(whole, code)| cash(money(whole, code))), [Ok(()); 2]);
    assert_eq!(too_much.map(|(whole, code)| cash(money(whole, code))), [Err(Untrusted::Price); 2]);
    let award = |points: u64, taxes| {
        let fare = Fare::Award { programme: "atmos".parse().unwrap(), points: points.try_into().unwrap(), taxes: Some(taxes) };
        FlightOffer { fare, ..by_way_of_doha() }.trusted()
    };
    assert_eq!(award(100, money(5, "USD")), Ok(()));
    assert_eq!([award(1, money(5, "USD")), award(7_000, money(10_000_000, "USD"))], [Err(Untrusted::Price); 2]);
}

#[test]
fn what_has_run_out_is_no_longer_confirmed() {
    let until: Timestamp = "2026-02-17T20:00:00Z".parse().unwrap();
    let mut offer = FlightOffer { valid_until: Some(until), ..by_way_of_doha() };
    offer.freshness.tier = Tier::Verified;
    let just_before = until - jiff::SignedDuration::from_secs(1);
    assert_eq!((offer.tier_at(just_before), offer.tier_at(until)), (Tier::Verified, Tier::Cached));
    assert_eq!(offer.as_of(until).freshness.tier, Tier::Cached);
    let mut lead_in = by_way_of_doha();
    (lead_in.valid_until, lead_in.freshness.tier) = (Some(until), Tier::LeadIn);
    assert_eq!(lead_in.tier_at(until), Tier::LeadIn, "nothing gains by running out");
}
