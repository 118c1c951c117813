//! What was measured, held against the budgets.

use std::fmt::Write;

use serde::Serialize;
use serde_json::{Value, json};

use super::sandbox::{Cost, Memory};

/// One measurement of a function.
#[derive(Debug, Clone, Copy)]
pub(super) struct Round {
    /// Bytes of its zip.
    pub(super) zip: u64,
    /// From its start until it first asks for an event.
    pub(super) start: Cost,
    /// Its first call.
    pub(super) first: Cost,
    /// A later call.
    pub(super) next: Cost,
    /// Its memory after these calls, with what TLS takes.
    pub(super) memory: Memory,
}

/// What is measured of a function.
struct Quantity {
    name: &'static str,
    unit: Unit,
    /// The most that it may be.
    budget: Option<u64>,
    of: fn(&Round) -> u64,
}

#[derive(Clone, Copy)]
enum Unit {
    Bytes,
    Nanoseconds,
}

const MEGABYTE: u64 = 1_000_000;
const MILLISECOND: u64 = 1_000_000;

const QUANTITIES: [Quantity; 9] = [
    Quantity { name: "zip", unit: Unit::Bytes, budget: Some(2_500_000), of: |round| round.zip },
    Quantity { name: "start", unit: Unit::Nanoseconds, budget: Some(10 * MILLISECOND), of: |round| nanos(round.start.time) },
    Quantity { name: "start, CPU", unit: Unit::Nanoseconds, budget: None, of: |round| nanos(round.start.cpu) },
    Quantity { name: "first call", unit: Unit::Nanoseconds, budget: None, of: |round| nanos(round.first.time) },
    Quantity { name: "first call, CPU", unit: Unit::Nanoseconds, budget: None, of: |round| nanos(round.first.cpu) },
    Quantity { name: "next call", unit: Unit::Nanoseconds, budget: None, of: |round| nanos(round.next.time) },
    Quantity { name: "next call, CPU", unit: Unit::Nanoseconds, budget: None, of: |round| nanos(round.next.cpu) },
    Quantity { name: "memory", unit: Unit::Bytes, budget: Some(16 * MEGABYTE), of: |round| round.memory.resident },
    Quantity { name: "memory, peak", unit: Unit::Bytes, budget: None, of: |round| round.memory.peak },
];

fn nanos(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::Bytes => "MB",
            Self::Nanoseconds => "ms",
        }
    }

    /// What is held against a budget. A time is that of the fastest round: whatever else the machine does only ever adds to it.
    fn judged(self, spread: Spread) -> u64 {
        match self {
            Self::Bytes => spread.median,
            Self::Nanoseconds => spread.least,
        }
    }

    /// In millions, to two decimals.
    fn show(self, value: u64) -> String {
        let hundredths = (value + 5_000) / 10_000;
        format!("{}.{:02}", hundredths / 100, hundredths % 100)
    }
}

/// The median of a quantity, and between what it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
struct Spread {
    median: u64,
    least: u64,
    most: u64,
}

/// A function, and how it was in each round.
pub(super) struct Subject {
    pub(super) name: String,
    pub(super) rounds: Vec<Round>,
}

impl Subject {
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), rounds: Vec::new() }
    }

    fn spread(&self, quantity: &Quantity) -> Spread {
        let mut values: Vec<u64> = self.rounds.iter().map(quantity.of).collect();
        values.sort_unstable();
        let at = |place: usize| values.get(place).copied().unwrap_or_default();
        Spread { median: at(values.len() / 2), least: at(0), most: at(values.len().saturating_sub(1)) }
    }
}

/// Everything that was measured.
pub(super) struct Report {
    /// Ours.
    pub(super) ours: Vec<Subject>,
    /// What is compared with one of ours, of this name.
    pub(super) node: Subject,
    pub(super) equal: &'static str,
}

impl Report {
    /// A row a function: the median of each quantity, and between what it was.
    pub(super) fn table(&self) -> String {
        let mut table = "| function |".to_owned();
        for Quantity { name, unit, .. } in &QUANTITIES {
            write!(table, " {name} ({}) |", unit.name()).ok();
        }
        table.push_str(&format!("\n|---|{}\n", "---|".repeat(QUANTITIES.len())));
        for subject in self.ours.iter().chain([&self.node]) {
            let cell = |quantity: &Quantity| {
                let (Spread { median, least, most }, unit) = (subject.spread(quantity), quantity.unit);
                if least == most {
                    unit.show(median)
                } else {
                    format!("{} ({}–{})", unit.show(median), unit.show(least), unit.show(most))
                }
            };
            row(&mut table, &subject.name, cell);
        }
        row(&mut table, "budget", |quantity| quantity.budget.map_or_else(String::new, |most| quantity.unit.show(most)));
        let ratio = |quantity: &Quantity| {
            let ours = self.equal().map_or(0, |equal| equal.spread(quantity).median);
            times(self.node.spread(quantity).median, ours)
        };
        row(&mut table, &format!("Node.js / {}", self.equal), ratio);
        table
    }

    /// What is over its budget, in words.
    pub(super) fn over(&self) -> Vec<String> {
        let judged = self.ours.iter().flat_map(|subject| QUANTITIES.iter().map(move |quantity| (subject, quantity)));
        judged
            .filter_map(|(subject, quantity)| {
                let (most, unit) = (quantity.budget?, quantity.unit);
                let value = unit.judged(subject.spread(quantity));
                let words = || format!("{}: {} {} of {} allowed", subject.name, quantity.name, unit.show(value), unit.show(most));
                (value > most).then(words)
            })
            .collect()
    }

    /// The same for machines: nanoseconds and bytes.
    pub(super) fn json(&self) -> Value {
        let subject = |subject: &Subject| {
            let of = |quantity: &Quantity| (quantity.name.to_owned(), json!(subject.spread(quantity)));
            (subject.name.clone(), Value::Object(QUANTITIES.iter().map(of).collect()))
        };
        Value::Object(self.ours.iter().chain([&self.node]).map(subject).collect())
    }

    fn equal(&self) -> Option<&Subject> {
        self.ours.iter().find(|subject| subject.name == self.equal)
    }
}

fn row(table: &mut String, name: &str, cell: impl Fn(&Quantity) -> String) {
    let cells: Vec<String> = QUANTITIES.iter().map(cell).collect();
    writeln!(table, "| {name} | {} |", cells.join(" | ")).ok();
}

/// How many times as much, to a tenth.
fn times(theirs: u64, ours: u64) -> String {
    let tenths = (u128::from(theirs) * 10).checked_div(u128::from(ours));
    tenths.map_or_else(|| "–".to_owned(), |tenths| format!("× {}.{}", tenths / 10, tenths % 10))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn cost(millis: u64) -> Cost {
        Cost { time: Duration::from_millis(millis), cpu: Duration::from_millis(millis) }
    }

    fn round(zip: u64, start: u64, resident: u64) -> Round {
        let memory = Memory { resident, peak: resident };
        Round { zip, start: cost(start), first: cost(20), next: cost(2), memory }
    }

    fn report(rounds: Vec<Round>) -> Report {
        let ours = vec![Subject { name: "a-function".to_owned(), rounds }];
        // Node.js is held to no budget.
        let node = Subject { name: "node".to_owned(), rounds: vec![round(100, 150, 75 * MEGABYTE)] };
        Report { ours, node, equal: "a-function" }
    }

    #[test]
    fn what_is_within_its_budgets_to_the_last_byte_passes() {
        assert_eq!(report(vec![round(2_500_000, 10, 16 * MEGABYTE)]).over(), [""; 0]);
    }

    #[test]
    fn each_planted_excess_is_found_and_named() {
        for (planted, named) in [
            (round(2_510_000, 10, MEGABYTE), "a-function: zip 2.51 of 2.50 allowed"),
            (round(100, 11, MEGABYTE), "a-function: start 11.00 of 10.00 allowed"),
            (round(100, 10, 17 * MEGABYTE), "a-function: memory 17.00 of 16.00 allowed"),
        ] {
            assert_eq!(report(vec![planted]).over(), [named]);
        }
    }

    #[test]
    fn rounds_that_were_disturbed_do_not_count() {
        let (within, disturbed) = (round(100, 10, MEGABYTE), round(100, 40, MEGABYTE));
        assert_eq!(report(vec![disturbed, within, disturbed]).over(), [""; 0]);
        let over = round(100, 11, MEGABYTE);
        assert_eq!(report(vec![disturbed, over, disturbed]).over(), ["a-function: start 11.00 of 10.00 allowed"]);
    }

    #[test]
    fn memory_is_that_of_most_rounds() {
        let (within, over) = (round(100, 4, 16 * MEGABYTE), round(100, 4, 17 * MEGABYTE));
        assert_eq!(report(vec![over, within, within]).over(), [""; 0]);
        assert_eq!(report(vec![within, over, over]).over(), ["a-function: memory 17.00 of 16.00 allowed"]);
    }

    #[test]
    fn a_table_has_medians_spread_and_ratios() {
        let table =
            report(vec![round(2_000_000, 3, 5_000_000), round(2_000_000, 5, 5_000_000), round(2_000_000, 4, 5_000_000)]).table();
        assert!(table.contains("| a-function | 2.00 | 4.00 (3.00–5.00) |"), "{table}");
        assert!(table.contains("| Node.js / a-function | × 0.0 | × 37.5 |"), "{table}");
    }
}
