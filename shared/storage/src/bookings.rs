//! Members' ways to awards. Owned by value.

use domain::{
    booking::Booking,
    ids::{BookingId, Owner},
};
use jiff::Timestamp;

use crate::{
    entity::{Entity, Key, Keyspace, Kind},
    members::{COLLECTION, collection},
    store::{Listed, Range, SortRange, Store, StoreError},
    tables::Table,
};

pub(crate) const BOOKING: &Kind = &Kind {
    name: "booking",
    context: "value",
    table: Table::Core,
    keys: &[Keyspace { index: None, partition: COLLECTION, sort: "BOOKING#" }],
    retention: "400 days after it last changed",
    privacy: "exported; deleted with the member",
};

impl Entity for Booking {
    const KIND: &'static Kind = BOOKING;

    fn key(&self) -> Key {
        booking_key(&self.owner, self.id)
    }

    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }

    fn expires(&self) -> Option<Timestamp> {
        Some(self.ends())
    }
}

fn booking_key(owner: &Owner, id: BookingId) -> Key {
    Key::new(collection(owner), format!("BOOKING#{id}"))
}

impl Store {
    /// One of a member's bookings.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn booking_of(&self, owner: &Owner, id: BookingId) -> Result<Option<Booking>, StoreError> {
        self.get(booking_key(owner, id)).await
    }

    /// A page of a member's bookings, in the order of their ids.
    ///
    /// # Errors
    /// If the store can't say, or `after` is no place in the list.
    pub async fn bookings_of(&self, owner: &Owner, limit: u8, after: Option<&str>) -> Result<Listed<Booking>, StoreError> {
        let sk = SortRange::Prefix("BOOKING#".to_owned());
        self.list(Range { index: None, pk: collection(owner), sk, limit: limit.into(), after, backwards: false }).await
    }
}
