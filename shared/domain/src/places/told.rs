//! What tells places apart: countries and regions from cities, one of a name from another, and what is meant from what is spelt nearly so.
#![expect(clippy::unwrap_used, reason = "tests")]

use super::{Place, PlaceKind, names, resolve, suggest};

fn means(text: &str) -> Result<String, String> {
    resolve(text).map(|place| place.to_string()).map_err(|error| format!("{}: {error}", error.code()))
}

fn suggested(typed: &str) -> Vec<String> {
    suggest(typed, 6).iter().map(|choice| choice.place.to_string()).collect()
}

#[test]
fn nobody_stays_in_a_country_or_a_region() {
    for (text, city) in [
        ("Germany", "Munich, DE"),
        ("germany", "Frankfurt am Main, DE"),
        ("California", "Los Angeles, US-CA"),
        ("Bavaria", "Nuremberg, DE"),
        ("Hawaii", "Honolulu, US-HI"),
        ("Hawaii, US", "Honolulu, US-HI"),
        ("California USA", "San Diego, US-CA"),
        ("Georgia", "Tbilisi, GE"),
        ("USA", "Chicago, US-IL"),
        ("us", "New York, US"),
        ("country:EG", "Cairo, EG"),
        ("region:US-HI", "Honolulu, US-HI"),
    ] {
        for told in [names::city(text).unwrap_err(), names::city_of_words(text).unwrap_err()] {
            assert!(told.code() == "not-a-city" && told.to_string().contains(city), "{text}: {told}");
        }
        assert!(names::city(city).unwrap().place.is_some(), "what is offered can be sent: {city}");
    }
    assert_eq!(names::city("Andorra").unwrap_err().to_string(), "a country or a region is called that: name a city there");
}

#[test]
fn what_is_also_a_city_is_stayed_in() {
    for city in
        ["New York", "Singapore", "Luxembourg", "Monaco", "San Marino", "Kuwait", "Jersey", "Goa", "Vatican", "Ontario, CA"]
    {
        assert!(names::city(city).is_ok_and(|city| city.country.is_some()), "{city}: {:?}", names::city(city));
    }
    assert_eq!(names::city("Hobbiton, NZ").unwrap().place, None, "there are more cities than are known here");
}

#[test]
fn the_country_of_a_region_may_follow_it() {
    for (text, region) in [
        ("California USA", "US-CA"),
        ("Hawaii US", "US-HI"),
        ("Texas usa", "US-TX"),
        ("Georgia US", "US-GA"),
        ("Victoria Australia", "AU-VIC"),
        ("New South Wales Australia", "AU-NSW"),
        ("Bavaria, Germany", "DE-BY"),
    ] {
        assert_eq!(means(text), Ok(format!("region:{region}")), "{text}");
        assert_eq!(suggested(text)[0], format!("region:{region}"), "{text}");
    }
}

#[test]
fn what_is_offered_means_what_was_offered() {
    for name in ["Portland", "Ontario", "Wales", "Georgia", "San Jose", "Birmingham", "Santiago", "Victoria", "Springfield"] {
        let Err(names::Unresolved::Ambiguous(choices)) = resolve(name) else { unreachable!("{name}: {:?}", means(name)) };
        for choice in choices {
            let told = choice.to_string();
            let (words, place) = told.rsplit_once(" (").unwrap();
            // Two of the Philippines are told apart by their codes alone.
            let said = means(words).unwrap_or_else(|told| told);
            assert!(said == choice.place.to_string() || said.contains(&told), "{told}: {said}");
            assert_eq!(means(place.trim_end_matches(')')), Ok(choice.place.to_string()), "{told}");
        }
    }
    let told = means("Portland").unwrap_err();
    assert!(told.contains("Portland, US-OR (PDX) or Portland, US-ME (PWM)"), "{told}");
    assert!(means("Ontario").unwrap_err().contains("Ontario, CA-ON (region:CA-ON) or Ontario, US-CA (ONT)"));
    assert_eq!((means("Ontario, CA").as_deref(), means("Portland, Maine").as_deref()), (Ok("ONT"), Ok("PWM")));
}

#[test]
fn a_place_tells_its_region() {
    let region = |typed: &str| suggest(typed, 1)[0].region().map(|region| (region.code(), region.name()));
    assert_eq!(region("PWM"), Some(("US-ME", "Maine")));
    assert_eq!(region("Hawaii"), Some(("US-HI", "Hawaii")));
    assert_eq!((region("metro:WAS"), region("SIN"), region("Japan")), (None, None, None), "in several, in none, a whole country");
}

#[test]
fn a_country_comes_first_by_its_name_and_is_shown_by_it() {
    for (typed, code, name) in [
        ("ireland", "IE", "Ireland"),
        ("spain", "ES", "Spain"),
        ("china", "CN", "China"),
        ("korea", "KR", "South Korea"),
        ("north korea", "KP", "North Korea"),
        ("holland", "NL", "Netherlands"),
        ("moldova", "MD", "Moldova"),
        ("mongolia", "MN", "Mongolia"),
    ] {
        let first = suggest(typed, 1)[0];
        assert_eq!((first.place, first.kind), (format!("country:{code}").parse().unwrap(), PlaceKind::Country), "{typed}");
        assert_eq!(first.name, name);
    }
    assert_eq!(suggested("korea")[1], "country:KP");
    assert_eq!(suggest("bayern", 1)[0].name, "Bavaria");
}

#[test]
fn a_region_comes_before_a_village_of_its_name() {
    assert_eq!(suggested("wales")[..2], ["region:GB-WLS", "WAA"]);
    assert!(means("Wales").unwrap_err().contains("Wales, GB-WLS (region:GB-WLS) or Wales, US-AK (WAA)"));
}

#[test]
fn goa_is_a_state_with_two_airports() {
    let goa: Place = "region:IN-GA".parse().unwrap();
    assert_eq!(goa.airports(), ["GOI", "GOX"].map(|code| code.parse().unwrap()));
    assert_eq!((means("Goa, India"), means("goa india")), (Ok("region:IN-GA".to_owned()), Ok("region:IN-GA".to_owned())));
    assert!(means("goa").unwrap_err().contains("(GOA) or Goa, IN-GA (region:IN-GA)"));
    assert!(
        means("ulm").unwrap_err().contains("a town of no airport is called that; if you mean New Ulm"),
        "of one nobody says several"
    );
}

#[test]
fn big_cities_are_known_by_their_names_in_other_languages() {
    for (name, place) in [
        ("kochi", "COK"),
        ("thiruvananthapuram", "TRV"),
        ("The Hague", "RTM"),
        ("Den Haag", "RTM"),
        ("kalkutta", "CCU"),
        ("Nizza", "NCE"),
        ("Venedig", "VCE"),
        ("Neapel", "NAP"),
        ("Londres", "metro:LON"),
        ("Nueva York", "metro:NYC"),
        ("Ginebra", "GVA"),
        ("Estambul", "metro:IST"),
        ("Warschau", "WAW"),
        ("Mailand", "metro:MIL"),
        ("Genf", "GVA"),
    ] {
        assert_eq!(means(name).as_deref(), Ok(place), "{name}");
        assert_eq!(suggested(name)[0], place, "{name}");
    }
    assert_eq!(suggested("kyoto"), ["ITM", "KIX"]);
    assert_eq!(names::city("Kyoto").unwrap().place, None, "it is stayed in there, and not at Osaka's airports");
    assert_eq!(names::city("Londres"), names::city("London"));
}

#[test]
fn after_a_whole_name_or_code_comes_nothing_that_is_spelt_nearly_so() {
    for (typed, places) in [("EGLL", vec!["LHR"]), ("macao", vec!["country:MO"]), ("munich", vec!["MUC"]), ("maui", vec!["OGG"])]
    {
        assert_eq!(suggested(typed), places, "{typed}");
    }
}

#[test]
fn no_city_is_offered_by_what_means_one_of_another_country() {
    let cities = super::table::NAMES.iter().filter(|name| name.says.is_city()).map(|name| name.choice());
    for choice in cities {
        let told = choice.to_string();
        let words = told.rsplit_once(" (").unwrap().0;
        match resolve(words) {
            Ok(place) => assert_eq!(super::country_of(&place.airports()), super::country_of(&choice.place.airports()), "{told}"),
            Err(error) => assert_eq!(error.code(), "ambiguous-place", "{told}: {error}"),
        }
    }
}
