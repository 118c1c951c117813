//! Domain events: everything that happens and that others can consume. They carry keys, not contents.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    caching::Stock,
    deals::Score,
    flights::SourceId,
    ids::{AlertId, BookingId, ChallengeId, DealId, DeliveryId, MemberId, PropertyId, TenantId, WatcherId},
    search::SearchKey,
    sources::KeyScope,
    time::Slot,
    watchers::Reason,
};

/// Who events come from: the bus's `source`.
pub const SOURCE: &str = "mile-buy-club";

/// Something that happened.
pub trait Event: Serialize + DeserializeOwned + Send + 'static {
    /// Its name: the bus's `detail-type`.
    const NAME: &'static str;

    /// Whose.
    fn tenant(&self) -> &TenantId;
}

/// Declares an event: a struct with a tenant and further keys.
macro_rules! events {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* })*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
            #[serde(rename_all = "camelCase")]
            pub struct $name {
                /// Whose.
                pub tenant: TenantId,
                $($(#[$field_doc])* pub $field: $type,)*
            }

            impl Event for $name {
                const NAME: &'static str = stringify!($name);

                fn tenant(&self) -> &TenantId {
                    &self.tenant
                }
            }
        )*

        /// The name of every event.
        pub const NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}

events! {
    /// Someone asked for a passcode.
    PasscodeWanted {
        /// For which challenge.
        challenge: ChallengeId,
        /// For which time.
        wanted: u32,
    }
    /// Someone became a member.
    MemberJoined {
        /// Who.
        member: MemberId,
    }
    /// An account is locked, whether there is one or not.
    AccountLocked {
        /// Whose.
        member: MemberId,
        /// Until when.
        until: Timestamp,
    }
    /// A watcher was created.
    WatcherCreated {
        /// Whose.
        member: MemberId,
        /// Which.
        watcher: WatcherId,
    }
    /// A watcher was changed, paused, resumed or asked to run.
    WatcherChanged {
        /// Whose.
        member: MemberId,
        /// Which.
        watcher: WatcherId,
    }
    /// A watcher was deleted.
    WatcherDeleted {
        /// Whose.
        member: MemberId,
        /// Which.
        watcher: WatcherId,
    }
    /// The sources answered a search.
    SearchAnswered {
        /// The question.
        search_key: SearchKey,
        /// The slot it was asked for.
        slot: Slot,
        /// Who may see the answer: where it is kept.
        scope: KeyScope,
    }
    /// What a source has in stock has changed: what it said before is no longer to be believed.
    InventoryChanged {
        /// Who says so.
        source: SourceId,
        /// Where.
        stock: Stock,
        /// From the first to the last of these days; on any, if none are given.
        days: Option<(Date, Date)>,
        /// When the source was seen to say so.
        at: Timestamp,
    }
    /// A search found a deal for the first time.
    DealFound {
        /// The search that found it.
        search_key: SearchKey,
        /// Which.
        deal: DealId,
        /// In which version.
        deal_version: u64,
    }
    /// A deal changed, or is gone, as seen by a search.
    DealChanged {
        /// The search that saw it.
        search_key: SearchKey,
        /// Which.
        deal: DealId,
        /// In which version.
        deal_version: u64,
    }
    /// A deal is worth telling a watcher's owner.
    WatcherMatched {
        /// Whose.
        member: MemberId,
        /// Which watcher.
        watcher: WatcherId,
        /// Which deal.
        deal: DealId,
        /// The version in which it last changed.
        deal_version: u64,
        /// Why now.
        reason: Reason,
        /// How good it is for this member.
        score: Score,
    }
    /// A member is to be told something.
    AlertRaised {
        /// Who.
        member: MemberId,
        /// What.
        alert: AlertId,
    }
    /// A message went out.
    MessageSent {
        /// To whom.
        member: MemberId,
        /// Which.
        delivery: DeliveryId,
    }
    /// A message may have gone out: the answer was lost. It is not repeated.
    MessageUncertain {
        /// To whom.
        member: MemberId,
        /// Which.
        delivery: DeliveryId,
    }
    /// A member keeps a deal in sight.
    DealSaved {
        /// Who.
        member: MemberId,
        /// Which.
        deal: DealId,
    }
    /// They no longer do.
    DealForgotten {
        /// Who.
        member: MemberId,
        /// Which.
        deal: DealId,
    }
    /// A member says that an award is booked.
    BookingDone {
        /// Who.
        member: MemberId,
        /// Which.
        booking: BookingId,
        /// Of which deal.
        deal: DealId,
    }
    /// A member gave a booking up.
    BookingAbandoned {
        /// Who.
        member: MemberId,
        /// Which.
        booking: BookingId,
        /// Of which deal.
        deal: DealId,
    }
    /// A member turned advice on cards off, or on again.
    CardAdviceChosen {
        /// Who.
        member: MemberId,
        /// Whether they want none.
        opted_out: bool,
    }
    /// An operator said that two properties are one.
    PropertiesJoined {
        /// Who.
        member: MemberId,
        /// The one that they are now.
        property: PropertyId,
    }
    /// An operator said that two listings are two properties.
    PropertySplit {
        /// Who.
        member: MemberId,
        /// The one of them.
        property: PropertyId,
        /// The other one.
        apart: PropertyId,
    }
    /// A channel refused a message for good.
    MessageRefused {
        /// To whom.
        member: MemberId,
        /// Which.
        delivery: DeliveryId,
    }
}
