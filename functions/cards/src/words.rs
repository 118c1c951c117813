//! The words of advice on cards, in English. All of them stand here, so that other languages can join.

use domain::{
    cards::{Bonus, Card, Catalogue, Counts, IssuerId, Obstacle, Reason, RuleId, RuleKind, Way, Window},
    money::{Currency, Money, Points, ProgrammeId},
    programmes::name_of,
};
use rust_decimal::prelude::ToPrimitive;

/// The language, as BCP 47 names it.
pub(crate) const LANGUAGE: &str = "en";

/// What stands under all advice.
pub(crate) const CAUTION: &str = "Offers, fees and issuers' rules change, and most rules are not published: none of this is a \
                                  promise of approval. Look at the issuer's own terms before you apply.";

/// What stands beside a card that we are paid for.
pub(crate) const DISCLOSURE: &str = "We are paid if you apply for this card through us. That has no part in what is recommended.";

/// A card in a sentence.
pub(crate) fn headline(card: &Card, plans: usize) -> String {
    let programme = programme(&card.programme);
    match plans {
        0 => format!("{} earns {programme}.", card.name),
        1 => format!("{} earns {programme} and brings one of your plans within reach.", card.name),
        plans => format!("{} earns {programme} and brings {plans} of your plans within reach.", card.name),
    }
}

/// Something that speaks for a card.
pub(crate) fn reason(reason: &Reason) -> String {
    match reason {
        Reason::Fills { programme: to, way, plans } => {
            let how = match way {
                Way::Earned => "It earns",
                Way::Transferred => "Its points can be transferred to",
            };
            let plans = if *plans == 1 { "one of your plans needs".to_owned() } else { format!("{plans} of your plans need") };
            format!("{how} {}, which {plans} and none of your cards brings.", programme(to))
        }
        Reason::Bonus { bonus, worth, value } => {
            format!("{}; at {} cents a point that is {}.", for_spending(bonus), worth.cents, money(*value))
        }
        Reason::BonusNotKnown => "We know of no welcome bonus that holds now.".to_owned(),
        Reason::BonusWithheld { rule: id } => format!("You would get no welcome bonus again: {}.", rule(id)),
        Reason::BonusTooFar { bonus } => format!("{}; you spend less than that.", for_spending(bonus)),
        Reason::Earns { points, value } => {
            format!("What you spend would earn {points} points a year, worth {}.", money(*value))
        }
        Reason::Costs { first_year, a_year, credits } => {
            let fee = if first_year == a_year {
                format!("It costs {} a year", money(*a_year))
            } else {
                format!("It costs {} in the first year and {} in any other", money(*first_year), money(*a_year))
            };
            let none = credits.amount().is_zero();
            if none { format!("{fee}.") } else { format!("{fee}, and pays back up to {} a year.", money(*credits)) }
        }
        Reason::ReadAt { source, stale } => {
            let old = if *stale { ", more than a year ago" } else { "" };
            format!("As {} has it, dated {}{old}.", source.publisher, source.as_of.day())
        }
    }
}

/// Something that speaks against a card.
pub(crate) fn obstacle(obstacle: &Obstacle) -> String {
    match obstacle {
        Obstacle::Held => "You have it.".to_owned(),
        Obstacle::Refused(id) => format!("You would most likely be refused: {}.", rule(id)),
        Obstacle::OfferedIn(country) => format!("It is offered in {country} only."),
        Obstacle::NeedsBusiness => "It is for businesses.".to_owned(),
        Obstacle::FeeNotKnown => "We don't know what it costs.".to_owned(),
        Obstacle::NothingToGain => "It fills no gap, and costs more in its first year than it brings.".to_owned(),
    }
}

fn for_spending(Bonus { points, spend, months }: &Bonus) -> String {
    format!("New holders get {points} points for spending {} in {months} months", money(*spend))
}

/// A rule in words, made from what it says.
fn rule(id: &RuleId) -> String {
    let Some(rule) = Catalogue::shipped().rule(id) else { return format!("the rule {id}") };
    let issuer = issuer(&rule.issuer);
    match &rule.kind {
        RuleKind::Velocity { of, counts, most, window } => {
            let counted = match counts {
                Counts::SameIssuer => "of its own",
                Counts::SameIssuerBusiness => "of its own for businesses",
                Counts::SameIssuerCredit => "of its own, charge cards aside,",
                Counts::AnyPersonal => "for people, of any bank,",
            };
            let speaks = of.map(|kind| format!("a {} card", kind.as_str()));
            let any = if *counts == Counts::SameIssuerCredit { "a credit card" } else { "a card" };
            let speaks = speaks.unwrap_or_else(|| any.to_owned());
            let cards = if *most == 1 { "card" } else { "cards" };
            format!("{issuer} refuses {speaks} to who has opened {most} {cards} {counted} within {}", time(*window))
        }
        RuleKind::OncePerCard(_) => format!("{issuer} pays the bonus of this card once"),
        RuleKind::BonusAgain { of: Some(_), window } => {
            format!("{issuer} pays one bonus for this card and its siblings within {}", time(*window))
        }
        RuleKind::BonusAgain { of: None, window } => {
            format!("{issuer} pays the bonus of a card again after {} only", time(*window))
        }
    }
}

fn time(window: Window) -> String {
    match window {
        Window::Days(days) => format!("{days} days"),
        Window::Months(months) => format!("{months} months"),
    }
}

/// An issuer by its name, made from its id.
fn issuer(id: &IssuerId) -> String {
    let capital = |word: &str| match word.chars().next() {
        Some(first) if word != "of" => format!("{}{}", first.to_ascii_uppercase(), word.get(1..).unwrap_or_default()),
        Some(_) | None => word.to_owned(),
    };
    id.as_str().split('-').map(capital).collect::<Vec<_>>().join(" ")
}

fn programme(id: &ProgrammeId) -> &str {
    name_of(id).unwrap_or(id.as_str())
}

/// Dollars as they are written, without decimals that say nothing.
fn money(amount: Money) -> String {
    let whole = amount.amount().normalize();
    match whole.to_u64().and_then(|dollars| Points::try_from(dollars).ok()).filter(|_| whole.scale() == 0) {
        // Whole numbers are grouped as points are.
        Some(grouped) if amount.currency() == Currency::USD => format!("${grouped}"),
        Some(_) | None => amount.to_string(),
    }
}
