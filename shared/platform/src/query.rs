//! Questions in a query: every parameter that is no value of its kind is named, all at once.

use std::{
    any::Any,
    collections::{BTreeMap, BTreeSet},
    num::ParseIntError,
    str::{FromStr, ParseBoolError},
};

use axum::extract::Query;
use domain::{
    faults::{Check, Faults, Invalid},
    inputs::NO_TIME,
};
use http::{Uri, request::Parts};

/// Refuses what no parameter of an endpoint is called, and what is given twice: of two, nobody knows which was meant.
pub(crate) fn check(uri: &Uri, known: &[String]) -> Result<(), Faults> {
    // What can't be read at all is found by whoever reads it; who reads nothing misses nothing.
    let given = Query::<Vec<(String, String)>>::try_from_uri(uri).map(|Query(given)| given).unwrap_or_default();
    let (mut check, mut seen) = (Check::new(), BTreeSet::new());
    for (name, _) in given {
        let pointer = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
        check.that(known.contains(&name), &pointer, "unknown", "there is no such parameter");
        check.that(seen.insert(name), &pointer, "repeated", "may be given once");
    }
    check.done()
}

/// What is wrong with a value: our own types name their rule; the words of others quote what was sent.
fn in_our_words<E: 'static>(error: &E) -> String {
    let error = error as &dyn Any;
    if let Some(ours) = error.downcast_ref::<Invalid>() {
        return ours.to_string();
    }
    let words = if error.is::<ParseIntError>() {
        "must be a whole number, 0 or more"
    } else if error.is::<ParseBoolError>() {
        "must be true or false"
    } else if error.is::<jiff::Error>() {
        NO_TIME
    } else {
        "not a value of this parameter"
    };
    words.to_owned()
}

/// The parameters of a question.
#[derive(Debug)]
pub struct Asked {
    given: BTreeMap<String, String>,
    check: Check,
}

impl Asked {
    /// Of a request, in which nothing is given twice.
    pub fn of(parts: &Parts) -> Self {
        let given = Query::try_from_uri(&parts.uri).map(|Query(given)| given).unwrap_or_default();
        Self { given, check: Check::new() }
    }

    /// A parameter that may be left out.
    pub fn given<T: FromStr<Err: 'static>>(&mut self, name: &str) -> Option<T> {
        let value = self.given.get(name)?.parse();
        self.that(value.is_ok(), &format!("/{name}"), "invalid", value.as_ref().err().map(in_our_words).unwrap_or_default());
        value.ok()
    }

    /// A parameter that must be there.
    pub fn required<T: FromStr<Err: 'static>>(&mut self, name: &str) -> Option<T> {
        self.that(self.given.contains_key(name), &format!("/{name}"), "missing", "must be given");
        self.given(name)
    }

    /// Notes a fault unless `holds`.
    pub fn that(&mut self, holds: bool, pointer: &str, code: &'static str, detail: impl Into<String>) {
        self.check.that(holds, pointer, code, detail);
    }

    /// What was read, if nothing was wrong.
    ///
    /// # Errors
    /// Every fault.
    pub fn done<T>(self, read: Option<T>) -> Result<T, Faults> {
        self.check.done()?;
        read.ok_or_else(|| Faults::one("", "invalid", "not a question that can be answered"))
    }
}
