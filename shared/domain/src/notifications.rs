//! Alerts, the messages that carry them, and whether and when a member is told.

use jiff::{SignedDuration, Timestamp, ToSpan, civil::Time};
use serde::{Deserialize, Serialize};

use crate::{
    deals::{Deal, Score},
    flights::Fare,
    ids::{AlertId, DealId, DeliveryId, Owner, WatcherId, derived},
    rates::Rates,
    sealed::{Place, Sealed},
    time::{Zone, day_of, to_second},
    value::{Valuations, Verdict, Yardstick},
    watchers::{ActiveHours, Reason, WatcherName},
};

/// Why a member is told. Rules, watchlists and account events will be further causes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "cause", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Cause {
    /// A watcher matched a deal.
    Watcher {
        /// Which.
        watcher: WatcherId,
        /// Its name at that time.
        name: WatcherName,
        /// Why now.
        reason: Reason,
    },
}

/// Where an alert is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AlertState {
    /// A message is on its way, or waits for its hour.
    Open,
    /// A message went out.
    Told,
    /// A message may have gone out: the channel's answer was lost. It is not repeated.
    Uncertain,
    /// No message goes out: the day's number is reached, or what it tells of is gone.
    Dropped,
    /// The member has read it.
    Read,
}

/// Something a member is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Alert {
    /// Derived from cause and subject: the same cause tells once.
    pub id: AlertId,
    /// Who is told.
    #[serde(flatten)]
    pub owner: Owner,
    /// Why.
    #[serde(flatten)]
    pub cause: Cause,
    /// Of which deal.
    pub deal: DealId,
    /// The version in which it had last changed: what it cost then.
    pub deal_version: u64,
    /// How good it was, for this member.
    pub score: Score,
    /// How to book it, step by step, in the language of the message; nothing for what is paid in money. Nobody's balances are in it.
    #[serde(default)]
    pub steps: Vec<String>,
    /// That money is the better way, and up to which price, where it is: in the language of the message.
    #[serde(default)]
    pub money_first: Option<String>,
    /// How good it is by what the member says that the points are worth, where they say it: that overrides what is published. It is
    /// sealed, as what they say is.
    #[serde(default)]
    pub own: Option<Sealed<OwnJudgement>>,
    /// Whether what is published of the points' worth was published long before the deal was seen.
    #[serde(default)]
    pub long_ago: bool,
    /// Where it is in its life.
    pub state: AlertState,
    /// Why it is dropped, if it is.
    pub dropped: Option<Dropped>,
    /// Raised.
    pub created_at: Timestamp,
    /// Read.
    pub read_at: Option<Timestamp>,
    /// Optimistic lock.
    pub version: u64,
}

/// Why no message goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Dropped {
    /// The member's number of messages for the day is reached.
    DailyCap,
    /// The member has paused all messages.
    Paused,
    /// The member does not want mail.
    Unwanted,
    /// The deal was gone before the message went out.
    DealGone,
    /// The member, or the member's address, is no more.
    NoAddress,
    /// The watcher wants it no more: it was deleted, paused or changed before the message went out, or the deal got worse.
    NotWatched,
    /// A later message about the same deal, from the same watcher, says more.
    Superseded,
}

/// How good an award is to a member who says what its points are worth to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OwnJudgement {
    /// The verdict, where a value is known.
    pub verdict: Option<Verdict>,
    /// What it gives the score.
    pub value: Option<u8>,
}

impl OwnJudgement {
    /// Of a deal; none, where the member says nothing of these points, or it asks none.
    pub fn of(deal: &Deal, own: &Valuations) -> Option<Self> {
        let Fare::Award { programme, .. } = &deal.flight().fare else { return None };
        own.own(programme)?;
        let held = deal.clone().held_against(own);
        Some(Self { verdict: held.valuation.and_then(|valuation| valuation.verdict), value: held.parts.value })
    }
}

impl Alert {
    /// Where what is the member's own is sealed.
    pub const OWN: Place<OwnJudgement> = Place::new("alert", "own");

    /// Says whether the award is worth its points, as published.
    pub fn judge(&mut self, deal: &Deal, rates: &Rates) {
        let Fare::Award { programme, .. } = &deal.flight().fare else { return };
        let on = day_of(deal.flight().freshness.observed_at);
        self.long_ago = Yardstick::of(programme, None, on).is_some_and(|published| published.stale);
        let valuation = deal.valuation.as_ref().filter(|valuation| valuation.same_for_money().is_some());
        let even = valuation.and_then(|valuation| match valuation.verdict? {
            Verdict::Poor => deal.break_even(&Valuations::default(), rates),
            Verdict::Fair | Verdict::Good | Verdict::Great | Verdict::Exceptional => None,
        });
        self.money_first = even.map(|even| format!("By the published valuations money is the better way: {even}."));
    }

    /// An alert for a match.
    pub fn raise(owner: Owner, cause: Cause, (deal, deal_version): (DealId, u64), score: Score, now: Timestamp) -> Self {
        let Cause::Watcher { watcher, .. } = &cause;
        Self {
            id: Self::id_for(*watcher, deal, deal_version),
            owner,
            cause,
            deal,
            deal_version,
            score,
            steps: Vec::new(),
            money_first: None,
            own: None,
            long_ago: false,
            state: AlertState::Open,
            dropped: None,
            created_at: to_second(now),
            read_at: None,
            version: 0,
        }
    }

    /// The id of the alert for a watcher's match with a version of a deal.
    pub fn id_for(watcher: WatcherId, deal: DealId, deal_version: u64) -> AlertId {
        derived(&["watcher", &watcher.to_string(), &deal.to_string(), &deal_version.to_string()])
    }

    /// The member has read it. Reading twice changes nothing; answers whether it was news.
    pub fn read(&mut self, now: Timestamp) -> bool {
        let news = self.read_at.is_none();
        if news {
            self.read_at = Some(to_second(now));
            self.state = AlertState::Read;
        }
        news
    }

    /// A message went out. What is read stays read.
    pub fn told(&mut self) {
        if self.state == AlertState::Open {
            self.state = AlertState::Told;
        }
    }

    /// A message may have gone out.
    pub fn uncertain(&mut self) {
        if self.state == AlertState::Open {
            self.state = AlertState::Uncertain;
        }
    }

    /// No message goes out.
    pub fn drop_because(&mut self, why: Dropped) {
        if self.state == AlertState::Open {
            self.state = AlertState::Dropped;
            self.dropped = Some(why);
        }
    }
}

/// How members are reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// Mail.
    Email,
}

impl Channel {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
        }
    }
}

/// Where a message is. The way out of a claim is decided by what is known: an answer that was lost is never taken for a
/// failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum DeliveryState {
    /// To be sent, at or after its due time.
    Queued,
    /// Someone is sending it.
    Claimed {
        /// Since.
        at: Timestamp,
    },
    /// The channel took it.
    Sent {
        /// When.
        at: Timestamp,
        /// The channel's own id.
        message_id: String,
    },
    /// The channel's answer was lost: it may have gone out. Reported, and never repeated.
    Uncertain {
        /// Claimed at.
        at: Timestamp,
    },
    /// The channel refused it for good.
    Refused {
        /// When.
        at: Timestamp,
        /// The channel's error code.
        code: String,
    },
    /// Not sent on purpose.
    Dropped {
        /// Why.
        why: Dropped,
    },
}

/// One message that carries an alert on one channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// Derived from alert and channel: one message each.
    pub id: DeliveryId,
    /// To whom.
    #[serde(flatten)]
    pub owner: Owner,
    /// What it carries.
    pub alert: AlertId,
    /// How.
    pub channel: Channel,
    /// Not before.
    pub due: Timestamp,
    /// Where it is.
    pub delivery: DeliveryState,
    /// How often it was claimed.
    pub attempts: u32,
    /// Optimistic lock.
    pub version: u64,
}

/// A claim that has not ended after so many seconds is a sender that died: longer than any function may run.
pub const CLAIM_SECONDS: i64 = 120;

/// What a sender finds when it takes up a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// It is yours: store it, and send only if that succeeded.
    Yours,
    /// Not before its due time.
    NotYet,
    /// Someone else is sending it.
    Busy,
    /// Its sender died after the claim. Whether it went out is not known.
    Abandoned,
    /// It is settled: nothing to do.
    Settled,
}

impl Delivery {
    /// A message to be sent.
    pub fn plan(alert: &Alert, channel: Channel, due: Timestamp) -> Self {
        Self {
            id: Self::id_for(alert.id, channel),
            owner: alert.owner.clone(),
            alert: alert.id,
            channel,
            due,
            delivery: DeliveryState::Queued,
            attempts: 0,
            version: 0,
        }
    }

    /// The id of the message that carries an alert on a channel.
    pub fn id_for(alert: AlertId, channel: Channel) -> DeliveryId {
        derived(&["delivery", &alert.to_string(), channel.as_str()])
    }

    /// Tries to claim it. After `Yours`, `self` is the claimed state and has yet to be stored; after `Abandoned`, it is
    /// the uncertain state and has yet to be stored.
    pub fn claim(&mut self, now: Timestamp) -> Claim {
        match &self.delivery {
            DeliveryState::Queued if now < self.due => Claim::NotYet,
            DeliveryState::Queued => {
                self.delivery = DeliveryState::Claimed { at: now };
                self.attempts += 1;
                Claim::Yours
            }
            DeliveryState::Claimed { at } if now.duration_since(*at) >= SignedDuration::from_secs(CLAIM_SECONDS) => {
                self.delivery = DeliveryState::Uncertain { at: *at };
                Claim::Abandoned
            }
            DeliveryState::Claimed { .. } => Claim::Busy,
            DeliveryState::Sent { .. }
            | DeliveryState::Uncertain { .. }
            | DeliveryState::Refused { .. }
            | DeliveryState::Dropped { .. } => Claim::Settled,
        }
    }

    /// Whether it waits for its hour. Once tried, it is the queue's to bring it again.
    pub fn waits(&self) -> bool {
        self.delivery == DeliveryState::Queued && self.attempts == 0
    }
}

/// What a member wants to be told, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Preferences {
    /// Whose.
    #[serde(flatten)]
    pub owner: Owner,
    /// Wants mail about finds.
    pub email: bool,
    /// No messages in these hours of the member's day.
    pub quiet: Option<ActiveHours>,
    /// At most so many messages a day.
    pub per_day: u32,
    /// No messages until then.
    pub paused_until: Option<Timestamp>,
    /// Optimistic lock.
    pub version: u64,
}

impl Preferences {
    /// Mail at once, none from 22:00 to 08:00, at most ten a day.
    pub fn default_of(owner: Owner) -> Self {
        let quiet = ActiveHours { from: Time::constant(22, 0, 0, 0), to: Time::constant(8, 0, 0, 0) };
        Self { owner, email: true, quiet: Some(quiet), per_day: 10, paused_until: None, version: 0 }
    }

    /// Whether and when a message about a find goes out.
    pub fn decide(&self, zone: &Zone, now: Timestamp) -> Timing {
        if !self.email {
            return Timing::Never(Dropped::Unwanted);
        }
        if self.paused_until.is_some_and(|until| now < until) {
            return Timing::Never(Dropped::Paused);
        }
        match self.quiet {
            Some(quiet) if quiet.contain(zone.local(now).time()) => Timing::At(end_of_quiet(quiet, zone, now)),
            Some(_) | None => Timing::At(now),
        }
    }
}

/// The next instant at which quiet hours end. Where a daylight saving change skips that time, the moment after the gap.
fn end_of_quiet(quiet: ActiveHours, zone: &Zone, now: Timestamp) -> Timestamp {
    let today = zone.local(now).date();
    (0_i64..=2)
        .filter_map(|days| today.checked_add(days.days()).ok())
        .filter_map(|date| zone.zone().to_timestamp(date.to_datetime(quiet.to)).ok())
        .find(|end| *end > now)
        .unwrap_or(now)
}

/// When a message goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timing {
    /// Then; at once if that is now.
    At(Timestamp),
    /// It does not.
    Never(Dropped),
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn owner() -> Owner {
        Owner { tenant: "demo".parse().unwrap(), member: ulid::Ulid::nil().into() }
    }

    fn delivery() -> Delivery {
        let cause = Cause::Watcher { watcher: ulid::Ulid::nil().into(), name: "Dubai".parse().unwrap(), reason: Reason::Found };
        let score = Score { total: 1, parts: crate::deals::Parts::default() };
        let alert = Alert::raise(owner(), cause, (ulid::Ulid::nil().into(), 1), score, Timestamp::UNIX_EPOCH);
        Delivery::plan(&alert, Channel::Email, Timestamp::UNIX_EPOCH)
    }

    fn second(n: i64) -> Timestamp {
        Timestamp::from_second(n).unwrap()
    }

    #[test]
    fn a_message_is_claimed_once_and_an_abandoned_claim_is_uncertain_for_good() {
        let mut delivery = delivery();
        assert_eq!(delivery.claim(second(0)), Claim::Yours);
        assert_eq!(delivery.claim(second(CLAIM_SECONDS - 1)), Claim::Busy);
        assert_eq!(delivery.claim(second(CLAIM_SECONDS)), Claim::Abandoned);
        assert_eq!(delivery.claim(second(1_000_000)), Claim::Settled);
    }

    #[test]
    fn a_message_waits_for_its_hour() {
        let mut delivery = Delivery { due: second(60), ..delivery() };
        assert_eq!(delivery.claim(second(59)), Claim::NotYet);
        assert_eq!(delivery.claim(second(60)), Claim::Yours);
    }

    #[test]
    fn what_quiet_hours_hold_back_goes_out_when_they_end_over_a_daylight_saving_change() {
        let zone: Zone = "America/New_York".parse().unwrap();
        let preferences = Preferences::default_of(owner());
        let decide = |at: &str| preferences.decide(&zone, at.parse().unwrap());
        assert_eq!(
            decide("2026-03-08T03:30:00Z"),
            Timing::At("2026-03-08T12:00:00Z".parse().unwrap()),
            "22:30 EST; 08:00 is EDT"
        );
        assert_eq!(decide("2026-03-08T11:59:00Z"), Timing::At("2026-03-08T12:00:00Z".parse().unwrap()));
        assert_eq!(decide("2026-03-08T12:00:00Z"), Timing::At("2026-03-08T12:00:00Z".parse().unwrap()));
    }

    #[test]
    fn who_paused_or_wants_no_mail_gets_none() {
        let now = second(1_000);
        let paused = Preferences { paused_until: Some(second(2_000)), ..Preferences::default_of(owner()) };
        assert_eq!(paused.decide(&Zone::UTC, now), Timing::Never(Dropped::Paused));
        let unwanted = Preferences { email: false, ..Preferences::default_of(owner()) };
        assert_eq!(unwanted.decide(&Zone::UTC, now), Timing::Never(Dropped::Unwanted));
    }

    #[test]
    fn what_is_read_stays_read() {
        let cause = Cause::Watcher { watcher: ulid::Ulid::nil().into(), name: "Dubai".parse().unwrap(), reason: Reason::Found };
        let mut alert = Alert::raise(
            owner(),
            cause,
            (ulid::Ulid::nil().into(), 1),
            Score { total: 1, parts: crate::deals::Parts::default() },
            second(0),
        );
        assert!(alert.read(second(5)) && !alert.read(second(9)));
        alert.told();
        alert.drop_because(Dropped::DealGone);
        assert_eq!((alert.state, alert.read_at), (AlertState::Read, Some(second(5))));
    }

    proptest! {
        #[test]
        fn nothing_goes_out_in_quiet_hours(at in 1_700_000_000_i64..1_900_000_000, from in 0_i8..24, to in 0_i8..24) {
            let zone: Zone = "Europe/Berlin".parse().unwrap();
            let quiet = ActiveHours { from: jiff::civil::time(from, 0, 0, 0), to: jiff::civil::time(to, 0, 0, 0) };
            prop_assume!(from != to);
            let preferences = Preferences { quiet: Some(quiet), ..Preferences::default_of(owner()) };
            let Timing::At(due) = preferences.decide(&zone, second(at)) else { unreachable!() };
            prop_assert!(due >= second(at));
            prop_assert!(!quiet.contain(zone.local(due).time()), "{due}");
        }
    }
}
