//! A store over an embedded engine of its own, and things to put into it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "it serves tests only")]

use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use domain::{
    answers::{Part, SearchAnswer},
    deals::{Assessed, Deal, Parts},
    flights::{Cabin, Fare, FlightOffer, Freshness, Segment, Tier},
    identity::{EmailHash, Member, MemberState, Plan, Role},
    ids::{Id, Owner, derived},
    money::{Currency, Money},
    sealed::Sealed,
    search::{SearchQuery, SourceOutcome, SourceReport, Wanted},
    watchers::{Filters, Schedule, Telling, TravelDates, Watcher, WatcherSpec},
};
use jiff::Timestamp;
use local::engine::Engine;
use storage::{MemberKey, Store};

/// An engine in memory and a store over it.
pub struct Stored {
    pub store: Store,
    pub dynamo: aws_sdk_dynamodb::Client,
    pub engine: Engine,
}

pub fn stored() -> Stored {
    let engine = Engine::start(None).unwrap();
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(aws_credential_types::Credentials::from_keys("test", "test", None))
        .http_client(platform::aws::plain_http())
        .endpoint_url(engine.url());
    let dynamo = aws_sdk_dynamodb::Client::from_conf(config.build());
    Stored { store: Store::new(dynamo.clone(), ""), dynamo, engine }
}

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn id<T: Id>(n: u128) -> T {
    ulid::Ulid(n).into()
}

pub fn owner(n: u128) -> Owner {
    Owner { tenant: "demo".parse().unwrap(), member: id(n) }
}

pub fn member(n: u128) -> Member {
    Member {
        owner: owner(n),
        handle: format!("member{n}").parse().unwrap(),
        email: Sealed::new(vec![1]),
        name: Sealed::new(vec![2]),
        state: MemberState::Active,
        zone: "America/Los_Angeles".parse().unwrap(),
        locale: "en-US".parse().unwrap(),
        currency: Currency::USD,
        home_airport: None,
        role: Role::Member,
        plan: Plan::Premium,
        terms: None,
        last_sign_in: None,
        revision: 1,
        version: 0,
    }
}

/// The wrapped key of a member.
pub fn member_key(member: &Member) -> MemberKey {
    MemberKey { owner: member.owner.clone(), wrapped: Sealed::new(vec![3]), master: "master".to_owned(), version: 0 }
}

/// The keyed hash of an address.
pub fn email_hash(n: u8) -> EmailHash {
    [n; 32].into()
}

/// A watcher from LAX to the given airport.
pub fn watcher(member: &Member, n: u128, to: &str) -> Watcher {
    let spec = WatcherSpec {
        name: "Away".parse().unwrap(),
        wanted: Wanted::AwardFlights,
        from: ["LAX".parse().unwrap()].into(),
        to: [to.parse().unwrap()].into(),
        dates: TravelDates::Around { on: "2026-04-27".parse().unwrap(), flex_days: 0 },
        cabins: [Cabin::Economy].into(),
        travellers: 1,
        filters: Filters::default(),
        telling: Telling::default(),
        schedule: Schedule::Hours { hours: 1, active: None },
    };
    Watcher::create(id(n), member, spec, at("2026-02-17T19:24:00Z")).unwrap()
}

pub fn offer(flight: &str, points: u64) -> FlightOffer {
    FlightOffer {
        reference: "r".into(),
        origin: "LAX".parse().unwrap(),
        destination: "DXB".parse().unwrap(),
        departs: "2026-04-27T16:20".parse().unwrap(),
        arrives: "2026-04-28T21:25".parse().unwrap(),
        minutes: 1085,
        cabin: Cabin::Economy,
        mixed_cabin: None,
        segments: vec![Segment::named(flight.parse().unwrap())],
        seats: Some(2),
        fare: Fare::Award {
            programme: "aadvantage".parse().unwrap(),
            points: points.try_into().unwrap(),
            taxes: Some(Money::from_minor(4_400, Currency::USD).unwrap()),
        },
        booking_link: None,
        valid_until: None,
        freshness: Freshness {
            source: "seats-aero".parse().unwrap(),
            observed_at: at("2026-02-17T19:23:50Z"),
            tier: Tier::Cached,
        },
    }
}

/// A deal whose score is the given value.
pub fn deal(flight: &str, score: u8) -> Deal {
    let parts = Parts { value: Some(score), ..Parts::default() };
    Deal::first_seen(
        "demo".parse().unwrap(),
        Assessed { offer: offer(flight, 40_000), valuation: None, parts },
        at("2026-02-17T19:24:00Z"),
    )
}

pub fn answer(offers: Vec<FlightOffer>, asked_at: &str) -> SearchAnswer {
    let day = "2026-04-27".parse().unwrap();
    let query = SearchQuery::new(
        Wanted::AwardFlights,
        ["LAX".parse().unwrap()].into(),
        ["DXB".parse().unwrap()].into(),
        (day, day),
        [Cabin::Economy].into(),
        1,
    );
    let report = SourceReport {
        source: "seats-aero".parse().unwrap(),
        outcome: SourceOutcome::Complete,
        calls: 1,
        offers: offers.len(),
        set_aside: Vec::new(),
    };
    let part = Part { report, asked_at: at(asked_at), offers, trouble: None, cut_off: None };
    SearchAnswer { query: query.unwrap(), asked_at: at(asked_at), lifetime_minutes: 360, parts: vec![part] }
}

/// An id that no two tests share by accident.
pub fn unique<T: Id>(text: &str) -> T {
    derived(&[text])
}
