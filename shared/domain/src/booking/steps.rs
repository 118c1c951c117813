//! How an award is booked, step by step: as data, and in the member's language.

use std::cmp::Ordering;

use jiff::{SignedDuration, Timestamp, civil::Date};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Arrival, Booking, BookingError, BookingState, Hold, Phone, Seen, holds};
use crate::{
    flights::Fare,
    funding::{FundingPlan, Transfer},
    identity::Locale,
    language::Language,
    money::{Money, Points, ProgrammeId, thousands},
    programmes::name_of,
    time::{Zone, day_of},
    transfers::{TransferPartner, TransferTime, bonuses, is_stale, partners_to},
};

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// What is to be done.
    pub kind: StepKind,
    /// How far it is.
    pub state: StepState,
    /// In words, in the member's language where there are words in it; in English otherwise.
    pub text: String,
    /// The transfer that is to be made, or waited for.
    pub transfer: Option<Transfer>,
    /// How long the programme holds the award, where it is to be asked to.
    pub hold: Option<Hold>,
    /// Where to call, for what can't be done on the programme's own site, if a source names it. Null: not known.
    pub phone: Option<Phone>,
    /// Whether it can't be undone.
    pub irreversible: bool,
}

/// A kind of step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    /// See with the programme itself that the award is there.
    Verify,
    /// Have the programme hold it, where it does that, so that nobody else takes it while points are on their way.
    Hold,
    /// See that the transfer is offered and the accounts match, before what can't be undone.
    Check,
    /// Transfer points.
    Transfer,
    /// Wait until they are there: the award may be gone by then.
    Wait,
    /// Book.
    Book,
}

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StepState {
    /// It is done.
    Done,
    /// It is what is to be done now.
    Next,
    /// It comes after that.
    ToCome,
}

/// What is booked.
#[derive(Clone, Copy)]
struct Award<'a> {
    programme: &'a ProgrammeId,
    /// What it asks of each.
    points: Points,
    /// What it costs each besides, where that is known.
    fees: Option<Money>,
    /// How many travel.
    travellers: u8,
}

/// What to do to book an award by this plan, in order, before anything is done. `fees` is what it costs besides, where that is
/// known.
pub fn steps(plan: &FundingPlan, fees: Option<Money>, locale: &Locale, now: Timestamp) -> Vec<Step> {
    let award = Award { programme: &plan.programme, points: plan.points, fees, travellers: 1 };
    marked(planned(plan, award, Language::of(locale), None, now), 0)
}

impl Booking {
    /// What to do about it, in order, and how far that is. `plan` is where its points come from, by what the member has now, and
    /// `may_transfer` what [`Booking::may_transfer`] says now. Once all points are on their way neither counts any longer: nobody is
    /// told to transfer twice. Where there are too few points, only what was transferred; nothing, where it was given up.
    pub fn steps(
        &self,
        plan: Option<&FundingPlan>,
        may_transfer: &Result<Timestamp, BookingError>,
        (locale, zone): (&Locale, &Zone),
        now: Timestamp,
    ) -> Vec<Step> {
        let language = Language::of(locale);
        let Seen { points, taxes: fees, .. } = self.seen;
        let award = Award { programme: &self.programme, points, fees, travellers: self.travellers };
        let then = self.hold(now).map(|until| held(language, zone, until));
        let by_plan = || plan.map(|plan| planned(plan, award, language, then.as_deref(), now)).unwrap_or_default();
        let (verify, book) = (step(StepKind::Verify, verify(language, award)), book_with(language, award));
        match self.state {
            BookingState::Verify | BookingState::Verified { .. } => {
                let mut steps = by_plan();
                let lacks_transfer = !steps.is_empty() && !steps.iter().any(|step| step.kind == StepKind::Transfer);
                if self.sent.is_some() && lacks_transfer {
                    steps.insert(1, step(StepKind::Wait, self.arriving(language, zone, now)));
                }
                let is_seen = matches!(self.state, BookingState::Verified { .. });
                let next = if is_seen { next_after_a_look(&steps, may_transfer, then.is_some()) } else { 0 };
                let mut steps = marked(steps, next);
                if let Some(sent) = self.sent {
                    let done = step(StepKind::Transfer, transferred_in_part(language, &self.programme, sent.points));
                    steps.insert(steps.len().min(1), Step { state: StepState::Done, irreversible: true, ..done });
                }
                steps
            }
            BookingState::Waiting { .. } => {
                use StepState::{Done, Next, ToCome};
                let transfer = step(StepKind::Transfer, transferred(language, &self.programme));
                let wait = step(StepKind::Wait, self.arriving(language, zone, now));
                // Points come by themselves; a seat has to be seen, also where it is begun anew.
                let unseen = self.looked_at.is_none() || self.found_no_seats().is_some();
                let states = if unseen { [Next, Done, ToCome, ToCome] } else { [Done, Done, Next, ToCome] };
                let steps = [verify, Step { irreversible: true, ..transfer }, wait, book];
                steps.into_iter().zip(states).map(|(step, state)| Step { state, ..step }).collect()
            }
            BookingState::Booked => marked(vec![verify, book], 2),
            BookingState::Abandoned { .. } => vec![],
        }
    }

    /// That points which are on their way have to come: by when, where that was measured, and whether the award is held till then.
    fn arriving(&self, language: Language, zone: &Zone, now: Timestamp) -> String {
        let arrival = self.sent.and_then(|sent| Some((sent.at, sent.arrival?)));
        let by_when = arrival.map(|(sent_at, arrival)| {
            let Arrival { usually, latest, as_of } = arrival;
            let by_when = match language {
                // Who says that points are about to be transferred needs a while for it.
                _ if latest.saturating_add(LATE).is_ok_and(|late| late < now) => overdue(language, zone, latest),
                Language::English if latest == sent_at => ": usually they are there at once".to_owned(),
                Language::German if latest == sent_at => ": meist sind sie sofort da".to_owned(),
                Language::English => format!(": usually by {}, at the latest by {}", local(zone, usually), local(zone, latest)),
                Language::German => format!(": meist bis {}, spätestens bis {}", local(zone, usually), local(zone, latest)),
            };
            by_when + &measured(language, as_of, day_of(now))
        });
        let then = self.hold(now).map(|until| held(language, zone, until));
        waiting(language, &self.programme, &by_when.unwrap_or_default(), then.as_deref())
    }

    /// Until when the programme holds the award, if it does.
    fn hold(&self, now: Timestamp) -> Option<Timestamp> {
        self.held_until.filter(|until| now <= *until)
    }
}

/// After so long nobody can still be about to transfer what they said that they are.
const LATE: SignedDuration = SignedDuration::from_hours(1);

/// A date and time where somebody is, and by which clock.
fn local(zone: &Zone, at: Timestamp) -> String {
    at.to_zoned(zone.zone().clone()).strftime("%Y-%m-%d %H:%M %Z").to_string()
}

/// That points should have come.
fn overdue(language: Language, zone: &Zone, latest: Timestamp) -> String {
    let latest = local(zone, latest);
    match language {
        Language::English => format!(": they should have been there by {latest}, so ask if they are not"),
        Language::German => format!(": sie sollten seit {latest} da sein; frag nach, wenn sie es nicht sind"),
    }
}

/// That the award is held, and how long.
fn held(language: Language, zone: &Zone, until: Timestamp) -> String {
    let until = local(zone, until);
    match language {
        Language::English => format!("The award is held for you until {until}; after that it can be gone."),
        Language::German => format!("Die Prämie ist für dich bis {until} zurückgelegt; danach kann sie weg sein."),
    }
}

/// That points have to come: when, and whether the award is held till then.
fn waiting(language: Language, programme: &ProgrammeId, when: &str, held: Option<&str>) -> String {
    let programme = name(programme);
    match language {
        Language::English => {
            format!("Wait until the points are at {programme}{when}. {}", held.unwrap_or("The award can be gone by then."))
        }
        Language::German => {
            format!("Warte, bis die Punkte bei {programme} sind{when}. {}", held.unwrap_or("Die Prämie kann bis dahin weg sein."))
        }
    }
}

/// The place of what is next once the award was seen: to look again, where a source saw since that it is gone or worse, or where
/// the look was too long ago for what can't be undone.
fn next_after_a_look(steps: &[Step], may_transfer: &Result<Timestamp, BookingError>, is_held: bool) -> usize {
    let transfers = steps.iter().any(|step| step.kind == StepKind::Transfer);
    let is_merely_old = may_transfer.as_ref() == Err(&BookingError::VerifyFirst);
    if may_transfer.is_err() && (transfers || !is_merely_old) {
        return 0;
    }
    let is_done = |step: &Step| step.kind == StepKind::Verify || step.kind == StepKind::Hold && is_held;
    steps.iter().take_while(|step| is_done(step)).count()
}

/// Those before a place are done, what is there is next, and the rest is to come.
fn marked(mut steps: Vec<Step>, next: usize) -> Vec<Step> {
    for (place, step) in steps.iter_mut().enumerate() {
        step.state = match place.cmp(&next) {
            Ordering::Less => StepState::Done,
            Ordering::Equal => StepState::Next,
            Ordering::Greater => StepState::ToCome,
        };
    }
    steps
}

/// All steps of a plan; `held` says that the award is held, if it is.
fn planned(plan: &FundingPlan, award: Award<'_>, language: Language, held: Option<&str>, now: Timestamp) -> Vec<Step> {
    let mut steps = vec![step(StepKind::Verify, verify(language, award))];
    // With all points there, it is booked at once.
    if let Some(hold) = holds::shipped().of(&plan.programme, now).filter(|_| !plan.transfers.is_empty()) {
        let phone = Phone::of(&plan.programme).filter(|_| !hold.online);
        let text = have_held(language, &plan.programme, hold, phone);
        steps.push(Step { hold: Some(hold.clone()), phone: phone.cloned(), ..step(StepKind::Hold, text) });
    }
    for transfer in &plan.transfers {
        if !transfer.reversible || !transfer.confirmed || transfer.assumed {
            steps.push(Step { transfer: Some(transfer.clone()), ..step(StepKind::Check, check(language, transfer)) });
        }
        let irreversible = !transfer.reversible;
        let text = give(language, transfer);
        steps.push(Step { transfer: Some(transfer.clone()), irreversible, ..step(StepKind::Transfer, text) });
    }
    // All are waited for together.
    if let Some(transfer) = plan.slowest() {
        let text = waiting(language, &plan.programme, &how_long(language, plan.time(), day_of(now)), held);
        steps.push(Step { transfer: Some(transfer.clone()), ..step(StepKind::Wait, text) });
    }
    steps.push(book_with(language, award));
    steps
}

fn book_with(language: Language, award: Award<'_>) -> Step {
    Step { phone: Phone::of(award.programme).cloned(), ..step(StepKind::Book, book(language, award)) }
}

/// What to do to book a fare for so many, by somebody whose balances are not looked at, in English, as all of a mail is: nothing for
/// what is paid in money. Whose points can become the programme's is told with what that takes; what nothing recent confirms is left
/// out. Where that is said, so is that the programme would hold the award meanwhile.
pub fn steps_for_anyone(fare: &Fare, travellers: u8, now: Timestamp) -> Vec<String> {
    let Fare::Award { programme, points, taxes } = fare else { return vec![] };
    let award = Award { programme, points: *points, fees: *taxes, travellers };
    let (language, own) = (Language::English, name(programme));
    let ways = partners_to(programme).filter(|way| way.confirmed).map(|way| way_in(language, way, now));
    let ways: Vec<String> = ways.collect();
    let mut steps = vec![verify(language, award)];
    if !ways.is_empty() {
        let hold = holds::shipped().of(programme, now);
        let hold = hold.map(|hold| have_held(language, programme, hold, Phone::of(programme).filter(|_| !hold.online)));
        let hold = hold.map(|hold| format!("{hold} ")).unwrap_or_default();
        let ways = ways.join("; ");
        steps.push(format!(
            "If you have too few {own} points: {hold}Transfer some, which can't be undone. These become some: {ways}."
        ));
    }
    steps.push(book(language, award));
    steps
}

/// Whose points, how many for how many, in which amounts, for what fee, and how long; in English.
fn way_in(language: Language, way: &TransferPartner, now: Timestamp) -> String {
    let TransferPartner { from, to, ratio, minimum, increment, most, extra, fee, time, .. } = way;
    let count = |points: u32| language.number(&thousands(&points.to_string()));
    let bonus = bonuses().iter().filter(|bonus| bonus.from == *from && bonus.to == *to && bonus.in_force(now));
    let bonus = bonus.max_by_key(|bonus| bonus.percent);
    let amounts = [
        bonus.map(|bonus| format!("{} % more until {}", bonus.percent, bonus.ends)),
        extra.map(|extra| format!("{} more for every {}", count(extra.points), count(extra.every))),
        minimum.filter(|least| Some(*least) != *increment).map(|least| format!("{} at least", language.points(least))),
        increment.map(|step| format!("in steps of {}", language.points(step))),
        most.map(|most| format!("{} a day at most", language.points(most))),
        fee.map(|fee| format!("for ${} a point and {} at most", fee.per_point.normalize(), language.money(fee.at_most))),
    ];
    let time = match time {
        None => "how long is not known".to_owned(),
        Some(time) if time.worst_minutes == 0 => {
            format!("usually at once{}", measured(language, time.as_of, day_of(now)))
        }
        Some(time) => {
            format!("up to {}{}", duration(language, time.worst_minutes), measured(language, time.as_of, day_of(now)))
        }
    };
    let told: Vec<String> = amounts.into_iter().flatten().chain([time]).collect();
    format!("{} {}:{}, {}", name(from), ratio.give, ratio.get, told.join(", "))
}

fn step(kind: StepKind, text: String) -> Step {
    Step { kind, state: StepState::ToCome, text, transfer: None, hold: None, phone: None, irreversible: false }
}

fn name(programme: &ProgrammeId) -> &str {
    name_of(programme).unwrap_or(programme.as_str())
}

fn verify(language: Language, Award { programme, points, travellers, .. }: Award<'_>) -> String {
    let (points, programme) = (language.points(points), name(programme));
    match (language, travellers) {
        (Language::English, 1) => format!("See on {programme}'s own site that the award is still there for {points} points."),
        (Language::English, n) => {
            format!("See on {programme}'s own site that the award is still there for {n} travellers, {points} points each.")
        }
        (Language::German, 1) => format!("Prüfe auf der Seite von {programme}, ob es die Prämie noch für {points} Punkte gibt."),
        (Language::German, n) => {
            format!("Prüfe auf der Seite von {programme}, ob es die Prämie noch für {n} Reisende gibt, für je {points} Punkte.")
        }
    }
}

/// That it can be held, how long, and where one asks for it.
fn have_held(language: Language, programme: &ProgrammeId, hold: &Hold, phone: Option<&Phone>) -> String {
    let (programme, long) = (name(programme), duration(language, u32::from(hold.hours) * 60));
    let place = match (language, hold.online) {
        (Language::English, true) => "on its own site",
        (Language::English, false) => "by phone",
        (Language::German, true) => "auf der eigenen Seite",
        (Language::German, false) => "am Telefon",
    };
    let text = match language {
        Language::English => {
            format!("Have {programme} hold the award, so that nobody takes it meanwhile: {place}, for up to {long}.")
        }
        Language::German => format!("Lass {programme} die Prämie so lange zurücklegen: {place}, bis zu {long} lang."),
    };
    text + &phone.map(|phone| call(language, phone)).unwrap_or_default()
}

/// That the points are on their way, by what the member said.
fn transferred(language: Language, programme: &ProgrammeId) -> String {
    let programme = name(programme);
    match language {
        Language::English => format!("You have transferred the points to {programme}. Don't transfer them again."),
        Language::German => format!("Du hast die Punkte zu {programme} übertragen. Übertrage sie nicht noch einmal."),
    }
}

/// That points are on their way, and that the award asks more by now.
fn transferred_in_part(language: Language, programme: &ProgrammeId, points: Points) -> String {
    let (points, programme) = (language.points(points), name(programme));
    match language {
        Language::English => {
            format!(
                "You have seen to {points} points with {programme}. Don't transfer those again: what follows is for the rest."
            )
        }
        Language::German => format!(
            "Für {points} Punkte bei {programme} hast du gesorgt. Übertrage sie nicht noch einmal: was folgt, ist für den Rest."
        ),
    }
}

fn check(language: Language, transfer: &Transfer) -> String {
    let (from, to) = (name(&transfer.from), name(&transfer.to));
    let mut text = match language {
        Language::English => {
            format!("Check that your accounts with {from} and {to} are in the same name. Transfers can't be undone.")
        }
        Language::German => {
            format!("Prüfe, ob deine Konten bei {from} und {to} auf denselben Namen lauten. Übertragenes kommt nicht zurück.")
        }
    };
    if !transfer.confirmed {
        text.push_str(match language {
            Language::English => " No recent source confirms that this transfer is still offered: see that it is.",
            Language::German => " Keine neuere Quelle bestätigt, dass diese Übertragung noch angeboten wird: sieh nach.",
        });
    }
    if transfer.assumed {
        text.push_str(match language {
            Language::English => " No source names the least that can be transferred, or in which steps: see that this many can be.",
            Language::German => {
                " Keine Quelle nennt die kleinste Menge oder die Schritte, in denen übertragen wird: sieh nach, ob diese Menge geht."
            }
        });
    }
    text
}

fn give(language: Language, transfer: &Transfer) -> String {
    let (given, got) = (language.points(transfer.give), language.points(transfer.get));
    let (from, to) = (name(&transfer.from), name(&transfer.to));
    let bonus = match (transfer.bonus_percent, language) {
        (0, _) => String::new(),
        (percent, Language::English) => format!(", {percent} % bonus included"),
        (percent, Language::German) => format!(", {percent} % Bonus eingerechnet"),
    };
    let fee = match (transfer.fee.minor(), language) {
        (0, _) => String::new(),
        (_, Language::English) => format!(" It costs {}.", language.money(transfer.fee)),
        (_, Language::German) => format!(" Das kostet {}.", language.money(transfer.fee)),
    };
    match language {
        Language::English => format!("Transfer {given} points from {from} to {to}: they become {got}{bonus}.{fee}"),
        Language::German => format!("Übertrage {given} Punkte von {from} zu {to}: daraus werden {got}{bonus}.{fee}"),
    }
}

/// How long points take that are waited for.
fn how_long(language: Language, time: Option<TransferTime>, today: Date) -> String {
    let long = match (time, language) {
        (None, Language::English) => "how long that takes is not known".to_owned(),
        (None, Language::German) => "wie lange das dauert, ist nicht bekannt".to_owned(),
        (Some(time), Language::English) if time.worst_minutes == 0 => "usually at once".to_owned(),
        (Some(time), Language::German) if time.worst_minutes == 0 => "meist sofort".to_owned(),
        (Some(time), Language::English) => {
            format!("usually {}, up to {}", duration(language, time.typical_minutes), duration(language, time.worst_minutes))
        }
        (Some(time), Language::German) => {
            format!("meist {}, bis zu {}", duration(language, time.typical_minutes), duration(language, time.worst_minutes))
        }
    };
    format!(": {long}{}", time.map(|time| measured(language, time.as_of, today)).unwrap_or_default())
}

/// When a time was measured, where that is long ago.
fn measured(language: Language, as_of: Date, today: Date) -> String {
    match (is_stale(as_of, today), language) {
        (false, _) => String::new(),
        (true, Language::English) => format!(" (as measured on {as_of}, long ago)"),
        (true, Language::German) => format!(" (gemessen am {as_of}, das ist lange her)"),
    }
}

/// Minutes in the largest unit that they fill.
fn duration(language: Language, minutes: u32) -> String {
    let (count, one, more) = match (minutes, language) {
        (0, Language::English) => return "at once".to_owned(),
        (0, Language::German) => return "sofort".to_owned(),
        (minutes, Language::English) if minutes < 60 => (minutes, "minute", "minutes"),
        (minutes, Language::German) if minutes < 60 => (minutes, "Minute", "Minuten"),
        (minutes, Language::English) if minutes < 2_880 => (minutes.div_ceil(60), "hour", "hours"),
        (minutes, Language::German) if minutes < 2_880 => (minutes.div_ceil(60), "Stunde", "Stunden"),
        (minutes, Language::English) => (minutes.div_ceil(1_440), "day", "days"),
        (minutes, Language::German) => (minutes.div_ceil(1_440), "Tag", "Tage"),
    };
    format!("{count} {}", if count == 1 { one } else { more })
}

/// That it is booked: where, and where to call.
fn book(language: Language, Award { programme, points, fees, travellers }: Award<'_>) -> String {
    let phone = Phone::of(programme).map(|phone| call(language, phone)).unwrap_or_default();
    let fees = fees.and_then(|fees| fees.times(travellers).ok()).map(|fees| language.money(fees));
    let (points, programme) = (language.points(points.times(travellers)), name(programme));
    let all = match (language, travellers) {
        (_, 1) => String::new(),
        (Language::English, n) => format!(" for {n} travellers"),
        (Language::German, n) => format!(" für {n} Reisende"),
    };
    let text = match (language, fees) {
        (Language::English, Some(fees)) => format!("Book with {programme}{all}: {points} points and {fees}."),
        (Language::English, None) => format!("Book with {programme}{all}: {points} points, and taxes that we don't know."),
        (Language::German, Some(fees)) => format!("Buche bei {programme}{all}: {points} Punkte und {fees}."),
        (Language::German, None) => format!("Buche bei {programme}{all}: {points} Punkte, und Steuern, die wir nicht kennen."),
    };
    text + &phone
}

/// Where to call, for what the site does not book.
fn call(language: Language, Phone { number, wait_minutes, .. }: &Phone) -> String {
    match (language, wait_minutes) {
        (Language::English, Some(wait)) => format!(" By phone, in the US: {number}; one usually waits {wait} minutes."),
        (Language::English, None) => format!(" By phone, in the US: {number}; how long one waits is not known."),
        (Language::German, Some(wait)) => format!(" Telefonisch, in den USA: {number}; man wartet meist {wait} Minuten."),
        (Language::German, None) => format!(" Telefonisch, in den USA: {number}; wie lange man wartet, ist nicht bekannt."),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::{
        funding::{Balances, Terms, plan},
        value::Valuations,
    };

    const NOON: &str = "2026-11-21T12:00:00Z";

    fn told(programme: &str, points: u64, bank: &str, locale: &str) -> Vec<(StepKind, String)> {
        let balances: Balances = [(bank.parse().unwrap(), 500_000.try_into().unwrap())].into_iter().collect();
        let terms = Terms::shipped(NOON.parse().unwrap());
        let plan =
            plan(&programme.parse().unwrap(), points.try_into().unwrap(), &balances, &Valuations::default(), &terms).unwrap();
        let steps = steps(&plan, Some("5.60USD".parse().unwrap()), &locale.parse().unwrap(), terms.at);
        steps.into_iter().map(|step| (step.kind, step.text)).collect()
    }

    #[test]
    fn each_step_says_what_where_and_how_long() {
        use StepKind as K;
        let steps = told("skymiles", 50_000, "amex-mr", "en-US");
        assert_eq!(steps.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), [K::Verify, K::Check, K::Transfer, K::Wait, K::Book]);
        let from = "American Express Membership Rewards";
        assert_eq!(
            steps[2].1,
            format!("Transfer 50,000 points from {from} to Delta SkyMiles: they become 50,000. It costs $30.")
        );
        assert_eq!(steps[3].1, "Wait until the points are at Delta SkyMiles: usually at once. The award can be gone by then.");
        assert_eq!(steps[4].1, "Book with Delta SkyMiles: 50,000 points and $5.60.");
    }

    #[test]
    fn it_speaks_the_members_language() {
        let steps = told("krisflyer", 40_000, "chase-ur", "de-DE");
        assert!(steps[2].1.starts_with("Übertrage 40.000 Punkte von Chase"), "{}", steps[2].1);
        assert!(steps[3].1.contains("meist 24 Stunden, bis zu 2 Tage"), "{}", steps[3].1);
        assert!(steps[4].1.contains("40.000 Punkte und 5,60 $."), "{}", steps[4].1);
        assert!(told("skymiles", 50_000, "amex-mr", "de")[2].1.ends_with(" Das kostet 30 $."));
    }

    #[test]
    fn an_award_may_be_a_night_as_well_as_a_flight() {
        for (kind, text) in told("hyatt", 20_000, "chase-ur", "de").into_iter().chain(told("hyatt", 20_000, "chase-ur", "en")) {
            let text = text.to_lowercase();
            assert!(!text.contains("flug") && !text.contains("flight"), "{kind:?}: {text}");
        }
    }

    #[test]
    fn what_is_there_is_booked_at_once() {
        let kinds: Vec<StepKind> = told("hyatt", 20_000, "hyatt", "fr").into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(kinds, [StepKind::Verify, StepKind::Book]);
    }

    #[test]
    fn whoever_is_told_of_an_award_learns_whose_points_lead_there() {
        let taxes = Some("5.60USD".parse().unwrap());
        let award = Fare::Award { programme: "aadvantage".parse().unwrap(), points: 40_000.try_into().unwrap(), taxes };
        let now = NOON.parse().unwrap();
        let steps = steps_for_anyone(&award, 1, now);
        assert_eq!(steps.len(), 3);
        assert!(steps[1].contains("Citi ThankYou Rewards 1:1, in steps of 1,000, how long is not known"), "{}", steps[1]);
        let first = "points: Have American Airlines AAdvantage hold the award, so that nobody takes it meanwhile: on its own site, for up \
                     to 24 hours. Transfer some, which can't be undone.";
        assert!(steps[1].contains(first), "{}", steps[1]);
        assert!(
            steps[2].ends_with("$5.60. By phone, in the US: +1 800 433 7300; how long one waits is not known."),
            "{}",
            steps[2]
        );
        assert_eq!(steps_for_anyone(&Fare::Cash { total: "5.60USD".parse().unwrap(), taxes: None }, 1, now), [""; 0]);
    }

    #[test]
    fn whoever_is_told_of_a_way_learns_in_which_amounts_and_for_what() {
        let ways = |programme: &str, at: &str| {
            let (programme, points) = (programme.parse().unwrap(), 40_000.try_into().unwrap());
            steps_for_anyone(&Fare::Award { programme, points, taxes: None }, 1, at.parse().unwrap()).swap_remove(1)
        };
        let delta = ways("skymiles", NOON);
        let amex = "Membership Rewards 1:1, in steps of 1,000, for $0.0006 a point and $99 at most, usually at once";
        assert!(delta.contains(amex), "{delta}");
        let qantas = ways("qantas", NOON);
        assert!(qantas.contains("1:1, 1,000 at least, in steps of 500, "), "{qantas}");
        let marriott = "Marriott Bonvoy 3:1, 5,000 more for every 60,000, ";
        assert!(ways("aeroplan", NOON).contains(marriott), "{}", ways("aeroplan", NOON));
        let bonus = "Citi ThankYou Rewards 1:1, 25 % more until 2025-04-12, ";
        assert!(ways("lifemiles", "2025-04-01T00:00:00Z").contains(bonus));
        assert!(!ways("lifemiles", NOON).contains("more until"));
    }

    #[test]
    fn a_time_that_was_measured_long_ago_says_when() {
        let wait =
            |locale| told("aer-lingus-aerclub", 10_000, "amex-mr", locale).into_iter().find(|(kind, _)| *kind == StepKind::Wait);
        let (english, german) = (wait("en").unwrap().1, wait("de").unwrap().1);
        assert!(
            english.ends_with("usually at once (as measured on 2021-03-04, long ago). The award can be gone by then."),
            "{english}"
        );
        assert!(german.contains("meist sofort (gemessen am 2021-03-04, das ist lange her)."), "{german}");
        let award = |programme: &str| Fare::Award {
            programme: programme.parse().unwrap(),
            points: 1_000.try_into().unwrap(),
            taxes: None,
        };
        let in_march_2022 = "2022-03-04T12:00:00Z".parse().unwrap();
        let ways = |now| steps_for_anyone(&award("aer-lingus-aerclub"), 1, now)[1].clone();
        assert!(
            ways(NOON.parse().unwrap())
                .contains("Rewards 1:1, in steps of 1,000, usually at once (as measured on 2021-03-04, long ago)")
        );
        assert!(!ways(in_march_2022).contains("measured on 2021-03-04"), "a year is not long yet");
    }

    #[test]
    fn who_travels_together_is_told_what_all_of_them_need() {
        let taxes = Some("5.60USD".parse().unwrap());
        let programme: ProgrammeId = "hyatt".parse().unwrap();
        let award = Fare::Award { programme: programme.clone(), points: 40_000.try_into().unwrap(), taxes };
        let steps = steps_for_anyone(&award, 3, NOON.parse().unwrap());
        assert!(steps[0].ends_with("is still there for 3 travellers, 40,000 points each."), "{}", steps[0]);
        assert!(steps[2].ends_with(" for 3 travellers: 120,000 points and $16.80."), "{}", steps[2]);
        let points = 40_000.try_into().unwrap();
        let german = |fees| book(Language::German, Award { programme: &programme, points, fees, travellers: 3 });
        assert!(german(taxes).ends_with(" für 3 Reisende: 120.000 Punkte und 16,80 $."), "{}", german(taxes));
        assert!(german(None).contains(" für 3 Reisende: 120.000 Punkte, und Steuern"), "{}", german(None));
    }

    #[test]
    fn what_nothing_confirms_and_what_is_assumed_is_to_be_checked() {
        let check = &told("flying-blue", 10_000, "wells-fargo", "en")[2].1;
        assert!(check.contains("still offered: see that it is. No source names the least"), "{check}");
        assert!(!told("flying-blue", 10_000, "chase-ur", "en")[2].1.contains("No source"));
    }

    #[test]
    fn a_programme_that_holds_awards_is_asked_to_while_points_are_on_their_way() {
        let online = told("aadvantage", 40_000, "citi-typ", "en");
        assert_eq!(online[1].0, StepKind::Hold);
        let text = "Have American Airlines AAdvantage hold the award, so that nobody takes it meanwhile: on its own site, \
                    for up to 24 hours.";
        assert_eq!(online[1].1, text);
        let by_phone = &told("flying-blue", 10_000, "chase-ur", "de")[1].1;
        assert!(by_phone.contains("zurücklegen: am Telefon, bis zu 3 Tage lang. Telefonisch, in den USA: +1 800"), "{by_phone}");
        let kinds: Vec<StepKind> = told("aadvantage", 40_000, "aadvantage", "en").into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(kinds, [StepKind::Verify, StepKind::Book], "what is booked at once needs no hold");
    }

    #[test]
    fn where_to_call_is_told_where_a_source_names_it() {
        let book = |programme| told(programme, 10_000, "chase-ur", "en").pop().unwrap().1;
        assert!(book("flying-blue").ends_with("By phone, in the US: +1 800 237 2747; how long one waits is not known."));
        assert!(book("hyatt").ends_with("$5.60."));
    }
}
