//! What one offer is worth, as `cargo local value` prints it: by the rule that the API answers with.

use std::fmt::Write;

use domain::{
    money::{CentsPerPoint, Money, Points, ProgrammeId},
    programmes::name_of,
    rates::Rates,
    value::{Appraisal, Award, Cash, Fees, ValueError, appraise},
};
use jiff::civil::Date;

/// An offer to be valued.
#[derive(Debug, Clone)]
pub struct Offer {
    /// Whose points.
    pub programme: ProgrammeId,
    /// How many.
    pub points: Points,
    /// What it costs besides.
    pub fees: Fees,
    /// What it costs in money alone.
    pub cash: Money,
    /// What a point is worth to whoever asks, in US cents.
    pub own: Option<CentsPerPoint>,
    /// The day of exchange rates.
    pub on: Date,
}

/// Every line, and the verdict.
///
/// # Errors
/// What is missing or wrong.
pub fn tell(offer: &Offer) -> Result<String, ValueError> {
    let cash = Some(Cash::Same(offer.cash));
    let award = Award { programme: &offer.programme, points: offer.points, fees: offer.fees, cash, on: offer.on };
    let value = appraise(&award, offer.own, Rates::shipped())?;
    let mut text = String::new();
    write_lines(&mut text, offer, &value).unwrap_or_default();
    Ok(text.trim_end().to_owned())
}

fn write_lines(text: &mut String, offer: &Offer, value: &Appraisal) -> std::fmt::Result {
    let line = |text: &mut String, what: &str, amount: &str| writeln!(text, "  {what:<22}{amount:>16}");
    writeln!(text, "{} points of {}", offer.points, name_of(&offer.programme).unwrap_or(offer.programme.as_str()))?;
    line(text, "cash price", &value.worth.cash.to_string())?;
    for fee in &value.worth.lines {
        line(text, &format!("− {}", fee.kind.as_str()), &fee.amount.to_string())?;
        if let Some((given, day)) = fee.given.zip(fee.rate_of) {
            writeln!(text, "    {given} at the rate of {day}; source: ECB")?;
        }
    }
    line(text, "= saved", &value.worth.saved.to_string())?;
    line(text, "÷ points", &offer.points.to_string())?;
    line(text, "= cents a point", &format!("{} ({})", value.worth.cents_per_point, value.worth.cents_per_point.get()))?;
    if let Some(day) = value.rate_of {
        writeln!(text, "    {} US cents at the rate of {day}; source: ECB", value.us_cents_per_point)?;
    }
    let Some(((usual, verdict), even)) = value.baseline.zip(value.verdict).zip(value.break_even) else {
        return writeln!(text, "nobody publishes what these points are worth: no verdict");
    };
    let who = if usual.own { "by your own valuation" } else { "as published" };
    let stale = if usual.stale { ", long ago" } else { "" };
    let (floor, ceiling) = (usual.usual.floor, usual.usual.ceiling);
    writeln!(text, "usually {floor} to {ceiling} cents, {who}{stale}")?;
    writeln!(text, "paying cash wins below {}, points win above {}", even.floor, even.ceiling)?;
    writeln!(text, "verdict: {}", verdict.as_str())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn offer() -> Offer {
        Offer {
            programme: "atmos".parse().unwrap(),
            points: 50_000.try_into().unwrap(),
            fees: Fees::taxes("5.60USD".parse().unwrap()),
            cash: "563.50USD".parse().unwrap(),
            own: None,
            on: date(2026, 4, 13),
        }
    }

    #[test]
    fn it_prints_every_line_and_the_verdict() {
        let told = tell(&offer()).unwrap();
        let lines: Vec<&str> = told.lines().map(str::trim).collect();
        assert_eq!(lines[0], "50,000 points of Atmos Rewards (Alaska/Hawaiian)");
        let words: Vec<String> = lines[1..6].iter().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        let expected = [
            "cash price 563.50 USD",
            "− taxes 5.60 USD",
            "= saved 557.90 USD",
            "÷ points 50,000",
            "= cents a point 1.12 (1.1158)",
        ];
        assert_eq!(words, expected);
        assert_eq!(lines.last(), Some(&"verdict: poor"));
    }

    #[test]
    fn what_was_converted_names_its_day() {
        let told = tell(&Offer { fees: Fees::taxes("5EUR".parse().unwrap()), ..offer() }).unwrap();
        assert!(told.contains("5.00 EUR at the rate of 2026-04-13; source: ECB"), "{told}");
        assert!(tell(&Offer { fees: Fees::default(), ..offer() }).is_err());
    }
}
