//! The console of the local run: what was mailed, what waits, what there is, and how to call it, as plain HTML pages.
//!
//! Each page is a typed view, placed by a template that escapes; no page needs a script.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, Query, State},
    http::{HeaderMap, header},
    middleware,
    response::Redirect,
    routing::{get, post},
};
use jiff::Timestamp;
use platform::{Function, clock::Clock};
use serde::Deserialize;

use crate::standins::Standins;

mod docs;
mod error;
mod functions;
mod mail;
mod openapi;
mod overview;
mod queue;
mod render;
mod safety;
mod show;
#[cfg(test)]
mod tests;

use error::PageError;
use render::{Html, Section, render};

/// What the pages show.
#[derive(Clone)]
pub struct Pages {
    /// Mails and queues.
    pub standins: Standins,
    /// Every function that is served.
    pub functions: Vec<&'static dyn Function>,
    /// The API's description.
    pub openapi: serde_json::Value,
    /// When the scheduled functions run.
    pub schedules: Arc<dyn Fn() -> Vec<NextRun> + Send + Sync>,
    /// The clock that everything goes by.
    pub clock: Arc<dyn Clock>,
    /// Whether travel sources answer from recordings.
    pub recorded: bool,
}

/// When a scheduled function runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NextRun {
    /// The function's name.
    pub function: &'static str,
    /// By which expression.
    pub expression: &'static str,
    /// When next.
    pub next: Timestamp,
    /// When last, if it ever did in this run.
    pub last: Option<Timestamp>,
}

/// The pages, under `/_local`.
pub fn router(pages: Pages) -> Router {
    Router::new()
        .route("/_local", get(async || Redirect::permanent("/_local/")))
        .route("/_local/", get(overview))
        .route("/_local/mailbox", get(mailbox))
        .route("/_local/mailbox/{id}", get(mail))
        .route("/_local/mailbox/latest.txt", get(latest_mail))
        .route("/_local/functions", get(functions))
        .route("/_local/queues/{name}", get(queue))
        .route("/_local/queues/{name}/redrive", post(redrive))
        .route("/_local/docs", get(docs))
        .route("/_local/{*rest}", get(async || PageError::NoSuchPage))
        .route_layer(middleware::map_response(safety::secured))
        .with_state(Arc::new(pages))
}

async fn overview(State(pages): State<Arc<Pages>>, headers: HeaderMap) -> Result<Html, PageError> {
    render(Section::Overview, "Overview", "overview", &overview::view(&pages, &base(&headers))?)
}

async fn mailbox(State(pages): State<Arc<Pages>>) -> Result<Html, PageError> {
    render(Section::Mailbox, "Mailbox", "mailbox", &mail::list(&pages)?)
}

/// The text of the newest mail, for scripts.
async fn latest_mail(State(pages): State<Arc<Pages>>) -> Result<String, PageError> {
    let latest = pages.standins.mailbox().list(1)?.pop().ok_or_else(|| PageError::NoSuchMail("latest.txt".to_owned()))?;
    Ok(latest.mail.text.unwrap_or_default())
}

async fn mail(State(pages): State<Arc<Pages>>, Path(id): Path<String>) -> Result<Html, PageError> {
    let found = pages.standins.mailbox().get(&id)?.ok_or(PageError::NoSuchMail(id))?;
    render(Section::Mailbox, &found.mail.subject, "mail", &mail::view(&found, pages.clock.now()))
}

async fn functions(State(pages): State<Arc<Pages>>) -> Result<Html, PageError> {
    render(Section::Functions, "Functions", "functions", &functions::view(&pages)?)
}

/// What a redrive came to, for the page that it leads back to.
#[derive(Debug, Deserialize)]
struct Redriven {
    redriven: Option<u64>,
}

async fn queue(
    State(pages): State<Arc<Pages>>,
    Path(name): Path<String>,
    Query(after): Query<Redriven>,
) -> Result<Html, PageError> {
    render(Section::Functions, &name, "queue", &queue::view(&pages, &name, after.redriven)?)
}

async fn redrive(State(pages): State<Arc<Pages>>, Path(name): Path<String>, headers: HeaderMap) -> Result<Redirect, PageError> {
    safety::same_origin(&headers)?;
    let queues = pages.standins.queues();
    if queues.stats_of(&name)?.dead_letter_of.is_empty() {
        return Err(PageError::NotDeadLetters(name));
    }
    let count = queues.redrive(&name)?;
    Ok(Redirect::to(&format!("/_local/queues/{name}?redriven={count}")))
}

async fn docs(State(pages): State<Arc<Pages>>, headers: HeaderMap) -> Result<Html, PageError> {
    render(Section::Docs, "API", "docs", &docs::view(&pages, &base(&headers)))
}

/// Where the caller reached us.
fn base(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    format!("http://{host}")
}
