//! What names of houses say, whoever wrote them down: the brand, the words that tell houses apart, numbers, and sides of a town.

use std::collections::{BTreeMap, BTreeSet};

/// Brands, by how sources write them (in folded words); the longer one counts where two fit. Brands of one chain are brands of their
/// own: they stand side by side at airports, often in one building.
const BRANDS: &[(&str, &str)] = &[
    ("doubletree by hilton", "doubletree"),
    ("double tree by hilton", "doubletree"),
    ("doubletree", "doubletree"),
    ("hilton garden inn", "hilton garden inn"),
    ("hilton grand vacations", "hilton grand vacations"),
    ("hampton inn", "hampton"),
    ("hampton by hilton", "hampton"),
    ("hampton", "hampton"),
    ("home2 suites by hilton", "home2"),
    ("home2 suites", "home2"),
    ("homewood suites by hilton", "homewood"),
    ("homewood suites", "homewood"),
    ("embassy suites by hilton", "embassy suites"),
    ("embassy suites", "embassy suites"),
    ("tru by hilton", "tru"),
    ("canopy by hilton", "canopy"),
    ("curio collection by hilton", "curio"),
    ("waldorf astoria", "waldorf astoria"),
    ("conrad", "conrad"),
    ("hilton", "hilton"),
    ("jw marriott", "jw marriott"),
    ("courtyard by marriott", "courtyard"),
    ("courtyard", "courtyard"),
    ("residence inn by marriott", "residence inn"),
    ("residence inn", "residence inn"),
    ("fairfield inn", "fairfield"),
    ("fairfield by marriott", "fairfield"),
    ("springhill suites by marriott", "springhill"),
    ("springhill suites", "springhill"),
    ("towneplace suites by marriott", "towneplace"),
    ("towneplace suites", "towneplace"),
    ("moxy", "moxy"),
    ("ac hotel by marriott", "ac hotel"),
    ("ac hotel", "ac hotel"),
    ("aloft", "aloft"),
    ("element", "element"),
    ("four points by sheraton", "four points"),
    ("four points", "four points"),
    ("sheraton", "sheraton"),
    ("westin", "westin"),
    ("le meridien", "le meridien"),
    ("renaissance", "renaissance"),
    ("st regis", "st regis"),
    ("ritz carlton", "ritz carlton"),
    ("marriott", "marriott"),
    ("hyatt place", "hyatt place"),
    ("hyatt house", "hyatt house"),
    ("hyatt regency", "hyatt regency"),
    ("hyatt centric", "hyatt centric"),
    ("grand hyatt", "grand hyatt"),
    ("park hyatt", "park hyatt"),
    ("andaz", "andaz"),
    ("hyatt", "hyatt"),
    ("holiday inn express", "holiday inn express"),
    ("holiday inn", "holiday inn"),
    ("crowne plaza", "crowne plaza"),
    ("staybridge suites", "staybridge"),
    ("candlewood suites", "candlewood"),
    ("hotel indigo", "indigo"),
    ("kimpton", "kimpton"),
    ("intercontinental", "intercontinental"),
    ("ibis budget", "ibis budget"),
    ("ibis styles", "ibis styles"),
    ("ibis", "ibis"),
    ("novotel suites", "novotel suites"),
    ("novotel", "novotel"),
    ("mercure", "mercure"),
    ("pullman", "pullman"),
    ("sofitel", "sofitel"),
    ("radisson blu", "radisson blu"),
    ("radisson red", "radisson red"),
    ("park inn by radisson", "park inn"),
    ("park inn", "park inn"),
    ("radisson", "radisson"),
    ("best western plus", "best western plus"),
    ("best western premier", "best western premier"),
    ("best western", "best western"),
    ("premier inn", "premier inn"),
    ("travelodge", "travelodge"),
    ("motel one", "motel one"),
    ("nh collection", "nh collection"),
    ("nh", "nh"),
    ("la quinta inn", "la quinta"),
    ("la quinta", "la quinta"),
    ("days inn", "days inn"),
    ("super 8", "super 8"),
    ("motel 6", "motel 6"),
    ("comfort inn", "comfort inn"),
    ("comfort suites", "comfort suites"),
    ("quality inn", "quality inn"),
    ("ginger", "ginger"),
    ("lemon tree premier", "lemon tree premier"),
    ("lemon tree", "lemon tree"),
    ("fabhotel", "fabhotel"),
    ("treebo", "treebo"),
    ("oyo", "oyo"),
    ("taj", "taj"),
];

/// Words that every house may have, or none: they tell nothing.
const SILENT: &[&str] = &[
    "hotel",
    "hotels",
    "the",
    "a",
    "an",
    "and",
    "by",
    "of",
    "at",
    "in",
    "on",
    "de",
    "del",
    "la",
    "le",
    "les",
    "el",
    "du",
    "des",
    "der",
    "die",
    "das",
    "am",
    "im",
    "ihg",
    "wyndham",
    "accor",
    "member",
    "collection",
];

/// Words that sources add or leave out: they tell little.
const WEAK: &[&str] = &[
    "suites",
    "suite",
    "resort",
    "spa",
    "inn",
    "apartments",
    "residence",
    "boutique",
    "lodge",
    "city",
    "centre",
    "downtown",
    "international",
];

/// One word for several ways to write it.
const SAME: &[(&str, &str)] = &[
    ("center", "centre"),
    ("intl", "international"),
    ("saint", "st"),
    ("mount", "mt"),
    ("theater", "theatre"),
    ("apt", "airport"),
    ("aeroport", "airport"),
    ("flughafen", "airport"),
    ("street", "str"),
    ("strasse", "str"),
    ("avenue", "ave"),
    ("road", "rd"),
    ("boulevard", "blvd"),
];

/// Sides of a town: of one chain's houses there, each has its own.
const SIDES: &[&str] = &["north", "south", "east", "west", "nord", "sud", "ost", "est", "ouest", "norte", "sur", "northwest"];

/// Words for the kind of a house, by how sources write them. What is called by none is a hotel. `Resort`, `spa` and `inn` are none of them:
/// sources add them to a hotel's name or leave them out.
const KINDS: &[(&str, &str)] = &[
    ("apartment", "apartments"),
    ("apartments", "apartments"),
    ("aparthotel", "apartments"),
    ("residence", "residences"),
    ("residences", "residences"),
    ("suite", "suites"),
    ("suites", "suites"),
    ("serviced", "serviced"),
    ("living", "living"),
    ("hostel", "hostel"),
    ("hostels", "hostel"),
    ("villa", "villas"),
    ("villas", "villas"),
];
/// After these, `& Suites` says no more of a house than what it follows.
const BEFORE_SUITES: &[&str] = &["inn", "hotel", "express"];

/// What a word counts for.
const USUAL: u64 = 3;
const LITTLE: u64 = 1;
const BRAND: u64 = 4;
/// All that is alike, in thousandths.
const ALL: u64 = 1_000;
/// Two words of which one may be a misspelling of the other, in thousandths.
const NEARLY: u64 = 850;
/// A word that is shorter is misspelt into another one too easily.
const LONG_ENOUGH: usize = 5;

/// A name, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    /// The brand, where it is one that we know.
    pub(super) brand: Option<&'static str>,
    /// Its numbers. The brand's own are none of them.
    pub(super) numbers: BTreeSet<String>,
    /// The sides of a town that it names.
    pub(super) sides: BTreeSet<String>,
    /// What kind of house it says that it is; nothing for a hotel. The brand's own words are none of it.
    pub(super) kinds: BTreeSet<&'static str>,
    /// What each word counts for, the brand as one of them.
    words: BTreeMap<String, u64>,
}

impl Name {
    pub(super) fn of(text: &str) -> Self {
        let folded = words(text);
        let is_inn = is_inn_and_suites(&folded);
        let (brand, rest) = without_brand(folded);
        let numbers = rest.iter().filter(|word| word.bytes().any(|b| b.is_ascii_digit())).cloned().collect();
        let sides = rest.iter().filter(|word| SIDES.contains(&word.as_str())).cloned().collect();
        let kinds = rest.iter().filter_map(|word| kind(word)).filter(|kind| !is_inn || *kind != "suites").collect();
        let telling: BTreeMap<String, u64> =
            rest.iter().filter(|word| !SILENT.contains(&word.as_str())).map(|word| (word.clone(), counts_for(word))).collect();
        // A house that is called nothing but "The Hotel" is called that.
        let mut words =
            if telling.is_empty() && brand.is_none() { rest.into_iter().map(|word| (word, LITTLE)).collect() } else { telling };
        words.extend(brand.map(|brand| (format!("brand {brand}"), BRAND)));
        Self { brand, numbers, sides, kinds, words }
    }

    /// How much of both names is in the other one, in thousandths.
    pub(super) fn alike(&self, other: &Self) -> u64 {
        shared(&self.words, &other.words)
    }
}

/// How alike two addresses are, in thousandths; `None` if one says nothing. Where no number is in both, they are two.
pub(super) fn addresses_alike(one: &str, other: &str) -> Option<u64> {
    let weighed = |text: &str| words(text).into_iter().map(|word| (word, USUAL)).collect::<BTreeMap<_, _>>();
    let numbers = |words: &BTreeMap<String, u64>| -> BTreeSet<String> {
        words.keys().filter(|word| word.bytes().any(|b| b.is_ascii_digit())).cloned().collect()
    };
    let (one, other) = (weighed(one), weighed(other));
    if one.is_empty() || other.is_empty() {
        return None;
    }
    let (left, right) = (numbers(&one), numbers(&other));
    Some(if !left.is_empty() && !right.is_empty() && left.is_disjoint(&right) { 0 } else { shared(&one, &other) })
}

/// What kind of house a word says it is.
fn kind(word: &str) -> Option<&'static str> {
    KINDS.iter().find(|(way, _)| *way == word).map(|(_, kind)| *kind)
}

/// Whether it is an inn, or a hotel, "and suites".
fn is_inn_and_suites(words: &[String]) -> bool {
    let words: Vec<&str> = words.iter().map(String::as_str).filter(|word| *word != "and").collect();
    words.windows(2).any(|pair| BEFORE_SUITES.contains(&pair[0]) && kind(pair[1]) == Some("suites"))
}

fn counts_for(word: &str) -> u64 {
    if WEAK.contains(&word) { LITTLE } else { USUAL }
}

/// Of all that the words of both count for, how much has its like on the other side, in thousandths.
fn shared(one: &BTreeMap<String, u64>, other: &BTreeMap<String, u64>) -> u64 {
    let found = |of: &BTreeMap<String, u64>, within: &BTreeMap<String, u64>| -> u64 {
        of.iter().map(|(word, counts)| counts * within.keys().map(|like| word_alike(word, like)).max().unwrap_or(0)).sum()
    };
    let all: u64 = one.values().chain(other.values()).sum();
    (found(one, other) + found(other, one)).checked_div(all).unwrap_or(0)
}

fn word_alike(one: &str, other: &str) -> u64 {
    if one == other {
        ALL
    } else if one.len().min(other.len()) >= LONG_ENOUGH && !one.starts_with("brand ") && one_slip(one, other) {
        NEARLY
    } else {
        0
    }
}

/// Whether one letter, left out, added, another one, or changed for its neighbour, makes one word of the other.
fn one_slip(one: &str, other: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let (a, b) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if b.len() - a.len() > 1 || a.iter().any(char::is_ascii_digit) || b.iter().any(char::is_ascii_digit) {
        return false;
    }
    let same = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let (left, right) = (&a[same..], &b[same..]);
    if a.len() < b.len() {
        return left == &right[1..];
    }
    match (left, right) {
        ([x, y, rest @ ..], [v, w, others @ ..]) if x == w && y == v => rest == others,
        ([_, rest @ ..], [_, others @ ..]) => rest == others,
        ([], _) | (_, []) => false,
    }
}

/// The brand that a name has, and the other words.
fn without_brand(words: Vec<String>) -> (Option<&'static str>, Vec<String>) {
    let found = BRANDS.iter().filter_map(|(phrase, brand)| {
        let parts: Vec<&str> = phrase.split(' ').collect();
        let at = words.windows(parts.len()).position(|window| window.iter().map(String::as_str).eq(parts.iter().copied()))?;
        Some((parts.len(), at, *brand))
    });
    let longest = found.max_by_key(|(length, at, _)| (*length, std::cmp::Reverse(*at)));
    match longest {
        None => (None, words),
        Some((length, at, brand)) => {
            let rest = words.into_iter().enumerate().filter(|(i, _)| !(at..at + length).contains(i)).map(|(_, word)| word);
            (Some(brand), rest.collect())
        }
    }
}

/// The words of a text: letters and digits in lower case without accents, in the one way that we write them.
fn words(text: &str) -> Vec<String> {
    // An apostrophe is in a word, everything else that is no letter or digit between two.
    let plain: String = text.chars().filter(|c| !matches!(c, '\'' | '’' | '`')).flat_map(char::to_lowercase).collect();
    let folded: String = plain.chars().map(|c| folded(c).map_or_else(|| c.to_string(), str::to_owned)).collect();
    let words = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(|word| SAME.iter().find(|(way, _)| *way == word).map_or(word, |(_, ours)| ours).to_owned()).collect()
}

/// A letter without its accent.
fn folded(letter: char) -> Option<&'static str> {
    Some(match letter {
        'à' | 'á' | 'â' | 'ã' | 'å' | 'ā' | 'ă' | 'ą' => "a",
        'ä' => "a",
        'æ' => "ae",
        'ç' | 'ć' | 'č' => "c",
        'ď' | 'đ' | 'ð' => "d",
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ė' | 'ę' | 'ě' => "e",
        'ğ' => "g",
        'ì' | 'í' | 'î' | 'ï' | 'ī' | 'ı' => "i",
        'ł' => "l",
        'ñ' | 'ń' | 'ň' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ø' | 'ō' | 'ő' | 'ö' => "o",
        'œ' => "oe",
        'ř' => "r",
        'ś' | 'š' | 'ş' | 'ș' => "s",
        'ß' => "ss",
        'ť' | 'ţ' | 'ț' => "t",
        'ù' | 'ú' | 'û' | 'ū' | 'ů' | 'ű' | 'ü' => "u",
        'ý' | 'ÿ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        // A combining accent.
        '\u{300}'..='\u{36f}' => "",
        _ => return None,
    })
}
