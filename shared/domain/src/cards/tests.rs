#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use jiff::civil::{Date, date};
use proptest::{prelude::*, sample::subsequence};
use rust_decimal::Decimal;

use super::*;
use crate::{
    booking::Booking,
    funding::Terms,
    ids::derived,
    money::{CentsPerPoint, Currency},
    transfers::partners,
    value::Valuations,
};

const TODAY: Date = date(2026, 11, 21);

fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

fn usd(dollars: i64) -> Money {
    Money::from_minor(dollars * 100, Currency::USD).unwrap()
}

fn reach() -> Reach {
    [("chase-ur", "hyatt"), ("chase-ur", "mileageplus"), ("amex-mr", "skymiles"), ("citi-typ", "aadvantage")]
        .into_iter()
        .map(|(from, to)| (id(from), id(to)))
        .collect()
}

fn wish(programmes: &[&str]) -> Wish {
    let by = WishedBy::Watcher(derived(programmes));
    Wish {
        by,
        any_of: programmes.iter().map(|programme| id(programme)).collect(),
        points: Some(70_000.try_into().unwrap()),
        travellers: 1,
        in_hand: false,
    }
}

fn held(card: &str, opened: Date) -> HeldCard {
    HeldCard { card: id(card), opened, closed: None, bonus_on: None }
}

/// A personal card that the catalogue does not have.
fn elsewhere(opened: Date, issuer: Option<&str>) -> Elsewhere {
    Elsewhere { opened, kind: CardKind::Personal, issuer: issuer.map(id) }
}

fn holding(cards: &[(&str, Date)]) -> CardsHeld {
    CardsHeld { held: cards.iter().map(|(card, opened)| held(card, *opened)).collect(), ..CardsHeld::default() }
}

/// What is recommended of the shipped catalogue, at published valuations.
fn advise(held: &CardsHeld, wishes: &[Wish]) -> Advice {
    let (reach, worth) = (reach(), Valuations::default());
    recommend(Catalogue::shipped(), Situation { held, wishes, reach: &reach, worth: &worth, today: TODAY })
}

fn recommended(advice: &Advice) -> Vec<&str> {
    advice.recommended.iter().map(|recommendation| recommendation.card.as_str()).collect()
}

fn why_not<'a>(advice: &'a Advice, card: &str) -> &'a [Obstacle] {
    advice.left_out.iter().find(|left| left.card.as_str() == card).map_or(&[], |left| &left.why)
}

#[test]
fn the_shipped_tables_are_read_to_the_last_line() {
    let catalogue = Catalogue::read(Tables::SHIPPED).unwrap();
    assert_eq!(Catalogue::shipped(), &catalogue);
    for (table, rows) in [
        (Tables::SHIPPED.cards, catalogue.cards().count()),
        (Tables::SHIPPED.earnings, catalogue.cards().map(|card| card.earnings.len()).sum()),
        (Tables::SHIPPED.credits, catalogue.cards().map(|card| card.credits.len()).sum()),
        (Tables::SHIPPED.rules, catalogue.rules().len()),
    ] {
        // A full CSV parser sees the same fields: none of them is quoted.
        let mut full = csv::Reader::from_reader(table.as_bytes());
        let records: Vec<csv::StringRecord> = full.records().map(Result::unwrap).collect();
        let lines = table.lines().skip(1).map(|line| line.split(',').collect::<Vec<_>>());
        assert!(records.iter().map(|record| record.iter().collect::<Vec<_>>()).eq(lines));
        assert_eq!(records.len(), rows);
    }
    assert!(catalogue.cards().count() >= 50);
    let issuers: BTreeSet<&IssuerId> = catalogue.cards().map(|card| &card.issuer).collect();
    assert!(catalogue.rules().iter().all(|rule| issuers.contains(&rule.issuer)), "a rule of an issuer without cards");
}

/// The shipped tables with one line changed.
fn with(table: &str, old: &str, new: &str) -> String {
    assert!(table.contains(old), "{old}");
    table.replacen(old, new, 1)
}

#[test]
fn what_is_wrong_with_a_table_is_named_with_its_line() {
    let cards = Tables::SHIPPED.cards;
    let line = 1 + cards.lines().position(|line| line.starts_with("amex-gold,")).unwrap();
    let read = |cards: &str| Catalogue::read(Tables { cards, ..Tables::SHIPPED }).unwrap_err().to_string();
    let twice = format!("{cards}{}\n", cards.lines().nth(1).unwrap());
    for (table, expected) in [
        (with(cards, "US,amex-mr,full,325", "US,amex-nr,full,325"), format!("line {line}: there is no programme amex-nr")),
        (with(cards, "US,amex-mr,full,325", "US,amex-mr,full,-325"), format!("line {line}: annual_fee is below zero")),
        (with(cards, "US,amex-mr,full,325", "US,amex-mr,fully,325"), format!("line {line}: transfers access to transfers")),
        (with(cards, "full,325,,,,,", "full,325,,,100000,,"), format!("line {line}: a bonus needs")),
        (with(cards, "seed-data.ts,2026-09", "seed-data.ts,"), "as_of must be given".to_owned()),
        (with(cards, "seed-data.ts,2026-09", "seed-data.ts,lately"), "as_of the date of a source must be".to_owned()),
        (twice, "stands there twice".to_owned()),
    ] {
        let told = read(&table);
        assert!(told.starts_with("cards.csv line ") && told.contains(&expected), "{told}: {expected}");
    }
}

#[test]
fn earnings_credits_and_rules_are_held_to_the_cards() {
    let orphan = with(Tables::SHIPPED.earnings, "amex-gold,dining", "amex-goldish,dining");
    let error = Catalogue::read(Tables { earnings: &orphan, ..Tables::SHIPPED }).unwrap_err();
    assert!(matches!(error, CatalogueError::UnknownCard { file: "card-earnings.csv", .. }), "{error}");
    let free = with(Tables::SHIPPED.earnings, "amex-gold,dining,4", "amex-gold,dining,0");
    let error = Catalogue::read(Tables { earnings: &free, ..Tables::SHIPPED }).unwrap_err();
    assert!(matches!(error, CatalogueError::Field { field: "points", .. }), "{error}");
    let elsewhere = with(Tables::SHIPPED.credits, "amex-gold,Uber Cash,120,henrysha", "amex-gold,Uber Cash,120,another");
    let error = Catalogue::read(Tables { credits: &elsewhere, ..Tables::SHIPPED }).unwrap_err();
    assert!(matches!(error, CatalogueError::OtherSource { file: "card-credits.csv", .. }), "{error}");
    let later = with(Tables::SHIPPED.earnings, "rewards-pwa,2026-09", "rewards-pwa,2026-10");
    let error = Catalogue::read(Tables { earnings: &later, ..Tables::SHIPPED }).unwrap_err();
    assert!(matches!(error, CatalogueError::OtherSource { file: "card-earnings.csv", .. }), "{error}");
    let undated = with(Tables::SHIPPED.earnings, "rewards-pwa,2026-09", "rewards-pwa,");
    let error = Catalogue::read(Tables { earnings: &undated, ..Tables::SHIPPED }).unwrap_err();
    assert!(matches!(error, CatalogueError::Field { file: "card-earnings.csv", field: "as_of", .. }), "{error}");
    let endless = with(Tables::SHIPPED.rules, "24,months", "24,moons");
    let error = Catalogue::read(Tables { rules: &endless, ..Tables::SHIPPED }).unwrap_err();
    assert!(matches!(error, CatalogueError::Field { field: "unit", .. }), "{error}");
}

#[test]
fn a_programme_is_reached_by_what_is_earned_or_by_what_it_becomes() {
    let catalogue = Catalogue::shipped();
    let gaps = |cards: &[(&str, Date)]| {
        Gaps::of(&[wish(&["hyatt"]), wish(&["aadvantage", "skymiles"])], &holding(cards), catalogue, &reach())
    };
    let none = gaps(&[]);
    assert_eq!((none.wishes, none.unmet), (2, 2));
    assert!(none.programmes.iter().all(|gap| gap.ways.is_empty() && gap.unmet == 1));

    let old = date(2020, 1, 1);
    let some = gaps(&[("chase-sapphire-preferred", old), ("delta-skymiles-blue", old)]);
    assert_eq!(some.unmet, 0, "either of two programmes will do");
    let way = |gaps: &Gaps, programme: &str| {
        let gap = gaps.programmes.iter().find(|gap| gap.programme.as_str() == programme).unwrap();
        gap.ways.iter().map(|(card, way)| (card.to_string(), *way)).collect::<Vec<_>>()
    };
    assert_eq!(way(&some, "hyatt"), [("chase-sapphire-preferred".to_owned(), Way::Transferred)]);
    assert_eq!(way(&some, "skymiles"), [("delta-skymiles-blue".to_owned(), Way::Earned)]);
    assert!(way(&some, "aadvantage").is_empty());
}

#[test]
fn only_confirmed_transfers_reach_anything() {
    let reach = Reach::confirmed();
    assert!(partners().iter().any(|partner| !partner.confirmed), "else this says nothing");
    for partner in partners() {
        assert_eq!(reach.leads(&partner.from, &partner.to), partner.confirmed, "{} to {}", partner.from, partner.to);
    }
}

#[test]
fn what_is_in_hand_is_no_gap_and_nothing_brings_it_within_reach() {
    let terms = Terms::shipped("2026-11-21T12:00:00Z".parse().unwrap());
    let held_against = |wish: Wish, balances: &[(&str, u64)]| {
        let balances = balances.iter().map(|(of, points)| (id(of), (*points).try_into().unwrap())).collect();
        wish.held_against(&balances, &terms)
    };
    let american = || wish(&["aadvantage", "hyatt"]);
    for (balances, is_enough) in [
        (vec![("aadvantage", 70_000)], true),
        (vec![("aadvantage", 69_999)], false),
        (vec![("chase-ur", 50_000), ("hyatt", 20_000)], true),
        (vec![("chase-ur", 40_000), ("hyatt", 20_000)], false),
        (vec![("skymiles", 500_000)], false),
        (vec![], false),
    ] {
        assert_eq!(held_against(american(), &balances).in_hand, is_enough, "{balances:?}");
    }
    assert!(!held_against(Wish { travellers: 2, ..american() }, &[("aadvantage", 70_000)]).in_hand, "it is for one of two");
    assert!(!held_against(Wish { points: None, ..american() }, &[("aadvantage", 500_000)]).in_hand, "nobody says how many");
    let unconfirmed = partners()
        .iter()
        .find(|partner| {
            !partner.confirmed
                && !partners().iter().any(|other| other.confirmed && other.from == partner.from && other.to == partner.to)
        })
        .unwrap();
    assert!(!held_against(wish(&[unconfirmed.to.as_str()]), &[(unconfirmed.from.as_str(), 10_000_000)]).in_hand);

    let met = [held_against(american(), &[("aadvantage", 70_000)])];
    let gaps = Gaps::of(&met, &CardsHeld::default(), Catalogue::shipped(), &reach());
    assert_eq!(
        (gaps.unmet, gaps.programmes.iter().map(|gap| (gap.in_hand, gap.unmet)).collect::<Vec<_>>()),
        (0, vec![(1, 0); 2])
    );
    assert!(advise(&CardsHeld::default(), &met).recommended.iter().all(|recommendation| recommendation.score.filled == 0));
}

#[test]
fn a_plan_follows_the_booking_of_its_deal() {
    let booked = |at: serde_json::Value| -> Booking {
        serde_json::from_value(serde_json::json!({
            "id": derived::<crate::ids::BookingId>(&["booking"]), "tenant": "demo", "member": derived::<crate::ids::MemberId>(&["dana"]),
            "deal": derived::<crate::ids::DealId>(&["deal"]), "programme": "aadvantage", "travellers": 2, "changes": [],
            "seen": {"points": 40_000, "taxes": null, "seats": 2}, "state": at,
            "createdAt": "2026-11-20T00:00:00Z", "updatedAt": "2026-11-20T00:00:00Z", "version": 1,
        }))
        .unwrap()
    };
    let since = "2026-11-20T00:00:00Z";
    for (state, plan) in [
        (serde_json::json!({"at": "verify"}), Some((2, false))),
        (serde_json::json!({"at": "verified", "seenAt": since}), Some((2, false))),
        (serde_json::json!({"at": "waiting", "since": since}), Some((2, true))),
        (serde_json::json!({"at": "booked"}), None),
        (serde_json::json!({"at": "abandoned", "transferredAt": since}), Some((1, false))),
    ] {
        let terms = Terms::shipped(since.parse().unwrap());
        let plan_of = wish(&["aadvantage"]).with_booking(&booked(state.clone()));
        let plan_of = plan_of.map(|wish| wish.held_against(&crate::funding::Balances::default(), &terms));
        assert_eq!(plan_of.map(|wish| (wish.travellers, wish.in_hand)), plan, "{state}");
    }
}

#[test]
fn a_paired_card_reaches_no_further_than_its_currency_without_its_pair() {
    let catalogue = Catalogue::shipped();
    let old = date(2020, 1, 1);
    let unmet = |cards: &[(&str, Date)]| Gaps::of(&[wish(&["hyatt"])], &holding(cards), catalogue, &reach()).unmet;
    assert_eq!(unmet(&[("chase-freedom-flex", old)]), 1);
    assert_eq!(unmet(&[("chase-freedom-flex", old), ("chase-sapphire-preferred", old)]), 0);
    // One that opens what is already earned is worth getting.
    let advice = advise(&holding(&[("chase-freedom-flex", old)]), &[wish(&["hyatt"])]);
    assert!(recommended(&advice).contains(&"chase-sapphire-preferred"), "{advice:?}");
}

#[test]
fn points_of_a_card_that_lacks_its_pair_are_worth_what_is_paid_for_them() {
    let catalogue = Catalogue::shipped();
    let paired = catalogue.cards().filter(|card| card.transfers == Some(Transfers::Paired));
    let paired: BTreeSet<&str> = paired.map(|card| card.programme.as_str()).collect();
    assert_eq!(paired, BTreeSet::from(["chase-ur", "citi-typ"]), "those of which it is known what is paid for a point");
    let (reach, old) = (reach(), date(2020, 1, 1));
    let value = |cards: &[(&str, Date)], worth: &Valuations| {
        let situation = Situation { held: &holding(cards), wishes: &[], reach: &reach, worth, today: TODAY };
        score(catalogue, catalogue.card(&id("chase-ink-business-cash")).unwrap(), situation).value_cents
    };
    let own: Valuations = serde_json::from_value(serde_json::json!({"chase-ur": "1.5"})).unwrap();
    let published = Valuations::default().of(&id("chase-ur"), TODAY).cents.ten_thousandths();
    assert_eq!(value(&[], &Valuations::default()), 75_000);
    assert_eq!(value(&[("chase-freedom-flex", old)], &Valuations::default()), 75_000);
    assert_eq!(value(&[("chase-sapphire-preferred", old)], &Valuations::default()), 75_000 * published / 10_000);
    assert_eq!(value(&[], &own), 112_500, "the member says what they are worth to them");
}

#[test]
fn what_fills_the_gap_comes_first_then_the_bonus_then_the_fee() {
    let advice = advise(&CardsHeld::default(), &[wish(&["aadvantage"])]);
    assert_eq!(recommended(&advice)[0], "citi-strata-premier");
    let filled: Vec<usize> = advice.recommended.iter().map(|recommendation| recommendation.score.filled).collect();
    assert_eq!(filled, [1, 0, 0], "the first fills the gap; the others are judged by what they are worth");
    let issuer = |card: &CardId| Catalogue::shipped().card(card).unwrap().issuer.clone();
    assert!(advice.recommended[1..].iter().all(|other| issuer(&other.card).as_str() != "citi"), "Citi gives one card in 8 days");
    let first = &advice.recommended[0];
    let bonus = Bonus { points: 60_000.try_into().unwrap(), spend: usd(4_000), months: 3 };
    let worth = Valuations::default().of(&id("citi-typ"), TODAY);
    assert!(first.reasons.contains(&Reason::Fills { programme: id("aadvantage"), way: Way::Transferred, plans: 1 }));
    let value = Money::rounded(worth.cents.get() * Decimal::from(600), Currency::USD).unwrap();
    assert!(first.reasons.contains(&Reason::Bonus { bonus, worth, value }), "{:?}", first.reasons);
    assert!(first.reasons.contains(&Reason::Costs { first_year: usd(95), a_year: usd(95), credits: usd(100), counted: usd(50) }));
}

#[test]
fn rules_that_would_refuse_exclude_and_are_named() {
    let lately = date(2026, 10, 1);
    let five = CardsHeld { elsewhere: vec![elsewhere(lately, None); 5], ..CardsHeld::default() };
    let advice = advise(&five, &[wish(&["hyatt"])]);
    assert_eq!(why_not(&advice, "chase-sapphire-preferred"), [Obstacle::Refused(id("chase-5-24"))]);
    let business = Elsewhere { kind: CardKind::Business, ..elsewhere(lately, None) };
    let at_work = CardsHeld { elsewhere: vec![business; 5], ..CardsHeld::default() };
    assert!(recommended(&advise(&at_work, &[wish(&["hyatt"])])).contains(&"chase-sapphire-preferred"));
    let four = CardsHeld { elsewhere: five.elsewhere[..4].to_vec(), ..CardsHeld::default() };
    let refused = |why: &Obstacle| matches!(why, Obstacle::Refused(_));
    assert!(!why_not(&advise(&four, &[]), "chase-sapphire-preferred").iter().any(refused));
}

#[test]
fn an_issuer_counts_its_own_cards_that_the_catalogue_does_not_have() {
    let lately = date(2026, 11, 10);
    let had =
        |issuer, kind| CardsHeld { elsewhere: vec![Elsewhere { kind, ..elsewhere(lately, issuer) }; 2], ..CardsHeld::default() };
    let (personal, business) = (CardKind::Personal, CardKind::Business);
    assert_eq!(effect("chase-2-30", "united-gateway", &had(Some("chase"), personal)), Some(Effect::Refused));
    assert_eq!(effect("amex-2-90", "hilton-honors", &had(Some("american-express"), personal)), Some(Effect::Refused));
    assert_eq!(effect("chase-2-30", "united-gateway", &had(Some("citi"), personal)), None);
    assert_eq!(effect("chase-2-30", "united-gateway", &had(None, personal)), None, "nobody says that it is Chase's");
    let at_work = |kind| effect("chase-1-30-after-business", "united-gateway", &had(Some("chase"), kind));
    assert_eq!((at_work(business), at_work(personal)), (Some(Effect::Refused), None));
    let five = CardsHeld { elsewhere: vec![elsewhere(lately, Some("citi")); 5], ..CardsHeld::default() };
    assert_eq!(effect("chase-5-24", "united-gateway", &five), Some(Effect::Refused), "whoever issued them");
}

#[test]
fn a_country_is_one_that_there_is() {
    for (text, is_one) in [("US", true), ("DE", true), ("ZZ", false), ("us", false), ("USA", false), ("", false)] {
        assert_eq!(text.parse::<Country>().is_ok(), is_one, "{text}");
        assert_eq!(text.parse::<crate::sources::Market>().is_ok(), is_one, "{text}");
    }
}

#[test]
fn each_card_is_the_best_for_who_has_those_before_it() {
    // American and United: one card for each, not the two best for one of them.
    let advice = advise(&CardsHeld::default(), &[wish(&["aadvantage"]), wish(&["aadvantage"]), wish(&["mileageplus"])]);
    let filled: Vec<usize> = advice.recommended.iter().map(|recommendation| recommendation.score.filled).collect();
    assert_eq!(filled, [2, 1, 0], "{:?}", recommended(&advice));
}

/// The effect of a rule on who wants a card today.
fn effect(rule: &str, card: &str, held: &CardsHeld) -> Option<Effect> {
    let catalogue = Catalogue::shipped();
    catalogue.rule(&id(rule)).unwrap().effect(catalogue, catalogue.card(&id(card)).unwrap(), held, TODAY)
}

#[test]
fn charge_cards_neither_count_nor_are_refused_where_a_rule_excepts_them() {
    let (lately, old) = (date(2026, 10, 20), date(2020, 1, 1));
    let charge = holding(&[("amex-gold", lately), ("amex-platinum", lately)]);
    assert_eq!(effect("amex-2-90", "hilton-honors", &charge), None);
    let credit = holding(&[("delta-skymiles-gold", lately), ("hilton-honors-aspire", lately), ("amex-gold", old)]);
    assert_eq!(effect("amex-2-90", "hilton-honors", &credit), Some(Effect::Refused));
    assert_eq!(effect("amex-2-90", "amex-platinum", &credit), None);
    let today = holding(&[("amex-gold", TODAY)]);
    assert_eq!(effect("amex-1-5", "hilton-honors", &today), None);
}

#[test]
fn chase_gives_two_cards_to_people_or_one_to_a_business_in_thirty_days() {
    let lately = date(2026, 11, 10);
    let refused = |card: &str, had: &[(&str, Date)]| {
        let held = CardsHeld { business: true, ..holding(had) };
        let why = why_not(&advise(&held, &[wish(&["chase-ur"])]), card).to_vec();
        why.iter().any(|why| matches!(why, Obstacle::Refused(rule) if rule.as_str() != "chase-5-24"))
    };
    let (ink, flex, united) = (("chase-ink-business-cash", lately), ("chase-freedom-flex", lately), ("united-gateway", lately));
    assert!(!refused("chase-sapphire-preferred", &[flex]));
    assert!(refused("chase-sapphire-preferred", &[flex, united]));
    assert!(refused("chase-sapphire-preferred", &[ink]));
    assert!(refused("chase-ink-business-preferred", &[ink]));
    assert!(refused("chase-ink-business-preferred", &[flex]));
    assert!(!refused("chase-ink-business-preferred", &[(ink.0, date(2026, 10, 21))]));
}

#[test]
fn a_family_has_one_bonus_and_other_cards_one_each() {
    let venture = holding(&[("capital-one-ventureone", date(2024, 1, 1))]);
    assert_eq!(effect("capital-one-venture-48", "capital-one-venture-x", &venture), Some(Effect::NoBonus));
    let citi = holding(&[("citi-strata-premier", date(2024, 1, 1))]);
    assert_eq!(effect("citi-48", "citi-strata-premier", &citi), Some(Effect::NoBonus));
    assert_eq!(effect("citi-48", "citi-double-cash", &citi), None);
}

#[test]
fn a_bonus_that_came_on_no_known_day_came_as_late_as_it_could() {
    let opened = |opened: Date, bonus_on| CardsHeld {
        held: vec![HeldCard { bonus_on, ..held("capital-one-venture", opened) }],
        ..CardsHeld::default()
    };
    let again = |held: CardsHeld| effect("capital-one-venture-48", "capital-one-venture", &held);
    // 48 months ago it was opened, and its bonus takes three.
    assert_eq!(again(opened(date(2022, 11, 21), None)), Some(Effect::NoBonus));
    assert_eq!(again(opened(date(2022, 8, 22), None)), Some(Effect::NoBonus));
    assert_eq!(again(opened(date(2022, 8, 21), None)), None);
    assert_eq!(again(opened(date(2022, 11, 21), Some(date(2022, 11, 21)))), None);
    // Of the Reserve no bonus is known: the longest of the catalogue is six months.
    let reserve = |day: Date| effect("chase-bonus-24", "chase-sapphire-reserve", &holding(&[("chase-sapphire-reserve", day)]));
    assert_eq!(reserve(date(2024, 5, 22)), Some(Effect::NoBonus));
    assert_eq!(reserve(date(2024, 5, 21)), None);
}

/// What the page of sources says of empty fields is so.
#[test]
fn the_sources_tell_which_cards_lack_a_fee_or_a_bonus() {
    let text = include_str!("../../data/SOURCES.md").replace('\n', " ");
    let catalogue = Catalogue::shipped();
    let without = catalogue.cards().filter(|card| card.bonus.is_none()).count();
    assert!(text.contains(&format!("{without} cards have no bonus")), "{without}");
    let no_fee: Vec<&str> = catalogue.cards().filter(|card| card.annual_fee.is_none()).map(|card| card.id.as_str()).collect();
    assert!(text.contains(&format!("No fee stands there of {}.", no_fee.join(", "))), "{no_fee:?}");
    for (file, rows) in
        [("cards.csv, card-earnings.csv, card-credits.csv", None), ("card-rules.csv", Some(catalogue.rules().len()))]
    {
        let of_cards = [Tables::SHIPPED.cards, Tables::SHIPPED.earnings, Tables::SHIPPED.credits];
        let counted = of_cards.map(|table| (table.lines().count() - 1).to_string()).join(", ");
        let rows = rows.map_or(counted, |rows| rows.to_string());
        assert!(text.contains(&format!("| {file} | {rows} |")), "{file}: {rows}");
    }
    // Where another reading is named that stands against the table, the table still has what it is said to have.
    let stands = |name: &str| catalogue.card(&id(name)).unwrap();
    for card in ["amex-gold", "hilton-honors-surpass", "hilton-honors-business"] {
        assert!(text.contains(card) && stands(card).annual_fee.is_some(), "{card}");
    }
    for card in ["chase-sapphire-reserve", "amex-gold", "amex-platinum", "hilton-honors", "citi-aadvantage-executive"] {
        assert!(text.contains(card) && stands(card).bonus.is_none(), "{card}");
    }
    let bonuses = [
        "chase-ink-business-cash",
        "citi-aadvantage-business",
        "citi-aadvantage-globe",
        "citi-aadvantage-platinum-select",
        "citi-double-cash",
        "ihg-one-rewards-premier",
        "ihg-one-rewards-traveler",
        "marriott-bonvoy-bold",
        "united-club",
        "united-explorer",
        "united-quest",
    ];
    for card in bonuses {
        assert!(text.contains(card) && stands(card).bonus.is_some(), "{card}");
    }
}

#[test]
fn a_window_ends_to_the_day() {
    let opened = |day: Date| holding(&[("capital-one-venture", day)]);
    let why = |day: Date| why_not(&advise(&opened(day), &[]), "capital-one-venture-x").to_vec();
    let refused = Obstacle::Refused(id("capital-one-1-6"));
    assert!(why(date(2026, 5, 22)).contains(&refused));
    assert!(!why(date(2026, 5, 21)).contains(&refused), "six months ago to the day is over");
}

#[test]
fn a_bonus_that_would_not_come_counts_for_nothing_and_is_said() {
    let closed = HeldCard { closed: Some(date(2024, 1, 1)), ..held("amex-blue-business-plus", date(2015, 1, 1)) };
    let had = CardsHeld { held: vec![closed], business: true, ..CardsHeld::default() };
    let (reach, worth) = (reach(), Valuations::default());
    let situation = Situation { held: &had, wishes: &[], reach: &reach, worth: &worth, today: TODAY };
    let card = Catalogue::shipped().card(&id("amex-blue-business-plus")).unwrap();
    assert_eq!(score(Catalogue::shipped(), card, situation).value_cents, 0);
    let wishes = [wish(&["amex-mr"])];
    let advice = recommend(Catalogue::shipped(), Situation { wishes: &wishes, ..situation });
    let again = advice.recommended.iter().find(|recommendation| recommendation.card == card.id).unwrap();
    assert!(again.reasons.contains(&Reason::BonusWithheld { rule: id("amex-once") }), "{:?}", again.reasons);
}

#[test]
fn spending_counts_where_it_is_known() {
    let spend = |category, usd_a_year| CardsHeld { spending: vec![Spending { category, usd_a_year }], ..CardsHeld::default() };
    let (reach, worth) = (reach(), Valuations::from_iter([(id("amex-mr"), CentsPerPoint::rounded(Decimal::ONE))]));
    let value = |held: &CardsHeld, card: &str| {
        let situation = Situation { held, wishes: &[], reach: &reach, worth: &worth, today: TODAY };
        score(Catalogue::shipped(), Catalogue::shipped().card(&id(card)).unwrap(), situation).value_cents
    };
    // 30,000 dollars at supermarkets: four points for 25,000 of them, one for the rest, a cent each.
    assert_eq!(value(&spend(Category::Groceries, 30_000), "amex-gold"), 105_000);
    // Hotels are travel, and where a card knows neither they are everything else.
    assert_eq!(value(&spend(Category::Hotels, 1_000), "amex-gold"), 1_000);
    // 3,000 dollars are not spent in three months by who spends 6,000 a year on everything.
    let business = "amex-blue-business-plus";
    assert_eq!(value(&spend(Category::Everything, 6_000), business), 12_000);
    // Who says what they spend on one thing has not said that they spend no more.
    let bonus = Catalogue::shipped().card(&id(business)).unwrap().bonus.unwrap().points.get();
    assert_eq!(value(&spend(Category::Dining, 6_000), business), 12_000 + i64::try_from(bonus).unwrap());
}

#[test]
fn categories_with_the_same_rate_and_limit_share_it() {
    let spending = [Category::Groceries, Category::Dining].map(|category| Spending { category, usd_a_year: 6_000 });
    let both = CardsHeld { spending: spending.to_vec(), ..CardsHeld::default() };
    let (reach, worth) = (reach(), Valuations::from_iter([(id("marriott-bonvoy"), CentsPerPoint::rounded(Decimal::ONE))]));
    let situation = Situation { held: &both, wishes: &[], reach: &reach, worth: &worth, today: TODAY };
    let card = Catalogue::shipped().card(&id("marriott-bonvoy-boundless")).unwrap();
    // Three points for 6,000 dollars, two for the other 6,000.
    assert_eq!(score(Catalogue::shipped(), card, situation).value_cents, 30_000);
}

#[test]
fn what_is_not_known_is_not_recommended_and_what_is_abroad_neither() {
    let canadian = CardsHeld { country: Some(id("CA")), ..CardsHeld::default() };
    let advice = advise(&canadian, &[wish(&["hyatt"])]);
    assert!(advice.recommended.is_empty());
    assert!(why_not(&advice, "world-of-hyatt").contains(&Obstacle::OfferedIn(id("US"))));
    let free = advise(&CardsHeld::default(), &[wish(&["aeroplan"])]);
    assert_eq!(why_not(&free, "aeroplan-chase"), [Obstacle::FeeNotKnown]);
    assert_eq!(why_not(&free, "amex-business-gold")[0], Obstacle::NeedsBusiness);
}

#[test]
fn what_a_member_says_is_checked_whole() {
    let wrong = CardsHeld {
        held: vec![
            HeldCard { closed: Some(date(2019, 1, 1)), ..held("amex-gold", date(2020, 1, 1)) },
            held("no-such-card", date(2027, 1, 1)),
            held("amex-platinum", date(2020, 1, 1)),
            held("amex-platinum", date(2021, 1, 1)),
        ],
        elsewhere: vec![elsewhere(date(2027, 1, 1), None), elsewhere(TODAY, Some("nobody")), elsewhere(TODAY, Some("chase"))],
        spending: vec![Spending { category: Category::Dining, usd_a_year: 10_000_001 }; 2],
        ..CardsHeld::default()
    };
    let faults = wrong.check(Catalogue::shipped(), TODAY).unwrap_err();
    let pointers: Vec<&str> = faults.as_slice().iter().map(|fault| fault.pointer.as_str()).collect();
    assert_eq!(
        pointers,
        [
            "/held/0/closed",
            "/held/1/card",
            "/held/1/opened",
            "/held/3/card",
            "/elsewhere/0/opened",
            "/elsewhere/1/issuer",
            "/spending/0/usdAYear",
            "/spending/1/category",
            "/spending/1/usdAYear"
        ]
    );
    assert!(holding(&[("amex-gold", TODAY)]).check(Catalogue::shipped(), TODAY).is_ok());
}

#[test]
fn cards_held_show_nothing_of_themselves() {
    assert_eq!(format!("{:?}", holding(&[("amex-gold", TODAY)])), "CardsHeld { .. }");
}

/// Any cards of the catalogue, opened on any day of the last years.
fn any_held() -> impl Strategy<Value = CardsHeld> {
    let ids: Vec<CardId> = Catalogue::shipped().cards().map(|card| card.id.clone()).collect();
    let cards = subsequence(ids, 0..6).prop_flat_map(|ids| {
        let days = prop::collection::vec(0_i64..2_000, ids.len());
        (Just(ids), days)
    });
    (cards, any::<bool>(), prop::option::of(0_u32..100_000)).prop_map(|((ids, days), business, dining)| CardsHeld {
        held: ids
            .into_iter()
            .zip(days)
            .map(|(card, days)| HeldCard { card, opened: TODAY.saturating_sub(days.days()), closed: None, bonus_on: None })
            .collect(),
        business,
        spending: dining.map(|usd_a_year| Spending { category: Category::Dining, usd_a_year }).into_iter().collect(),
        ..CardsHeld::default()
    })
}

fn any_card() -> impl Strategy<Value = Card> {
    prop::sample::select(Catalogue::shipped().cards().cloned().collect::<Vec<_>>())
}

fn any_wishes() -> impl Strategy<Value = Vec<Wish>> {
    let programmes = ["hyatt", "mileageplus", "skymiles", "aadvantage", "hilton", "ihg", "atmos", "emirates-skywards"];
    prop::collection::vec(subsequence(programmes.to_vec(), 0..4), 0..6)
        .prop_map(|wishes| wishes.into_iter().map(|programmes| wish(&programmes)).collect())
}

proptest! {
    #[test]
    fn never_more_than_three_never_one_held_never_one_refused(held in any_held(), wishes in any_wishes()) {
        let advice = advise(&held, &wishes);
        prop_assert!(advice.recommended.len() <= MOST);
        for Recommendation { card, .. } in &advice.recommended {
            prop_assert!(!held.has(card));
            let found = Catalogue::shipped().card(card).unwrap();
            let refused = |rule: &Rule| rule.effect(Catalogue::shipped(), found, &held, TODAY) == Some(Effect::Refused);
            prop_assert!(!Catalogue::shipped().rules().iter().any(refused));
            prop_assert!(found.kind == CardKind::Personal || held.business);
        }
        prop_assert!(advice.left_out.iter().all(|left| !left.why.is_empty()));
        let taken = advice.recommended.iter().map(|recommendation| &recommendation.card);
        let mut named: Vec<&CardId> = taken.chain(advice.left_out.iter().map(|left| &left.card)).collect();
        named.sort_unstable();
        prop_assert!(named.into_iter().eq(Catalogue::shipped().cards().map(|card| &card.id)), "each is in one of the two");
    }

    /// Who gets all of them, in whatever order, is refused none.
    #[test]
    fn a_card_says_what_it_lacks(held in any_held(), wishes in any_wishes()) {
        let card = |id: &CardId| Catalogue::shipped().card(id).unwrap();
        let mut open: Vec<&Card> = Catalogue::shipped().cards().filter(|card| held.has(&card.id)).collect();
        for recommendation in &advise(&held, &wishes).recommended {
            let this = card(&recommendation.card);
            let has_pair = open.iter().any(|card| card.transfers == Some(Transfers::Full) && card.programme == this.programme);
            let says_so = recommendation.reasons.iter().any(|reason| matches!(reason, Reason::Alone { .. }));
            prop_assert_eq!(says_so, this.transfers == Some(Transfers::Paired) && !has_pair);
            open.push(this);
        }
    }

    #[test]
    fn the_three_together_break_no_rule(held in any_held(), wishes in any_wishes()) {
        let cards: Vec<CardId> = advise(&held, &wishes).recommended.into_iter().map(|recommendation| recommendation.card).collect();
        for last in &cards {
            let mut others = held.clone();
            let before = cards.iter().filter(|card| *card != last);
            others.held.extend(before.map(|card| HeldCard { card: card.clone(), opened: TODAY, closed: None, bonus_on: None }));
            for rule in Catalogue::shipped().rules() {
                let effect = rule.effect(Catalogue::shipped(), Catalogue::shipped().card(last).unwrap(), &others, TODAY);
                prop_assert!(effect != Some(Effect::Refused), "{} by {}, of {:?}", last, rule.id, cards);
            }
        }
    }

    #[test]
    fn the_order_in_which_things_are_said_does_not_matter(held in any_held(), wishes in any_wishes(), shift in 0_usize..6) {
        let mut turned = (held.clone(), wishes.clone());
        turned.0.held.rotate_left(shift.min(held.held.len()));
        turned.1.rotate_left(shift.min(wishes.len()));
        let cards: Vec<Card> = Catalogue::shipped().cards().cloned().collect();
        let backwards = Catalogue::of(cards.into_iter().rev(), Catalogue::shipped().rules().to_vec());
        let (reach, worth) = (reach(), Valuations::default());
        let situation = Situation { held: &turned.0, wishes: &turned.1, reach: &reach, worth: &worth, today: TODAY };
        prop_assert_eq!(recommend(&backwards, situation), advise(&held, &wishes));
    }

    /// Who pays us, and for which cards, changes nothing.
    #[test]
    fn a_commission_changes_nothing(held in any_held(), wishes in any_wishes(), paying in prop::collection::vec(any::<bool>(), 60)) {
        let cards = Catalogue::shipped().cards().cloned().zip(paying).map(|(card, pays_us)| Card { pays_us, ..card });
        let mut of = cards.collect::<Vec<_>>();
        of.extend(Catalogue::shipped().cards().skip(of.len()).cloned());
        let sponsored = Catalogue::of(of, Catalogue::shipped().rules().to_vec());
        let (reach, worth) = (reach(), Valuations::default());
        let situation = Situation { held: &held, wishes: &wishes, reach: &reach, worth: &worth, today: TODAY };
        prop_assert_eq!(recommend(&sponsored, situation), advise(&held, &wishes));
    }

    #[test]
    fn a_bigger_bonus_never_lowers_the_score(held in any_held(), wishes in any_wishes(), card in any_card(), more in 0_u64..500_000) {
        let bonus = card.bonus.map(|bonus| Bonus { points: (bonus.points.get() + more).try_into().unwrap(), ..bonus });
        let bigger = Card { bonus, ..card.clone() };
        let (reach, worth) = (reach(), Valuations::default());
        let situation = Situation { held: &held, wishes: &wishes, reach: &reach, worth: &worth, today: TODAY };
        prop_assert!(score(Catalogue::shipped(), &bigger, situation) >= score(Catalogue::shipped(), &card, situation));
    }

    /// What fills a gap stands before what fills none, however much that one is worth.
    #[test]
    fn gaps_come_first(held in any_held(), wishes in any_wishes()) {
        let advice = advise(&held, &wishes);
        let filled: Vec<usize> = advice.recommended.iter().map(|recommendation| recommendation.score.filled).collect();
        prop_assert!(filled.is_sorted_by(|a, b| a >= b), "{:?}", filled);
    }

    /// A card more never leaves a plan further away.
    #[test]
    fn a_card_more_never_opens_a_gap(held in any_held(), wishes in any_wishes(), card in any_card()) {
        let unmet = |held: &CardsHeld| Gaps::of(&wishes, held, Catalogue::shipped(), &reach()).unmet;
        let mut more = held.clone();
        more.held.push(HeldCard { card: card.id, opened: TODAY, closed: None, bonus_on: None });
        prop_assert!(unmet(&more) <= unmet(&held));
    }
}

#[test]
fn of_a_bonus_that_nobody_names_nothing_is_claimed() {
    let advice = advise(&CardsHeld::default(), &[]);
    assert_eq!(why_not(&advice, "amex-gold"), [Obstacle::GainNotKnown], "a source names a bonus, which is not in the catalogue");
}
