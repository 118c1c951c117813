#![expect(clippy::unwrap_used, reason = "tests")]

use std::{collections::BTreeMap, sync::LazyLock};

use proptest::{prelude::*, sample::subsequence};

use super::*;
use crate::{
    activities::ActivityQuery,
    money::Currency,
    places::{Place, resolve},
    properties::ListingKey,
    stays::{City, Guests, Position, StayPlace, StayQuery},
};

const ORIGINS: [&str; 5] = ["LAX", "LHR", "LGW", "JFK", "EWR"];
const DESTINATIONS: [&str; 4] = ["DXB", "HND", "NRT", "CDG"];

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn airports(codes: &[&str]) -> BTreeSet<Airport> {
    codes.iter().map(|code| code.parse().unwrap()).collect()
}

/// Few of everything, so that two questions are often nearly the same.
fn question() -> impl Strategy<Value = SearchQuery> {
    let sides = (subsequence(ORIGINS.to_vec(), 1..=3), subsequence(DESTINATIONS.to_vec(), 1..=2));
    let cabins = subsequence(Cabin::ALL.to_vec(), 1..=2);
    (any::<bool>(), sides, 0_i64..4, 0_i64..4, cabins, 1_u8..=3).prop_map(
        |(award, (from, to), first, more, cabins, travellers)| {
            let wanted = if award { Wanted::AwardFlights } else { Wanted::CashFlights };
            let first = day("2026-04-27").saturating_add(first.days());
            let days = (first, first.saturating_add(more.days()));
            SearchQuery::new(wanted, airports(&from), airports(&to), days, cabins.into_iter().collect(), travellers).unwrap()
        },
    )
}

/// The ways to write where these come from: in any case, order and number, one by one or by the name of all of them.
fn written(airport: &'static str) -> impl Strategy<Value = String> {
    let ways: &[&str] = match airport {
        "LAX" => &["LAX", "lax ", "Los Angeles", "los  ANGELES", "Los Ángeles, US", "los angeles, united states"],
        "DXB" => &["DXB", " dxb", "Dubai International Airport"],
        "SFO" => &["SFO", "San Francisco", "san-francisco", "San Francisco International"],
        _ => &["YUL", "Montréal", "montreal", "Montreal, CA"],
    };
    proptest::sample::select(ways.to_vec()).prop_map(str::to_owned)
}

proptest! {
    #[test]
    fn two_questions_have_one_key_if_they_mean_the_same_and_only_then(one in question(), other in question()) {
        prop_assert_eq!(one == other, one.key() == other.key(), "{} / {}", one, other);
    }

    #[test]
    fn however_a_place_is_written_and_however_often_the_question_is_the_same(
        lists in ["LAX", "SFO", "YUL"].map(|airport| proptest::collection::vec(written(airport), 1..3)),
        to in written("DXB"),
        turned in any::<bool>(),
    ) {
        let asked = |from: &[String]| {
            let from = from.iter().flat_map(|text| resolve(text).unwrap().airports()).collect();
            let to = resolve(&to).unwrap().airports().into_iter().collect();
            let days = (day("2026-04-27"), day("2026-04-27"));
            SearchQuery::new(Wanted::AwardFlights, from, to, days, [Cabin::Economy].into(), 1).unwrap()
        };
        let mut from = lists.concat();
        if turned {
            from.reverse();
        }
        let plain = ["LAX", "SFO", "YUL"].map(str::to_owned);
        prop_assert_eq!(asked(&from).key(), asked(&plain).key());
    }

    #[test]
    fn what_a_source_is_asked_covers_the_question_and_is_the_same_for_all_it_covers(
        one in question(), other in question(), party in any::<bool>(), now in 0_i64..12,
    ) {
        let now = at("2026-04-24T10:00:00Z").saturating_add(now.days().days(0)).unwrap().saturating_add((now * 24).hours()).unwrap();
        for days in [Days::Asked, Days::Weeks, Days::Months] {
            let asks = Asks { party, days, stays: &[] };
            let (asked, others) = (one.asked_of(asks, now), other.asked_of(asks, now));
            prop_assert!(asked.first_day <= one.first_day && one.last_day <= asked.last_day);
            prop_assert_eq!(&asked.asked_of(asks, now), &asked, "once is enough");
            let alike = one.wanted == other.wanted
                && one.origins == other.origins
                && one.destinations == other.destinations
                && one.cabins == other.cabins
                && (!party || one.travellers == other.travellers);
            prop_assert_eq!(asked.key() == others.key(), alike && asked.days() == others.days());
        }
    }
}

#[test]
fn a_metropolitan_area_is_its_airports() {
    let of = |from: BTreeSet<Airport>| {
        let days = (day("2026-04-27"), day("2026-04-28"));
        SearchQuery::new(Wanted::CashFlights, from, airports(&["DXB"]), days, [Cabin::First].into(), 2).unwrap().key()
    };
    let london: BTreeSet<Airport> = resolve("london").unwrap().airports().into_iter().collect();
    let one_by_one = ["stn", "LHR", "LHR", "Luton", "LGW", "LCY", "SEN"].map(|text| match resolve(text) {
        Ok(Place::Airport(airport)) => airport,
        other => "LTN".parse().unwrap_or_else(|_| unreachable!("{other:?}")),
    });
    assert_eq!(of(london.clone()), of(one_by_one.into()));
    assert_ne!(of(london.clone()), of(london.into_iter().skip(1).collect()));
}

#[test]
fn windows_that_overlap_share_weeks_and_what_has_passed_is_not_asked() {
    let window = |first: &str, last: &str| {
        let days = (day(first), day(last));
        SearchQuery::new(Wanted::AwardFlights, airports(&["LAX"]), airports(&["DXB"]), days, [Cabin::First].into(), 4).unwrap()
    };
    let asks = Asks { party: false, days: Days::Weeks, stays: &[] };
    let asked = |first: &str, last: &str, now: &str| window(first, last).asked_of(asks, at(now));
    let long_before = "2026-01-01T00:00:00Z";
    // 2026-04-27 is a Monday.
    let week = asked("2026-04-27", "2026-04-27", long_before);
    assert_eq!(week.days(), (day("2026-04-27"), day("2026-05-03")));
    assert_eq!(week.key(), asked("2026-04-28", "2026-05-03", long_before).key());
    assert_ne!(week.key(), asked("2026-04-28", "2026-05-04", long_before).key());
    assert_eq!(week.travellers(), 1);
    // On Friday at 11:00 in UTC it is still Thursday in Hawaii.
    assert_eq!(asked("2026-05-02", "2026-05-02", "2026-05-01T11:00:00Z").days().0, day("2026-04-30"));
    // Who asks for what has passed is not contradicted.
    assert_eq!(asked("2026-04-28", "2026-05-02", "2026-05-01T11:00:00Z").days().0, day("2026-04-28"));
}

fn stay(place: StayPlace, ages: &[u8]) -> StayQuery {
    let guests = Guests { adults: 2, child_ages: ages.to_vec() };
    StayQuery::new(place, day("2026-04-10"), 2, guests, Currency::EUR).unwrap()
}

#[test]
fn a_stay_is_the_same_question_however_it_is_written() {
    let city = |name: &str| StayPlace::City(City::named(name).unwrap());
    assert_eq!(stay(city("São Paulo"), &[7, 3]).key(), stay(city("sao  paulo"), &[3, 7]).key());
    assert_eq!(stay(city("Jaipur"), &[7, 3]), stay(city("Jaipur"), &[3, 7]));
    let around = |latitude: &str, kilometres| {
        StayPlace::Around(Position::new(latitude.parse().unwrap(), "1.5".parse().unwrap()).unwrap(), kilometres, None)
    };
    assert_eq!(stay(around("10.50", 5), &[]).key(), stay(around("10.5", 5), &[]).key());
    assert_ne!(stay(around("10.5", 5), &[]).key(), stay(around("10.5", 6), &[]).key());
}

#[test]
fn no_two_stays_that_differ_share_a_key() {
    let ids = |ids: &[&str]| StayPlace::Properties(ids.iter().map(|id| (*id).to_owned()).collect());
    let listings = |keys: &[(&str, &str)], city: Option<&str>| {
        let keys = keys
            .iter()
            .map(|(source, reference)| ListingKey { source: source.parse().unwrap(), reference: reference.parse().unwrap() });
        StayPlace::Listings(keys.collect(), city.map(|city| City::named(city).unwrap()))
    };
    let jaipur = || StayPlace::City(City::named("Jaipur").unwrap());
    let zero = Position::new(0.into(), 0.into()).unwrap();
    let mut questions = vec![
        stay(ids(&["a", "b"]), &[]),
        stay(ids(&["a,b"]), &[]),
        stay(ids(&["a", "b", "c"]), &[]),
        stay(ids(&["Jaipur"]), &[]),
        stay(ids(&["jaipur"]), &[]),
        stay(jaipur(), &[]),
        stay(jaipur(), &[1]),
        stay(jaipur(), &[11]),
        stay(jaipur(), &[1, 1]),
        stay(StayPlace::Around(zero, 1, None), &[]),
        stay(StayPlace::City(City::named("San Jose, US").unwrap()), &[]),
        stay(StayPlace::City(City::named("San Jose, CR").unwrap()), &[]),
        stay(listings(&[("oyo", "a")], None), &[]),
        stay(listings(&[("oyo", "a")], Some("Jaipur")), &[]),
        stay(listings(&[("goibibo", "a")], None), &[]),
        stay(listings(&[("goibibo", "a"), ("oyo", "a")], None), &[]),
    ];
    let of = |adults, nights, currency| {
        let guests = Guests { adults, child_ages: vec![] };
        StayQuery::new(jaipur(), day("2026-04-10"), nights, guests, currency).unwrap()
    };
    questions.extend([of(1, 2, Currency::EUR), of(2, 1, Currency::EUR), of(2, 2, Currency::USD)]);
    let keys: BTreeSet<SearchKey> = questions.iter().map(StayQuery::key).collect();
    assert_eq!(keys.len(), questions.len());
}

#[test]
fn an_activity_is_the_same_question_in_large_or_small_letters_and_no_other() {
    let of = |place: &str, last: &str, adults, currency| {
        ActivityQuery::new(place.to_owned(), (day("2026-04-01"), day(last)), adults, currency).unwrap()
    };
    let one = of("Big Bus, Zürich", "2026-04-02", 2, Currency::EUR);
    assert_eq!(one.key(), of("big BUS,  zürich", "2026-04-02", 2, Currency::EUR).key());
    for other in [
        of("big bus, geneva", "2026-04-02", 2, Currency::EUR),
        of("big bus zürich", "2026-04-02", 2, Currency::EUR),
        of("big bus, zürich", "2026-04-03", 2, Currency::EUR),
        of("big bus, zürich", "2026-04-02", 3, Currency::EUR),
        of("big bus, zürich", "2026-04-02", 2, Currency::USD),
    ] {
        assert_ne!(one.key(), other.key(), "{other:?}");
    }
    let [priced, not_priced] = [true, false].map(|party| Asks { party, days: Days::Asked, stays: &[] });
    assert_eq!(one.asked_of(priced), one);
    assert_eq!(one.asked_of(not_priced).key(), of("big bus, zürich", "2026-04-02", 5, Currency::EUR).asked_of(not_priced).key());
}

/// A city's name in the shipped table: it, its country, its place, and what it is called here.
type Named = [&'static str; 4];

/// Every city's name, those of one city and those that several cities have next to each other. Of cities that share name and country
/// only the busiest is meant by it.
static CITIES: LazyLock<Vec<Named>> = LazyLock::new(|| {
    let mut meant: BTreeMap<[&str; 2], (u32, Named)> = BTreeMap::new();
    for (folded, shown, country, place, rank, city) in crate::places::names_of_cities() {
        let known = meant.entry([folded, country]).or_default();
        if known.0 <= rank {
            *known = (rank, [shown, country, place.to_string().leak(), city]);
        }
    }
    let mut names: Vec<Named> = meant.into_values().map(|(_, named)| named).collect();
    names.sort_by_key(|[shown, _, place, city]| (*city, *shown, *place));
    names
});

/// The keys of a stay and of something to do there, if the text means one place.
fn keys(text: &str) -> Option<[SearchKey; 2]> {
    let (city, words) = (City::named(text).ok()?, City::of_words(text).ok()?);
    let day = day("2026-04-01");
    let outing = ActivityQuery::of_city(words, (day, day), 2, Currency::EUR).unwrap();
    Some([stay(StayPlace::City(city), &[]).key(), outing.key()])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn two_names_of_cities_have_one_key_if_they_mean_one_city_and_only_then(
        at in any::<proptest::sample::Index>(), beside in 0_usize..4, far in any::<proptest::sample::Index>(), large in any::<bool>(),
    ) {
        let at = at.index(CITIES.len());
        let one = CITIES[at];
        for other in [CITIES[(at + beside).min(CITIES.len() - 1)], CITIES[far.index(CITIES.len())]] {
            let text = |[shown, country, ..]: Named| format!("{shown}, {country}");
            let written = if large { text(other).to_uppercase() } else { format!(" {} ", text(other).to_lowercase()) };
            if let (Some(one_has), Some(other_has)) = (keys(&text(one)), keys(&written)) {
                let is_one = (one[1], one[3], one[2]) == (other[1], other[3], other[2]);
                prop_assert_eq!([is_one; 2], [one_has[0] == other_has[0], one_has[1] == other_has[1]], "{:?} {:?}", one, other);
            }
        }
    }

    #[test]
    fn a_code_is_the_city_that_it_serves_however_it_is_written(at in any::<proptest::sample::Index>()) {
        let codes = include_str!(concat!(env!("OUT_DIR"), "/codes"));
        let at = at.index(codes.len() / 3) * 3;
        let code = &codes[at..at + 3];
        // What everybody calls a country by is no city.
        prop_assume!(code != "USA");
        let served = keys(code);
        prop_assert!(served.is_some(), "{}", code);
        let city = City::named(code).unwrap();
        let country = city.market().unwrap().clone();
        if let Ok(named) = City::named(&format!("{}, {country}", city.name())) {
            prop_assert!(named == city || named.position() != city.position(), "{}", code);
        }
        // In small letters it may be a name. It is never asked for as if no table had it, unless a town is called so.
        if let Ok(small) = City::named(&code.to_lowercase()) {
            prop_assert!(small == city || small.position().is_some() || TOWNS.contains(&small.name()), "{}", code);
        }
        let airport = [format!("{code} airport"), format!("{} airport", code.to_lowercase())].map(|text| keys(&text));
        prop_assert!(airport.iter().all(|keys| keys.is_none() || *keys == served), "{}", code);
    }
}

/// Towns of no airport whose names are codes.
static TOWNS: LazyLock<Vec<&str>> = LazyLock::new(|| {
    include_str!(concat!(env!("OUT_DIR"), "/towns")).lines().filter_map(|line| line.split(',').nth(2)).collect()
});

#[test]
fn things_to_do_in_cities_of_one_name_are_two_questions_in_two_words() {
    let asked = |text: &str| {
        let days = (day("2026-04-01"), day("2026-04-02"));
        ActivityQuery::of_city(City::of_words(text).unwrap(), days, 2, Currency::EUR).unwrap()
    };
    for [one, other] in [
        ["London", "London, Canada"],
        ["San Jose, CR", "San Jose, US"],
        ["Santiago, CL", "Santiago, DO"],
        ["Panama City, PA", "Panama City, US"],
        ["Goa", "Goa, PH"],
    ] {
        let (one, other) = (asked(one), asked(other));
        assert!(one.key() != other.key() && one.place() != other.place(), "{one:?} {other:?}");
    }
    assert_ne!(asked("PDX").key(), asked("PWM").key(), "there are two in one country");
}

#[test]
fn a_place_has_a_letter_or_a_digit() {
    let day = day("2026-04-01");
    for (place, is_one) in [("🗼", false), ("...", false), ("東京", true), ("7", true), ("🗼 Paris", true)] {
        assert_eq!(ActivityQuery::new(place.to_owned(), (day, day), 1, Currency::EUR).is_ok(), is_one, "{place}");
    }
}

proptest! {
    #[test]
    fn two_places_that_differ_never_share_an_answer(one in "[ab15.,é🗼 ]{0,6}", other in "[aAb15.,É🗼 ]{0,6}") {
        let key = |place: &str| {
            let day = day("2026-04-01");
            ActivityQuery::new(format!("1{place}h"), (day, day), 1, Currency::EUR).unwrap().key()
        };
        let words = |place: &str| format!("1{place}h").split(' ').filter(|word| !word.is_empty()).map(str::to_lowercase).collect::<Vec<_>>();
        prop_assert_eq!(key(&one) == key(&other), words(&one) == words(&other));
        prop_assert_ne!(key(&format!(".5{one}")), key(&format!("5{one}")));
    }
}
