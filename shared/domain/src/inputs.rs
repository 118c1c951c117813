//! Reading an input so that every fault in it is found, each with its own pointer.
//!
//! A wrong value never keeps the rest from being looked at, and no fault repeats what was sent: values can be personal.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

use jiff::civil::Date;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::faults::{Check, Fault, Faults};

/// Something that is read from a JSON object, field by field.
pub trait Input: Sized {
    /// Takes its fields; none if any of them can't be used. What is not taken is an unknown field: that refuses the whole, but what holds
    /// it is handed back, so that rules can say what is wrong with it, too.
    fn read(fields: &mut Fields<'_>) -> Option<Self>;
}

/// A question about days to come, which is read as an [`Input`] is: what its rules say of one field is told with what is wrong in others.
pub trait Asked: Sized {
    /// Takes its fields; none if any of them can't be used. What lies before the `earliest` day has passed.
    fn read(fields: &mut Fields<'_>, earliest: Date) -> Option<Self>;
}

/// How one value is read: at a pointer, its faults noted.
pub type Reader<T> = fn(Value, &str, &mut Vec<Fault>) -> Option<T>;

/// What a text must be that is read as a date or an instant, and is none. The parser of those quotes what it stumbled over.
pub const NO_TIME: &str = "must be a date or an instant as RFC 3339 writes it, such as 2026-04-27 or 2026-04-27T16:20:00Z";

/// How many faults are named at most: an answer has its limits too.
const MAX_FAULTS: usize = 100;

/// Why a text is no input.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// It is no JSON, or none that can be held: nested too deep, with a number that is too large, or with half a character.
    #[error("it is not JSON")]
    NotJson,
    /// It is JSON, with faults.
    #[error(transparent)]
    Faults(#[from] Faults),
}

/// Reads an input.
///
/// # Errors
/// [`Unread::NotJson`]; else every fault, up to a hundred of them.
pub fn read_input<T: Input>(json: &str) -> Result<T, Unread> {
    read_input_with(json, None)
}

/// The same, of which one field may have come another way than in the text. In the text, too, it is given twice.
///
/// # Errors
/// As [`read_input`].
pub fn read_input_with<T: Input>(json: &str, beside: Option<(&str, Value)>) -> Result<T, Unread> {
    read_whole(json, |mut value, faults| {
        if let (Value::Object(fields), Some((name, given))) = (&mut value, beside)
            && fields.insert(name.to_owned(), given).is_some()
        {
            note(faults, &format!("/{name}"), "duplicate", "is given twice".to_owned());
        }
        object(value, "", faults)
    })
}

/// Reads a question.
///
/// # Errors
/// As [`read_input`].
pub fn read_asked<T: Asked>(json: &str, earliest: Date) -> Result<T, Unread> {
    read_whole(json, |value, faults| object_by(value, "", faults, |fields| T::read(fields, earliest)))
}

fn read_whole<T>(json: &str, read: impl FnOnce(Value, &mut Vec<Fault>) -> Option<T>) -> Result<T, Unread> {
    let (mut faults, mut json) = (Vec::new(), serde_json::Deserializer::from_str(json));
    let value = Walk { at: String::new(), faults: &mut faults }.deserialize(&mut json);
    let value = value.and_then(|value| json.end().map(|()| value)).map_err(|_| Unread::NotJson)?;
    let input = read(value, &mut faults);
    let found = faults.len();
    if found > MAX_FAULTS {
        faults.truncate(MAX_FAULTS);
        faults.push(Fault { pointer: String::new(), code: "more", detail: format!("and {} more", found - MAX_FAULTS) });
    }
    match input.filter(|_| faults.is_empty()) {
        Some(input) => Ok(input),
        None => Err(Faults::from(faults).into()),
    }
}

/// A value that is read as a whole.
pub fn leaf<T: DeserializeOwned>(value: Value, at: &str, faults: &mut Vec<Fault>) -> Option<T> {
    let in_words = |error: serde_json::Error| date_in_words::<T>().unwrap_or_else(|| in_our_words(&error.to_string()));
    serde_json::from_value(value).map_err(|error| note(faults, at, "invalid", in_words(error))).ok()
}

/// What is wrong where a date or an instant is wanted: its parser quotes what it stumbled over, in words of its own. What a type wants is
/// what it says to a value that nothing is read from.
fn date_in_words<T: DeserializeOwned>() -> Option<String> {
    let wants = serde_json::from_value::<T>(Value::Bool(true)).err()?.to_string();
    let wanted = match wants.rsplit_once("expected ")?.1 {
        "a date string" => "a date such as 2026-04-27",
        "a datetime string" => "a local time such as 2026-04-27T16:20:00",
        "a time string" => "a time of day such as 16:20:00",
        "a timestamp string" => "an instant such as 2026-04-27T16:20:00Z",
        _ => return None,
    };
    Some(format!("must be {wanted}"))
}

/// A whole number from the least to the most.
pub fn between<const LEAST: u8, const MOST: u8>(value: Value, at: &str, faults: &mut Vec<Fault>) -> Option<u8> {
    let number = value.as_u64().and_then(|number| u8::try_from(number).ok());
    let found = number.filter(|number| (LEAST..=MOST).contains(number));
    if found.is_none() {
        let code = if number.is_some() { "out-of-range" } else { "invalid" };
        note(faults, at, code, format!("must be a whole number from {LEAST} to {MOST}"));
    }
    found
}

/// A list of values.
pub fn list<T: DeserializeOwned>(value: Value, at: &str, faults: &mut Vec<Fault>) -> Option<Vec<T>> {
    each(value, at, faults, leaf)
}

/// A list of values, each of which may stand there once. What could be read is handed back: a fault refuses the whole anyway.
pub fn once<T: DeserializeOwned + Ord>(value: Value, at: &str, faults: &mut Vec<Fault>) -> Option<BTreeSet<T>> {
    let Value::Array(items) = value else {
        note(faults, at, "invalid", "must be a list".to_owned());
        return None;
    };
    let mut read = BTreeSet::new();
    for (i, item) in items.into_iter().enumerate() {
        let at = format!("{at}/{i}");
        if leaf(item, &at, faults).is_some_and(|item| !read.insert(item)) {
            note(faults, &at, "duplicate", "stands there twice".to_owned());
        }
    }
    Some(read)
}

/// A list whose items are all read in the same way.
pub fn each<T>(value: Value, at: &str, faults: &mut Vec<Fault>, read: Reader<T>) -> Option<Vec<T>> {
    let Value::Array(items) = value else {
        note(faults, at, "invalid", "must be a list".to_owned());
        return None;
    };
    let count = items.len();
    let read: Vec<T> = items.into_iter().enumerate().filter_map(|(i, item)| read(item, &format!("{at}/{i}"), faults)).collect();
    (read.len() == count).then_some(read)
}

/// An object whose fields have names of one kind and values of another: every one that is none is named. What could be read is handed
/// back, so that rules can say what is wrong with that, too: a fault refuses the whole anyway.
pub fn map<K: FromStr<Err: fmt::Display> + Ord, V: DeserializeOwned>(
    value: Value,
    at: &str,
    faults: &mut Vec<Fault>,
) -> Option<BTreeMap<K, V>> {
    let Value::Object(fields) = value else {
        note(faults, at, "invalid", "must be an object".to_owned());
        return None;
    };
    let mut read = BTreeMap::new();
    for (name, value) in fields {
        let at = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
        let (key, value) = (name.parse::<K>(), leaf::<V>(value, &at, faults));
        match key {
            Ok(key) => read.extend(value.map(|value| (key, value))),
            Err(error) => note(faults, &at, "invalid", error.to_string()),
        }
    }
    Some(read)
}

/// A list of objects.
pub fn objects<T: Input>(value: Value, at: &str, faults: &mut Vec<Fault>) -> Option<Vec<T>> {
    each(value, at, faults, object)
}

/// An object.
pub fn object<T: Input>(value: Value, at: &str, faults: &mut Vec<Fault>) -> Option<T> {
    object_by(value, at, faults, T::read)
}

fn object_by<T>(value: Value, at: &str, faults: &mut Vec<Fault>, read: impl FnOnce(&mut Fields<'_>) -> Option<T>) -> Option<T> {
    let Value::Object(left) = value else {
        note(faults, at, "invalid", "must be an object".to_owned());
        return None;
    };
    let mut fields = Fields { left, at, faults };
    let input = read(&mut fields);
    let unknown: Vec<String> = fields.left.keys().map(|name| fields.pointer(name)).collect();
    for pointer in unknown {
        note(faults, &pointer, "unknown-field", "there is no such field".to_owned());
    }
    input
}

fn note(faults: &mut Vec<Fault>, pointer: &str, code: &'static str, detail: String) {
    faults.push(Fault { pointer: pointer.to_owned(), code, detail });
}

/// A parser's message without what it quotes of the input, and without names of our types.
fn in_our_words(message: &str) -> String {
    let parsers = ["invalid type", "invalid value", "invalid length", "unknown variant", "missing field", "unknown field"];
    // The parser of dates quotes what it stumbled over, also where a date is only a part of the value.
    if message.starts_with("failed to ") || message.contains("jiff::") {
        return NO_TIME.to_owned();
    }
    if !parsers.iter().any(|begin| message.starts_with(begin)) {
        return message.to_owned();
    }
    let expected = message.rsplit_once("expected ").map(|(_, expected)| expected);
    let ours = |expected: &&str| ["struct", "enum", "variant", "map", "Raw"].iter().all(|name| !expected.contains(name));
    expected
        .filter(ours)
        .map_or_else(|| "has the wrong form".to_owned(), |expected| format!("must be {}", number_in_words(expected)))
}

/// A parser's name of a kind of number in words; of anything else, as it is.
fn number_in_words(expected: &str) -> &str {
    match expected {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "u128" | "usize" => "a whole number, 0 or more",
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        other => other,
    }
}

/// The fields of an object, taken one by one.
#[derive(Debug)]
pub struct Fields<'a> {
    left: Map<String, Value>,
    at: &'a str,
    faults: &'a mut Vec<Fault>,
}

impl Fields<'_> {
    /// A field that must be there.
    pub fn required<T>(&mut self, name: &str, read: Reader<T>) -> Option<T> {
        match self.left.remove(name) {
            Some(value) => read(value, &self.pointer(name), self.faults),
            None => {
                let pointer = self.pointer(name);
                note(self.faults, &pointer, "missing", "must be given".to_owned());
                None
            }
        }
    }

    /// A field that may be left out.
    pub fn given<T>(&mut self, name: &str, read: Reader<T>) -> Option<Option<T>> {
        match self.left.remove(name) {
            Some(value) => read(value, &self.pointer(name), self.faults).map(Some),
            None => Some(None),
        }
    }

    /// A field that may be left out, and is a question of its own.
    pub fn asked<T: Asked>(&mut self, name: &str, earliest: Date) -> Option<Option<T>> {
        let Some(value) = self.left.remove(name) else { return Some(None) };
        let at = self.pointer(name);
        object_by(value, &at, self.faults, |fields| T::read(fields, earliest)).map(Some)
    }

    /// A field that may be left out, or null, which is the same.
    pub fn nullable<T>(&mut self, name: &str, read: Reader<T>) -> Option<Option<T>> {
        self.left
            .remove(name)
            .filter(|value| !value.is_null())
            .map_or(Some(None), |value| read(value, &self.pointer(name), self.faults).map(Some))
    }

    /// Notes a fault of a field that was read well, but does not go with the others.
    pub fn fault(&mut self, name: &str, detail: &str) {
        let pointer = if name.is_empty() { self.at.to_owned() } else { self.pointer(name) };
        note(self.faults, &pointer, "invalid", detail.to_owned());
    }

    /// Takes over what a rule found in the fields, by pointers from here, and says whether it found nothing.
    pub fn check(&mut self, found: Check) -> bool {
        let Err(faults) = found.done() else { return true };
        for fault in faults.as_slice() {
            note(self.faults, &format!("{}{}", self.at, fault.pointer), fault.code, fault.detail.clone());
        }
        false
    }

    fn pointer(&self, name: &str) -> String {
        format!("{}/{}", self.at, name.replace('~', "~0").replace('/', "~1"))
    }
}

/// Reads JSON into a value, and notes the fields that are given twice: which of them counts would be a guess.
struct Walk<'a> {
    at: String,
    faults: &'a mut Vec<Fault>,
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) =
            items.next_element_seed(Walk { at: format!("{}/{}", self.at, list.len()), faults: &mut *self.faults })?
        {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            let at = format!("{}/{}", self.at, name.replace('~', "~0").replace('/', "~1"));
            let value = fields.next_value_seed(Walk { at: at.clone(), faults: &mut *self.faults })?;
            if object.insert(name, value).is_some() {
                note(self.faults, &at, "duplicate", "is given twice".to_owned());
            }
        }
        Ok(object.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Outer {
        name: String,
        count: Option<u8>,
        inner: Inner,
    }

    #[derive(Debug, PartialEq)]
    struct Inner {
        list: Vec<u8>,
    }

    impl Input for Outer {
        fn read(fields: &mut Fields<'_>) -> Option<Self> {
            let (name, count, inner) =
                (fields.required("name", leaf), fields.nullable("count", leaf), fields.required("inner", object));
            Some(Self { name: name?, count: count?, inner: inner? })
        }
    }

    impl Input for Inner {
        fn read(fields: &mut Fields<'_>) -> Option<Self> {
            fields.required("list", list).map(|list| Self { list })
        }
    }

    fn all<T>(read: Result<T, Unread>) -> Vec<Fault> {
        match read {
            Ok(_) | Err(Unread::NotJson) => vec![],
            Err(Unread::Faults(faults)) => faults.as_slice().to_vec(),
        }
    }

    fn faults(json: &str) -> Vec<(String, &'static str)> {
        let mut found: Vec<_> = all(read_input::<Outer>(json)).into_iter().map(|fault| (fault.pointer, fault.code)).collect();
        found.sort_unstable();
        found
    }

    #[test]
    fn exactly_the_faults_are_named_each_at_its_place() {
        let found =
            faults(r#"{"a/b": 1, "inner": {"more": 1, "list": [1, "x", 300], "less": 2}, "count": 300, "b": {}, "b": {}}"#);
        let expected = [
            ("/a~1b", "unknown-field"),
            ("/b", "duplicate"),
            ("/b", "unknown-field"),
            ("/count", "invalid"),
            ("/inner/less", "unknown-field"),
            ("/inner/list/1", "invalid"),
            ("/inner/list/2", "invalid"),
            ("/inner/more", "unknown-field"),
            ("/name", "missing"),
        ];
        assert_eq!(found, expected.map(|(pointer, code)| (pointer.to_owned(), code)));
    }

    #[test]
    fn an_object_is_an_object() {
        for json in ["[]", "null", "1", r#"["a", 1, [[1]]]"#] {
            assert_eq!(faults(json), [(String::new(), "invalid")], "{json}");
        }
        assert_eq!(faults(r#"{"name": "a", "inner": [[1]]}"#), [("/inner".to_owned(), "invalid")]);
    }

    #[test]
    fn good_input_is_read_and_null_is_left_out() {
        let read = read_input::<Outer>(r#"{"name": "a", "count": null, "inner": {"list": [1]}}"#);
        assert_eq!(read, Ok(Outer { name: "a".into(), count: None, inner: Inner { list: vec![1] } }));
    }

    #[test]
    fn a_field_that_came_another_way_is_one_of_them_and_not_given_twice() {
        let read = |json| read_input_with::<Outer>(json, Some(("name", Value::from("a"))));
        assert_eq!(read(r#"{"inner": {"list": []}}"#).map(|outer| outer.name), Ok("a".to_owned()));
        let twice = all(read(r#"{"name": "b", "inner": {"list": []}}"#));
        assert_eq!(twice.iter().map(|fault| (&*fault.pointer, fault.code)).collect::<Vec<_>>(), [("/name", "duplicate")]);
        assert!(read("[]").is_err());
    }

    #[test]
    fn no_fault_repeats_what_was_sent_or_names_our_types() {
        let faults =
            read_input::<Outer>(r#"{"name": 77123, "count": "gwen@example.net", "inner": {"list": ["gwen@example.net"]}}"#).err();
        let told = format!("{faults:?}");
        assert!(!told.contains("gwen") && !told.contains("77123") && !told.contains("Raw"), "{told}");
    }

    #[test]
    fn a_number_is_asked_for_in_words() {
        let told = |json: &str| all(read_input::<Outer>(json)).into_iter().map(|fault| fault.detail).collect::<Vec<_>>();
        for wrong in ["\"2\"", "-1", "300", "1.5"] {
            let json = format!(r#"{{"name": "a", "count": {wrong}, "inner": {{"list": []}}}}"#);
            assert_eq!(told(&json), ["must be a whole number from 0 to 255"], "{wrong}");
        }
        let count = |value| leaf::<u64>(value, "/points", &mut Vec::new());
        assert_eq!((count(Value::from(7)), count(Value::from("7"))), (Some(7), None));
        assert_eq!(in_our_words("invalid type: string \"7\", expected u64"), "must be a whole number, 0 or more");
    }

    #[test]
    fn a_number_out_of_its_range_is_told_the_range() {
        let told = |value: Value| {
            let mut faults = Vec::new();
            let read = between::<1, 9>(value, "/travellers", &mut faults);
            (read, faults.pop().map(|fault| (fault.code, fault.detail)))
        };
        let rule = || "must be a whole number from 1 to 9".to_owned();
        assert_eq!([1, 9].map(|n| told(Value::from(n))), [(Some(1), None), (Some(9), None)]);
        assert_eq!([0, 10].map(|n| told(Value::from(n)).1), [0; 2].map(|_| Some(("out-of-range", rule()))));
        for wrong in [Value::from(-1), Value::from(256), Value::from(1.5), Value::from("2"), Value::Null] {
            assert_eq!(told(wrong), (None, Some(("invalid", rule()))));
        }
    }

    #[test]
    fn what_is_no_date_is_told_in_our_words() {
        for text in ["", "x", "soon", "2026", "26-04-27", "2026-13-01", "2026-02-30", "2026-04-27x", "+2026-04-27"] {
            for read in [leaf::<Date> as Reader<Date>, |value, at, faults| leaf::<Option<Date>>(value, at, faults)?] {
                let mut faults = Vec::new();
                assert_eq!(read(text.into(), "/opened", &mut faults), None, "{text}");
                assert_eq!(faults[0].detail, "must be a date such as 2026-04-27", "{text}");
            }
        }
    }

    #[test]
    fn what_is_wrong_in_one_entry_keeps_no_other_from_being_looked_at() {
        let (mut faults, fields) = (Vec::new(), serde_json::json!({"1": 7, "x": 8, "2": "y"}));
        let read = map::<u8, u8>(fields, "/at", &mut faults);
        assert_eq!(read, Some(BTreeMap::from([(1, 7)])));
        assert_eq!(faults.iter().map(|fault| &*fault.pointer).collect::<Vec<_>>(), ["/at/2", "/at/x"]);
    }

    #[test]
    fn what_stands_twice_in_a_set_is_named_beside_what_is_none() {
        let mut faults = Vec::new();
        let read = once::<u8>(serde_json::json!([1, 2, 1, "x"]), "/at", &mut faults);
        assert_eq!(read, Some(BTreeSet::from([1, 2])));
        assert_eq!(
            faults.iter().map(|fault| (&*fault.pointer, fault.code)).collect::<Vec<_>>(),
            [("/at/2", "duplicate"), ("/at/3", "invalid")]
        );
        assert_eq!(once::<u8>(Value::Null, "/at", &mut faults), None);
    }

    #[test]
    fn faults_without_number_are_cut() {
        let many = format!(r#"{{"name": "a", "inner": {{"list": [{}]}}}}"#, vec!["\"x\""; 5_000].join(","));
        assert_eq!(all(read_input::<Outer>(&many)).len(), MAX_FAULTS + 1);
    }

    #[test]
    fn what_no_value_can_hold_is_no_json_and_never_a_refusal_without_a_fault() {
        let deep = format!(r#"{{"name": {}{}}}"#, "[".repeat(200), "]".repeat(200));
        for json in [r#"{"count": 1e999}"#, &deep, r#"{"name": "Sing\ud800apore"}"#, "{", "", "{} {}"] {
            assert_eq!(read_input::<Outer>(json), Err(Unread::NotJson), "{json}");
        }
    }

    #[test]
    fn a_date_that_is_none_is_told_in_our_words_whatever_it_is() {
        fn told<T: DeserializeOwned>(value: &Value) -> Option<String> {
            let mut faults = Vec::new();
            leaf::<T>(value.clone(), "/day", &mut faults).map_or_else(|| faults.pop().map(|fault| fault.detail), |_| None)
        }
        for wrong in ["2026-02-30", "", "x", "77123", "2026-13-01", "must be gwen", "failed to"].map(Value::from) {
            assert_eq!(told::<Date>(&wrong).as_deref(), Some("must be a date such as 2026-04-27"), "{wrong}");
            assert_eq!(told::<Option<Date>>(&wrong), told::<Date>(&wrong));
            let instant = Some("must be an instant such as 2026-04-27T16:20:00Z");
            assert_eq!(told::<jiff::Timestamp>(&wrong).as_deref(), instant, "{wrong}");
        }
        assert_eq!(told::<Date>(&Value::from(7)).as_deref(), Some("must be a date such as 2026-04-27"));
        assert_eq!(told::<Date>(&Value::from("2026-02-28")), None);
    }
}
