//! Every adapter to a message channel (`tests/`). Here is what these tests share: finds to tell of, and an SES on a loopback
//! port that answers as it is told.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{Router, body::Body, http::Response};
use channels::templates::{AlertMail, Reader, Urls};
use domain::{
    booking::steps_for_anyone,
    deals::{Deal, DealState, Parts, PricePoint, Score, Subject, Weights},
    flights::{Cabin, Fare, FlightOffer, Freshness, Segment, Tier},
    identity::{Branding, Tenant},
    ids::Owner,
    money::{Currency, Money},
    notifications::{Alert, Cause, OwnJudgement},
    rates::Rates,
    time::Zone,
    value::{Cash, Valuation, Valuations},
    watchers::Reason,
};
use jiff::Timestamp;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// An amount.
pub fn usd(amount: &str) -> Money {
    Money::new(amount.parse().unwrap(), Currency::USD).unwrap()
}

/// An award of AAdvantage.
pub fn award(points: u64, taxes: Option<Money>) -> Fare {
    Fare::Award { programme: "aadvantage".parse().unwrap(), points: points.try_into().unwrap(), taxes }
}

/// A brand of this name.
pub fn tenant(name: &str) -> Tenant {
    Tenant {
        id: "demo".parse().unwrap(),
        name: name.parse().unwrap(),
        hosts: ["milebuy.example".parse().unwrap()].into(),
        zone: "America/Los_Angeles".parse().unwrap(),
        currency: Currency::USD,
        branding: Branding::default(),
        features: [].into(),
        terms: 0,
        version: 1,
    }
}

/// A find and who is told of it, to be changed.
#[derive(Debug)]
pub struct Find {
    /// The brand's name.
    pub brand: String,
    /// The member's name.
    pub member: String,
    /// The watcher's name.
    pub watcher: String,
    /// Why now.
    pub reason: Reason,
    /// The score's parts.
    pub parts: Parts,
    /// The comparable cash price.
    pub cash: Option<Money>,
    /// Earlier prices.
    pub earlier: Vec<(Timestamp, Fare)>,
    /// What points are worth to the member.
    pub own: Valuations,
    /// The offer.
    pub offer: FlightOffer,
}

impl Default for Find {
    fn default() -> Self {
        Self {
            brand: "Mile Buy Club".to_owned(),
            member: "Dana Demo".to_owned(),
            watcher: "Dubai in April".to_owned(),
            reason: Reason::Found,
            parts: Parts {
                value: Some(24),
                convenience: Some(78),
                timing: Some(100),
                reliability: Some(85),
                availability: Some(85),
            },
            cash: Some(usd("376")),
            earlier: Vec::new(),
            own: Valuations::default(),
            offer: los_angeles_to_dubai(),
        }
    }
}

/// Two flights by way of Doha.
pub fn los_angeles_to_dubai() -> FlightOffer {
    let segment = |flight: &str, from: &str, to: &str, departs: &str, arrives: &str| Segment {
        origin: Some(from.parse().unwrap()),
        destination: Some(to.parse().unwrap()),
        departs: Some(departs.parse().unwrap()),
        arrives: Some(arrives.parse().unwrap()),
        cabin: Some(Cabin::Economy),
        ..Segment::named(flight.parse().unwrap())
    };
    FlightOffer {
        reference: "trip-1".to_owned(),
        origin: "LAX".parse().unwrap(),
        destination: "DXB".parse().unwrap(),
        departs: "2026-04-27T16:20:00".parse().unwrap(),
        arrives: "2026-04-28T21:25:00".parse().unwrap(),
        minutes: 1085,
        cabin: Cabin::Economy,
        mixed_cabin: Some(false),
        segments: vec![
            segment("QR740", "LAX", "DOH", "2026-04-27T16:20:00", "2026-04-28T17:20:00"),
            segment("QR1014", "DOH", "DXB", "2026-04-28T19:10:00", "2026-04-28T21:25:00"),
        ],
        seats: Some(4),
        fare: award(40_000, Some(usd("44"))),
        booking_link: Some("https://www.aa.com/booking/search?from=LAX&to=DXB".to_owned()),
        valid_until: None,
        freshness: Freshness {
            source: "seats-aero".parse().unwrap(),
            observed_at: "2026-02-18T06:05:00Z".parse().unwrap(),
            tier: Tier::Cached,
        },
    }
}

impl Find {
    /// The mail that tells of it.
    pub fn mail(self) -> AlertMail {
        let owner = Owner { tenant: "demo".parse().unwrap(), member: ulid::Ulid::from_bytes([1; 16]).into() };
        let zone: Zone = "America/Los_Angeles".parse().unwrap();
        let tenant = tenant(&self.brand);
        let name = self.member.parse().unwrap();
        let cause = Cause::Watcher {
            watcher: ulid::Ulid::from_bytes([2; 16]).into(),
            name: self.watcher.parse().unwrap(),
            reason: self.reason,
        };
        let deal = deal(owner.tenant.clone(), self.offer, self.cash, self.earlier, self.parts);
        let score = Score::of(&self.parts, &Weights::default());
        let mut alert = Alert::raise(owner, cause, (deal.id, 1), score, deal.last_seen);
        alert.steps = steps_for_anyone(&deal.flight().fare, 1, deal.last_seen);
        alert.judge(&deal, Rates::shipped());
        let own = OwnJudgement::of(&deal, &self.own);
        AlertMail::new(
            &tenant,
            Reader { name: &name, zone: &zone, own },
            &alert,
            &deal,
            &Urls::of("https://milebuy.example", &alert),
        )
    }
}

fn deal(
    tenant: domain::ids::TenantId,
    offer: FlightOffer,
    cash: Option<Money>,
    earlier: Vec<(Timestamp, Fare)>,
    parts: Parts,
) -> Deal {
    let seen = offer.freshness.observed_at;
    let valuation = match &offer.fare {
        Fare::Award { programme, points, taxes } => {
            let day = seen.to_zoned(jiff::tz::TimeZone::UTC).date();
            Some(Valuation::of(programme, *points, *taxes, cash.map(Cash::Same), (day, Rates::shipped())))
        }
        Fare::Cash { .. } => None,
    };
    let prices = earlier.into_iter().chain([(seen, offer.fare.clone())]);
    Deal {
        id: offer.deal_id(&tenant),
        tenant,
        valuation,
        parts,
        state: DealState::Live,
        first_seen: seen,
        last_seen: seen,
        history: prices.map(|(at, fare)| PricePoint { at, fare }).collect(),
        subject: Subject::Flight(Box::new(offer)),
        missed_at: None,
        changed_in: 1,
        version: 1,
    }
}

/// An SES that gives one answer to everything, and counts the questions.
#[derive(Debug, Clone)]
pub struct FakeSes {
    /// Where it is.
    pub url: String,
    asked: Arc<AtomicUsize>,
}

impl FakeSes {
    /// One that answers over HTTP: a status, an `x-amzn-errortype` and a body.
    pub async fn answering(status: u16, code: Option<&str>, body: &'static str) -> Self {
        let code = code.map(str::to_owned);
        let (ses, listener) = Self::bound().await;
        let asked = ses.asked.clone();
        let answer = move || {
            asked.fetch_add(1, Ordering::SeqCst);
            let answer = Response::builder().status(status).header("content-type", "application/json");
            let answer = code.iter().fold(answer, |answer, code| answer.header("x-amzn-errortype", code));
            std::future::ready(answer.body(Body::from(body)).unwrap())
        };
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
        ses
    }

    /// One that reads a request, writes these bytes and then closes the connection, or else says no more.
    pub async fn speaking(bytes: &'static [u8], closes: bool) -> Self {
        let (ses, listener) = Self::bound().await;
        let asked = ses.asked.clone();
        tokio::spawn(async move {
            let mut open = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = Vec::new();
                while !request.ends_with(b"}") {
                    stream.read_buf(&mut request).await.unwrap();
                }
                asked.fetch_add(1, Ordering::SeqCst);
                stream.write_all(bytes).await.unwrap();
                if !closes {
                    open.push(stream);
                }
            }
        });
        ses
    }

    /// One whose port nobody listens on any more.
    pub async fn absent() -> Self {
        Self::bound().await.0
    }

    /// One that answers with what it was asked: its last request's body.
    pub async fn keeping() -> (Self, Arc<std::sync::Mutex<String>>) {
        let (ses, listener) = Self::bound().await;
        let kept = Arc::new(std::sync::Mutex::new(String::new()));
        let keep = kept.clone();
        let answer = move |body: String| {
            *keep.lock().unwrap() = body;
            std::future::ready(r#"{"MessageId":"0100-kept"}"#)
        };
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
        (ses, kept)
    }

    /// How many requests came.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    async fn bound() -> (Self, TcpListener) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        (Self { url, asked: Arc::default() }, listener)
    }
}
