//! What one offer is worth, as `cargo local value` prints it: by the rule that the API answers with.

use std::fmt::Write;

use domain::{
    money::{CentsPerPoint, Money, Points, ProgrammeId},
    programmes::name_of,
    rates::{MAX_AGE_DAYS, Rates},
    value::{Appraisal, Award, Cash, Fees, FreeNight, Stay, StayLines, StayPrice, ValueError, appraise},
};
use jiff::civil::Date;

/// An offer to be valued.
#[derive(Debug, Clone)]
pub struct Offer {
    /// Whose points.
    pub programme: ProgrammeId,
    /// How many; of a stay, each night.
    pub points: Points,
    /// The stay, if it is one: then its price counts.
    pub stay: Option<Stay>,
    /// What it costs besides.
    pub fees: Fees,
    /// What it costs in money alone; a stay, all nights.
    pub cash: Money,
    /// What a point is worth to whoever asks, in US cents.
    pub own: Option<CentsPerPoint>,
    /// The day of exchange rates and of what is published.
    pub on: Date,
    /// Whether the newest shipped rates count, where there are none of that day.
    pub any_rates: bool,
}

/// Every line, and the verdict.
///
/// # Errors
/// What is missing or wrong.
pub fn tell(offer: &Offer) -> Result<String, ValueError> {
    let lines = offer.stay.as_ref().map(|stay| stay.lines(&offer.programme, offer.on)).transpose()?;
    let whole = offer.stay.as_ref().and_then(|stay| stay.price.as_ref()).map(StayPrice::total).transpose()?;
    let (points, cash) = (lines.as_ref().map_or(offer.points, |lines| lines.points), whole.unwrap_or(offer.cash));
    let award = Award { programme: &offer.programme, points, fees: offer.fees, cash: Some(Cash::Same(cash)), on: offer.on };
    let rates = Rates::shipped().clone();
    let value = appraise(&award, offer.own, &if offer.any_rates { rates.of_any_age() } else { rates })?;
    let mut text = String::new();
    writeln!(text, "{points} points of {}", name_of(&offer.programme).unwrap_or(offer.programme.as_str())).unwrap_or_default();
    lines.map(|lines| write_stay(&mut text, &lines, offer.on)).transpose().unwrap_or_default();
    write_lines(&mut text, points, &value, offer.on).unwrap_or_default();
    Ok(text.trim_end().to_owned())
}

fn line(text: &mut String, what: &str, amount: &str) -> std::fmt::Result {
    writeln!(text, "  {what:<30}{amount:>16}")
}

/// Of which day a rate is, and whether that is long before the day for which it was asked.
fn the_rate_of(day: Date, on: Date) -> String {
    let old = if (on - day).get_days() > MAX_AGE_DAYS { ", long ago: the newest that is shipped" } else { "" };
    format!("the rate of {day}; source: ECB{old}")
}

/// Whether a fact is of long before the day for which it counts, or was not told by then.
fn when(of: Option<Date>, stale: bool, on: Date) -> String {
    match of {
        Some(day) if day > on => format!(", only later: {day}"),
        Some(_) | None if stale => ", long ago".to_owned(),
        Some(_) | None => String::new(),
    }
}

/// How the points and the price of a stay come about.
fn write_stay(text: &mut String, stay: &StayLines, on: Date) -> std::fmt::Result {
    line(text, &format!("{} nights of", stay.nights), &format!("{} points", stay.points_a_night))?;
    if let Some(free) = &stay.free_nights {
        let FreeNight { every, source, as_of, .. } = &free.rule;
        let what = if free.applied { format!("− {} free", free.nights) } else { "no night free".to_owned() };
        line(text, &what, &format!("{} points", free.points))?;
        let for_whom = if free.applied { "" } else { ", for some only (--free-nights, if you are one)" };
        let when = when(Some(*as_of), free.stale, on);
        writeln!(text, "    one of every {every}{for_whom}; source: {source}, {as_of}{when}")?;
    }
    stay.price.iter().try_for_each(|part| line(text, part.kind.as_str(), &part.amount.to_string()))
}

fn write_lines(text: &mut String, points: Points, value: &Appraisal, on: Date) -> std::fmt::Result {
    line(text, "cash price", &value.worth.cash.to_string())?;
    for fee in &value.worth.lines {
        line(text, &format!("− {}", fee.kind.as_str()), &fee.amount.to_string())?;
        if let Some((given, day)) = fee.given.zip(fee.rate_of) {
            writeln!(text, "    {given} at {}", the_rate_of(day, on))?;
        }
    }
    line(text, "= saved", &value.worth.saved.to_string())?;
    line(text, "÷ points", &points.to_string())?;
    line(text, "= cents a point", &format!("{} ({})", value.worth.cents_per_point, value.worth.cents_per_point.get()))?;
    if let Some(day) = value.rate_of {
        writeln!(text, "    {} US cents at {}", value.us_cents_per_point, the_rate_of(day, on))?;
    }
    let Some(((usual, verdict), even)) = value.baseline.zip(value.verdict).zip(value.break_even) else {
        return writeln!(text, "nobody publishes what these points are worth: no verdict");
    };
    let who = if usual.own { "by your own valuation" } else { "as published" };
    let when = when(usual.floor_as_of.max(usual.ceiling_as_of), usual.stale, on);
    let (floor, ceiling) = (usual.usual.floor, usual.usual.ceiling);
    let range = if floor == ceiling { floor.to_string() } else { format!("{floor} to {ceiling}") };
    writeln!(text, "usually {range} cents, {who}{when}")?;
    if usual.stale {
        writeln!(text, "    --on takes another day, and what was published by then")?;
    }
    writeln!(text, "{even}")?;
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
            stay: None,
            fees: Fees::taxes("5.60USD".parse().unwrap()),
            cash: "563.50USD".parse().unwrap(),
            own: None,
            on: date(2026, 4, 13),
            any_rates: false,
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
    fn a_stay_is_told_night_by_night() {
        let price =
            StayPrice { nights: vec!["1250USD".parse().unwrap()], taxes: Some("250USD".parse().unwrap()), resort_fees: None };
        let (programme, points) = ("marriott-bonvoy".parse().unwrap(), 35_000.try_into().unwrap());
        let stay = Some(Stay { nights: 5, points_a_night: points, under_rule: false, price: Some(price) });
        let fees = Fees::taxes("0USD".parse().unwrap());
        let told = tell(&Offer { programme, points, stay, fees, cash: "1250USD".parse().unwrap(), ..offer() }).unwrap();
        let words: Vec<String> = told.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        let expected = [
            "140,000 points of Marriott Bonvoy",
            "5 nights of 35,000 points",
            "− 1 free 35,000 points",
            "one of every 5; source: The Points Guy, 2022-01-14, long ago",
            "nights 1250.00 USD",
            "taxes of the cash price 250.00 USD",
            "cash price 1500.00 USD",
        ];
        assert_eq!(words[..7], expected, "{told}");
    }

    #[test]
    fn one_valuation_is_one_number_and_an_old_one_hints_at_another_day() {
        let told = |offer: &Offer| tell(offer).unwrap();
        let own = told(&Offer { own: Some("0.7".parse().unwrap()), ..offer() });
        assert!(own.contains("usually 0.70 cents, by your own valuation"), "{own}");
        assert!(own.contains("Paying cash wins below $355.60, points win above it"), "{own}");
        let (now, later) = (told(&offer()), told(&Offer { on: date(2030, 1, 1), ..offer() }));
        assert!(!now.contains("--on") && later.contains("long ago\n    --on takes another day"), "{later}");
    }

    #[test]
    fn what_was_not_told_by_the_day_says_so() {
        let told = tell(&Offer { on: date(2020, 1, 2), ..offer() }).unwrap();
        assert!(told.contains("as published, only later: 202"), "{told}");
    }

    #[test]
    fn an_airline_has_no_nights() {
        let stay = Some(Stay { nights: 2, points_a_night: 1_000.try_into().unwrap(), under_rule: false, price: None });
        assert_eq!(tell(&Offer { stay, ..offer() }), Err(ValueError::NoNights));
    }

    #[test]
    fn what_was_converted_names_its_day() {
        let told = tell(&Offer { fees: Fees::taxes("5EUR".parse().unwrap()), ..offer() }).unwrap();
        assert!(told.contains("5.00 EUR at the rate of 2026-04-13; source: ECB"), "{told}");
        assert!(tell(&Offer { fees: Fees::default(), ..offer() }).is_err());
    }

    #[test]
    fn without_rates_of_the_day_the_newest_shipped_ones_count_and_say_so() {
        let (cash, on) = ("500EUR".parse().unwrap(), date(2026, 11, 22));
        let euros = Offer { cash, fees: Fees::taxes("5USD".parse().unwrap()), on, any_rates: true, ..offer() };
        let told = tell(&euros).unwrap();
        assert!(told.contains("5.00 USD at the rate of 2026-04-13; source: ECB, long ago: the newest that is shipped"), "{told}");
        assert!(
            told.contains("US cents at the rate of 2026-04-13; source: ECB, long ago") && told.contains("verdict: "),
            "{told}"
        );
        let error = tell(&Offer { any_rates: false, ..euros }).unwrap_err();
        assert_eq!(error.another_day(), Some(date(2026, 4, 13)));
    }
}
