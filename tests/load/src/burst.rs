//! A burst: watchers by the thousand, waiting for a few searches, are due at once. One sweep fires, all that follows from it
//! settles, and then everything is read back: nothing may be lost, and nothing doubled.
//!
//! The state lies in a folder, so that what the process holds in memory is not what it has stored.

mod audit;
pub mod space;

use std::{ops::Range, sync::Arc, time::Instant};

use domain::{
    flights::Cabin,
    identity::{Member, Plan, Role},
    ids::Owner,
    notifications::Preferences,
    search::Wanted,
    watchers::{Filters, Schedule, Telling, TravelDates, Watcher, WatcherSpec},
};
use futures::{StreamExt, stream};
use jiff::{SignedDuration, ToSpan};
use local::{
    clock::MovableClock,
    data::{Folder, RECORDED_AT},
    machine::{Options, System},
    seed::{self, Person},
};
use platform::enrolment::Enrolment;
use serde::{Deserialize, Serialize};
use storage::{Change, WatcherQuota};

use self::space::{Question, Space};

/// Writes and reads of ours that are under way at once.
const AT_ONCE: usize = 8;
/// Where one can go. Each is searched for on as many days as it takes.
const DESTINATIONS: [&str; 4] = ["DXB", "JFK", "LHR", "NRT"];
/// Every watcher runs once in this time, somewhere in it.
const PERIOD_HOURS: u32 = 24;

/// How large a burst is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Burst {
    /// Watchers that are due.
    pub watchers: u32,
    /// Searches that they wait for.
    pub searches: u32,
    /// Deals that each search finds.
    pub deals: u32,
}

/// What a burst took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// Mails sent: one for each watcher and deal.
    pub mails: u64,
    /// Messages that went over the queues.
    pub messages: u64,
    /// Milliseconds from the sweep until nothing was left to do.
    pub millis: u64,
    /// Resident memory before the sweep, in KiB.
    pub before: u64,
    /// The most resident memory at any time since, in KiB.
    pub peak: u64,
}

/// Plants a burst, lets it settle and reads everything back.
///
/// # Panics
/// If anything is lost, doubled or left over.
pub async fn settle(burst: Burst) -> Settled {
    let folder = tempfile::tempdir().unwrap();
    let space = Arc::new(Space::of(burst.deals));
    let mut options = Options::in_memory(Arc::new(MovableClock::at(RECORDED_AT))).unwrap();
    options.folder = Some(Folder::open(folder.path()).unwrap());
    options.outside = Some(space.clone());
    let system = System::start(options).await.unwrap();
    plant(&system, &burst).await;

    forget_peak();
    let (before, started) = (resident("VmRSS"), Instant::now());
    // A little more than a period: every watcher is due, at noon of its owner, when nothing waits for quiet hours to end.
    system.leap(SignedDuration::from_hours(i64::from(PERIOD_HOURS) + 1)).await.unwrap();
    let (millis, peak) = (started.elapsed().as_millis(), resident("VmHWM"));

    audit::read_back(&system, &space, &burst).await;
    Settled { mails: burst.alerts(), messages: burst.messages(), millis: u64::try_from(millis).unwrap(), before, peak }
}

impl Burst {
    /// An alert for each watcher and deal.
    fn alerts(&self) -> u64 {
        u64::from(self.watchers) * u64::from(self.deals)
    }

    /// Each search is due and answered; each of its deals is found; each alert is a match, and a mail to send.
    fn messages(&self) -> u64 {
        u64::from(self.searches) * (2 + u64::from(self.deals)) + 2 * self.alerts()
    }

    /// How many watchers a member has: as many as the plan allows and the day's number of messages has room for. Each waits
    /// for another search.
    fn each(&self) -> u32 {
        let room = Preferences::default_of(owner(0)).per_day / self.deals;
        let each = room.min(Plan::Premium.watchers()).min(self.searches);
        assert!(each > 0, "a member is not told of so many deals in a day");
        each
    }

    fn members(&self) -> Range<u32> {
        0..self.watchers.div_ceil(self.each())
    }

    /// The watchers of a member, in the order of their ids.
    fn watchers_of(&self, member: &Member, number: u32) -> Vec<Watcher> {
        let first = number * self.each();
        (first..(first + self.each()).min(self.watchers)).map(|n| self.watcher(member, n)).collect()
    }

    /// As it is when its owner has just made it.
    fn watcher(&self, member: &Member, n: u32) -> Watcher {
        let Question { from, to, day } = question(n % self.searches);
        let spec = WatcherSpec {
            name: "Burst".parse().unwrap(),
            wanted: Wanted::AwardFlights,
            from: [from.code().parse().unwrap()].into(),
            to: [to.code().parse().unwrap()].into(),
            dates: TravelDates::Around { on: day, flex_days: 0 },
            cabins: [Cabin::Economy].into(),
            travellers: 1,
            filters: Filters::default(),
            telling: Telling::default(),
            schedule: Schedule::Hours { hours: PERIOD_HOURS, active: None },
        };
        Watcher::create(ulid::Ulid(u128::from(n) + 1).into(), member, spec, RECORDED_AT).unwrap()
    }
}

/// What the n-th search asks.
fn question(n: u32) -> Question {
    let (days, to) = (i64::from(n) / DESTINATIONS.len() as i64, DESTINATIONS[n as usize % DESTINATIONS.len()]);
    let first: jiff::civil::Date = "2026-04-01".parse().unwrap();
    Question { from: "LAX".parse().unwrap(), to: to.parse().unwrap(), day: first.checked_add(days.days()).unwrap() }
}

fn owner(number: u32) -> Owner {
    seed::owner(seed::DEMO.id, &handle(number)).unwrap()
}

fn handle(number: u32) -> String {
    format!("burst{number}")
}

fn address(number: u32) -> String {
    format!("{}@example.com", handle(number))
}

/// Stores members with their watchers.
async fn plant(system: &System, burst: &Burst) {
    let (store, vault) = (system.store(), system.operator().vault());
    stream::iter(burst.members())
        .for_each_concurrent(AT_ONCE, |number| async move {
            let (handle, email) = (handle(number), address(number));
            let person = Person {
                handle: &handle,
                name: "Bea Burst",
                email: &email,
                plan: Plan::Premium,
                zone: seed::DEMO.zone,
                role: Role::Member,
                password: None,
            };
            let mut enrolment = Enrolment::of(person.applicant(&seed::DEMO).unwrap(), vault).await.unwrap();
            let mut watchers = burst.watchers_of(&enrolment.member, number);
            let quota = WatcherQuota { owner: owner(number) };
            let change = enrolment.join(Change::new()).count(&quota, watchers.len() as i64, Plan::Premium.watchers());
            store.commit(watchers.iter_mut().fold(change, Change::create)).await.unwrap();
        })
        .await;
}

/// Has the peak of memory begin anew. Where that is not allowed, the peak is that of the whole process.
fn forget_peak() {
    std::fs::write("/proc/self/clear_refs", "5").ok();
}

/// A field of our own memory, in KiB (Linux only: elsewhere 0).
fn resident(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(field));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
}
