//! How good what a source answers is: by source and day, how many answers and offers there were, what was set aside and why, and what
//! failed. Every answer counts once.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use crate::{
    faults::Invalid,
    flights::{SourceId, Untrusted},
    ids::digest,
    search::{SourceOutcome, SourceReport},
    text::is_slug,
    time::day_of,
};

/// How one source fared in one answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// Names the answer: the same for the same question at the same time, and another for any other.
    pub answer: String,
    /// When it was asked.
    pub at: Timestamp,
    /// How that went.
    pub report: SourceReport,
    /// Why it broke off, if it did: the cause's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}

impl Account {
    /// Of the answer to a question at that time.
    pub fn of(question: &str, at: Timestamp, report: SourceReport, cause: Option<String>) -> Self {
        let name = digest(&[question, &at.to_string(), report.source.as_str()]);
        let answer = name[..16].iter().map(|byte| format!("{byte:02x}")).collect();
        Self { answer, at, report, cause }
    }

    /// Which source.
    pub fn source(&self) -> &SourceId {
        &self.report.source
    }

    /// The day that it counts for, in UTC.
    pub fn day(&self) -> Date {
        day_of(self.at)
    }

    /// What it adds to the day.
    pub fn counts(&self) -> Vec<(Measure, u32)> {
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let outcome = match self.report.outcome {
            SourceOutcome::Complete => Measure::Complete,
            SourceOutcome::Partial => Measure::Partial,
            SourceOutcome::Failed => Measure::Failed,
        };
        let set_aside = self.report.set_aside.iter().map(|(reason, count)| (Measure::SetAside(*reason), number(*count)));
        let cause = self.cause.iter().map(|cause| (Measure::Error(cause.clone()), 1));
        let all = [(outcome, 1), (Measure::Calls, self.report.calls), (Measure::Offers, number(self.report.offers))];
        all.into_iter().chain(set_aside).chain(cause).filter(|(_, count)| *count > 0).collect()
    }
}

/// Something that is counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// Answers with all that the source has.
    Complete,
    /// Answers with a part of it.
    Partial,
    /// Answers with nothing.
    Failed,
    /// Calls made.
    Calls,
    /// Offers that are trusted.
    Offers,
    /// Offers that were set aside for this reason.
    SetAside(Untrusted),
    /// Answers that broke off for this cause.
    Error(String),
}

impl std::fmt::Display for Measure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Complete => f.write_str("complete"),
            Self::Partial => f.write_str("partial"),
            Self::Failed => f.write_str("failed"),
            Self::Calls => f.write_str("calls"),
            Self::Offers => f.write_str("offers"),
            Self::SetAside(reason) => {
                let name = serde_json::to_value(reason).ok();
                write!(f, "aside:{}", name.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default())
            }
            Self::Error(cause) => write!(f, "error:{cause}"),
        }
    }
}

impl std::str::FromStr for Measure {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let unknown = Invalid { what: "a measure", rule: "one of those that are counted" };
        match text.split_once(':') {
            Some(("aside", reason)) => serde_json::from_value(reason.into()).map(Self::SetAside).map_err(|_| unknown),
            Some(("error", cause)) if is_slug(cause, 1, 64) => Ok(Self::Error(cause.to_owned())),
            Some(_) => Err(unknown),
            None => match text {
                "complete" => Ok(Self::Complete),
                "partial" => Ok(Self::Partial),
                "failed" => Ok(Self::Failed),
                "calls" => Ok(Self::Calls),
                "offers" => Ok(Self::Offers),
                _ => Err(unknown),
            },
        }
    }
}

/// What is known of a source's day.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Answers with all that the source has.
    pub complete: u64,
    /// Answers with a part of it.
    pub partial: u64,
    /// Answers with nothing.
    pub failed: u64,
    /// Calls made.
    pub calls: u64,
    /// Offers that are trusted.
    pub offers: u64,
    /// Offers that were set aside, by reason.
    pub set_aside: BTreeMap<Untrusted, u64>,
    /// Answers that broke off, by the name of the cause.
    pub errors: BTreeMap<String, u64>,
}

impl Report {
    /// The report that counts come to.
    pub fn of(counts: impl IntoIterator<Item = (Measure, u64)>) -> Self {
        let mut report = Self::default();
        for (measure, count) in counts {
            let place = match measure {
                Measure::Complete => &mut report.complete,
                Measure::Partial => &mut report.partial,
                Measure::Failed => &mut report.failed,
                Measure::Calls => &mut report.calls,
                Measure::Offers => &mut report.offers,
                Measure::SetAside(reason) => report.set_aside.entry(reason).or_default(),
                Measure::Error(cause) => report.errors.entry(cause).or_default(),
            };
            *place = place.saturating_add(count);
        }
        report
    }

    /// How many of a thousand offers were set aside, rounded down; `None` where there were no offers.
    pub fn set_aside_per_thousand(&self) -> Option<u64> {
        let aside: u64 = self.set_aside.values().sum();
        (aside.saturating_mul(1_000)).checked_div(aside.saturating_add(self.offers))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn account(outcome: SourceOutcome, set_aside: Vec<(Untrusted, usize)>, cause: Option<&str>) -> Account {
        let source = "duffel".parse().unwrap();
        let report = SourceReport { source, outcome, calls: 2, offers: 7, set_aside };
        Account::of("a", "2026-03-01T23:59:59Z".parse().unwrap(), report, cause.map(str::to_owned))
    }

    #[test]
    fn a_day_is_the_sum_of_its_answers() {
        let answers = [
            account(SourceOutcome::Complete, vec![(Untrusted::Price, 1), (Untrusted::NotAsked, 2)], None),
            account(SourceOutcome::Partial, vec![(Untrusted::Price, 3)], Some("rate-limited")),
            account(SourceOutcome::Failed, vec![], Some("rate-limited")),
        ];
        assert_eq!(answers[0].day(), "2026-03-01".parse().unwrap());
        let counts = answers.iter().flat_map(Account::counts).map(|(measure, count)| (measure, u64::from(count)));
        let report = Report::of(counts);
        assert_eq!((report.complete, report.partial, report.failed, report.calls, report.offers), (1, 1, 1, 6, 21));
        assert_eq!(report.set_aside, [(Untrusted::Price, 4), (Untrusted::NotAsked, 2)].into());
        assert_eq!(report.errors, [("rate-limited".to_owned(), 2)].into());
        assert_eq!(report.set_aside_per_thousand(), Some(222));
        assert_eq!(Report::default().set_aside_per_thousand(), None);
    }

    #[test]
    fn every_measure_is_read_as_it_is_written() {
        let counts = account(SourceOutcome::Failed, vec![(Untrusted::Currencies, 1)], Some("timeout")).counts();
        for measure in counts.into_iter().map(|(measure, _)| measure).chain([Measure::Complete, Measure::Partial]) {
            assert_eq!(measure.to_string().parse(), Ok(measure));
        }
        for unknown in ["", "error:", "error:A", "aside:", "aside:none", "other", "other:price"] {
            assert!(unknown.parse::<Measure>().is_err(), "{unknown}");
        }
    }
}
