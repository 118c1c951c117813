//! A trip paid for in the portal of a bank, by a transfer, or in money: which gives up the least. What portals give for a point is in
//! `data/portal-rates.csv` (sources in `data/SOURCES.md`; each row names its own, with its date).

use std::sync::LazyLock;

use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    funding::{Balances, FundingError, FundingPlan},
    language::Language,
    money::{CentsPerPoint, Currency, Money, Points, ProgrammeId},
    programmes::{Kind, kind_of, name_of},
    rates::{Dollars, Given, rounded},
    tables::{BadTable, every_row},
    time::first_day,
    transfers::partners_from,
    value::{STALE_AFTER_DAYS, Valuations},
};

/// What a bank's own travel portal gives for its points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Portal {
    /// Whose points.
    pub programme: ProgrammeId,
    /// On what.
    pub scope: Scope,
    /// US cents for each.
    pub cents: CentsPerPoint,
    /// Who says so.
    pub source: String,
    /// When they said so.
    pub as_of: Date,
}

/// Trips that a rate is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Flights, and nothing said of others.
    Flights,
    /// Any.
    All,
}

static PORTALS: LazyLock<Vec<Portal>> = LazyLock::new(|| TABLE.lines().skip(1).filter_map(row).collect());

const TABLE: &str = include_str!("../data/portal-rates.csv");

/// Every row of the table can be read.
pub(crate) fn check() -> Result<(), BadTable> {
    every_row("portal-rates.csv", TABLE, |line| row(line).is_some())
}

fn row(line: &str) -> Option<Portal> {
    let [programme, scope, cents, source, as_of] = line.split(',').collect::<Vec<_>>().try_into().ok()?;
    let (programme, cents): (ProgrammeId, CentsPerPoint) = (programme.parse().ok()?, cents.parse().ok()?);
    let scope = match scope {
        "flights" => Scope::Flights,
        "all" => Scope::All,
        _ => return None,
    };
    let good = cents.ten_thousandths() > 0 && !source.is_empty() && name_of(&programme).is_some();
    good.then_some(Portal { programme, scope, cents, source: source.to_owned(), as_of: first_day(as_of)? })
}

impl Portal {
    /// That of a currency, if a source says what it gives on such a trip as this programme's awards are. O(rows).
    pub fn of(programme: &ProgrammeId, award_of: &ProgrammeId) -> Option<&'static Self> {
        PORTALS.iter().find(|portal| portal.programme == *programme && portal.scope.has(kind_of(award_of)))
    }

    /// The points that a price takes, rounded up; none, where that is more than there are. The price is in US dollars.
    fn points(&self, price: Money) -> Option<Points> {
        let each = i128::from(self.cents.ten_thousandths());
        let points = price.minor().checked_mul(10_000)?.checked_add(each - 1)? / each;
        u64::try_from(points).ok()?.try_into().ok()
    }
}

impl Scope {
    /// Whether it has the awards of a programme of this kind, as far as that is known.
    fn has(self, kind: Option<Kind>) -> bool {
        match self {
            Self::Flights => kind == Some(Kind::Airline),
            Self::All => true,
        }
    }
}

/// A trip at its price in money, and what there is to pay it with.
#[derive(Debug, Clone, Copy)]
pub struct Trip<'a> {
    /// Whose award it is: an airline's is a flight, a hotel's a stay.
    pub programme: &'a ProgrammeId,
    /// What it costs in money.
    pub cash: Dollars,
    /// What the award still costs in money, where that is known.
    pub taxes: Option<Dollars>,
    /// How the award's points would be brought together, or why they are not.
    pub plan: Result<&'a FundingPlan, &'a FundingError>,
    /// What the member has.
    pub balances: &'a Balances,
    /// What points are worth to them.
    pub valuations: &'a Valuations,
    /// The day.
    pub on: Date,
}

/// What each way to pay for a trip gives up, in US dollars at the member's valuations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WaysToPay {
    /// In money.
    pub cash: Money,
    /// What that is in the currency that it was given in, where that is another one.
    pub cash_given: Option<Given>,
    /// The same of what the award still costs.
    pub taxes_given: Option<Given>,
    /// The award: points that are given up, and what it still costs. Null: `noAward` says why.
    pub award: Option<Money>,
    /// Why nothing is said of the award: it is none of the ways that are compared.
    pub no_award: Option<NoAward>,
    /// In the portals of the banks whose points the member has.
    pub portals: Vec<PortalPrice>,
    /// Currencies that the member has, of whose portal no source says what it gives on such a trip.
    pub not_known: Vec<ProgrammeId>,
    /// What gives up the least of those that there are enough points for.
    pub least: Way,
    /// The same in words, in the member's language where there are words in it; in English otherwise.
    pub text: String,
}

/// Why an award can't be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NoAward {
    /// There are too few points for it, wherever they are.
    TooFewPoints,
    /// What it still costs in money is not known.
    NoTaxes,
    /// There are enough points, but too many ways to bring them together, or amounts that nobody has.
    NotPlanned,
}

/// A trip in a bank's portal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PortalPrice {
    /// Whose points.
    pub programme: ProgrammeId,
    /// US cents that it gives for each.
    pub cents: CentsPerPoint,
    /// How many it takes.
    pub points: Points,
    /// Whether there are as many.
    pub enough: bool,
    /// What they are worth to the member.
    pub given_up: Money,
    /// Who says what it gives.
    pub source: String,
    /// When they said so.
    #[schema(value_type = String, format = Date)]
    pub as_of: Date,
    /// Whether that is long ago.
    pub stale: bool,
}

/// A way to pay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "by", rename_all = "kebab-case")]
pub enum Way {
    /// In money.
    Cash,
    /// The award.
    Award,
    /// In a bank's portal.
    Portal {
        /// Whose.
        programme: ProgrammeId,
    },
}

impl Trip<'_> {
    /// Every way, compared. O(currencies).
    pub fn compared(&self, language: Language) -> WaysToPay {
        let award = self.award();
        let held = || self.balances.iter().filter(|(_, points)| points.get() > 0);
        let portals: Vec<PortalPrice> = held().filter_map(|(programme, points)| self.portal(programme, points)).collect();
        // Who turns points into others' is a bank, or as good as one; a programme of its own has no portal to ask about.
        let is_currency = |programme: &ProgrammeId| partners_from(programme).next().is_some();
        let not_known = held().filter(|(programme, _)| is_currency(programme) && Portal::of(programme, self.programme).is_none());
        let not_known: Vec<ProgrammeId> = not_known.map(|(programme, _)| programme.clone()).collect();
        let by_portal = portals.iter().filter(|portal| portal.enough);
        let by_portal = by_portal.map(|portal| (portal.given_up, Way::Portal { programme: portal.programme.clone() }));
        let cash = self.cash.amount;
        let ways = [(cash, Way::Cash)].into_iter().chain(award.ok().map(|award| (award, Way::Award))).chain(by_portal);
        // Of equals the first: who keeps points keeps the choice.
        let least = ways.min_by_key(|(given_up, _)| given_up.minor());
        let (given_up, least) = least.unwrap_or((cash, Way::Cash));
        let text = told(language, &least, (given_up, self.cash), award.err());
        let (cash_given, taxes_given) = (self.cash.given, self.taxes.and_then(|taxes| taxes.given));
        let (award, no_award) = (award.ok(), award.err());
        WaysToPay { cash, cash_given, taxes_given, award, no_award, portals, not_known, least, text }
    }

    /// What the award gives up: its points, and what it still costs.
    fn award(&self) -> Result<Money, NoAward> {
        let plan = self.plan.map_err(|error| match error {
            FundingError::Short(_) => NoAward::TooFewPoints,
            FundingError::ZeroPoints | FundingError::UnknownProgramme | FundingError::OutOfRange | FundingError::TooLarge => {
                NoAward::NotPlanned
            }
        })?;
        plan.given_up.plus(self.taxes.ok_or(NoAward::NoTaxes)?.amount).map_err(|_| NoAward::NotPlanned)
    }

    fn portal(&self, programme: &ProgrammeId, there: Points) -> Option<PortalPrice> {
        let portal = Portal::of(programme, self.programme)?;
        let points = portal.points(self.cash.amount)?;
        let each = i128::from(self.valuations.of(programme, self.on).cents.ten_thousandths());
        let cents = i64::try_from(rounded(i128::from(points.get()) * each, 10_000)).ok()?;
        Some(PortalPrice {
            programme: programme.clone(),
            cents: portal.cents,
            points,
            enough: there >= points,
            given_up: Money::from_minor(cents, Currency::USD).ok()?,
            source: portal.source.clone(),
            as_of: portal.as_of,
            stale: (self.on - portal.as_of).get_days() > STALE_AFTER_DAYS,
        })
    }
}

/// Which way gives up the least, and what is not known of the award.
fn told(language: Language, least: &Way, (given_up, cash): (Money, Dollars), no_award: Option<NoAward>) -> String {
    let given = cash.given.map(|given| format!(" ({})", language.money(given.amount))).unwrap_or_default();
    let (given_up, cash) = (language.money(given_up), language.money(cash.amount) + &given);
    let why = no_award.map(|why| why_not(language, why));
    match (language, least, why) {
        (Language::English, Way::Cash, None) => format!("Paying {cash} in money gives up the least."),
        (Language::German, Way::Cash, None) => format!("Am wenigsten gibst du her, wenn du {cash} in Geld bezahlst."),
        (Language::English, Way::Cash, Some(why)) => format!("{why} Without it, paying {cash} in money gives up the least."),
        (Language::German, Way::Cash, Some(why)) => {
            format!("{why} Ohne sie gibst du am wenigsten her, wenn du {cash} in Geld bezahlst.")
        }
        (Language::English, Way::Award, _) => format!("The award gives up the least: {given_up}, against {cash} in money."),
        (Language::German, Way::Award, _) => {
            format!("Mit der Prämie gibst du am wenigsten her: {given_up}, gegen {cash} in Geld.")
        }
        (Language::English, Way::Portal { programme }, why) => {
            let begin = why.map_or("The".to_owned(), |why| format!("{why} Without it, the"));
            format!("{begin} portal of {} gives up the least: {given_up}, against {cash} in money.", name(programme))
        }
        (Language::German, Way::Portal { programme }, None) => {
            format!("Im Portal von {} gibst du am wenigsten her: {given_up}, gegen {cash} in Geld.", name(programme))
        }
        (Language::German, Way::Portal { programme }, Some(why)) => {
            format!(
                "{why} Ohne sie gibst du im Portal von {} am wenigsten her: {given_up}, gegen {cash} in Geld.",
                name(programme)
            )
        }
    }
}

/// Why the award is none of the ways.
fn why_not(language: Language, why: NoAward) -> &'static str {
    match (language, why) {
        (Language::English, NoAward::TooFewPoints) => "The award can't be reached: there are too few points for it.",
        (Language::German, NoAward::TooFewPoints) => "Die Prämie ist nicht zu erreichen: dafür fehlen Punkte.",
        (Language::English, NoAward::NoTaxes) => "The award can't be compared: its taxes are not known.",
        (Language::German, NoAward::NoTaxes) => "Die Prämie lässt sich nicht vergleichen: ihre Steuern sind nicht bekannt.",
        (Language::English, NoAward::NotPlanned) => {
            "The award can't be compared: there are too many ways to bring its points together."
        }
        (Language::German, NoAward::NotPlanned) => {
            "Die Prämie lässt sich nicht vergleichen: es gibt zu viele Wege zu ihren Punkten."
        }
    }
}

fn name(programme: &ProgrammeId) -> &str {
    name_of(programme).unwrap_or(programme.as_str())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;
    use crate::funding::{Terms, plan};

    const DAY: Date = date(2026, 11, 21);

    fn usd(minor: i64) -> Money {
        Money::from_minor(minor, Currency::USD).unwrap()
    }

    fn dollars(amount: Money) -> Dollars {
        Dollars { amount, given: None }
    }

    fn id(text: &str) -> ProgrammeId {
        text.parse().unwrap()
    }

    /// A trip of 500 dollars, or 20,000 AAdvantage miles and 5.60 dollars, for who has these and values them so.
    fn ways(have: &[(&str, u64)], worth: &[(&str, &str)], language: Language) -> WaysToPay {
        ways_of("aadvantage", have, worth, language)
    }

    /// The same for points of any programme.
    fn ways_of(programme: &str, have: &[(&str, u64)], worth: &[(&str, &str)], language: Language) -> WaysToPay {
        ways_with(Some(usd(560)), programme, have, worth, language)
    }

    /// The same with any taxes.
    fn ways_with(
        taxes: Option<Money>,
        programme: &str,
        have: &[(&str, u64)],
        worth: &[(&str, &str)],
        language: Language,
    ) -> WaysToPay {
        let programme = id(programme);
        let balances: Balances = have.iter().map(|(programme, points)| (id(programme), (*points).try_into().unwrap())).collect();
        let valuations: Valuations = worth.iter().map(|(programme, cents)| (id(programme), cents.parse().unwrap())).collect();
        let terms = Terms::shipped("2026-11-21T12:00:00Z".parse().unwrap());
        let plan = plan(&programme, 20_000.try_into().unwrap(), &balances, &valuations, &terms);
        let (plan, cash) = (plan.as_ref(), dollars(usd(50_000)));
        let taxes = taxes.map(dollars);
        Trip { programme: &programme, cash, taxes, plan, balances: &balances, valuations: &valuations, on: DAY }
            .compared(language)
    }

    #[test]
    fn what_was_given_in_another_currency_says_so() {
        let given = Some(Given { amount: "460EUR".parse().unwrap(), rate_of: DAY });
        let cash = Dollars { amount: usd(50_000), given };
        let (programme, balances, valuations) = (id("aadvantage"), Balances::default(), Valuations::default());
        let trip = Trip {
            programme: &programme,
            cash,
            taxes: None,
            plan: Err(&FundingError::TooLarge),
            balances: &balances,
            valuations: &valuations,
            on: DAY,
        };
        let ways = trip.compared(Language::English);
        assert_eq!((ways.cash, ways.cash_given, ways.taxes_given), (usd(50_000), given, None));
        assert!(ways.text.contains("paying $500 (460.00 EUR) in money gives up the least"), "{}", ways.text);
    }

    #[test]
    fn every_shipped_row_is_read() {
        assert_eq!(PORTALS.len(), TABLE.lines().count() - 1);
        for bad in [
            "nobody,all,1,s,2026",
            "amex-mr,all,0,s,2026",
            "amex-mr,all,1,,2026",
            "amex-mr,all,1,s,soon",
            "amex-mr,cruises,1,s,2026",
        ] {
            assert_eq!(row(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_award_counts_with_what_it_still_costs() {
        // 20,000 miles at 1.5 cents are 300 dollars; with taxes 305.60, against 500 in money and 50,000 points at 1.8 in the portal.
        let have = [("aadvantage", 20_000), ("amex-mr", 60_000)];
        let ways = ways(&have, &[("aadvantage", "1.5"), ("amex-mr", "1.8")], Language::English);
        assert_eq!((ways.award, ways.least.clone()), (Some(usd(30_560)), Way::Award));
        let portal = &ways.portals[0];
        assert_eq!(ways.portals.len(), 1);
        assert_eq!((portal.points.get(), portal.given_up, portal.enough), (50_000, usd(90_000), true));
        assert_eq!(ways.text, "The award gives up the least: $305.60, against $500 in money.");
    }

    #[test]
    fn what_a_portal_gives_on_flights_says_nothing_of_a_stay() {
        let have = [("amex-mr", 60_000), ("capital-one", 60_000), ("chase-ur", 60_000)];
        let priced = |programme| {
            let ways = ways_of(programme, &have, &[], Language::English);
            (ways.portals.into_iter().map(|portal| portal.programme).collect::<Vec<_>>(), ways.not_known)
        };
        let (amex, capital_one, chase) = (id("amex-mr"), id("capital-one"), id("chase-ur"));
        assert_eq!(priced("aadvantage"), (vec![amex.clone(), capital_one.clone()], vec![chase.clone()]));
        assert_eq!(priced("hyatt"), (vec![capital_one], vec![amex, chase]));
    }

    #[test]
    fn money_is_written_as_the_members_language_does() {
        let text = |worth| ways(&[("aadvantage", 20_000)], &[("aadvantage", worth)], Language::German).text;
        assert_eq!(text("1.5"), "Mit der Prämie gibst du am wenigsten her: 305,60 $, gegen 500 $ in Geld.");
        assert_eq!(text("3"), "Am wenigsten gibst du her, wenn du 500 $ in Geld bezahlst.");
    }

    #[test]
    fn an_award_that_can_not_be_compared_says_why_and_is_not_what_gives_up_more() {
        let without_taxes = |language| ways_with(None, "aadvantage", &[("aadvantage", 20_000)], &[], language);
        let unknown = without_taxes(Language::English);
        assert_eq!((unknown.award, unknown.no_award, &unknown.least), (None, Some(NoAward::NoTaxes), &Way::Cash));
        let text = "The award can't be compared: its taxes are not known. Without it, paying $500 in money gives up the least.";
        assert_eq!(unknown.text, text);
        let text = "Die Prämie lässt sich nicht vergleichen: ihre Steuern sind nicht bekannt. Ohne sie gibst du am wenigsten her, \
                    wenn du 500 $ in Geld bezahlst.";
        assert_eq!(without_taxes(Language::German).text, text);
        // Taxes make no difference to what can't be reached.
        let short = |taxes, language| ways_with(taxes, "aadvantage", &[("aadvantage", 19_999)], &[], language);
        assert_eq!(short(None, Language::English).no_award, Some(NoAward::TooFewPoints));
        let text =
            "The award can't be reached: there are too few points for it. Without it, paying $500 in money gives up the least.";
        assert_eq!(short(Some(usd(0)), Language::English).text, text);
        assert!(
            short(None, Language::German).text.starts_with("Die Prämie ist nicht zu erreichen: dafür fehlen Punkte. Ohne sie ")
        );
        let portal = |language| ways_of("aadvantage", &[("amex-mr", 50_000)], &[("amex-mr", "0.9")], language).text;
        assert!(portal(Language::English).contains("points for it. Without it, the portal of American Express"));
        assert!(portal(Language::German).contains("fehlen Punkte. Ohne sie gibst du im Portal von American Express"));
    }

    #[test]
    fn a_portal_counts_where_there_are_enough_points_and_no_source_is_made_up() {
        let worth = [("amex-mr", "0.9")];
        let with = |points| ways(&[("amex-mr", points), ("chase-ur", 90_000)], &worth, Language::German);
        let amex = Way::Portal { programme: id("amex-mr") };
        assert_eq!((with(50_000).least, with(49_999).least), (amex, Way::Cash));
        assert_eq!(with(50_000).not_known, [id("chase-ur")]);
        assert!(with(50_000).text.contains("gibst du im Portal von American Express"), "{}", with(50_000).text);
        assert_eq!(with(49_999).award, None, "there are no miles");
    }

    proptest! {
        #[test]
        fn nothing_that_there_is_enough_for_gives_up_less_than_what_is_called_the_least(
            points in 0_u64..200_000, miles in 0_u64..60_000, cents in 1_i64..40_000,
        ) {
            let worth = CentsPerPoint::from_ten_thousandths(cents).get().to_string();
            let ways = ways(&[("amex-mr", points), ("aadvantage", miles)], &[("amex-mr", &worth)], Language::English);
            prop_assert_ne!(ways.award.is_some(), ways.no_award.is_some());
            let portals = || ways.portals.iter().filter(|portal| portal.enough);
            let given_up = match &ways.least {
                Way::Cash => ways.cash,
                Way::Award => ways.award.unwrap(),
                Way::Portal { programme } => portals().find(|portal| portal.programme == *programme).unwrap().given_up,
            };
            let all = [ways.cash].into_iter().chain(ways.award).chain(portals().map(|portal| portal.given_up));
            prop_assert!(all.into_iter().all(|way| given_up.minor() <= way.minor()));
        }
    }
}
