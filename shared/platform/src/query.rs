//! Questions in a query: every parameter that is no value of its kind is named, all at once.

use std::{collections::BTreeMap, str::FromStr};

use axum::extract::Query;
use domain::faults::{Check, Faults};
use http::request::Parts;

/// The parameters of a question.
#[derive(Debug)]
pub struct Asked {
    given: BTreeMap<String, String>,
    check: Check,
}

impl Asked {
    /// Of a request. What is given twice counts as it is given last.
    pub fn of(parts: &Parts) -> Self {
        let given = Query::try_from_uri(&parts.uri).map(|Query(given)| given).unwrap_or_default();
        Self { given, check: Check::new() }
    }

    /// A parameter that may be left out.
    pub fn given<T: FromStr>(&mut self, name: &str) -> Option<T> {
        let value = self.given.get(name)?.parse().ok();
        self.that(value.is_some(), &format!("/{name}"), "invalid", "not a value of this parameter");
        value
    }

    /// A parameter that must be there.
    pub fn required<T: FromStr>(&mut self, name: &str) -> Option<T> {
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
