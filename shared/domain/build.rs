//! Cuts the tables of places into columns, so that a function links only those that it uses: to know a code, 24 KB of 700.

use std::{cmp::Reverse, collections::BTreeMap, env, error::Error, fs, path::Path};

/// How many airports a country stands for: its busiest ones.
const AIRPORTS_PER_COUNTRY: usize = 10;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let out = env::var("OUT_DIR")?;
    let write = |column: &str, text: String| fs::write(Path::new(&out).join(column), text);

    let mut airports = table("airports.csv")?;
    airports.sort_unstable_by_key(|airport| airport["iata"].clone());
    let column = |name: &str| airports.iter().map(|airport| airport[name].as_str()).collect::<Vec<_>>();
    write("codes", column("iata").concat())?;
    write("cities", column("city").join("\n"))?;
    write("zones", column("tz").join("\n"))?;
    write("countries", lines(busiest(&airports)))?;
    let metros = table("metro-areas.csv")?;
    write("metros", lines(metros.iter().map(|metro| (metro["city_code"].as_str(), metro["airports"].clone()))))?;
    Ok(())
}

/// A table, each row as fields by name.
fn table(name: &str) -> Result<Vec<BTreeMap<String, String>>, Box<dyn Error>> {
    let path = format!("data/{name}");
    println!("cargo::rerun-if-changed={path}");
    Ok(csv::Reader::from_path(path)?.into_deserialize().collect::<Result<_, _>>()?)
}

/// What each country stands for, in the form of a metropolitan area's airports.
fn busiest(airports: &[BTreeMap<String, String>]) -> impl Iterator<Item = (&str, String)> {
    let mut ranked: BTreeMap<&str, Vec<(Reverse<&str>, &str)>> = BTreeMap::new();
    for airport in airports.iter().filter(|airport| airport["scheduled"] == "1" && !airport["page_rank"].is_empty()) {
        // All ranks are written with the same number of digits: as texts they sort as they should.
        ranked.entry(&airport["country"]).or_default().push((Reverse(&airport["page_rank"]), &airport["iata"]));
    }
    ranked.into_iter().map(|(country, mut airports)| {
        airports.sort_unstable();
        let codes: Vec<&str> = airports.into_iter().take(AIRPORTS_PER_COUNTRY).map(|(_, code)| code).collect();
        (country, codes.join("|"))
    })
}

fn lines<'a>(rows: impl Iterator<Item = (&'a str, String)>) -> String {
    rows.map(|(code, airports)| format!("{code},{airports}\n")).collect()
}
