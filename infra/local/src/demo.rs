//! `cargo local demo`: the main job, run once on real observations, and what it found.

use std::{collections::BTreeMap, fmt::Write as _, io, path::PathBuf, sync::Arc};

use axum::body::Body;
use domain::{
    answers::SearchAnswer,
    deals::{Score, Weights},
    flights::Fare,
    identity::Role,
    ids::{Owner, WatcherId},
    search::SourceOutcome,
    sources::KeyScope,
    watchers::{Standing, Watcher, score_for},
};
use http::{Method, Request, StatusCode, header};
use jiff::{ToSpan, civil::Date};
use serde_json::{Value, json};
use storage::StoreError;
use tower::ServiceExt;

use crate::{
    data::{Folder, FolderError},
    keys::{KeyError, Keys, LIFETIME},
    machine::{DriveError, Options, StartError, System},
    played::live_sources,
    recordings,
    seed::{self, SeedError},
    standins::mailbox::{AcceptedMail, MailError},
};

/// How the demo runs.
#[derive(Debug, Clone)]
pub struct DemoOptions {
    /// The data folder of the local run: the demo has one of its own in it, made anew each time.
    pub data: PathBuf,
    /// Where its pages are served.
    pub url: String,
}

/// Why the demo did not run.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// Its folder can't be made anew.
    #[error("the demo's folder can't be made anew: {0}")]
    File(#[from] io::Error),
    /// Its folder can't be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// There are no keys.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The demo member is not there.
    #[error(transparent)]
    Seed(#[from] SeedError),
    /// The system did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The system did not come to rest.
    #[error(transparent)]
    Drive(#[from] DriveError),
    /// The mailbox can't be read.
    #[error(transparent)]
    Mail(#[from] MailError),
    /// The tables can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The API answered something else than it should.
    #[error("{0} answered {1}: {2}")]
    Api(String, StatusCode, Value),
    /// A part of the job failed: its messages are waiting or dead.
    #[error("the job did not finish: {0}")]
    Unfinished(String),
}

/// How many of the deals are shown.
const SHOWN: usize = 12;

/// Runs the main job once, through the API and the functions, in a folder of its own. Answers the system, for its pages to be
/// served, and the report.
///
/// # Errors
/// Whatever kept it from running to its end.
pub async fn run(options: DemoOptions) -> Result<(Arc<System>, String), DemoError> {
    let live = live_sources(|name| std::env::var(name).ok());
    let recorded = live.is_empty();
    let path = options.data.join("demo");
    if path.exists() {
        // Not while another process serves it.
        drop(Folder::open(&path)?.claim()?);
        std::fs::remove_dir_all(&path)?;
    }
    let system = System::start(Options::kept_in(Folder::open(path)?, live, options.url.clone())?).await?;
    let demo = Demo { owner: seed::owner(seed::DEMO.id, "demo")?, system, url: options.url, recorded };
    let watchers = demo.create_watchers().await?;
    demo.run_watchers(&watchers).await?;
    let report = demo.report(&watchers).await?;
    Ok((Arc::new(demo.system), report))
}

struct Demo {
    system: System,
    owner: Owner,
    url: String,
    recorded: bool,
}

impl Demo {
    /// The day that the recordings are about; with live sources a day two months ahead.
    fn travel_day(&self) -> Date {
        let today = jiff::tz::TimeZone::UTC.to_datetime(self.system.now()).date();
        if self.recorded { recordings::TRAVEL_DAY } else { today.saturating_add(60.days()) }
    }

    fn wishes(&self) -> [Value; 5] {
        let wish = |name: &str, wanted: &str, cabin: &str, filters: Value| {
            json!({
                "name": name, "wanted": wanted, "from": ["LAX"], "to": ["DXB"], "dates": {"on": self.travel_day()},
                "cabins": [cabin], "filters": filters, "schedule": {"every": "hours", "hours": 6}
            })
        };
        let usd = |amount: &str| json!({"amount": amount, "currency": "USD"});
        [
            wish(
                "Dubai with AAdvantage, short",
                "award-flights",
                "economy",
                json!({"programmes": ["aadvantage"], "maxStops": 1, "maxMinutes": 1100}),
            ),
            wish(
                "Dubai with United, few fees",
                "award-flights",
                "economy",
                json!({"programmes": ["mileageplus"], "maxMinutes": 1200, "maxTaxes": usd("10.00")}),
            ),
            wish("Dubai up front, if it is worth it", "award-flights", "business", json!({"minCentsPerPoint": "1.0"})),
            wish(
                "Dubai up front for 170,000",
                "award-flights",
                "business",
                json!({"maxPoints": 170_000, "maxTaxes": usd("900.00")}),
            ),
            wish("Dubai for cash", "cash-flights", "economy", json!({"maxPrice": usd("385.00"), "maxMinutes": 1300})),
        ]
    }

    async fn create_watchers(&self) -> Result<Vec<WatcherId>, DemoError> {
        let mut created = Vec::new();
        for wish in self.wishes() {
            let watcher = self.ask(Method::POST, "/v1/watchers", Some(wish)).await?;
            let id = watcher["id"].as_str().and_then(|id| id.parse().ok());
            created.push(id.ok_or_else(|| DemoError::Unfinished("a created watcher has no id".to_owned()))?);
        }
        Ok(created)
    }

    /// Asks for a run of each, has the sweep find them, and everything follow that follows.
    async fn run_watchers(&self, watchers: &[WatcherId]) -> Result<(), DemoError> {
        for watcher in watchers {
            self.ask(Method::POST, &format!("/v1/watchers/{watcher}/run"), None).await?;
        }
        if self.recorded {
            self.system.advance(jiff::SignedDuration::from_mins(1)).await?;
        } else {
            // The machine's clock can't be moved: the runs are due in the minute that comes.
            let wait = 60 - self.system.now().as_second().rem_euclid(60);
            tokio::time::sleep(std::time::Duration::from_secs(wait.unsigned_abs())).await;
            self.system.run_now("watchers-sweep-watchers").await;
            self.system.settle().await?;
        }
        let queues = self.system.standins().queues().stats().map_err(DriveError::from)?;
        let left: Vec<String> =
            queues.iter().filter(|queue| queue.visible + queue.in_flight > 0).map(|queue| queue.name.clone()).collect();
        if left.is_empty() { Ok(()) } else { Err(DemoError::Unfinished(format!("messages are left on {}", left.join(", ")))) }
    }

    /// Sends a request as the demo member's app does.
    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, DemoError> {
        let claims = Keys::claims(&self.owner, Role::Member, self.system.now(), LIFETIME);
        let token = self.system.keys().sign(&claims)?;
        let request = Request::builder()
            .method(method.clone())
            .uri(path)
            .header(header::HOST, "localhost")
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.map_or_else(Body::empty, |body| Body::from(body.to_string())));
        let failed = |status, answer| DemoError::Api(format!("{method} {path}"), status, answer);
        let request = request.map_err(|error| failed(StatusCode::BAD_REQUEST, json!(error.to_string())))?;
        let Ok(answer) = self.system.api().oneshot(request).await;
        let status = answer.status();
        let bytes = axum::body::to_bytes(answer.into_body(), 8 * 1024 * 1024).await.unwrap_or_default();
        let answer: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        if status.is_success() { Ok(answer) } else { Err(failed(status, answer)) }
    }

    async fn report(&self, ids: &[WatcherId]) -> Result<String, DemoError> {
        let mut watchers = Vec::new();
        for id in ids {
            watchers.extend(self.system.store().watcher_of(&self.owner, *id).await?);
        }
        let mut report = self.preface();
        self.tell_watchers(&mut report, &watchers);
        self.tell_searches(&mut report, &watchers).await?;
        self.tell_deals(&mut report, &watchers).await?;
        self.tell_mails(&mut report)?;
        Ok(report)
    }

    fn preface(&self) -> String {
        let source = if self.recorded {
            "Travel sources answer with real observations, re-encoded: award and cash offers of one day as seen on 2026-02-17\n\
             (see infra/local/recordings/SOURCES.md). The clock stands on that day."
        } else {
            "Travel sources are asked live."
        };
        format!("Mile Buy Club: the main job, once\n\n{source}\n")
    }

    fn tell_watchers(&self, report: &mut String, watchers: &[Watcher]) {
        heading(report, &format!("Watchers of {} ({})", seed::DEMO.members[0].name, watchers.len()));
        for watcher in watchers {
            let next = watcher.next_run.map(|slot| slot.to_string()).unwrap_or_default();
            line(report, &format!("{:<36} {}  next {next}", watcher.spec.name.as_str(), &watcher.search_key.as_str()[..8]));
        }
    }

    async fn tell_searches(&self, report: &mut String, watchers: &[Watcher]) -> Result<(), DemoError> {
        let mut searches: BTreeMap<&str, Vec<&Watcher>> = BTreeMap::new();
        for watcher in watchers {
            searches.entry(watcher.search_key.as_str()).or_default().push(watcher);
        }
        heading(report, &format!("Searches they were collapsed into ({})", searches.len()));
        for waiting in searches.values() {
            let first = waiting[0];
            line(report, &format!("{}  {}", &first.search_key.as_str()[..8], first.query));
            let answer: Option<SearchAnswer> = self.system.store().answer(&KeyScope::Deployment, &first.search_key).await?;
            let waits = waiting.len();
            for source in answer.iter().flat_map(|answer| &answer.parts).map(|part| &part.report) {
                let aside: usize = source.set_aside.iter().map(|(_, count)| count).sum();
                let outcome = match source.outcome {
                    SourceOutcome::Complete => "complete",
                    SourceOutcome::Partial => "a part",
                    SourceOutcome::Failed => "no answer",
                };
                line(
                    report,
                    &format!(
                        "          {:<11} {} in {}, {outcome}, {aside} set aside",
                        source.source.as_str(),
                        counted(source.offers, "offer"),
                        counted(source.calls as usize, "call")
                    ),
                );
            }
            line(report, &format!("          asked for by {}", counted(waits, "watcher")));
        }
        Ok(())
    }

    /// The deals that some watcher asks for, ranked for its owner: with the timing that its dates give.
    async fn tell_deals(&self, report: &mut String, watchers: &[Watcher]) -> Result<(), DemoError> {
        let mut ranked = Vec::new();
        let mut after = None;
        loop {
            let page = self.system.store().ranked_deals(&self.owner.tenant, 100, after.as_deref()).await?;
            ranked.extend(page.items);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let weights = Weights::default();
        let mut scored: Vec<(Score, bool, &domain::deals::Deal)> = ranked
            .iter()
            .filter_map(|deal| {
                let asking: Vec<&Watcher> = watchers.iter().filter(|watcher| watcher.query.asks_for(deal.flight())).collect();
                let score = score_for(asking.first()?, deal, &weights);
                let meets = |watcher: &&Watcher| {
                    Standing::of(watcher, deal, score) == Standing::Meets && wants(watcher, &deal.flight().fare)
                };
                Some((score, asking.iter().any(meets), deal))
            })
            .collect();
        // Ties keep the order of the ranked list.
        scored.sort_by_key(|(score, _, _)| std::cmp::Reverse(score.total));
        heading(report, &format!("Deals, ranked ({} of {})", SHOWN.min(scored.len()), scored.len()));
        line(report, "score  value conv timing reli avail   cents/pt  price, flights, duration");
        for (score, meets, deal) in scored.into_iter().take(SHOWN) {
            line(report, &deal_line(deal, score, meets));
        }
        line(report, "* meets what a watcher asks for");
        Ok(())
    }

    fn tell_mails(&self, report: &mut String) -> Result<(), DemoError> {
        let mut mails = self.system.standins().mailbox().list(100)?;
        mails.reverse();
        heading(report, &format!("Mails that went out ({})", mails.len()));
        for AcceptedMail { id, mail, .. } in &mails {
            line(report, &format!("to {}: {}", mail.to.join(", "), mail.subject));
            line(report, &format!("   {}/_local/mailbox/{id}", self.url));
        }
        // An award's mail says the most.
        if let Some(first) = mails.iter().find(|mail| mail.mail.subject.contains(" points")).or(mails.first()) {
            heading(report, "One of them");
            for text in first.mail.text.as_deref().unwrap_or_default().lines() {
                line(report, text);
            }
        }
        Ok(())
    }
}

fn wants(watcher: &Watcher, fare: &Fare) -> bool {
    matches!(
        (watcher.query.wanted(), fare),
        (domain::search::Wanted::AwardFlights, Fare::Award { .. }) | (domain::search::Wanted::CashFlights, Fare::Cash { .. })
    )
}

fn deal_line(deal: &domain::deals::Deal, score: Score, meets: bool) -> String {
    let part = |part: Option<u8>| part.map_or_else(|| "?".to_owned(), |part| part.to_string());
    let flight = deal.flight();
    let cents = match (&flight.fare, deal.cents_per_point()) {
        (Fare::Cash { .. }, _) => "cash".to_owned(),
        (Fare::Award { .. }, Some(cents)) => cents.to_string(),
        (Fare::Award { .. }, None) => "unknown".to_owned(),
    };
    let price = match &flight.fare {
        Fare::Award { programme, points, taxes } => {
            let taxes = taxes.map_or_else(|| "unknown taxes".to_owned(), |taxes| taxes.to_string());
            format!("{points} {programme} + {taxes}")
        }
        Fare::Cash { total, .. } => total.to_string(),
    };
    let flights: Vec<&str> = flight.segments.iter().map(|segment| segment.flight.as_str()).collect();
    let parts = score.parts;
    format!(
        "{:>4} {} {:>5} {:>4} {:>6} {:>4} {:>5}   {cents:>8}  {price}, {} {}, {} h {:02}",
        score.total,
        if meets { "*" } else { " " },
        part(parts.value),
        part(parts.convenience),
        part(parts.timing),
        part(parts.reliability),
        part(parts.availability),
        flight.cabin,
        flights.join("+"),
        flight.minutes / 60,
        flight.minutes % 60
    )
}

fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

fn heading(report: &mut String, text: &str) {
    // Writing into a string does not fail.
    writeln!(report, "\n{text}\n{}", "-".repeat(text.chars().count())).ok();
}

fn line(report: &mut String, text: &str) {
    writeln!(report, "{text}").ok();
}
