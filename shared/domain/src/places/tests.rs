#![expect(clippy::unwrap_used, reason = "tests")]

use jiff::{Timestamp, ToSpan};

use super::*;

#[test]
fn every_airport_has_its_row_and_a_time_zone_we_know() {
    assert_eq!((CODES.len(), CITIES.len(), CLOCK_OF.len()), (7_884, 7_884, 7_884));
    assert!(CODES.is_sorted());
    assert!(CODES.iter().all(|code| Airport(*code).zone().is_some()));
    let dubai: Airport = "DXB".parse().unwrap();
    assert_eq!((dubai.city(), dubai.zone()), ("Dubai", Some(TimeZone::posix("<+04>-4").unwrap())));
}

#[test]
fn clocks_at_airports_go_as_the_zone_database_says() {
    let table = csv::Reader::from_reader(include_str!("../../data/airports.csv").as_bytes()).into_deserialize();
    let rows: Vec<HashMap<String, String>> = table.collect::<Result<_, _>>().unwrap();
    let an_airport_of: HashMap<&str, &str> = rows.iter().map(|row| (row["tz"].as_str(), row["iata"].as_str())).collect();
    assert!(an_airport_of.len() > 300);
    let (since, until): (Timestamp, Timestamp) =
        ("2025-01-01T00:00:00Z".parse().unwrap(), "2045-01-01T00:00:00Z".parse().unwrap());
    for (name, code) in an_airport_of {
        let (said, ours) = (TimeZone::get(name).unwrap(), code.parse::<Airport>().unwrap().zone().unwrap());
        let changes =
            [&said, &ours].map(|zone| zone.following(since).map(|change| change.timestamp()).take_while(|at| *at < until));
        for at in changes.into_iter().flatten().flat_map(|at| [at, at - 1.second()]).chain([since]) {
            assert_eq!(ours.to_offset(at), said.to_offset(at), "{name} {at}");
        }
    }
}

#[test]
fn a_country_is_known_by_its_name_where_no_city_has_that() {
    for (text, code) in [("United States", "US"), ("us", "US"), ("united arab emirates", "AE"), ("UK", "GB")] {
        assert_eq!(resolve(text).unwrap(), format!("country:{code}").parse().unwrap(), "{text}");
    }
    // These are cities, too.
    for city in ["Singapore", "Luxembourg"] {
        assert!(!resolve(city).unwrap().to_string().starts_with("country:"), "{city}");
    }
    for (text, code) in [("USA", "US"), ("usa", "US"), ("U.S.", "US"), ("U.S.A.", "US"), ("u.k.", "GB"), ("U.A.E.", "AE")] {
        assert_eq!(resolve(text).unwrap(), format!("country:{code}").parse().unwrap(), "{text}");
    }
    assert_eq!(means("USA airport").as_deref(), Ok("USA"));
    for nowhere in ["Atlantis", "LA", "AE", "L.A.", "C.A.", "P.A.", "ga.", "l.a", "SF", "DC"] {
        assert!(matches!(resolve(nowhere), Err(Unresolved::Unknown(_))), "{nowhere}");
    }
}

#[test]
fn clocks_that_followed_no_rule_are_told_right() {
    // Until September of 2026 Morocco was an hour ahead of UTC, but not from the fifteenth of February to the twenty-second of March.
    let casablanca = "CMN".parse::<Airport>().unwrap().zone().unwrap();
    let offsets = ["2026-01-20", "2026-03-01", "2026-04-20", "2026-11-20"]
        .map(|day| casablanca.to_offset(format!("{day}T12:00:00Z").parse().unwrap()).seconds() / 3_600);
    assert_eq!(offsets, [1, 0, 1, 0]);
}

#[test]
fn an_airport_without_a_city_is_called_after_its_own_name_or_else_by_its_code() {
    for (code, city) in [("AAA", "Anaa"), ("PTJ", "Portland"), ("AGR", "Agra"), ("AIP", "AIP"), ("NOC", "Charlestown")] {
        assert_eq!(code.parse::<Airport>().unwrap().city(), city);
    }
    assert_eq!(names::city("Agra").unwrap().name, "Agra");
}

#[test]
fn a_code_without_prefix_is_an_airport_before_it_is_a_metro() {
    assert_eq!("LAX".parse::<Place>().unwrap().airports().len(), 1);
    assert!(!"metro:LAX".parse::<Place>().unwrap().airports().is_empty());
    assert_eq!("LON".parse::<Place>().unwrap(), "metro:LON".parse().unwrap());
}

#[test]
fn a_country_is_its_busiest_airports() {
    let airports = "country:AE".parse::<Place>().unwrap().airports();
    assert!(airports.contains(&"DXB".parse().unwrap()) && airports.len() <= 10);
    // The busiest of all, whose rank is no fraction of one.
    assert!("country:TR".parse::<Place>().unwrap().airports().contains(&"IST".parse().unwrap()));
}

#[test]
fn what_is_no_place_is_refused() {
    for text in ["", "lax", "XXX", "LA", "metro:ZZZ", "country:ZZ", "planet:EARTH", "LAX ", "ÄÖÜ"] {
        assert!(text.parse::<Place>().is_err(), "{text}");
    }
}

fn means(text: &str) -> Result<String, String> {
    resolve(text).map(|place| place.to_string()).map_err(|error| format!("{}: {error}", error.code()))
}

#[test]
fn a_place_is_known_however_it_is_written() {
    for (text, place) in [
        ("LAX", "LAX"),
        ("lax ", "LAX"),
        ("Los Angeles", "LAX"),
        ("  los  angeles", "LAX"),
        ("metro:lax", "metro:LAX"),
        ("LON", "metro:LON"),
        ("london", "metro:LON"),
        ("London, GB", "metro:LON"),
        ("London, Canada", "YXU"),
        ("london, ca", "YXU"),
        ("COUNTRY:ae", "country:AE"),
        ("new york", "metro:NYC"),
        ("NYC", "metro:NYC"),
        ("San Jose, CR", "SJO"),
        ("San José, Costa Rica", "SJO"),
        ("SÃO PAULO", "metro:SAO"),
        ("München", "MUC"),
        ("Zürich", "ZRH"),
        ("Saint Petersburg, Russia", "LED"),
        ("St. Petersburg, RU", "LED"),
        ("London Heathrow", "LHR"),
        ("London Heathrow Airport", "LHR"),
        ("Istanbul", "metro:IST"),
        ("Vancouver", "YVR"),
        ("Montréal", "YUL"),
        ("Nairobi", "NBO"),
        ("Paris", "metro:PAR"),
        ("Sydney", "SYD"),
        ("Tokyo", "metro:TYO"),
        ("lax airport", "LAX"),
        ("Los Angeles Airport", "LAX"),
        ("London UK", "metro:LON"),
        ("London, UK", "metro:LON"),
        ("london canada", "YXU"),
        ("Orlando USA", "metro:ORL"),
    ] {
        assert_eq!(means(text).as_deref(), Ok(place), "{text}");
    }
}

#[test]
fn a_name_that_several_places_have_is_not_guessed() {
    for (text, among) in [
        ("San Jose", ["San Jose, US-CA (SJC)", "San Jose, CR (SJO)"]),
        ("portland", ["Portland, US-OR (PDX)", "Portland, US-ME (PWM)"]),
        ("Birmingham", ["Birmingham, GB (BHX)", "Birmingham, US-AL (BHM)"]),
        // A code in small letters can be a name, too: this one is of an airport in Wisconsin and a city in Kyrgyzstan.
        ("osh", ["Wittman Regional Airport, US-WI (OSH)", "Osh, KG (OSS)"]),
    ] {
        let told = means(text).unwrap_err();
        assert!(told.starts_with("ambiguous-place: ") && among.iter().all(|choice| told.contains(choice)), "{told}");
    }
    assert_eq!(means("OSH").unwrap(), "OSH", "in capitals it is a code");
}

#[test]
fn a_town_whose_name_is_a_code_is_not_taken_for_the_code() {
    for (town, code) in
        [("Goa", "GOA"), ("goa", "GOA"), ("Bar", "BAR"), ("spa", "SPA"), ("Ulm", "ULM"), ("Pag", "PAG"), ("goa airport", "GOA")]
    {
        let told = means(town);
        assert!(
            told.as_ref().is_err_and(|told| told.starts_with("ambiguous-place: ") && told.contains(&format!("({code})"))),
            "{told:?}"
        );
    }
    assert_eq!(means("GOA").as_deref(), Ok("GOA"));
    assert_eq!(means("GOA airport").as_deref(), Ok("GOA"));
    let goa = names::city("goa").unwrap();
    assert_eq!((goa.name.as_str(), goa.place, goa.country), ("Goa", None, Some("IN")));
    assert_eq!(names::city("Goa, India"), Ok(goa));
}

#[test]
fn a_state_or_a_region_may_follow_a_city() {
    for (text, place) in [
        ("Los Angeles, CA", "LAX"),
        ("Denver, CO", "DEN"),
        ("Indianapolis, in", "IND"),
        ("Austin, TX", "AUS"),
        ("Denver CO", "DEN"),
        ("Paris TX", "PRX"),
        ("paris, texas", "PRX"),
        ("Portland, ME", "PWM"),
        ("Portland Oregon", "PDX"),
        ("portland, or", "PDX"),
        ("Charleston South Carolina", "CHS"),
        ("Albany, New York", "ALB"),
        ("San Juan, PR", "SJU"),
        ("London Ontario", "YXU"),
        ("Birmingham, England", "BHX"),
        ("Birmingham, AL", "BHM"),
        // Its airport lies across the border.
        ("Cincinnati, OH", "CVG"),
        ("Kansas City, KS", "MCI"),
        // A city of the country comes first.
        ("London, CA", "YXU"),
        ("Bogota, CO", "BOG"),
    ] {
        assert_eq!(means(text).as_deref(), Ok(place), "{text}");
        let city = names::city(text).unwrap();
        assert_eq!(Some(city), names::city(place).ok(), "{text}");
    }
    assert!(means("Portland, TX").unwrap_err().starts_with("unknown-place: "), "none is there");
    assert_eq!(names::city("Panaji, IN").unwrap().country, Some("IN"), "of no table: what follows is a country");
}

#[test]
fn a_whole_name_is_suggested_first() {
    for (typed, place) in [
        ("niger", "country:NE"),
        ("dominica", "country:DM"),
        ("mali", "country:ML"),
        ("chad", "country:TD"),
        ("cuba", "country:CU"),
        ("usa", "country:US"),
        ("LA", "LAX"),
        ("L.A.", "LAX"),
        ("SF", "SFO"),
        ("DC", "metro:WAS"),
        ("vegas", "LAS"),
        ("Philly", "PHL"),
        ("nola", "MSY"),
        ("nyc", "metro:NYC"),
    ] {
        assert_eq!(first_of(typed, 1), place, "{typed}: {:?}", suggested(typed));
    }
    assert!(
        first_of("congo", 2).contains("country:CG") && first_of("congo", 2).contains("country:CD"),
        "{:?}",
        suggested("congo")
    );
    assert!(means("LA").unwrap_err().contains("Los Angeles, US-CA (LAX)"));
}

#[test]
fn regions_are_places_as_countries_are() {
    for (text, region) in [
        ("England", "GB-ENG"),
        ("scotland", "GB-SCT"),
        ("Hawaii", "US-HI"),
        ("Bavaria", "DE-BY"),
        ("Bayern", "DE-BY"),
        ("Hawaii, US", "US-HI"),
        ("region:us-hi", "US-HI"),
        ("Sicilia", "IT-82"),
        ("New York State", "US-NY"),
    ] {
        assert_eq!(means(text).as_deref(), Ok(format!("region:{region}").as_str()), "{text}");
        assert_eq!(first_of(text, 1), format!("region:{region}"), "{text}");
    }
    let hawaii: Place = "region:US-HI".parse().unwrap();
    assert!(hawaii.airports().contains(&"OGG".parse().unwrap()) && hawaii.airports().len() <= 10);
    assert_eq!((hawaii.city(), hawaii.position(), hawaii.to_string().as_str()), (None, None, "region:US-HI"));
    assert!("region:US-ZZ".parse::<Place>().is_err());
    // One is a village in Alaska and a land, the other a state and a country.
    for (text, one, other) in [("Wales", "WAA", "region:GB-WLS"), ("Georgia", "country:GE", "region:US-GA")] {
        let told = means(text).unwrap_err();
        assert!(told.starts_with("ambiguous-place: ") && told.contains(one) && told.contains(other), "{told}");
        assert!([one, other].map(|place| first_of(text, 2).contains(place)) == [true; 2], "{:?}", suggested(text));
    }
    // These are cities before they are regions.
    for (text, city) in [("New York", "metro:NYC"), ("Washington", "metro:WAS")] {
        assert_eq!(means(text).as_deref(), Ok(city));
    }
    assert!(names::city("Wales").is_err() && names::city("region:US-HI").is_err());
}

#[test]
fn every_region_has_airports_and_a_code_of_its_own() {
    let codes = include_str!("../../data/regions.csv").lines().skip(1).filter_map(|line| line.split(',').next());
    for code in codes {
        let region: Place = format!("region:{code}").parse().unwrap();
        assert!(!region.airports().is_empty() && country_of(&region.airports()) == code.get(..2), "{code}");
    }
}

#[test]
fn air_traffic_controls_codes_are_airports_where_nothing_is_called_so() {
    for (code, airport) in [("EGLL", "LHR"), ("egll", "LHR"), ("KJFK", "JFK"), ("RJTT airport", "HND")] {
        assert_eq!(means(code).as_deref(), Ok(airport), "{code}");
        assert_eq!(first_of(code, 1), airport, "{code}");
    }
    assert_eq!(names::city("EGLL").unwrap(), names::city("LHR").unwrap());
    for name in ["lima", "LIMA", "Mali"] {
        assert!(means(name).is_ok_and(|place| place == "LIM" || place == "country:ML"), "{name}: {:?}", means(name));
    }
}

#[test]
fn a_place_that_is_written_as_it_is_kept_is_suggested() {
    for place in ["metro:LAX", "metro:ROM", "country:AE", "region:US-HI"] {
        assert_eq!(suggested(&place.to_lowercase()), [place]);
    }
    assert_eq!(suggest("metro:ROM", 1)[0].name, "Rome");
    assert_eq!(suggested("planet:earth"), Vec::<String>::new());
}

#[test]
fn no_city_is_suggested_twice() {
    for typed in ["rome", "roma", "vancouver", "san juan", "cincinnati", "los angeles", "singapore", "dubai", "miami"] {
        let found = suggest(typed, 20);
        let cities: Vec<_> = found.iter().filter(|choice| matches!(choice.kind, PlaceKind::City | PlaceKind::Metro)).collect();
        let named =
            |one: &Choice| cities.iter().filter(|other| other.place.airports().contains(&one.place.airports()[0])).count();
        assert!(cities.iter().all(|city| named(city) == 1), "{typed}: {:?}", suggested(typed));
    }
}

#[test]
fn what_follows_a_name_may_be_only_begun() {
    for (typed, place) in [("portland ore", "PDX"), ("portland, mai", "PWM"), ("paris tex", "PRX"), ("san jose cos", "SJO")] {
        assert_eq!(first_of(typed, 1), place, "{typed}");
    }
    // The second airport of a city comes before another city that is spelt nearly so.
    assert_eq!(first_of("dubai", 3), "metro:DXB DXB DWC");
}

#[test]
fn an_umlaut_may_be_left_out_or_written_with_an_e() {
    for (name, place) in [
        ("Zuerich", "ZRH"),
        ("Zurich", "ZRH"),
        ("Munchen", "MUC"),
        ("Muenchen", "MUC"),
        ("Duesseldorf", "DUS"),
        ("Goeteborg", "GOT"),
        ("Tromsoe", "TOS"),
        ("Sao Paulo", "metro:SAO"),
    ] {
        assert_eq!(means(name).as_deref(), Ok(place), "{name}");
        assert_eq!(first_of(name, 1), place, "{name}");
    }
}

#[test]
fn countries_have_official_and_local_names() {
    for (name, code) in [
        ("Côte d'Ivoire", "CI"),
        ("Cote d Ivoire", "CI"),
        ("Russian Federation", "RU"),
        ("Republic of Korea", "KR"),
        ("Nippon", "JP"),
        ("Österreich", "AT"),
        ("The Gambia", "GM"),
        ("St Kitts", "KN"),
    ] {
        assert_eq!(means(name), Ok(format!("country:{code}")), "{name}");
    }
    let monaco = names::city("Monaco").unwrap();
    assert_eq!((monaco.name.as_str(), monaco.country, means("Monaco").as_deref()), ("Monaco", Some("MC"), Ok("NCE")));
}

#[test]
fn what_people_call_an_airport_crowds_out_no_city() {
    for (typed, airport) in
        [("ha", "ATL"), ("ro", "CDG"), ("la", "STL"), ("ga", "LGW"), ("ke", "JFK"), ("re", "DCA"), ("co", "CGH")]
    {
        let places = suggested(typed);
        assert!(!places.contains(&airport.to_owned()), "{typed}: {places:?}");
    }
}

#[test]
fn what_nothing_is_called_is_unknown_and_what_it_is_like_is_offered() {
    for (text, like) in
        [("los angelos", "LAX"), ("Pariss", "metro:PAR"), ("Heatrow", "LHR"), ("frankfrut", "FRA"), ("Dubia", "DXB")]
    {
        let Err(Unresolved::Unknown(choices)) = resolve(text) else { unreachable!("{text}") };
        assert!(
            choices.iter().any(|choice| choice.place.airports().contains(&like.parse::<Place>().unwrap().airports()[0])),
            "{text}: {choices:?}"
        );
    }
    for text in ["", "  ", "qqqqqq", "XXX", "metro:ZZZ", "planet:earth", "東京", "Portland, AE", &"x".repeat(5_000)] {
        assert!(means(text).unwrap_err().starts_with("unknown-place: "), "{text}");
    }
}

#[test]
fn faults_of_places_are_noted_where_they_are_and_do_not_repeat_them() {
    let mut faults = Vec::new();
    let list = serde_json::json!(["LAX", "nowhere at all", 7, "San Jose"]);
    assert_eq!(names::places(list, "/from", &mut faults), None);
    let noted: Vec<_> = faults.iter().map(|fault| (fault.pointer.as_str(), fault.code)).collect();
    assert_eq!(noted, [("/from/1", "unknown-place"), ("/from/2", "invalid"), ("/from/3", "ambiguous-place")]);
    assert!(!format!("{faults:?}").contains("nowhere"));
    assert_eq!(names::places(serde_json::json!(["lax"]), "/from", &mut faults), Some(vec!["LAX".parse().unwrap()]));
}

#[test]
fn the_busiest_cities_are_found_by_their_names() {
    for (name, airport) in include_str!("known.txt").lines().filter_map(|line| line.split_once('\t')) {
        let place = resolve(name).unwrap_or_else(|error| unreachable!("{name}: {error}"));
        assert!(place.airports().contains(&airport.parse().unwrap()), "{name}: {place}");
    }
}

#[test]
fn every_name_of_the_table_is_one_of_a_place_that_is_known() {
    let mut before = "";
    for name in table::NAMES.iter() {
        assert!(name.folded >= before && Choice::of(name.place).is_some(), "{name:?}");
        before = name.folded;
    }
    assert_eq!(table::NAMES.len(), include_str!(concat!(env!("OUT_DIR"), "/names")).lines().count());
}

#[test]
fn a_place_to_stay_at_has_a_position_and_a_city() {
    let position =
        |text: &str| resolve(text).unwrap().position().map(|at| (at.latitude().to_string(), at.longitude().to_string()));
    assert_eq!(position("JFK"), Some(("40.64".to_owned(), "-73.779".to_owned())));
    // The middle of six airports, 10 km from Charing Cross.
    assert_eq!(position("London"), Some(("51.576".to_owned(), "-0.006".to_owned())));
    assert_eq!(position("country:AE"), None);
    let city = |text: &str| resolve(text).unwrap().city();
    assert_eq!((city("YVR").as_deref(), city("tokyo").as_deref(), city("country:AE")), (Some("Richmond"), Some("Tokyo"), None));
    assert_eq!("SJO".parse::<Airport>().unwrap().country(), "CR");
}

fn suggested(typed: &str) -> Vec<String> {
    suggest(typed, 5).iter().map(|choice| choice.place.to_string()).collect()
}

#[test]
fn what_is_typed_finds_what_is_meant_among_the_first() {
    for (typed, place) in [
        ("l", "LAX"),
        ("los a", "LAX"),
        ("lax", "LAX"),
        ("lond", "metro:LON"),
        ("lon", "metro:LON"),
        ("heathr", "LHR"),
        ("heatrow", "LHR"),
        ("kenedy", "JFK"),
        ("new yo", "metro:NYC"),
        ("frankfrt", "FRA"),
        ("istnabul", "metro:IST"),
        ("são", "metro:SAO"),
        ("zuri", "ZRH"),
        ("dub", "DXB"),
        ("san jo", "SJO"),
        ("münch", "MUC"),
        ("st peters", "LED"),
        ("saint peters", "LED"),
        ("bangkk", "metro:BKK"),
        ("lax airport", "LAX"),
        ("heathrow airport", "LHR"),
        ("Paris, FR", "metro:PAR"),
        ("par, france", "metro:PAR"),
        ("London UK", "metro:LON"),
        ("london, ca", "YXU"),
    ] {
        assert!(suggested(typed).contains(&place.to_owned()), "{typed}: {:?}", suggested(typed));
    }
    assert_eq!(suggested("par")[0], "metro:PAR");
    assert_eq!(suggested("london")[0], "metro:LON");
    assert_eq!(suggested("london, ca")[0], "YXU");
}

/// What is suggested first, for so many.
fn first_of(typed: &str, most: usize) -> String {
    suggested(typed).into_iter().take(most).collect::<Vec<_>>().join(" ")
}

#[test]
fn countries_are_suggested_by_all_their_names_and_after_cities_that_are_called_so() {
    for (typed, country) in
        [("jap", "JP"), ("spain", "ES"), ("españa", "ES"), ("united s", "US"), ("uk", "GB"), ("holl", "NL"), ("fracne", "FR")]
    {
        assert!(suggested(typed).contains(&format!("country:{country}")), "{typed}: {:?}", suggested(typed));
    }
    assert_eq!(first_of("jap", 1), "country:JP");
    assert_eq!(first_of("singapore", 2), "SIN country:SG");
    let japan = suggest("japan", 1)[0];
    assert_eq!((japan.kind, japan.name, japan.country, japan.city()), (PlaceKind::Country, "Japan", "JP", None));
    for (name, country) in [("Holland", "country:NL"), ("UAE", "country:AE"), ("Deutschland", "country:DE")] {
        assert_eq!(means(name).as_deref(), Ok(country));
    }
}

#[test]
fn the_airports_of_a_city_are_suggested_after_it() {
    for (typed, places) in [
        ("new york", "metro:NYC JFK EWR LGA"),
        ("nyc", "metro:NYC JFK EWR LGA"),
        ("paris", "metro:PAR CDG ORY"),
        ("tokyo", "metro:TYO HND NRT"),
        ("osaka", "metro:OSA ITM KIX"),
        ("milano", "metro:MIL MXP LIN"),
    ] {
        let most = places.split_whitespace().count();
        assert_eq!(first_of(typed, most), places, "{typed}");
    }
    // What is told of a name that is none is what it is like, and not all airports of one city.
    assert!(!means("Osakka").unwrap_err().contains("KIX"));
}

#[test]
fn an_airport_is_known_by_what_people_call_it() {
    for (name, airport) in [
        ("Haneda", "HND"),
        ("Tokyo Haneda", "HND"),
        ("haneda airport", "HND"),
        ("narita", "NRT"),
        ("Heathrow", "LHR"),
        ("Heathrow, UK", "LHR"),
        ("gatwick", "LGW"),
        ("O'Hare", "ORD"),
        ("ohare", "ORD"),
        ("Schiphol", "AMS"),
        ("Logan", "BOS"),
        ("Logan, US", "BOS"),
        ("dulles", "IAD"),
        ("midway", "MDW"),
        ("kansai", "KIX"),
        ("incheon", "ICN"),
        ("Gimpo", "GMP"),
        ("Chek Lap Kok", "HKG"),
        ("Sea-Tac", "SEA"),
        ("Orly", "ORY"),
    ] {
        assert_eq!(means(name).as_deref(), Ok(airport), "{name}");
        assert_eq!(first_of(name, 1), airport, "{name}");
    }
}

#[test]
fn who_stays_where_an_airport_has_its_name_from_means_the_town() {
    let city = |text: &str| names::city(text).map(|city| (city.name, city.country)).unwrap();
    assert_eq!(city("Luton"), ("Luton".to_owned(), None));
    assert_eq!(city("Luton airport"), ("London".to_owned(), Some("GB")));
    assert_eq!(city("Logan"), ("Logan".to_owned(), Some("US")));
    assert_eq!(city("London Heathrow"), ("London".to_owned(), Some("GB")));
}

#[test]
fn a_slip_in_the_first_letter_is_forgiven_where_nothing_else_is_wrong() {
    for (typed, place) in [
        ("oaris", "metro:PAR"),
        ("mew york", "metro:NYC"),
        ("aondon", "metro:LON"),
        ("ondon", "metro:LON"),
        ("llondon", "metro:LON"),
        ("olndon", "metro:LON"),
        ("jeathrow", "LHR"),
    ] {
        assert!(suggested(typed).contains(&place.to_owned()), "{typed}: {:?}", suggested(typed));
    }
    assert_eq!(suggested("oar").iter().filter(|place| *place == "metro:PAR").count(), 0, "three letters are no slip");
    assert_eq!(means("oaris").unwrap_err().split(':').next(), Some("unknown-place"));
}

#[test]
fn what_is_suggested_names_the_city_that_one_stays_in() {
    for (typed, city) in [
        ("PTY", "Panama City"),
        ("medellin", "Medellin"),
        ("vancouver", "Vancouver"),
        ("NYC", "New York"),
        ("JFK", "New York"),
        ("rionegro", "Rionegro"),
        ("baltimore", "Baltimore"),
    ] {
        assert_eq!(suggest(typed, 1)[0].city().as_deref(), Some(city), "{typed}");
        assert_eq!(crate::stays::City::named(typed).unwrap().name(), city, "{typed}");
    }
}

#[test]
fn each_place_is_suggested_once_and_no_more_than_asked_for() {
    for typed in ["a", "san", "lax", "lon", "new york", "paris", "sin"] {
        let places: Vec<String> = suggest(typed, 20).iter().map(|choice| choice.place.to_string()).collect();
        let each: std::collections::BTreeSet<&String> = places.iter().collect();
        assert!(each.len() == places.len() && (1..=20).contains(&places.len()), "{typed}: {places:?}");
    }
    assert_eq!(suggest("", 5).len() + suggest(" - ", 5).len() + suggest("qqqqqqq", 5).len() + suggest("paris", 0).len(), 0);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(32))]

    #[test]
    fn whatever_is_typed_is_answered(text in ".{0,60}") {
        suggest(&text, 10);
        let _: Result<Place, Unresolved> = resolve(&text);
    }

    #[test]
    fn a_place_is_resolved_to_itself(row in 0..7_884_usize) {
        let place = Place::Airport(Airport(CODES[row]));
        // But for one, which everybody calls a country by.
        let written = if place.to_string() == "USA" { "USA airport".to_owned() } else { place.to_string() };
        proptest::prop_assert_eq!(resolve(&written), Ok(place));
        proptest::prop_assert!(!fold::fold(&fold::fold(place.to_string().as_str())).contains("  "));
    }

    #[test]
    fn folding_twice_is_folding_once(text in ".{0,40}") {
        let once = fold::fold_name(&text);
        proptest::prop_assert_eq!(fold::fold_name(&once), once);
    }

    #[test]
    fn one_slip_in_a_long_name_is_forgiven(at in 1_usize..8, letter in "[a-z]") {
        let mut typed: Vec<char> = "singapore".chars().collect();
        typed[at] = letter.chars().next().unwrap();
        let typed: String = typed.into_iter().collect();
        proptest::prop_assert!(suggested(&typed).contains(&"SIN".to_owned()), "{}: {:?}", typed, suggested(&typed));
    }
}
