//! What people, sources and airlines call the four cabins. One table for all of them.

use serde_json::Value;

use super::Cabin;
use crate::{faults::Fault, inputs, places::fold::fold};

/// Names, as they are compared.
const NAMES: [(&str, Cabin); 10] = [
    ("economy", Cabin::Economy),
    ("coach", Cabin::Economy),
    ("tourist", Cabin::Economy),
    ("main", Cabin::Economy),
    ("premium economy", Cabin::PremiumEconomy),
    ("economy premium", Cabin::PremiumEconomy),
    ("premium", Cabin::PremiumEconomy),
    ("business", Cabin::Business),
    ("executive", Cabin::Business),
    ("first", Cabin::First),
];

/// Booking classes that stand for one cabin at nearly every airline. IATA once laid down a letter for each (Resolution 728), and airlines
/// went their own ways: A, D, I, O, P, R, Z and the like are one cabin here and another there, and so are none in this table.
const CLASSES: [(&str, Cabin); 14] = [
    ("y", Cabin::Economy),
    ("b", Cabin::Economy),
    ("h", Cabin::Economy),
    ("k", Cabin::Economy),
    ("l", Cabin::Economy),
    ("m", Cabin::Economy),
    ("n", Cabin::Economy),
    ("q", Cabin::Economy),
    ("v", Cabin::Economy),
    ("x", Cabin::Economy),
    ("w", Cabin::PremiumEconomy),
    ("c", Cabin::Business),
    ("j", Cabin::Business),
    ("f", Cabin::First),
];

impl Cabin {
    /// The cabin that a name or a booking class stands for, in any letters: `premium_economy`, `Business Class`, `Main Cabin`, `J`.
    /// None, where that is not known.
    pub fn called(text: &str) -> Option<Self> {
        let folded = fold(text);
        let name = folded.strip_suffix(" class").or_else(|| folded.strip_suffix(" cabin")).unwrap_or(&folded);
        NAMES.iter().chain(&CLASSES).find(|(known, _)| *known == name).map(|(_, cabin)| *cabin)
    }
}

/// How a cabin in an input is read ([`inputs::Reader`]).
pub fn cabin(value: Value, at: &str, faults: &mut Vec<Fault>) -> Option<Cabin> {
    let text: String = inputs::leaf(value, at, faults)?;
    let cabin = Cabin::called(&text);
    if cabin.is_none() {
        let detail = "must be economy, premium-economy, business or first, or a booking class that means one of them everywhere";
        faults.push(Fault { pointer: at.to_owned(), code: "unknown-cabin", detail: detail.to_owned() });
    }
    cabin
}

/// How a list of cabins is read.
pub fn cabins(value: Value, at: &str, faults: &mut Vec<Fault>) -> Option<Vec<Cabin>> {
    inputs::each(value, at, faults, cabin)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_and_booking_classes_are_four_cabins() {
        for (cabin, names) in [
            (Cabin::Economy, ["economy", "ECONOMY", "Main Cabin", "coach", "Y", "q"]),
            (Cabin::PremiumEconomy, ["premium", "premium_economy", "premium-economy", "Premium Economy Class", "w", " W "]),
            (Cabin::Business, ["business", "Business Class", "BUSINESS", "J", "c", "executive"]),
            (Cabin::First, ["first", "First Class", "FIRST", "F", "f ", "first  cabin"]),
        ] {
            for name in names {
                assert_eq!(Cabin::called(name), Some(cabin), "{name}");
            }
        }
        for cabin in Cabin::ALL {
            assert_eq!(Cabin::called(cabin.as_str()), Some(cabin));
        }
    }

    #[test]
    fn what_is_one_cabin_here_and_another_there_is_none() {
        for name in ["", "A", "Z", "I", "R", "class", "suite", "economy business"] {
            assert_eq!(Cabin::called(name), None, "{name}");
        }
    }

    #[test]
    fn no_name_stands_twice_in_the_table() {
        let all: Vec<&str> = NAMES.iter().chain(&CLASSES).map(|(name, _)| *name).collect();
        let each: std::collections::BTreeSet<&str> = all.iter().copied().collect();
        assert!(each.len() == all.len() && all.iter().all(|name| fold(name) == *name));
    }

    #[test]
    fn a_cabin_that_is_none_is_named_where_it_is() {
        let mut faults = Vec::new();
        assert_eq!(cabins(json!(["J", "suite", 1]), "/cabins", &mut faults), None);
        let noted: Vec<(&str, &str)> = faults.iter().map(|fault| (&*fault.pointer, fault.code)).collect();
        assert_eq!(noted, [("/cabins/1", "unknown-cabin"), ("/cabins/2", "invalid")]);
        assert_eq!(cabins(json!(["premium", "J"]), "/cabins", &mut faults), Some(vec![Cabin::PremiumEconomy, Cabin::Business]));
    }
}
