//! What is done with the deployment: a member creates a watcher, its minute comes, and the mail is read; and tokens that are no good
//! are refused before a function starts.

use std::{
    fmt,
    time::{Duration, Instant},
};

use domain::{
    identity::{Member, Role},
    ids::derived,
    time::{Slot, Zone},
    watchers::{Watcher, WatcherSpec},
};
use http::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp, civil::Date};
use local::keys::Keys;
use platform::{
    token::{Claims, SigningKey},
    web::PREFIX as PREFIX_OF_PAGES,
};
use serde_json::{Value, json};

use super::{
    AUDIENCE, DeploymentError, FIRST, MAIL_SENDER, PREFIX, PUBLIC_URL,
    api::{Api, Shown},
    sam::Sam,
};

/// What the mail about the find is to be called, before its fees, whose form is the matter of the mails' own tests: the recordings
/// have one that suits.
const SUBJECT: &str = "Los Angeles to Dubai in economy for 45,000 MileagePlus points";
/// The function that the schedule starts.
const SWEEP: &str = "watchers-sweep-watchers";
/// The function that is asked with good and bad tokens.
const ASKED: &str = "watchers-get-watcher";

/// How long a mail is waited for: up to 70 s until its watcher is due, as long until the next sweep, and a minute more should nothing
/// but its schedule wake the relay.
const PATIENCE: Duration = Duration::from_secs(210);
/// How often the mailbox is looked into.
const PAUSE: Duration = Duration::from_millis(250);

/// Zones of which one has day at any hour: by night no mail goes out.
const ZONES: [&str; 4] = ["America/Los_Angeles", "Europe/Berlin", "Asia/Dubai", "Pacific/Auckland"];

/// The first zone in which it is between nine and twenty.
pub(super) fn zone_with_day(now: Timestamp) -> &'static str {
    let has_day = |name: &&&str| name.parse().is_ok_and(|zone: Zone| (9..20).contains(&zone.local(now).hour()));
    ZONES.iter().find(has_day).unwrap_or(&ZONES[0])
}

/// The deployment, and who uses it.
pub(super) struct Story<'a> {
    pub(super) api: Api,
    pub(super) sam: &'a Sam<'a>,
    pub(super) issuer: String,
    pub(super) key: SigningKey,
    pub(super) other_key: SigningKey,
    pub(super) member: Member,
    pub(super) travel_day: Date,
}

/// A mail that came.
#[derive(Debug)]
pub(super) struct Arrived {
    /// The minute in which the watcher was due.
    due: Timestamp,
    /// When the schedule started the sweep that found it.
    swept: Timestamp,
    /// When the mail was sent.
    sent: Timestamp,
    /// Its watcher.
    watcher: String,
}

impl fmt::Display for Arrived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { due, swept, sent, .. } = self;
        let millis = sent.duration_since(*swept).as_millis();
        write!(f, "due at {due:.0}, swept at {swept:.0}, mailed at {sent:.0}: {millis} ms from the schedule to the mail")
    }
}

impl Story<'_> {
    /// A member creates a watcher, and reads the mail that its run leads to.
    pub(super) async fn first_mail(&self) -> Result<Arrived, DeploymentError> {
        let (wish, due) = self.wish(Timestamp::now())?;
        let token = self.good_token()?;
        let created = self.api.ask(Method::POST, "/v1/watchers", Shown::Bearer(&token), Some(&wish)).await?;
        let (status, body) = (created.status, created.body);
        let watcher = body["id"].as_str().unwrap_or_default().to_owned();
        let planned = body["nextRunAt"].as_str().and_then(|at| at.parse().ok());
        if status != StatusCode::CREATED || planned != Some(due.start()) {
            return Err(DeploymentError::Unexpected("creating a watcher", format!("{status} {body}")));
        }
        let mail = self.mail().await?;
        self.check(&mail, &watcher)?;
        let since_the_epoch = mail["Timestamp"].as_f64().and_then(|seconds| SignedDuration::try_from_secs_f64(seconds).ok());
        let sent = since_the_epoch.and_then(|since| Timestamp::from_duration(since).ok());
        let sent = sent.ok_or_else(|| DeploymentError::Unexpected("a mail without its time", mail.to_string()))?;
        let due = due.start();
        let swept = self.starts(SWEEP)?.into_iter().find(|swept| *swept >= due);
        let swept = swept.ok_or_else(|| DeploymentError::Unexpected("a mail", "no sweep led to it".to_owned()))?;
        Ok(Arrived { due, swept, sent, watcher })
    }

    /// What the member asks for, and the minute in which it is searched: the next one that can be reached. Runs are spread over a
    /// quarter of an hour by what is asked, so the time asked for is as much earlier.
    fn wish(&self, now: Timestamp) -> Result<(Value, Slot), DeploymentError> {
        let at = |time: jiff::civil::Time| {
            json!({
                "name": "Dubai with United, few fees", "wanted": "award-flights", "from": ["LAX"], "to": ["DXB"],
                "dates": {"on": self.travel_day}, "cabins": ["economy"], "travellers": 1,
                "filters": {"programmes": ["mileageplus"], "maxMinutes": 1200, "maxTaxes": {"amount": "10.00", "currency": "USD"}},
                "telling": {"minScore": 0, "againWhenCheaperBy": 5},
                "schedule": {"every": "day", "at": time},
            })
        };
        let local = |at: Timestamp| self.member.zone.local(at);
        let midnight = jiff::civil::Time::midnight();
        let spec: WatcherSpec = serde_json::from_value(at(midnight))?;
        let planned = Watcher::create(derived(&["like the one to be"]), &self.member, spec, now)?.next_run;
        let planned = planned.ok_or_else(|| DeploymentError::Unexpected("a watcher", "it is never due".to_owned()))?;
        let spread = midnight.duration_until(local(planned.start()).time());
        let due = Slot::of(now.checked_add(SignedDuration::from_secs(10))?).plus_minutes(1);
        Ok((at(local(due.start().checked_sub(spread)?).time()), due))
    }

    /// The first mail, as soon as there is one.
    async fn mail(&self) -> Result<Value, DeploymentError> {
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            if let Some(mail) = self.mails().await?.into_iter().next() {
                return Ok(mail);
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(DeploymentError::NoMail(PATIENCE))
    }

    /// Every mail that was sent.
    async fn mails(&self) -> Result<Vec<Value>, DeploymentError> {
        let answer = self.api.ask_ministack("/_ministack/ses/messages").await?;
        let accounts = answer.body["messages"].as_object().cloned().unwrap_or_default();
        Ok(accounts.into_iter().filter_map(|(_, mails)| mails.as_array().cloned()).flatten().collect())
    }

    /// Whether a mail goes to the member, from us, and tells of the find and of the watcher that found it.
    fn check(&self, mail: &Value, watcher: &str) -> Result<(), DeploymentError> {
        let text = mail["BodyText"].as_str().unwrap_or_default();
        let day = self.travel_day.strftime("%a %-d %b %Y").to_string();
        let is_right = mail["To"] == json!([FIRST])
            && mail["Source"].as_str().is_some_and(|from| from.contains(MAIL_SENDER))
            && mail["Subject"].as_str().is_some_and(|subject| subject.starts_with(SUBJECT))
            && [&day, "UA1981, UA164", &format!("{PUBLIC_URL}/watchers/{watcher}")].iter().all(|part| text.contains(*part));
        let told = format!("to {}, from {}: {}\n{text}", mail["To"], mail["Source"], mail["Subject"]);
        if is_right { Ok(()) } else { Err(DeploymentError::Unexpected("a mail", told)) }
    }

    /// Bad tokens are refused before the function starts, and a good one is not. Answers how many were refused.
    pub(super) async fn tokens_at_the_edge(&self, arrived: &Arrived) -> Result<usize, DeploymentError> {
        let path = format!("/v1/watchers/{}", arrived.watcher);
        // API Gateway's words. Our functions answer with a problem document.
        let refusal = json!({"message": "Unauthorized"});
        let (before, bad) = (self.starts(ASKED)?.len(), self.bad_tokens()?);
        for (what, token) in &bad {
            let answer = self.api.ask(Method::GET, &path, token.as_deref().map_or(Shown::Nothing, Shown::Bearer), None).await?;
            if answer.status != StatusCode::UNAUTHORIZED || answer.body != refusal {
                return Err(DeploymentError::Unexpected(what, format!("{} {}", answer.status, answer.body)));
            }
        }
        let after_the_bad = self.starts(ASKED)?.len();
        let seen = self.api.ask(Method::GET, &path, Shown::Bearer(&self.good_token()?), None).await?;
        let ran = seen.body["lastRunAt"].as_str().and_then(|at| at.parse().ok());
        if seen.status != StatusCode::OK || ran != Some(arrived.due) {
            return Err(DeploymentError::Unexpected("a good token", format!("{} {}", seen.status, seen.body)));
        }
        let after_the_good = self.starts(ASKED)?.len();
        if (after_the_bad, after_the_good) != (before, before + 1) {
            let starts = format!("{ASKED} was started {before}, {after_the_bad} and {after_the_good} times");
            return Err(DeploymentError::Unexpected("tokens at the edge", starts));
        }
        Ok(bad.len())
    }

    /// Under the prefix of pages, the function looks at the cookie, and at nothing else.
    pub(super) async fn cookies_at_the_prefix(&self, arrived: &Arrived) -> Result<(), DeploymentError> {
        let (path, token) = (format!("/v1/watchers/{}", arrived.watcher), self.good_token()?);
        let (page, refused) = (format!("{PREFIX_OF_PAGES}{path}"), "urn:mile-buy-club:problem:unauthenticated");
        let asked = async |shown| self.api.ask(Method::GET, &page, shown, None).await;
        let (by_cookie, by_bearer) = (asked(Shown::Cookie(&token)).await?, asked(Shown::Bearer(&token)).await?);
        if by_cookie.status != StatusCode::OK || by_cookie.body["id"] != arrived.watcher.as_str() {
            return Err(DeploymentError::Unexpected("a page's cookie", format!("{} {}", by_cookie.status, by_cookie.body)));
        }
        if by_bearer.status != StatusCode::UNAUTHORIZED || by_bearer.body["type"] != refused {
            return Err(DeploymentError::Unexpected("a page without one", format!("{} {}", by_bearer.status, by_bearer.body)));
        }
        // Elsewhere it is the edge that looks, and not at cookies.
        let elsewhere = self.api.ask(Method::GET, &path, Shown::Cookie(&token), None).await?;
        if elsewhere.status == StatusCode::UNAUTHORIZED {
            return Ok(());
        }
        Err(DeploymentError::Unexpected("a cookie elsewhere", format!("{} {}", elsewhere.status, elsewhere.body)))
    }

    fn starts(&self, function: &str) -> Result<Vec<Timestamp>, DeploymentError> {
        Ok(self.sam.starts(&format!("{PREFIX}{function}"))?)
    }

    /// Tokens that are each wrong in one thing.
    fn bad_tokens(&self) -> Result<Vec<(&'static str, Option<String>)>, DeploymentError> {
        let good = self.claims();
        let hours_ago = |hours: i64| Timestamp::now().as_second() - hours * 3600;
        let expired = Claims { iat: hours_ago(2), exp: hours_ago(1), ..good.clone() };
        let of_others = Claims { iss: "https://issuer.example".to_owned(), ..good.clone() };
        let for_others = Claims { aud: "someone-else".to_owned(), ..good.clone() };
        let altered =
            with_the_signature_of(&self.key.sign(&Claims { role: Role::Admin, ..good.clone() })?, &self.key.sign(&good)?);
        Ok(vec![
            ("no token", None),
            ("an expired token", Some(self.key.sign(&expired)?)),
            ("a token for another audience", Some(self.key.sign(&for_others)?)),
            ("a token of another issuer", Some(self.key.sign(&of_others)?)),
            ("a token by another key", Some(self.other_key.sign(&good)?)),
            ("an altered token", Some(altered)),
        ])
    }

    /// No mail came but the first.
    pub(super) async fn nothing_else_came(&self) -> Result<(), DeploymentError> {
        let mails = self.mails().await?;
        if mails.len() == 1 { Ok(()) } else { Err(DeploymentError::Unexpected("mails", json!(mails).to_string())) }
    }

    fn good_token(&self) -> Result<String, DeploymentError> {
        Ok(self.key.sign(&self.claims())?)
    }

    fn claims(&self) -> Claims {
        let claims = Keys::claims(&self.member.owner, Role::Member, Timestamp::now(), local::keys::LIFETIME);
        Claims { iss: self.issuer.clone(), aud: AUDIENCE.to_owned(), ..claims }
    }
}

/// What one token says, under the signature of another.
fn with_the_signature_of(token: &str, signed: &str) -> String {
    let said = token.rsplit_once('.').map_or(token, |(said, _)| said);
    let signature = signed.rsplit_once('.').map_or(signed, |(_, signature)| signature);
    format!("{said}.{signature}")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn an_altered_token_says_one_thing_and_is_signed_for_another() {
        assert_eq!(with_the_signature_of("header.admin.s1", "header.member.s2"), "header.admin.s2");
    }

    #[test]
    fn it_is_day_somewhere_at_any_hour_of_the_year() {
        let year: Timestamp = "2026-01-01T00:30:00Z".parse().unwrap();
        for hour in 0..365 * 24 {
            let now = year + SignedDuration::from_hours(hour);
            let zone: Zone = zone_with_day(now).parse().unwrap();
            assert!((9..20).contains(&zone.local(now).hour()), "{now}");
        }
    }
}
