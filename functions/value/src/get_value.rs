//! `GET /v1/value`

use axum::{extract::State, http::request::Parts};
use domain::{
    faults::Faults,
    flights::Cabin,
    identity::Role,
    money::{Currency, Money, Points, ProgrammeId},
    rates::{DayRates, RateError},
    tables,
    time::day_of,
    value::{
        Appraisal, Award, Cash, FeeKind, Fees, FreeNight, MOST_NIGHTS, PriceKind, Stay, StayLines, StayPrice, Unknown,
        ValueError, appraise, faults,
    },
    wallets::OwnValuations,
};
use jiff::civil::Date;
use platform::{Answer, Caller, Deps, Endpoint, Problems, Reply, query::Asked, wallet};
use serde::Serialize;
use storage::{Entity, Grant, MemberKey};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

/// Values one offer.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "value-get-value", || routes!(get_value))
    .may(&[DayRates::READ, MemberKey::READ, OwnValuations::READ, Grant::UseKeys])
    .goes_by(&[tables::values]);

/// An offer. Amounts are written as `5.60USD`.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "it describes parameters and is never built")]
struct OfferParams {
    /// Whose points.
    #[param(value_type = String, example = "atmos")]
    programme: ProgrammeId,
    /// How many, above 0; of a stay, how many a night.
    #[param(minimum = 1, maximum = 1_000_000_000, example = 50_000)]
    points: u64,
    /// What it costs in money alone; of a stay, all nights, before what the parameters of a stay add.
    #[param(example = "563.50USD")]
    cash: Option<String>,
    /// How many nights: makes it a stay.
    #[param(minimum = 1, maximum = 30)]
    nights: Option<u8>,
    /// What a night costs in money, in place of `cash`.
    cash_per_night: Option<String>,
    /// Taxes of the whole stay, for who pays in money.
    cash_taxes: Option<String>,
    /// Resort and similar fees of the whole stay, for who pays in money.
    cash_resort_fees: Option<String>,
    /// Whether the caller comes under the programme's rule of free nights, where it has one for holders of a status or a card.
    free_nights: Option<bool>,
    /// The cabin that the cash price is for, where that is not the award's: then the value is a cautious estimate. Not of a stay.
    cash_cabin: Option<Cabin>,
    /// The award's cabin; needed with `cashCabin`.
    cabin: Option<Cabin>,
    /// Taxes and airport charges.
    #[param(example = "5.60USD")]
    taxes: Option<String>,
    /// What the carrier adds to them.
    carrier_surcharge: Option<String>,
    /// For booking.
    booking: Option<String>,
    /// For booking shortly before.
    close_in: Option<String>,
    /// For transferring the points.
    transfer: Option<String>,
    /// For paying in another currency.
    foreign_exchange: Option<String>,
    /// What a hotel charges on top.
    resort: Option<String>,
    /// The day of the exchange rates and of what is published; today, if not given.
    #[param(value_type = Option<String>, format = Date)]
    on: Option<Date>,
}

/// An offer as it was asked for.
struct Offer {
    programme: ProgrammeId,
    points: Points,
    fees: Fees,
    cash: Option<Cash>,
    stay: Option<Stay>,
    on: Date,
    at: At,
}

impl Offer {
    fn read(parts: &Parts, today: Date) -> Result<Self, Faults> {
        let mut asked = Asked::of(parts);
        let (programme, points) = (asked.required("programme"), asked.required::<Points>("points"));
        let fees = Fees {
            taxes: asked.given("taxes"),
            carrier_surcharge: asked.given("carrierSurcharge"),
            booking: asked.given("booking"),
            close_in: asked.given("closeIn"),
            transfer: asked.given("transfer"),
            foreign_exchange: asked.given("foreignExchange"),
            resort: asked.given("resort"),
        };
        let price: Option<Money> = asked.given("cash");
        let (of, wanted) = (asked.given::<Cabin>("cashCabin"), asked.given::<Cabin>("cabin"));
        let nights: Option<u8> = asked.given("nights");
        let is_stay = nights.is_some();
        asked.that(of.is_none() || wanted.is_some() || is_stay, "/cabin", "missing", "must be given with cashCabin");
        for (pointer, cabin) in [("/cashCabin", of), ("/cabin", wanted)] {
            asked.that(cabin.is_none() || !is_stay, pointer, "invalid", "must not be given with nights");
        }
        let cash = price.map(|price| match of.zip(wanted) {
            Some((of, wanted)) => Cash::OtherCabin { price, of, wanted },
            None => Cash::Same(price),
        });
        let each: Option<Money> = asked.given("cashPerNight");
        let at = At {
            price: if each.is_some() { "/cashPerNight" } else { "/cash" },
            fees,
            currency: each.or(price).map(Money::currency),
        };
        // What all nights cost is a part of a stay's price, and named as that.
        let cash = cash.filter(|_| !is_stay);
        faults(programme.as_ref(), points, &fees, cash).for_each(|error| at.note(&mut asked, error));
        let stay = stay(&mut asked, (programme.as_ref(), points), nights, (price, each), at);
        let on = asked.given("on").unwrap_or(today);
        let read = programme.zip(points).map(|(programme, points)| Self { programme, points, fees, cash, stay, on, at });
        asked.done(read)
    }
}

/// The stay that is asked about, if it is one.
fn stay(
    asked: &mut Asked,
    (programme, points_a_night): (Option<&ProgrammeId>, Option<Points>),
    nights: Option<u8>,
    (all_nights, each): (Option<Money>, Option<Money>),
    at: At,
) -> Option<Stay> {
    let (taxes, resort_fees) = (asked.given::<Money>("cashTaxes"), asked.given::<Money>("cashResortFees"));
    let under_rule: Option<bool> = asked.given("freeNights");
    let is_of_stay = each.is_some() || taxes.is_some() || resort_fees.is_some() || under_rule.is_some();
    asked.that(!is_of_stay || nights.is_some(), "/nights", "missing", "must be given with what only stays have");
    let has_rule = under_rule != Some(true) || programme.is_none_or(|programme| FreeNight::of(programme).is_some());
    asked.that(has_rule, "/freeNights", "invalid", "the programme has no rule of free nights");
    let nights = nights?;
    asked.that((1..=MOST_NIGHTS).contains(&nights), "/nights", "invalid", "must be 1 to 30");
    asked.that(each.is_none() || all_nights.is_none(), "/cashPerNight", "invalid", "must not be given with cash");
    let has_price = each.is_some() || all_nights.is_some();
    let in_parts = taxes.is_some() || resort_fees.is_some();
    asked.that(has_price || !in_parts, "/cash", "missing", "must be given, or cashPerNight, with cashTaxes and cashResortFees");
    let prices = each.map(|each| vec![each; nights.into()]).or(all_nights.map(|all| vec![all]));
    let price = prices.map(|nights| StayPrice { nights, taxes, resort_fees });
    let no_nights = programme.and_then(|programme| Stay::at(programme).err());
    no_nights.into_iter().chain(price.iter().flat_map(StayPrice::faults)).for_each(|error| at.note(asked, error));
    Some(Stay { nights, points_a_night: points_a_night?, under_rule: under_rule.unwrap_or(false), price })
}

/// What an offer is worth.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OfferValue {
    /// Whose points.
    programme: ProgrammeId,
    /// How many; of a stay, for all of it.
    points: Points,
    /// How the points and the price of a stay come about, if it is one.
    stay: Option<StayLines>,
    /// What they are worth; none, where that is unknown.
    value: Option<Appraisal>,
    /// Why it is unknown. That is not a zero.
    unknown: Option<Unknown>,
}

/// Values one offer
///
/// In cents a point, with every fee as a line of its own, held against the caller's own valuation or else the published ones. With
/// `nights` it is a stay: nights that the programme gives for nothing are taken off, as a line of their own.
#[utoipa::path(
    get,
    path = "/v1/value",
    tag = "value",
    params(OfferParams),
    responses((status = 200, body = OfferValue), (status = 304, description = "Not changed since `If-None-Match`"), Problems)
)]
async fn get_value(State(cx): State<Deps>, caller: Caller, parts: Parts) -> Reply<OfferValue> {
    let Offer { programme, points, fees, cash, stay, on, at } = Offer::read(&parts, day_of(cx.now()))?;
    let own = wallet::valuations(&cx, &caller.owner).await?.0.own(&programme);
    let fault = |error| at.fault(error);
    let stay = stay.map(|stay| stay.lines(&programme, on).map(|lines| (lines, stay.price))).transpose().map_err(fault)?;
    let (points, cash, stay) = match stay {
        Some((lines, price)) => {
            let total = price.map(|price| price.total()).transpose().map_err(fault)?;
            (lines.points, total.map(Cash::Same), Some(lines))
        }
        None => (points, cash, None),
    };
    let award = Award { programme: &programme, points, fees, cash, on };
    let (value, unknown) = match appraise(&award, own, &*cx.rates().await?) {
        Ok(value) => (Some(value), None),
        Err(ValueError::NoCash) => (None, Some(Unknown::NoCashPrice)),
        Err(ValueError::BetterCabin) => (None, Some(Unknown::BetterCabin)),
        Err(ValueError::NoTaxes) => (None, Some(Unknown::NoTaxes)),
        Err(error) => return Err(fault(error).into()),
    };
    Ok(Answer::ok(OfferValue { programme, points, stay, value, unknown }))
}

/// Where the amounts of an offer were given.
#[derive(Debug, Clone, Copy)]
struct At {
    /// The parameter of the price.
    price: &'static str,
    /// What the price is in.
    currency: Option<Currency>,
    fees: Fees,
}

impl At {
    /// What is wrong with an offer, and where.
    fn fault(self, error: ValueError) -> Faults {
        let (pointer, code) = self.of(error);
        Faults::one(pointer, code, error.to_string())
    }

    /// Notes it beside whatever else is wrong.
    fn note(self, asked: &mut Asked, error: ValueError) {
        let (pointer, code) = self.of(error);
        asked.that(false, pointer, code, error.to_string());
    }

    fn of(self, error: ValueError) -> (&'static str, &'static str) {
        match error {
            ValueError::ZeroPoints => ("/points", "zero-points"),
            ValueError::UnknownProgramme => ("/programme", "unknown-programme"),
            ValueError::NegativeCash | ValueError::NoCash | ValueError::BetterCabin => (self.price, "invalid"),
            ValueError::NegativePart(kind) | ValueError::Currencies(kind) => (self.part(kind), "invalid"),
            ValueError::NoTaxes => ("/taxes", "invalid"),
            ValueError::NoNights => ("/nights", "invalid"),
            ValueError::NegativeFee(kind) => (of_fee(kind), "invalid"),
            ValueError::Rate(RateError::NotQuoted(currency)) => (self.amount_in(currency), "no-exchange-rate"),
            ValueError::Rate(RateError::Stale { .. }) => ("/on", "no-exchange-rate"),
            ValueError::Rate(RateError::OutOfRange) | ValueError::OutOfRange => ("", "out-of-range"),
        }
    }

    fn part(self, kind: PriceKind) -> &'static str {
        match kind {
            PriceKind::Nights => self.price,
            PriceKind::Taxes => "/cashTaxes",
            PriceKind::ResortFees => "/cashResortFees",
        }
    }

    /// The first amount in a currency: no day has a rate for it, so that it is the amount that has to be given otherwise.
    fn amount_in(self, currency: Currency) -> &'static str {
        let is_in = |(kind, fee): (FeeKind, Option<Money>)| fee.filter(|fee| fee.currency() == currency).map(|_| of_fee(kind));
        let of_price = self.currency.filter(|given| *given == currency).map(|_| self.price);
        of_price.or_else(|| self.fees.each().into_iter().find_map(is_in)).unwrap_or(self.price)
    }
}

/// The parameter of a fee.
fn of_fee(kind: FeeKind) -> &'static str {
    match kind {
        FeeKind::Taxes => "/taxes",
        FeeKind::CarrierSurcharge => "/carrierSurcharge",
        FeeKind::Booking => "/booking",
        FeeKind::CloseIn => "/closeIn",
        FeeKind::Transfer => "/transfer",
        FeeKind::ForeignExchange => "/foreignExchange",
        FeeKind::Resort => "/resort",
    }
}
