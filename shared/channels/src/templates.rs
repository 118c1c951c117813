//! What messages look like: typed view models, rendered by strict Handlebars templates (`templates/`).
//!
//! All words and numbers are made here and in `words`; the templates only place them.

use std::{fmt, sync::LazyLock};

use domain::{
    deals::Deal,
    flights::{Fare, FlightOffer},
    identity::{DisplayName, Tenant},
    notifications::{Alert, Cause, OwnJudgement},
    places::Airport,
    time::Zone,
    value::Verdict,
    watchers::Reason,
};
use handlebars::{Context, Handlebars, Helper, HelperResult, JsonTruthy, Output, RenderContext, RenderErrorReason, Renderable};
use jiff::civil::DateTime;
use serde::Serialize;

use crate::words;

/// A kind of mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Template {
    /// A watcher's find.
    Alert,
    /// A passcode.
    Passcode,
    /// An account is locked.
    Locked,
    /// Someone signs up with the address of a member.
    AlreadyMember,
}

impl Template {
    /// Every template.
    pub const ALL: [Self; 4] = [Self::Alert, Self::Passcode, Self::Locked, Self::AlreadyMember];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Passcode => "passcode",
            Self::Locked => "locked",
            Self::AlreadyMember => "already-member",
        }
    }

    fn sources(self) -> Sources {
        match self {
            Self::Alert => Sources {
                subject: include_str!("../templates/alert.subject.hbs"),
                html: include_str!("../templates/alert.html.hbs"),
                text: include_str!("../templates/alert.txt.hbs"),
            },
            Self::Passcode | Self::Locked | Self::AlreadyMember => Sources {
                subject: include_str!("../templates/account.subject.hbs"),
                html: include_str!("../templates/account.html.hbs"),
                text: include_str!("../templates/account.txt.hbs"),
            },
        }
    }
}

struct Sources {
    subject: &'static str,
    html: &'static str,
    text: &'static str,
}

/// A mail's subject: nothing in it can end a header line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject(String);

impl Subject {
    fn read(line: &str) -> Result<Self, TemplateError> {
        let line = line.trim();
        if line.is_empty() || line.chars().any(char::is_control) {
            return Err(TemplateError::Subject);
        }
        Ok(Self(line.to_owned()))
    }

    /// The line itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A mail, ready to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The subject.
    pub subject: Subject,
    /// The body as HTML.
    pub html: String,
    /// The body as plain text.
    pub text: String,
}

impl fmt::Debug for Rendered {
    /// Without the bodies: they name the member.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rendered").field("subject", &self.subject).finish_non_exhaustive()
    }
}

/// Why there is no mail.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A template is not one.
    #[error("the template {template} does not parse, at line {line:?}")]
    Malformed {
        /// Which.
        template: String,
        /// Where.
        line: Option<usize>,
    },
    /// It asks for what the model does not have, or the model can't be written.
    #[error("the template {template} does not go with its model, at line {line:?}")]
    Mismatch {
        /// Which.
        template: String,
        /// Where.
        line: Option<usize>,
    },
    /// The subject is empty, or has control characters.
    #[error("the subject is not one line of text")]
    Subject,
}

/// The parsed templates: HTML is escaped, text is not.
struct Parsed {
    html: Handlebars<'static>,
    plain: Handlebars<'static>,
}

static PARSED: LazyLock<Result<Parsed, TemplateError>> = LazyLock::new(Parsed::parse);

impl Parsed {
    fn parse() -> Result<Self, TemplateError> {
        let (mut html, mut plain) = (Handlebars::new(), Handlebars::new());
        for registry in [&mut html, &mut plain] {
            registry.set_strict_mode(true);
            registry.register_helper("if", Box::new(strict_if));
        }
        plain.register_escape_fn(handlebars::no_escape);
        for template in Template::ALL {
            let sources = template.sources();
            register(&mut html, template.as_str(), sources.html)?;
            register(&mut plain, template.as_str(), sources.text)?;
            register(&mut plain, &subject_of(template), sources.subject)?;
        }
        Ok(Self { html, plain })
    }
}

/// `if` that refuses what the model does not have: Handlebars' own takes it for false, even in strict mode.
fn strict_if<'reg, 'rc>(
    helper: &Helper<'rc>,
    registry: &'reg Handlebars<'reg>,
    context: &'rc Context,
    state: &mut RenderContext<'reg, 'rc>,
    out: &mut dyn Output,
) -> HelperResult {
    let condition = helper.param(0).ok_or(RenderErrorReason::ParamNotFoundForIndex("if", 0))?;
    if condition.is_value_missing() {
        return Err(RenderErrorReason::MissingVariable(condition.relative_path().cloned()).into());
    }
    let branch = if condition.value().is_truthy(false) { helper.template() } else { helper.inverse() };
    branch.map_or(Ok(()), |branch| branch.render(registry, context, state, out))
}

fn subject_of(template: Template) -> String {
    format!("{}.subject", template.as_str())
}

fn register(registry: &mut Handlebars<'static>, name: &str, source: &str) -> Result<(), TemplateError> {
    registry
        .register_template_string(name, source)
        .map_err(|error| TemplateError::Malformed { template: name.to_owned(), line: error.pos().map(|(line, _)| line) })
}

/// Renders a template with its model. A model that lacks what a template asks for is an error.
///
/// # Errors
/// If template and model don't go together.
pub fn render(template: Template, model: &impl Serialize) -> Result<Rendered, TemplateError> {
    let parsed = PARSED.as_ref().map_err(Clone::clone)?;
    let subject = fill(&parsed.plain, &subject_of(template), model)?;
    let text = fill(&parsed.plain, template.as_str(), model)?;
    Ok(Rendered { subject: Subject::read(&subject)?, html: fill(&parsed.html, template.as_str(), model)?, text: folded(&text) })
}

/// The renderer's own message can hold values of the model, and stays out of the error.
fn fill(registry: &Handlebars<'static>, name: &str, model: &impl Serialize) -> Result<String, TemplateError> {
    registry.render(name, model).map_err(|error| TemplateError::Mismatch { template: name.to_owned(), line: error.line_no })
}

/// The width of plain text, in characters.
const WIDTH: usize = 72;
/// How wide the labels of an indented line are: its rest goes on below where it began.
const LABELS: usize = 15;
/// What a step begins with.
const STEP: &str = "  - ";

/// Plain text with no line longer than [`WIDTH`], where it has a blank to break at.
fn folded(text: &str) -> String {
    text.lines().map(fold).collect::<Vec<_>>().join("\n") + "\n"
}

fn fold(line: &str) -> String {
    if line.chars().count() <= WIDTH {
        return line.to_owned();
    }
    let margin = " ".repeat(match line {
        step if step.starts_with(STEP) => STEP.len(),
        labelled if labelled.starts_with("  ") => LABELS,
        _ => 0,
    });
    let mut rows = vec![String::new()];
    for word in line.split(' ') {
        match rows.last_mut() {
            Some(row) if row.chars().count() + word.chars().count() <= WIDTH || row.trim().is_empty() => {
                row.push_str(word);
                row.push(' ');
            }
            Some(_) | None => rows.push(format!("{margin}{word} ")),
        }
    }
    rows.iter().map(|row| row.trim_end()).collect::<Vec<_>>().join("\n")
}

/// Where a mail leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Urls {
    /// The deal.
    pub deal: String,
    /// What found it.
    pub watcher: String,
    /// What the member wants to be told.
    pub preferences: String,
}

impl Urls {
    /// The pages of an alert, under the address (without a slash at the end) where members reach us.
    pub fn of(public_url: &str, alert: &Alert) -> Self {
        let Cause::Watcher { watcher, .. } = &alert.cause;
        Self {
            deal: format!("{public_url}/deals/{}", alert.deal),
            watcher: format!("{public_url}/watchers/{watcher}"),
            preferences: format!("{public_url}/preferences"),
        }
    }
}

/// The mail about a watcher's find: every word and number that the template places.
#[derive(Clone, Serialize)]
pub struct AlertMail {
    language: &'static str,
    labels: words::Labels,
    brand: String,
    subject: String,
    preheader: String,
    news: &'static str,
    headline: Headline,
    before: Option<String>,
    why: String,
    journey: Journey,
    worth: Option<Worth>,
    details: Vec<Detail>,
    score: Card,
    freshness: String,
    booking: Option<Booking>,
    steps: Vec<String>,
    footer: String,
    links: Links,
}

impl fmt::Debug for AlertMail {
    /// Without personal data: it names the member and the member's watcher.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AlertMail").field("subject", &self.subject).finish_non_exhaustive()
    }
}

/// One sentence in three parts: "Los Angeles to Dubai", "in economy for", "40,000 AAdvantage points + $44".
#[derive(Clone, Serialize)]
struct Headline {
    route: String,
    cabin: String,
    price: String,
    note: &'static str,
}

#[derive(Clone, Serialize)]
struct Journey {
    from: End,
    to: End,
    days: Option<String>,
    duration: String,
    stops: String,
    /// The same in rows, for plain text.
    rows: Vec<Row>,
}

#[derive(Clone, Serialize)]
struct Row {
    column: String,
    value: String,
}

#[derive(Clone, Serialize)]
struct End {
    time: String,
    date: String,
    code: String,
    city: String,
}

#[derive(Clone, Serialize)]
struct Worth {
    amount: String,
    verdict: Option<Judged>,
    notes: Vec<String>,
}

#[derive(Clone, Serialize)]
struct Judged {
    word: &'static str,
    tone: Tone,
}

/// The colours of a verdict; `name` is its class, which the template gives other colours in the dark.
#[derive(Clone, Copy, Serialize)]
struct Tone {
    name: &'static str,
    ground: &'static str,
    ink: &'static str,
}

#[derive(Clone, Serialize)]
struct Detail {
    label: &'static str,
    value: String,
    /// The label as wide as a column of plain text.
    column: String,
}

#[derive(Clone, Serialize)]
struct Card {
    of_100: String,
    parts: Vec<Bar>,
}

#[derive(Clone, Serialize)]
struct Bar {
    name: &'static str,
    column: String,
    known: bool,
    mark: u8,
    rest: u8,
    drawn: String,
}

#[derive(Clone, Serialize)]
struct Booking {
    words: String,
    url: String,
}

#[derive(Clone, Serialize)]
struct Links {
    deal: String,
    watcher: String,
    preferences: String,
}

/// Who reads a message.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    /// What they are called.
    pub name: &'a DisplayName,
    /// Where their hours are.
    pub zone: &'a Zone,
    /// How good what they are told of is by what they say that points are worth, if they say it.
    pub own: Option<OwnJudgement>,
}

impl AlertMail {
    /// The mail that tells a member of a deal.
    pub fn new(tenant: &Tenant, reader: Reader<'_>, alert: &Alert, deal: &Deal, urls: &Urls) -> Self {
        let Cause::Watcher { name, reason, .. } = &alert.cause;
        let offer = deal.flight();
        let worth = Worth::of(deal, alert, reader.own);
        let score = reader.own.map_or(alert.score, |own| alert.score.with_value(own.value));
        let headline = Headline::of(offer);
        Self {
            language: words::LANGUAGE,
            labels: words::LABELS,
            brand: words::isolated(tenant.name.as_str()),
            subject: words::subject(*reason, &headline.sentence()),
            preheader: words::preheader(offer, worth.as_ref().map(Worth::in_short).as_deref(), score),
            news: words::news(*reason, &offer.fare),
            before: before(deal, *reason).map(|(fare, until)| words::before(fare, until, reader.zone)),
            why: words::why(reader.name.as_str(), name, *reason),
            journey: Journey::of(offer),
            details: details(offer),
            score: Card { of_100: words::score_of_100(score), parts: words::parts(score).map(Bar::of).into() },
            freshness: words::freshness(&offer.freshness, reader.zone),
            booking: offer.booking_link.as_deref().and_then(Booking::at),
            steps: alert.steps.clone(),
            footer: words::footer(tenant.name.as_str()),
            links: Links { deal: urls.deal.clone(), watcher: urls.watcher.clone(), preferences: urls.preferences.clone() },
            headline,
            worth,
        }
    }

    /// Renders it.
    ///
    /// # Errors
    /// If the template does not go with it.
    pub fn render(&self) -> Result<Rendered, TemplateError> {
        render(Template::Alert, self)
    }
}

/// The price before the present one, and until when it held, if the news is that it has fallen.
fn before(deal: &Deal, reason: Reason) -> Option<(&Fare, jiff::Timestamp)> {
    let [.., earlier, present] = deal.history.as_slice() else { return None };
    let fell = match (&earlier.fare, &present.fare) {
        (Fare::Award { points: was, .. }, Fare::Award { points: is, .. }) if was != is => was > is,
        (Fare::Award { taxes: was, .. }, Fare::Award { taxes: is, .. }) => {
            was.zip(*is).is_some_and(|(was, is)| was.compare(is).is_ok_and(|order| order.is_gt()))
        }
        (Fare::Cash { total: was, .. }, Fare::Cash { total: is, .. }) => was.compare(*is).is_ok_and(|order| order.is_gt()),
        (Fare::Award { .. }, Fare::Cash { .. }) | (Fare::Cash { .. }, Fare::Award { .. }) => false,
    };
    (fell && reason == Reason::Cheaper).then_some((&earlier.fare, present.at))
}

impl Headline {
    fn of(offer: &FlightOffer) -> Self {
        Self {
            route: words::route(offer),
            cabin: words::in_cabin_for(offer.cabin),
            price: words::price(&offer.fare),
            note: words::price_note(&offer.fare),
        }
    }

    fn sentence(&self) -> String {
        format!("{} {} {}", self.route, self.cabin, self.price)
    }
}

impl Journey {
    fn of(offer: &FlightOffer) -> Self {
        let days = words::days_later(offer.departs.date(), offer.arrives.date());
        let (duration, stops) = (words::duration(offer.minutes), words::stops_count(offer.stops()));
        let rows = [
            (words::DEPARTS, words::end(offer.departs, None, &offer.origin)),
            (words::ARRIVES, words::end(offer.arrives, days.as_deref(), &offer.destination)),
            (words::DURATION, duration.clone()),
        ];
        let rows = rows.map(|(label, value)| Row { column: column(label), value }).into();
        Self {
            from: End::of(&offer.origin, offer.departs),
            to: End::of(&offer.destination, offer.arrives),
            days,
            duration,
            stops,
            rows,
        }
    }
}

impl End {
    fn of(airport: &Airport, at: DateTime) -> Self {
        Self {
            time: words::time(at.time()),
            date: words::date(at.date()),
            code: airport.code().to_owned(),
            city: airport.city().to_owned(),
        }
    }
}

impl Worth {
    /// Nothing for a cash fare: it has no points.
    fn of(deal: &Deal, alert: &Alert, own: Option<OwnJudgement>) -> Option<Self> {
        let Fare::Award { programme, .. } = &deal.flight().fare else { return None };
        let valuation = deal.valuation.as_ref()?;
        let unknown = valuation.unknown.map(|why| words::unknown(why).to_owned());
        let (verdict, money_first, yardstick) = match own {
            Some(OwnJudgement { verdict, .. }) => {
                let is_poor = verdict == Some(Verdict::Poor) && valuation.same_for_money().is_some();
                (verdict, is_poor.then(words::money_first_by_your_own), words::by_your_own(programme))
            }
            None => (valuation.verdict, alert.money_first.clone(), words::usually(programme, valuation, alert.long_ago)),
        };
        let notes = [money_first, unknown, words::alternative(valuation)];
        Some(Self {
            amount: words::worth(valuation),
            verdict: verdict.map(Judged::of),
            notes: notes.into_iter().flatten().chain([yardstick]).collect(),
        })
    }

    fn in_short(&self) -> String {
        words::worth_in_short(&self.amount, self.verdict.as_ref().map(|verdict| verdict.word))
    }
}

impl Judged {
    fn of(verdict: Verdict) -> Self {
        Self { word: words::verdict(verdict), tone: Tone::of(verdict) }
    }
}

impl Tone {
    fn of(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Poor => Self { name: "low", ground: "#fdeae7", ink: "#8c2413" },
            Verdict::Fair => Self { name: "middle", ground: "#fdf1d6", ink: "#6f4a00" },
            Verdict::Good | Verdict::Great | Verdict::Exceptional => Self { name: "high", ground: "#dff5e8", ink: "#0f5733" },
        }
    }
}

fn details(offer: &FlightOffer) -> Vec<Detail> {
    let rows = [
        (words::FLIGHTS, words::flights(offer)),
        (words::carriers_label(offer), words::carriers(offer)),
        (words::STOPS, words::stops(offer)),
        (words::CABIN, words::cabin(offer)),
        (words::SEATS, words::seats(offer)),
    ];
    rows.map(|(label, value)| Detail { label, column: column(label), value }).into()
}

/// A label as wide as its column of plain text, without the margin.
fn column(label: &str) -> String {
    format!("{label:<width$}", width = LABELS - 2)
}

/// Signs in a whole bar of plain text.
const BAR: usize = 20;

impl Bar {
    fn of((name, mark): (&'static str, Option<u8>)) -> Self {
        let known = mark.is_some();
        let mark = mark.unwrap_or(0).min(100);
        let filled = usize::from(mark) * BAR / 100;
        let drawn = if known {
            format!("{mark:>3}  {}{}", "#".repeat(filled), ".".repeat(BAR - filled))
        } else {
            words::UNKNOWN.to_owned()
        };
        Self { name, column: column(name), known, mark, rest: 100 - mark, drawn }
    }
}

impl Booking {
    /// A link that leads over TLS to a host that can be shown, or none: links come from outside.
    fn at(url: &str) -> Option<Self> {
        let rest = url.strip_prefix("https://")?;
        let host = rest.split(['/', '?', '#']).next()?;
        let host_is_sound = host.contains('.') && host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-');
        let url_is_sound = url.len() <= 2000 && url.bytes().all(|b| b.is_ascii_graphic() && !b"\"'<>\\`".contains(&b));
        (host_is_sound && url_is_sound).then(|| Self { words: words::book_at(host), url: url.to_owned() })
    }
}
