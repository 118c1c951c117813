//! What is wrong with an input, every fault at once.

use serde::Serialize;

/// Why a text is no value of its type. Reads as "a watcher name must be 1 to 80 characters".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} must be {rule}")]
pub struct Invalid {
    /// The type in words, with its article.
    pub what: &'static str,
    /// What it must be.
    pub rule: &'static str,
}

/// One fault of an input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// JSON pointer (RFC 6901) to the offending field; empty for the whole document.
    pub pointer: String,
    /// A stable code, in kebab case.
    pub code: &'static str,
    /// One sentence for a person.
    pub detail: String,
}

/// Every fault found, at least one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} faults", .0.len())]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// A single fault.
    pub fn one(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        Self(vec![Fault { pointer: pointer.into(), code, detail: detail.into() }])
    }

    /// The faults, in the order in which they were found.
    pub fn as_slice(&self) -> &[Fault] {
        &self.0
    }
}

/// Collects faults while a rule goes through an input.
#[derive(Debug, Default)]
pub struct Check(Vec<Fault>);

impl Check {
    /// Nothing found yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes a fault unless `holds`.
    pub fn that(&mut self, holds: bool, pointer: &str, code: &'static str, detail: impl Into<String>) -> &mut Self {
        if !holds {
            self.0.push(Fault { pointer: pointer.to_owned(), code, detail: detail.into() });
        }
        self
    }

    /// Takes over what another rule found.
    pub fn also(&mut self, found: Result<(), Faults>) -> &mut Self {
        if let Err(Faults(faults)) = found {
            self.0.extend(faults);
        }
        self
    }

    /// The verdict.
    ///
    /// # Errors
    /// All faults, if there are any.
    pub fn done(self) -> Result<(), Faults> {
        if self.0.is_empty() { Ok(()) } else { Err(Faults(self.0)) }
    }

    /// The verdict together with another rule's, and what that has made.
    ///
    /// # Errors
    /// All faults of both, if there are any.
    pub fn done_with<T>(mut self, made: Result<T, Faults>) -> Result<T, Faults> {
        match made {
            Ok(made) => self.done().map(|()| made),
            Err(Faults(faults)) => {
                self.0.extend(faults);
                Err(Faults(self.0))
            }
        }
    }
}

impl From<Vec<Fault>> for Faults {
    fn from(faults: Vec<Fault>) -> Self {
        Self(faults)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn two_rules_have_one_verdict() {
        let holds = |one: bool| {
            let mut check = Check::new();
            check.that(one, "/one", "wrong", "");
            check
        };
        let other = |good: bool| holds(good).done().map(|()| 7);
        let pointers = |faults: Faults| faults.0.into_iter().map(|fault| fault.pointer).collect::<Vec<_>>();
        assert_eq!(holds(true).done_with(other(true)).unwrap(), 7);
        assert_eq!(pointers(holds(true).done_with(other(false)).unwrap_err()), ["/one"]);
        assert_eq!(pointers(holds(false).done_with(other(true)).unwrap_err()), ["/one"]);
        assert_eq!(pointers(holds(false).done_with(other(false)).unwrap_err()), ["/one", "/one"]);
    }
}
