//! Questions in a query: every parameter that is no value of its kind is named, all at once.

use std::{collections::BTreeMap, str::FromStr};

use axum::http::request::Parts;
use domain::faults::{Check, Faults};
use platform::page::url_query;

/// The parameters of a question.
pub(crate) struct Asked {
    given: BTreeMap<String, String>,
    check: Check,
}

impl Asked {
    /// Of a request. What is given twice counts as it is given last.
    pub(crate) fn of(parts: &Parts) -> Self {
        Self { given: url_query(parts).into_iter().collect(), check: Check::new() }
    }

    /// A parameter that may be left out.
    pub(crate) fn given<T: FromStr>(&mut self, name: &str) -> Option<T> {
        let value = self.given.get(name)?.parse().ok();
        self.check.that(value.is_some(), &format!("/{name}"), "invalid", "not a value of this parameter");
        value
    }

    /// A parameter that must be there.
    pub(crate) fn required<T: FromStr>(&mut self, name: &str) -> Option<T> {
        self.check.that(self.given.contains_key(name), &format!("/{name}"), "missing", "must be given");
        self.given(name)
    }

    /// Notes a fault unless `holds`.
    pub(crate) fn that(&mut self, holds: bool, pointer: &str, code: &'static str, detail: &'static str) {
        self.check.that(holds, pointer, code, detail);
    }

    /// What was read, if nothing was wrong.
    pub(crate) fn done<T>(self, read: Option<T>) -> Result<T, Faults> {
        self.check.done()?;
        read.ok_or_else(|| Faults::one("", "invalid", "not a question that can be answered"))
    }
}
