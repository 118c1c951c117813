#![expect(clippy::unwrap_used, reason = "tests")]

use jiff::civil::date;
use proptest::prelude::*;

use super::*;

const DAY: Date = date(2026, 4, 13);

fn money(amount: &str, currency: &str) -> Money {
    Money::new(amount.parse().unwrap(), currency.parse().unwrap()).unwrap()
}

fn usd(amount: &str) -> Money {
    money(amount, "USD")
}

fn points(n: u64) -> Points {
    n.try_into().unwrap()
}

fn cents(text: &str) -> CentsPerPoint {
    CentsPerPoint::rounded(text.parse().unwrap())
}

#[test]
fn valuations_show_nothing_of_themselves() {
    let own = Valuations::from_iter([("chase-ur".parse().unwrap(), cents("1.9"))]);
    assert_eq!(format!("{own:?}"), "Valuations { .. }");
}

fn worth(n: u64, fees: &Fees, cash: Option<Cash>) -> Result<Worth, ValueError> {
    Worth::of(points(n), fees, cash, Rates::shipped(), DAY)
}

fn simple(n: u64, fees: &str, cash: &str) -> CentsPerPoint {
    worth(n, &Fees::taxes(usd(fees)), Some(Cash::Same(usd(cash)))).unwrap().cents_per_point
}

#[test]
fn published_examples_come_out_as_published() {
    let examples = [
        // Alaska 877 to Honolulu, seen 2023-06-24 (lg/awardwiz 7fe1b3cc8d): 1.12 cents.
        (50_000, "5.60", "563.50", "1.1158", "1.12"),
        // cal9.calculator.city/cent-per-point-calculator: 1.98 cents.
        (25_000, "5.60", "500.00", "1.9776", "1.98"),
        // calculatorlib.com/frequent-flyer-miles-value-calculator: 1.6 cents.
        (25_000, "50", "450", "1.6000", "1.60"),
        // cal14.calculator.city/points-and-miles-calculator: 1.31 cents.
        (80_000, "150", "1200", "1.3125", "1.31"),
    ];
    for (n, fees, cash, exact, shown) in examples {
        let value = simple(n, fees, cash);
        assert_eq!((value.get().to_string().as_str(), value.to_string().as_str()), (exact, shown), "{n} points");
    }
}

#[test]
fn an_award_whose_fees_exceed_the_fare_is_worth_less_than_nothing() {
    // (929 − 1642) ÷ 153,400 × 100 = −0.46480…
    assert_eq!(simple(153_400, "1642", "929"), cents("-0.4648"));
}

#[test]
fn every_fee_is_a_line_of_its_own() {
    let fees = Fees {
        taxes: Some(usd("5.60")),
        carrier_surcharge: Some(usd("100")),
        booking: Some(usd("12.50")),
        close_in: Some(usd("75")),
        transfer: Some(usd("30")),
        foreign_exchange: Some(usd("1.90")),
        resort: Some(usd("25")),
    };
    let worth = worth(10_000, &fees, Some(Cash::Same(usd("1000")))).unwrap();
    assert_eq!(worth.lines.iter().map(|line| line.kind).collect::<Vec<_>>(), fees.each().map(|(kind, _)| kind));
    assert_eq!((worth.fees, worth.saved, worth.cents_per_point), (usd("250"), usd("750"), cents("7.5")));
}

#[test]
fn a_fee_in_another_currency_is_converted_by_a_rate_that_names_its_day() {
    // 2026-04-13: 1 EUR = 0.87058 GBP = 1.1684 USD; 100 GBP are 134.21 USD.
    let worth = worth(10_000, &Fees::taxes(money("100", "GBP")), Some(Cash::Same(usd("634.21")))).unwrap();
    let line = worth.lines[0];
    assert_eq!((line.amount, line.given, line.rate_of), (usd("134.21"), Some(money("100", "GBP")), Some(DAY)));
    assert_eq!(worth.cents_per_point, cents("5"));
    let later =
        Worth::of(points(1), &Fees::taxes(money("1", "GBP")), Some(Cash::Same(usd("1"))), Rates::shipped(), date(2026, 11, 21));
    assert_eq!(later, Err(ValueError::Rate(RateError::Stale { latest: Some(DAY), on: date(2026, 11, 21) })));
}

#[test]
fn what_is_missing_or_wrong_is_named_and_never_a_zero() {
    let (fees, cash) = (Fees::taxes(usd("1")), Some(Cash::Same(usd("2"))));
    assert_eq!(worth(1, &fees, None), Err(ValueError::NoCash));
    assert_eq!(worth(1, &Fees::default(), cash), Err(ValueError::NoTaxes));
    assert_eq!(worth(0, &fees, cash), Err(ValueError::ZeroPoints));
    assert_eq!(worth(1, &fees, Some(Cash::Same(usd("-1")))), Err(ValueError::NegativeCash));
    let negative = Fees { close_in: Some(usd("-0.01")), ..fees };
    assert_eq!(worth(1, &negative, cash), Err(ValueError::NegativeFee(FeeKind::CloseIn)));
    let dinar = Fees::taxes(money("1", "KWD"));
    assert_eq!(worth(1, &dinar, cash), Err(ValueError::Rate(RateError::NotQuoted("KWD".parse().unwrap()))));
    let nobody = "nobody".parse().unwrap();
    let award = Award { programme: &nobody, points: points(1), fees, cash, on: DAY };
    assert_eq!(appraise(&award, None, Rates::shipped()), Err(ValueError::UnknownProgramme));
}

#[test]
fn another_cabins_price_is_not_what_who_pays_in_money_would_pay() {
    let of = |cash| Valuation::of(&"atmos".parse().unwrap(), points(10_000), Some(usd("5")), Some(cash), (DAY, Rates::shipped()));
    let economy = of(Cash::OtherCabin { price: usd("300"), of: Cabin::Economy, wanted: Cabin::Business });
    assert_eq!((economy.cash, economy.same_for_money()), (Some(usd("300")), None));
    assert_eq!(of(Cash::Same(usd("300"))).same_for_money(), Some(usd("300")));
}

#[test]
fn what_is_wrong_is_named_before_what_is_not_known() {
    let (cash, negative) = (Some(Cash::Same(usd("2"))), Fees { booking: Some(usd("-1")), ..Fees::default() });
    assert_eq!(worth(0, &Fees::default(), None), Err(ValueError::ZeroPoints));
    assert_eq!(worth(1, &Fees::taxes(usd("-5")), None), Err(ValueError::NegativeFee(FeeKind::Taxes)));
    assert_eq!(worth(1, &negative, cash), Err(ValueError::NegativeFee(FeeKind::Booking)));
    assert_eq!(worth(1, &Fees::default(), Some(Cash::Same(usd("-2")))), Err(ValueError::NegativeCash));
    let cheaper = Cash::OtherCabin { price: usd("-2"), of: Cabin::Business, wanted: Cabin::Economy };
    assert_eq!(worth(1, &Fees::default(), Some(cheaper)), Err(ValueError::NegativeCash));
}

#[test]
fn everything_that_is_wrong_is_named_at_once() {
    let fees = Fees { booking: Some(usd("-1")), ..Fees::taxes(usd("-1")) };
    let (nobody, cash) = ("nobody".parse().unwrap(), Some(Cash::Same(usd("-2"))));
    let of_fees = [FeeKind::Taxes, FeeKind::Booking].map(ValueError::NegativeFee);
    let named: Vec<_> = faults(Some(&nobody), Some(points(0)), &fees, cash).collect();
    let all = [ValueError::UnknownProgramme, ValueError::ZeroPoints, ValueError::NegativeCash];
    assert_eq!(named, [all.as_slice(), &of_fees].concat());
    assert_eq!(faults(None, None, &fees, None).collect::<Vec<_>>(), of_fees, "whatever else is not given");
    let euros = money("1", "EUR");
    let price = StayPrice { nights: vec![usd("-1"), usd("-1")], taxes: Some(euros), resort_fees: Some(usd("-1")) };
    let of_price = [
        ValueError::NegativePart(PriceKind::Nights),
        ValueError::Currencies(PriceKind::Taxes),
        ValueError::NegativePart(PriceKind::ResortFees),
    ];
    assert_eq!(price.faults().collect::<Vec<_>>(), of_price);
}

#[test]
fn another_cabins_price_is_an_estimate_that_never_flatters() {
    let from = |of, wanted| {
        let cash = Cash::OtherCabin { price: usd("500"), of, wanted };
        worth(10_000, &Fees::taxes(usd("0")), Some(cash)).map(|worth| (worth.cents_per_point, worth.estimated_from))
    };
    assert_eq!(from(Cabin::Economy, Cabin::Business), Ok((cents("5"), Some(Cabin::Economy))));
    assert_eq!(from(Cabin::Business, Cabin::Business), Ok((cents("5"), None)));
    assert_eq!(from(Cabin::Business, Cabin::Economy), Err(ValueError::BetterCabin));
}

fn atmos(own: Option<&str>, cash: Money) -> Appraisal {
    let programme = "atmos".parse().unwrap();
    let cash = Some(Cash::Same(cash));
    let award = Award { programme: &programme, points: points(50_000), fees: Fees::taxes(usd("5.60")), cash, on: DAY };
    appraise(&award, own.map(cents), Rates::shipped()).unwrap()
}

#[test]
fn the_verdict_goes_by_what_is_published_or_by_what_the_member_says() {
    let published = Published::of(&"atmos".parse().unwrap(), DAY).unwrap().baseline;
    let (poor, own) = (atmos(None, usd("563.50")), atmos(Some("0.6"), usd("563.50")));
    assert_eq!((poor.verdict, poor.baseline.unwrap().usual), (Some(Verdict::Poor), published));
    assert_eq!((own.verdict, own.baseline.unwrap().own), (Some(Verdict::Exceptional), true));
}

#[test]
fn at_the_break_even_price_a_point_is_worth_what_it_usually_is() {
    let even = atmos(None, usd("563.50")).break_even.unwrap();
    let usual = atmos(None, usd("563.50")).baseline.unwrap().usual;
    assert_eq!(atmos(None, even.floor).worth.cents_per_point, usual.floor);
    assert_eq!(atmos(None, even.ceiling).worth.cents_per_point, usual.ceiling);
    // 5.60 + 50,000 × 1 cent.
    assert_eq!(atmos(Some("1"), usd("1")).break_even.unwrap().floor, usd("505.60"));
}

#[test]
fn a_price_in_another_currency_is_judged_in_dollars() {
    // 1,000 EUR − 4.79 EUR (5.60 USD) are 1,162.80 USD: 2.3256 cents.
    let abroad = atmos(None, money("1000", "EUR"));
    assert_eq!((abroad.worth.cents_per_point, abroad.us_cents_per_point), (cents("1.9904"), cents("2.3256")));
    assert_eq!((abroad.rate_of, abroad.break_even.unwrap().floor.currency()), (Some(DAY), Currency::EUR));
}

#[test]
fn what_is_converted_is_rounded_once() {
    // 5.01 EUR × 1.1684 = 5.853684 USD over 1,000 points; 5.85 USD would be 0.5850.
    let (programme, fees) = ("atmos".parse().unwrap(), Fees::taxes(money("0", "EUR")));
    let cash = Some(Cash::Same(money("5.01", "EUR")));
    let award = Award { programme: &programme, points: points(1_000), fees, cash, on: DAY };
    assert_eq!(appraise(&award, None, Rates::shipped()).unwrap().us_cents_per_point, cents("0.5854"));
    // 3 points at 0.2 US cents are 0.6 cents: 186.75 ÷ 1.1684 × 0.006 = 0.96 JPY, where the cent that they round to would be 1.6.
    let yen =
        Award { points: points(3), fees: Fees::taxes(money("0", "JPY")), cash: Some(Cash::Same(money("5", "JPY"))), ..award };
    let even = appraise(&yen, Some(cents("0.2")), Rates::shipped()).unwrap().break_even.unwrap();
    assert_eq!(even.floor, money("1", "JPY"));
}

#[test]
fn a_deal_and_an_offer_have_the_same_verdict_whatever_the_price_is_in() {
    let programme = "atmos".parse().unwrap();
    for price in [usd("563.50"), money("563.50", "EUR"), money("900", "EUR"), money("60000", "JPY"), money("900", "GBP")] {
        let (of_offer, cash) = (atmos(None, price), Some(Cash::Same(price)));
        let of_deal = Valuation::of(&programme, points(50_000), Some(usd("5.60")), cash, (DAY, Rates::shipped()));
        assert_eq!(
            (of_deal.verdict, of_deal.baseline),
            (of_offer.verdict, of_offer.baseline.map(|known| known.usual)),
            "{price}"
        );
        assert!(of_deal.verdict.is_some(), "{price}");
    }
    let unquoted = Some(Cash::Same(money("900", "KWD")));
    let of_deal = Valuation::of(&programme, points(50_000), Some(money("1", "KWD")), unquoted, (DAY, Rates::shipped()));
    assert_eq!((of_deal.verdict, of_deal.baseline, of_deal.us_cents_per_point), (None, None, None));
    assert!(of_deal.cents_per_point.is_some());
}

#[test]
fn a_deal_keeps_what_is_known_of_its_value() {
    let of = |taxes, cash: Option<&str>| {
        let cash = cash.map(|cash| Cash::Same(usd(cash)));
        Valuation::of(&"atmos".parse().unwrap(), points(50_000), taxes, cash, (DAY, Rates::shipped()))
    };
    assert_eq!(of(Some(usd("5.60")), Some("563.50")).cents_per_point, Some(cents("1.1158")));
    assert_eq!(of(Some(usd("5.60")), None).unknown, Some(Unknown::NoCashPrice));
    assert_eq!(of(None, Some("563.50")).unknown, Some(Unknown::NoTaxes));
    assert_eq!(of(Some(money("1", "KWD")), Some("563.50")).unknown, Some(Unknown::Currencies));
}

proptest! {
    #[test]
    fn dearer_fees_never_make_an_award_worth_more(
        n in 1_u64..1_000_000, cash in 0_i64..10_000_000, fees in proptest::array::uniform7(0_i64..1_000_000), which in 0_usize..7, more in 0_i64..1_000_000,
    ) {
        let value = |fees: [i64; 7]| {
            let [taxes, carrier_surcharge, booking, close_in, transfer, foreign_exchange, resort] =
                fees.map(|fee| Some(Money::from_minor(fee, Currency::USD).unwrap()));
            let fees = Fees { taxes, carrier_surcharge, booking, close_in, transfer, foreign_exchange, resort };
            let cash = Cash::Same(Money::from_minor(cash, Currency::USD).unwrap());
            worth(n, &fees, Some(cash)).unwrap()
        };
        let mut dearer = fees;
        dearer[which] += more;
        let (cheap, dear) = (value(fees), value(dearer));
        prop_assert!(dear.cents_per_point <= cheap.cents_per_point);
        prop_assert_eq!(cheap.saved.minor() - dear.saved.minor(), i128::from(more));
        prop_assert_eq!(cheap.lines.iter().map(|line| line.amount.minor()).sum::<i128>(), cheap.fees.minor());
    }

    #[test]
    fn scale_does_not_matter(n in 1_u64..100_000, cash in 0_i64..1_000_000, fees in 0_i64..100_000, k in 1_u64..50) {
        let value = |n: u64, fees: i64, cash: i64| {
            let [fees, cash] = [fees, cash].map(|minor| Money::from_minor(minor, Currency::USD).unwrap());
            worth(n, &Fees::taxes(fees), Some(Cash::Same(cash))).unwrap().cents_per_point
        };
        prop_assert_eq!(value(n, fees, cash), value(n * k, fees * k as i64, cash * k as i64));
    }

    #[test]
    fn the_value_is_that_of_exact_decimals(n in 1_u64..1_000_000_000, cash in 0_i64..1_000_000_000, fees in 0_i64..1_000_000_000) {
        let [fees, cash] = [fees, cash].map(|minor| Money::from_minor(minor, Currency::USD).unwrap());
        let decimals = (cash.amount() - fees.amount()) * rust_decimal::Decimal::ONE_HUNDRED / rust_decimal::Decimal::from(n);
        let value = worth(n, &Fees::taxes(fees), Some(Cash::Same(cash))).unwrap().cents_per_point;
        prop_assert_eq!(value, CentsPerPoint::rounded(decimals));
    }
}
