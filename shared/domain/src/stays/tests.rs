#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::*;
use crate::{
    answers::{Answer, Cause, Part, Question},
    cancellation::Deadline,
    flights::Tier,
    search::{Asks, Days, SourceOutcome, SourceReport},
};

const BY_CITY: Asks = asks(&[StayBy::City]);
const BY_PLACE: Asks = asks(&[StayBy::Properties, StayBy::Around]);

const fn asks(stays: &'static [StayBy]) -> Asks {
    Asks { party: true, days: Days::Asked, stays }
}

fn position(latitude: &str, longitude: &str) -> Position {
    Position::new(latitude.parse().unwrap(), longitude.parse().unwrap()).unwrap()
}

fn source(id: &str) -> SourceId {
    id.parse().unwrap()
}

fn question(place: StayPlace) -> StayQuery {
    let guests = Guests { adults: 2, child_ages: vec![] };
    StayQuery::new(place, "2026-04-10".parse().unwrap(), 2, guests, Currency::EUR).unwrap()
}

fn city(name: &str) -> City {
    City::named(name).unwrap()
}

/// The place that a source is asked for.
fn put(place: StayPlace, id: &str, asks: Asks) -> Option<StayPlace> {
    question(place).put_to(&source(id), asks, jiff::Timestamp::UNIX_EPOCH).map(|asked| asked.place)
}

fn offer(id: &str, reference: &str, at: Option<Position>) -> StayOffer {
    StayOffer {
        reference: format!("{reference} a room"),
        property: Property { reference: reference.to_owned(), name: None, position: at, address: None, country: None },
        room: Room::default(),
        board: None,
        guests: None,
        checkin: None,
        nights: None,
        price: StayPrice::of(Money::from_minor(100, Currency::EUR).unwrap(), None).unwrap(),
        cancellation: None,
        booking_link: None,
        freshness: Freshness { source: source(id), observed_at: jiff::Timestamp::UNIX_EPOCH, tier: Tier::Verified },
    }
}

fn said(place: &StayPlace, asked: &StayPlace, offers: Vec<StayOffer>) -> (SourceOutcome, Vec<String>) {
    let report =
        SourceReport { source: source("oyo"), outcome: SourceOutcome::Complete, calls: 1, offers: 0, set_aside: Vec::new() };
    let part = Part { report, asked_at: jiff::Timestamp::UNIX_EPOCH, offers, trouble: None, cut_off: None };
    let part = part.answering(&question(place.clone()), &question(asked.clone()));
    assert_eq!(part.report.offers, part.offers.len());
    assert_eq!(part.cut_off, (part.report.outcome == SourceOutcome::Partial).then_some(Cause::Narrowed));
    (part.report.outcome, part.offers.into_iter().map(|offer| offer.property.reference).collect())
}

#[test]
fn what_is_too_large_to_be_kept_says_why_it_is_not_all() {
    let part = |id: &str, offers: Vec<StayOffer>| {
        let report =
            SourceReport { source: source(id), outcome: SourceOutcome::Complete, calls: 1, offers: 0, set_aside: Vec::new() };
        Part { report, asked_at: jiff::Timestamp::UNIX_EPOCH, offers, trouble: None, cut_off: None }
    };
    let parts = vec![
        part("oyo", vec![offer("oyo", "1", None)]),
        part("goibibo", vec![offer("goibibo", "2", None), offer("goibibo", "3", None)]),
    ];
    let query = question(StayPlace::City(city("Goa, IN")));
    let mut answer = Answer { query, asked_at: jiff::Timestamp::UNIX_EPOCH, lifetime_minutes: 120, parts };
    answer.cut();
    let left: Vec<_> = answer.parts.iter().map(|part| (part.offers.len(), part.report.outcome, part.cut_off)).collect();
    assert_eq!(left, [(1, SourceOutcome::Complete, None), (0, SourceOutcome::Partial, Some(Cause::Capped))]);
}

#[test]
fn a_city_is_asked_by_its_name_or_by_where_it_is() {
    let singapore = city("singapore");
    let here = singapore.position().unwrap();
    assert_eq!(singapore.market().unwrap().as_str(), "SG");
    assert_eq!(put(StayPlace::City(singapore.clone()), "trip-com", BY_CITY), Some(StayPlace::City(singapore.clone())));
    let around = StayPlace::Around(here, CITY_KILOMETRES, Some(singapore.clone()));
    assert_eq!(put(StayPlace::City(singapore), "booking-demand", BY_PLACE), Some(around));
    let unknown = city("Port Isaac");
    assert_eq!((unknown.name(), unknown.position(), unknown.market()), ("Port Isaac", None, None));
    assert_eq!(put(StayPlace::City(unknown.clone()), "booking-demand", BY_PLACE), None, "where it is nobody knows here");
    assert!(put(StayPlace::City(unknown), "oyo", BY_CITY).is_some());
}

#[test]
fn a_code_is_no_name_and_a_name_of_several_cities_is_not_guessed() {
    assert_eq!(city("Goa").position(), None, "GOA is Genoa's code");
    assert_eq!(city("San Jose, CR").name(), "San Jose");
    assert!(matches!(City::named("San Jose"), Err(crate::places::Unresolved::Ambiguous(_))));
}

#[test]
fn what_a_list_of_places_offers_is_the_city_that_it_is_or_serves() {
    for (offered, name) in [
        ("SIN", "Singapore"),
        ("metro:SIN", "Singapore"),
        ("LHR", "London"),
        ("metro:LON", "London"),
        ("LON", "London"),
        ("YVR", "Vancouver"),
        ("MCO", "Orlando"),
        ("Orlando, US", "Orlando"),
        ("orlando ", "Orlando"),
        ("London UK", "London"),
    ] {
        let key = |text: &str| question(StayPlace::City(city(text))).key();
        assert_eq!(key(offered), key(name), "{offered}");
    }
    assert_eq!(city("GOA").name(), "Genova", "in capitals it is a code");
    assert_eq!((city("goa").name(), city("goa").position()), ("Goa", None), "a town of no airport is called so");
    for (text, code) in [("metro:QQQ", "unknown-place"), ("Metro : qqq", "unknown-place"), ("country:SG", "not-a-city")] {
        assert_eq!(City::named(text).unwrap_err().code(), code, "{text}");
    }
}

#[test]
fn a_city_is_called_the_same_by_whichever_of_its_names_and_codes_one_asks() {
    for (name, of) in [
        ("New York", &["NYC", "metro:NYC", "JFK", "New York City, US", "nyc", "jfk airport"][..]),
        ("Washington", &["WAS", "Washington DC", "IAD"]),
        ("Moscow", &["MOW", "Moskva", "SVO"]),
        ("Milan", &["MIL", "Milano", "MXP"]),
        ("Medellin", &["MDE", "Medellín", "metro:MDE"]),
        ("Panama City", &["PTY", "metro:PTY", "Panama City, PA", "Tocumen International Airport"]),
        ("Beijing", &["BJS", "Peking", "PEK"]),
        ("Dakar", &["DKR", "DSS"]),
        ("Cincinnati", &["CVG"]),
        ("Vienna", &["VIE", "Wien"]),
        ("Rome", &["ROM", "Roma", "FCO"]),
        ("Brussels", &["Bruxelles", "BRU"]),
        ("Montreal", &["YUL", "Montréal"]),
        ("Florence", &["FLR", "Firenze, IT"]),
        ("Denpasar", &["DPS"]),
        ("Honolulu", &["HNL"]),
        ("Mallorca", &["Majorca"]),
        ("Singapore", &["SIN", "sin", "SIN airport", "sin airport", "Singapore, SG", "SIN, SG"]),
        ("Los Angeles", &["lax ", "LAX", "metro:LAX"]),
    ] {
        for text in of {
            assert_eq!(city(text).name(), name, "{text}");
            assert_eq!(question(StayPlace::City(city(text))).key(), question(StayPlace::City(city(of[0]))).key(), "{text}");
        }
    }
    for (town, by) in [("Rionegro", "MDE"), ("Richmond, CA", "YVR"), ("Baltimore", "BWI"), ("Bali", "DPS"), ("Oahu", "HNL")] {
        assert_ne!(city(town).name(), city(by).name(), "a town beside a city is not the city");
    }
}

#[test]
fn what_may_be_a_code_is_never_asked_for_as_a_name() {
    let offered = |refused: Result<City, crate::places::Unresolved>| refused.map_err(|error| (error.code(), error.to_string()));
    for (text, meant) in [("Sin", "Singapore, SG"), ("Lax", "Los Angeles, US"), ("Singapore airport", "Singapore, SG")] {
        let (code, told) = offered(City::named(text)).unwrap_err();
        assert!(code == "unknown-place" && told.contains(meant), "{text}: {told}");
    }
    for (text, meant) in [("sin", "Singapore, SG"), ("lax", "Los Angeles, US"), ("Den", "Denver, US")] {
        let (code, told) = offered(City::of_words(text)).unwrap_err();
        assert!(code == "unknown-place" && told.contains(meant), "{text}: {told}");
    }
    for words in ["spa", "krk", "Goa", "ski", "art"] {
        assert_eq!((City::of_words(words).unwrap().name(), City::of_words(words).unwrap().position()), (words, None));
    }
    assert_eq!((City::of_words("SIN airport").unwrap(), City::of_words("sin airport").unwrap()), (city("SIN"), city("SIN")));
}

#[test]
fn a_house_that_does_not_say_where_it_is_is_in_a_city_that_no_other_is_called_like() {
    let house = |position: Option<Position>, country: Option<&str>| Property {
        position,
        country: country.map(|country| country.parse().unwrap()),
        ..offer("oyo", "house", None).property
    };
    let (nowhere, here, told) = (house(None, None), house(Some(position("9.9", "-84.1")), None), house(None, Some("CR")));
    let taken = |name: &str| [&nowhere, &here, &told].map(|house| city(name).is_told_by(house));
    assert_eq!(taken("Singapore"), [true; 3]);
    assert_eq!(taken("San Jose, CR"), [false, true, true]);
    assert_eq!(taken("Goa, PH"), [false, true, true]);
    assert_eq!(taken("PDX"), [false, true, false], "there are two in one country");
    let holds = |name: &str, house: &Property| city(name).holds(house);
    assert!(holds("San Jose, CR", &told) && holds("San Jose, CR", &here) && !holds("San Jose, US", &told));
    assert!(!holds("San Jose, US", &here));
}

#[test]
fn words_for_something_to_do_are_a_slip_only_of_a_city_that_many_fly_to() {
    for (slip, meant) in [("Singapor", "Singapore, SG"), ("barcelnoa", "Barcelona, ES"), ("Orlandoo", "Orlando, US")] {
        let refused = City::of_words(slip).unwrap_err();
        assert!(refused.to_string().contains(meant), "{refused}");
    }
    let words = ["wine", "tapas", "yoga", "train", "parks", "taxi", "Alhambra", "graffiti", "tango", "samba", "whales", "Louvre"];
    for words in words {
        let city = City::of_words(words).unwrap();
        assert_eq!((city.name(), city.position()), (words, None));
    }
    assert_eq!(City::of_words("SIN").unwrap(), city("Singapore"));
}

#[test]
fn a_name_that_is_nearly_a_citys_is_no_citys_unless_its_country_is_said() {
    for (slip, meant) in [("Singapor", "Singapore, SG"), ("Barcelnoa", "Barcelona, ES"), ("Jaipurr", "Jaipur, IN")] {
        let refused = City::named(slip).unwrap_err();
        assert_eq!(refused.code(), "unknown-place");
        assert!(refused.to_string().contains(meant), "{refused}");
        assert!(City::named(meant).unwrap().position().is_some(), "what is offered can be sent");
    }
    // Nobody flies there, and nothing is called nearly so.
    for lacking in ["Goa", "Hallstatt", "Port Isaac", "Rothenburg ob der Tauber", "東京"] {
        assert_eq!((city(lacking).name(), city(lacking).position()), (lacking, None));
    }
    let told = city("Singapor, India");
    assert_eq!((told.name(), told.market().unwrap().as_str(), told.position()), ("Singapor", "IN", None));
    assert_eq!(told.words(), "Singapor, India", "nothing else tells which one is meant");
}

#[test]
fn a_city_that_only_its_country_tells_from_others_is_asked_with_its_country() {
    for (said, asked) in [
        ("Goa, PH", "Goa, Philippines"),
        ("Goa, philippines", "Goa, Philippines"),
        ("Singapore, IN", "Singapore, India"),
        ("Singapore, SG", "Singapore"),
        ("London", "London, United Kingdom"),
        ("London, CA", "London, Canada"),
        ("San Jose, US", "San Jose, United States"),
        ("SJO", "San Jose, Costa Rica"),
    ] {
        assert_eq!(city(said).words(), asked);
    }
    let key = |named: &str| question(StayPlace::City(city(named))).key();
    let different = ["Goa", "Goa, PH", "Singapore", "Singapore, IN"].map(key);
    assert_eq!(BTreeSet::from(different.clone()).len(), different.len());
    assert_eq!(key("Goa"), key("Goa, IN"), "the table has its country");
    assert_eq!(city("Goa").market(), city("Goa, India").market());
    assert_eq!(key("GOA,Philippines"), key("Goa, PH"));
}

#[test]
fn what_is_around_a_position_is_asked_of_the_city_there_and_has_to_say_where_it_is() {
    let here = position("1.2903", "103.8519");
    let place = StayPlace::Around(here, 5, City::near(here));
    let asked = put(place.clone(), "trip-com", BY_CITY).unwrap();
    assert_eq!(asked, StayPlace::City(city("Singapore")));
    let (near, far) = (position("1.3000", "103.8500"), position("1.3900", "103.9800"));
    let offers = || vec![offer("oyo", "near", Some(near)), offer("oyo", "far", Some(far)), offer("oyo", "unsaid", None)];
    assert_eq!(said(&place, &asked, offers()), (SourceOutcome::Partial, vec!["near".to_owned()]));
    let itself = (SourceOutcome::Complete, vec!["near".to_owned(), "unsaid".to_owned()]);
    assert_eq!(said(&place, &place, offers()), itself, "who is asked for what is around it knows where that is");
    let sea = position("0", "-30");
    assert_eq!(put(StayPlace::Around(sea, 5, City::near(sea)), "trip-com", BY_CITY), None);
}

#[test]
fn a_house_is_asked_of_each_source_by_its_own_reference() {
    let key = |id: &str, reference: &str| ListingKey { source: source(id), reference: reference.parse().unwrap() };
    let keys = BTreeSet::from([key("booking-demand", "17"), key("oyo", "O-1"), key("goibibo", "17")]);
    let house = |city: Option<City>| StayPlace::Listings(keys.clone(), city);
    let own = StayPlace::Properties(["17".to_owned()].into());
    assert_eq!(put(house(None), "booking-demand", BY_PLACE), Some(own));
    assert_eq!(put(house(None), "expedia-rapid", BY_PLACE), None, "it does not sell it");
    let goa = city("Goa");
    assert_eq!(put(house(Some(goa.clone())), "oyo", BY_CITY), Some(StayPlace::City(goa.clone())));
    assert_eq!(put(house(Some(goa.clone())), "makemytrip", BY_CITY), None);
    assert_eq!(put(house(None), "oyo", BY_CITY), None);
    let offers = vec![offer("oyo", "O-1", None), offer("oyo", "17", None)];
    let (_, found) = said(&house(Some(goa.clone())), &StayPlace::City(goa), offers);
    assert_eq!(found, ["O-1"], "what another source calls so is another house");
}

#[test]
fn a_city_of_the_same_name_elsewhere_is_another_one() {
    let here = StayPlace::City(city("Singapore"));
    let offers =
        vec![offer("oyo", "here", Some(position("1.3", "103.8"))), offer("oyo", "there", Some(position("41.6", "-86.1")))];
    assert_eq!(said(&here, &here, offers).1, ["here"]);
}

proptest! {
    #[test]
    fn where_a_source_is_asked_otherwise_it_is_asked_once_and_for_the_same_nights(
        (latitude, longitude) in (-80_i64..=80, -179_i64..=179), kilometres in 1_u8..=100, has_city in any::<bool>(),
    ) {
        let here = Position::new(latitude.into(), longitude.into()).unwrap();
        let query = question(StayPlace::Around(here, kilometres, has_city.then(|| city("Singapore"))));
        for asks in [BY_CITY, BY_PLACE] {
            if let Some(asked) = query.put_to(&source("oyo"), asks, jiff::Timestamp::UNIX_EPOCH) {
                prop_assert_eq!(&asked.put_to(&source("oyo"), asks, jiff::Timestamp::UNIX_EPOCH), &Some(asked.clone()));
                prop_assert_eq!((asked.checkin, asked.nights, asked.currency), (query.checkin, query.nights, query.currency));
                prop_assert!(query.asked_by(&source("oyo"), StayBy::Properties).is_none());
            }
        }
    }
}

fn usd(minor: i64) -> Money {
    Money::from_minor(minor, Currency::USD).unwrap()
}

fn at_price(total: i64) -> StayOffer {
    StayOffer {
        reference: "r".to_owned(),
        property: Property { reference: "p".to_owned(), name: None, position: None, address: None, country: None },
        room: Room::default(),
        board: None,
        guests: Some(Guests { adults: 2, child_ages: vec![] }),
        checkin: Some("2026-04-01".parse().unwrap()),
        nights: Some(3),
        price: StayPrice::of(usd(total), Some(3)).unwrap(),
        cancellation: None,
        booking_link: None,
        freshness: Freshness {
            source: "a-source".parse().unwrap(),
            observed_at: jiff::Timestamp::UNIX_EPOCH,
            tier: Tier::Verified,
        },
    }
}

fn wrong(change: impl FnOnce(&mut StayOffer)) -> Result<(), Untrusted> {
    let mut offer = at_price(30_000);
    change(&mut offer);
    offer.trusted()
}

#[test]
fn what_can_not_be_is_not_trusted() {
    assert_eq!(wrong(|_| {}), Ok(()));
    assert_eq!(wrong(|offer| offer.price.total = usd(0)), Err(Untrusted::Price));
    assert_eq!(wrong(|offer| offer.price.total = usd(-1)), Err(Untrusted::Price));
    assert_eq!(
        wrong(|offer| offer.price.per_night = Some(usd(100_000_000_100))),
        Err(Untrusted::Price),
        "no night costs so much"
    );
    assert_eq!(wrong(|offer| offer.price.taxes = Some(usd(-1))), Err(Untrusted::Price));
    assert_eq!(wrong(|offer| offer.price.base = Some(usd(30_001))), Err(Untrusted::Sums));
    assert_eq!(wrong(|offer| offer.price.at_property = Some(usd(30_001))), Err(Untrusted::Sums));
    assert_eq!(wrong(|offer| offer.price.fees = Some(Money::zero(Currency::EUR))), Err(Untrusted::Currencies));
    assert_eq!(wrong(|offer| offer.nights = Some(0)), Err(Untrusted::Nights));
    assert_eq!(wrong(|offer| offer.nights = Some(91)), Err(Untrusted::Nights));
    assert_eq!(wrong(|offer| offer.guests = Some(Guests { adults: 0, child_ages: vec![] })), Err(Untrusted::Guests));
    assert_eq!(wrong(|offer| offer.room.left = Some(0)), Err(Untrusted::Gone));
    assert_eq!(wrong(|offer| offer.room.left = Some(1)), Ok(()));
    assert_eq!(StayPrice::of(usd(1), Some(0)), Err(Untrusted::Nights));
}

#[test]
fn what_is_over_is_not_free_to_cancel() {
    let free_until = |until: &str, change: fn(&mut StayOffer)| {
        wrong(|offer| {
            let free_until = Some(Deadline::At(until.parse().unwrap()));
            offer.cancellation = Some(Cancellation { refundable: Some(true), free_until, steps: vec![] });
            change(offer);
        })
    };
    assert_eq!(free_until("2026-03-30T12:00:00Z", |_| {}), Ok(()));
    assert_eq!(free_until("2026-04-06T00:00:00Z", |_| {}), Ok(()), "one leaves on the 4th, and a day is given");
    assert_eq!(free_until("2026-04-06T00:00:01Z", |_| {}), Err(Untrusted::Terms));
    assert_eq!(free_until("2036-04-20T00:00:00Z", |_| {}), Err(Untrusted::Terms));
    assert_eq!(free_until("2026-06-30T00:00:00Z", |offer| offer.nights = None), Ok(()), "90 nights there can be");
    assert_eq!(free_until("2026-07-03T00:00:00Z", |offer| offer.nights = None), Err(Untrusted::Terms));
    assert_eq!(free_until("2036-04-20T00:00:00Z", |offer| offer.checkin = None), Ok(()), "nobody knows when it is");
}

#[test]
fn guests_are_the_same_in_whatever_order_their_children_are_named() {
    assert_eq!(Guests::new(1, vec![10, 7]), Guests::new(1, vec![7, 10]));
    assert_ne!(Guests::new(1, vec![10, 7]), Guests::new(1, vec![7, 9]));
}

#[test]
fn a_question_names_all_its_faults() {
    let faults = StayQuery::new(
        StayPlace::City(city("")),
        "2026-04-01".parse().unwrap(),
        0,
        Guests { adults: 0, child_ages: vec![3, 18] },
        Currency::EUR,
    );
    let faults = faults.unwrap_err();
    let pointers: Vec<&str> = faults.as_slice().iter().map(|fault| fault.pointer.as_str()).collect();
    assert_eq!(pointers, ["/city", "/nights", "/adults", "/childAges/1"]);
}

#[test]
fn an_offer_answers_a_question_unless_it_says_otherwise() {
    let guests = Guests { adults: 2, child_ages: vec![] };
    let place = StayPlace::Properties(["p".to_owned()].into());
    let query = StayQuery::new(place, "2026-04-01".parse().unwrap(), 3, guests, Currency::USD).unwrap();
    assert_eq!(query.checkout(), "2026-04-04".parse().unwrap());
    assert!(query.asks_for(&at_price(1)));
    assert!(query.asks_for(&StayOffer { checkin: None, nights: None, guests: None, ..at_price(1) }));
    assert!(!query.asks_for(&StayOffer { nights: Some(2), ..at_price(1) }));
    let elsewhere = Property { reference: "q".to_owned(), name: None, position: None, address: None, country: None };
    assert!(!query.asks_for(&StayOffer { property: elsewhere, ..at_price(1) }));
}

proptest! {
    #[test]
    fn nights_never_come_to_less_than_the_total(total in 1_i64..1_000_000_000, nights in 1_u8..=MAX_NIGHTS) {
        let price = StayPrice::of(usd(total), Some(nights)).unwrap();
        let all = price.per_night.unwrap().amount() * Decimal::from(nights);
        prop_assert!(all >= price.total.amount());
        prop_assert!(all - price.total.amount() < Decimal::from(nights) / Decimal::ONE_HUNDRED);
    }
}
