//! The words of advice on cards, in each language. All of them stand here.

use domain::{
    cards::{Bonus, Card, Catalogue, Counts, IssuerId, Obstacle, Reason, Rule, RuleId, RuleKind, Way, Window},
    language::Language,
    money::{CentsPerPoint, Money, ProgrammeId},
    programmes::name_of,
    value::{Basis, PointWorth},
};

/// Words in a language.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words(pub(crate) Language);

impl Words {
    /// The language, as BCP 47 names it.
    pub(crate) fn language(self) -> &'static str {
        self.0.code()
    }

    /// One of two, by the language.
    fn say<T>(self, english: T, german: T) -> T {
        match self.0 {
            Language::English => english,
            Language::German => german,
        }
    }

    /// What stands under all advice.
    pub(crate) fn caution(self) -> &'static str {
        self.say(
            "Offers, fees and issuers' rules change, and most rules are not published: none of this is a promise of approval. Look at \
             the issuer's own terms before you apply.",
            "Angebote, Gebühren und Regeln der Banken ändern sich, und die meisten Regeln sind nicht veröffentlicht: nichts davon \
             verspricht, dass ein Antrag angenommen wird. Lies die Bedingungen der Bank, bevor du ihn stellst.",
        )
    }

    /// What stands beside a card that we are paid for.
    pub(crate) fn disclosure(self) -> &'static str {
        self.say(
            "We are paid if you apply for this card through us. That has no part in what is recommended.",
            "Wir werden bezahlt, wenn du diese Karte über uns beantragst. Auf die Empfehlung hat das keinen Einfluss.",
        )
    }

    /// A card in a sentence.
    pub(crate) fn headline(self, card: &Card, plans: usize) -> String {
        let (name, programme) = (&card.name, programme(&card.programme));
        match plans {
            0 => self.say(format!("{name} earns {programme}."), format!("{name} sammelt {programme}.")),
            1 => self.say(
                format!("{name} earns {programme} and brings one of your plans within reach."),
                format!("{name} sammelt {programme} und macht einen deiner Pläne erreichbar."),
            ),
            plans => self.say(
                format!("{name} earns {programme} and brings {plans} of your plans within reach."),
                format!("{name} sammelt {programme} und macht {plans} deiner Pläne erreichbar."),
            ),
        }
    }

    /// Something that speaks for a card.
    pub(crate) fn reason(self, reason: &Reason) -> String {
        match reason {
            Reason::Fills { programme: to, way, plans } => self.fills(programme(to), *way, *plans),
            Reason::Alone { programme: of, worth } => self.alone(programme(of), *worth),
            Reason::Bonus { bonus, worth, value } => {
                let (what, cents, value) = (self.for_spending(bonus), self.cents(worth.cents), self.0.money(*value));
                self.say(
                    format!("{what}; at {cents} cents a point that is {value}."),
                    format!("{what}; bei {cents} Cent je Punkt sind das {value}."),
                )
            }
            Reason::BonusNotKnown => self
                .say("We know of no welcome bonus that holds now.", "Wir kennen keinen Willkommensbonus, der jetzt gilt.")
                .to_owned(),
            Reason::BonusWithheld { rule: id } => {
                let rule = self.named(id);
                self.say(
                    format!("You would get no welcome bonus again: {rule}."),
                    format!("Einen Willkommensbonus bekämst du nicht noch einmal: {rule}."),
                )
            }
            Reason::BonusTooFar { bonus } => {
                let what = self.for_spending(bonus);
                self.say(format!("{what}; you spend less than that."), format!("{what}; du gibst weniger aus."))
            }
            Reason::Earns { points, value } => {
                let (points, value) = (self.0.points(*points), self.0.money(*value));
                self.say(
                    format!("What you spend would earn {points} points a year, worth {value}."),
                    format!("Was du ausgibst, brächte {points} Punkte im Jahr, im Wert von {value}."),
                )
            }
            Reason::Costs { first_year, a_year, credits, counted } => self.costs(*first_year, *a_year, (*credits, *counted)),
            Reason::ReadAt { source, stale } => {
                let old = if *stale { self.say(", more than a year ago", ", vor mehr als einem Jahr") } else { "" };
                let (publisher, day) = (&source.publisher, source.as_of.day());
                self.say(
                    format!("As {publisher} has it, dated {day}{old}."),
                    format!("So steht es bei {publisher}, Stand {day}{old}."),
                )
            }
        }
    }

    /// Cents with every digit that they are reckoned with, at least two.
    fn cents(self, cents: CentsPerPoint) -> String {
        let mut exact = cents.get().normalize();
        exact.rescale(exact.scale().max(2));
        self.0.number(&exact.to_string())
    }

    fn alone(self, of: &str, PointWorth { cents, basis }: PointWorth) -> String {
        let cents = self.cents(cents);
        let by = match basis {
            Basis::Own => self.say("as you say", "wie du sagst"),
            Basis::Cash | Basis::Published | Basis::Typical => self.say("as in money", "wie in Geld"),
        };
        self.say(
            format!(
                "What it earns can be transferred only together with a card of {of} with full access, and you have none: a point \
                 counts {cents} cents, {by}."
            ),
            format!(
                "Was sie sammelt, lässt sich nur zusammen mit einer Karte von {of} mit vollem Zugang übertragen, und du hast keine: \
                 ein Punkt zählt {cents} Cent, {by}."
            ),
        )
    }

    fn fills(self, to: &str, way: Way, plans: usize) -> String {
        let how = match way {
            Way::Earned => self.say("It earns", "Sie sammelt"),
            Way::Transferred => self.say("Its points can be transferred to", "Ihre Punkte werden zu"),
        };
        let plans = match plans {
            1 => self.say("one of your plans needs".to_owned(), "das braucht einer deiner Pläne".to_owned()),
            plans => self.say(format!("{plans} of your plans need"), format!("das brauchen {plans} deiner Pläne")),
        };
        self.say(
            format!("{how} {to}, which {plans} and none of your cards brings."),
            format!("{how} {to}: {plans}, und keine deiner Karten bringt es."),
        )
    }

    fn costs(self, first_year: Money, a_year: Money, (credits, counted): (Money, Money)) -> String {
        let (first, any) = (self.0.money(first_year), self.0.money(a_year));
        let fee = if first_year == a_year {
            self.say(format!("It costs {any} a year"), format!("Sie kostet {any} im Jahr"))
        } else {
            self.say(
                format!("It costs {first} in the first year and {any} in any other"),
                format!("Sie kostet {first} im ersten Jahr und {any} in jedem weiteren"),
            )
        };
        if credits.amount().is_zero() {
            return format!("{fee}.");
        }
        let (back, counted) = (self.0.money(credits), self.0.money(counted));
        self.say(
            format!("{fee}, and pays back up to {back} a year. Few use all of that: {counted} of it is counted, half."),
            format!(
                "{fee} und zahlt bis zu {back} im Jahr zurück. Wenige nutzen alles davon: gezählt wird die Hälfte, {counted}."
            ),
        )
    }

    /// Something that speaks against a card.
    pub(crate) fn obstacle(self, obstacle: &Obstacle) -> String {
        match obstacle {
            Obstacle::Held => self.say("You have it.", "Du hast sie.").to_owned(),
            Obstacle::Refused(id) => {
                let rule = self.named(id);
                self.say(
                    format!("You would most likely be refused: {rule}."),
                    format!("Dein Antrag würde wahrscheinlich abgelehnt: {rule}."),
                )
            }
            Obstacle::OfferedIn(country) => {
                self.say(format!("It is offered in {country} only."), format!("Sie wird nur in {country} angeboten."))
            }
            Obstacle::NeedsBusiness => self.say("It is for businesses.", "Sie ist für Unternehmen.").to_owned(),
            Obstacle::FeeNotKnown => self.say("We don't know what it costs.", "Wir wissen nicht, was sie kostet.").to_owned(),
            Obstacle::NothingToGain => self
                .say(
                    "It fills no gap, and costs more in its first year than it brings.",
                    "Sie füllt keine Lücke und kostet im ersten Jahr mehr, als sie bringt.",
                )
                .to_owned(),
            Obstacle::GainNotKnown => self
                .say(
                    "It fills no gap, and we don't know its bonus: without one it costs more in its first year than it brings.",
                    "Sie füllt keine Lücke, und wir kennen ihren Bonus nicht: ohne ihn kostet sie im ersten Jahr mehr, als sie bringt.",
                )
                .to_owned(),
            Obstacle::NotTogether(id) => {
                let rule = self.named(id);
                self.say(
                    format!("You would most likely not get it together with those that are recommended: {rule}."),
                    format!("Zusammen mit den empfohlenen bekämst du sie wahrscheinlich nicht: {rule}."),
                )
            }
            Obstacle::Outranked => self
                .say(
                    "Those that are recommended do more for you, or leave nothing for it to add.",
                    "Die empfohlenen bringen dir mehr oder lassen ihr nichts übrig.",
                )
                .to_owned(),
        }
    }

    fn for_spending(self, Bonus { points, spend, months }: &Bonus) -> String {
        let (points, spend) = (self.0.points(*points), self.0.money(*spend));
        self.say(
            format!("New holders get {points} points for spending {spend} in {months} months"),
            format!("Neue Inhaber bekommen {points} Punkte, wenn sie in {months} Monaten {spend} ausgeben"),
        )
    }

    /// A rule of the catalogue in words.
    fn named(self, id: &RuleId) -> String {
        Catalogue::shipped().rule(id).map_or_else(|| id.to_string(), |rule| self.rule(rule))
    }

    /// A rule in words, made from what it says.
    pub(crate) fn rule(self, rule: &Rule) -> String {
        let issuer = issuer(&rule.issuer);
        match &rule.kind {
            RuleKind::Velocity { of, counts, most, window } => {
                let speaks = of.map(|kind| kind.as_str());
                self.velocity(&issuer, speaks, *counts, (u32::from(*most), *window))
            }
            RuleKind::OncePerCard(_) => self.say(
                format!("{issuer} pays the bonus of this card once"),
                format!("{issuer} zahlt den Bonus dieser Karte nur einmal"),
            ),
            RuleKind::BonusAgain { of: Some(_), window } => {
                let window = self.time(*window);
                self.say(
                    format!("{issuer} pays one bonus for this card and its siblings within {window}"),
                    format!("{issuer} zahlt für diese Karte und ihre Geschwister nur einen Bonus innerhalb von {window}"),
                )
            }
            RuleKind::BonusAgain { of: None, window } => {
                let window = self.time(*window);
                self.say(
                    format!("{issuer} pays the bonus of a card again after {window} only"),
                    format!("{issuer} zahlt den Bonus einer Karte erst nach {window} wieder"),
                )
            }
        }
    }

    fn velocity(self, issuer: &str, of: Option<&str>, counts: Counts, (most, window): (u32, Window)) -> String {
        let window = self.time(window);
        let credit = counts == Counts::SameIssuerCredit;
        match self.0 {
            Language::English => {
                let counted = match counts {
                    Counts::SameIssuer => "of its own",
                    Counts::SameIssuerBusiness => "of its own for businesses",
                    Counts::SameIssuerCredit => "of its own, charge cards aside,",
                    Counts::AnyPersonal => "for people, of any bank,",
                };
                let any = if credit { "a credit card" } else { "a card" };
                let speaks = of.map_or_else(|| any.to_owned(), |kind| format!("a {kind} card"));
                let cards = if most == 1 { "card" } else { "cards" };
                format!("{issuer} refuses {speaks} to who has opened {most} {cards} {counted} within {window}")
            }
            Language::German => {
                let counted = match counts {
                    Counts::SameIssuer => "eigene",
                    Counts::SameIssuerBusiness => "eigene für Unternehmen",
                    Counts::SameIssuerCredit => "eigene, ohne Charge-Karten,",
                    Counts::AnyPersonal => "für Privatleute, gleich von welcher Bank,",
                };
                let any = if credit { "eine Kreditkarte" } else { "eine Karte" };
                let speaks = match of {
                    Some("business") => "eine Karte für Unternehmen",
                    Some(_) => "eine Karte für Privatleute",
                    None => any,
                };
                let cards = if most == 1 { "Karte" } else { "Karten" };
                format!("{issuer} verweigert {speaks}, wenn man innerhalb von {window} {most} {cards} ({counted}) eröffnet hat")
            }
        }
    }

    fn time(self, window: Window) -> String {
        match window {
            Window::Days(days) => self.say(format!("{days} days"), format!("{days} Tagen")),
            Window::Months(months) => self.say(format!("{months} months"), format!("{months} Monaten")),
        }
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
