//! What members say of their cards. Owned by cards.

use domain::{cards::MemberCards, ids::Owner};

use crate::{
    entity::{Entity, Key, Keyspace, Kind},
    members::{COLLECTION, collection},
    store::{Store, StoreError},
    tables::Table,
};

pub(crate) const MEMBER_CARDS: &Kind = &Kind {
    name: "member-cards",
    context: "cards",
    table: Table::Core,
    keys: &[Keyspace { index: None, partition: COLLECTION, sort: "CARDS" }],
    retention: "until the member is deleted",
    privacy: "exported, opened; deleted with the member, and unreadable once their key is",
};

impl Entity for MemberCards {
    const KIND: &'static Kind = MEMBER_CARDS;

    fn key(&self) -> Key {
        member_cards_key(&self.owner)
    }

    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }
}

fn member_cards_key(owner: &Owner) -> Key {
    Key::new(collection(owner), "CARDS")
}

impl Store {
    /// A member's cards; of who has said nothing of them, none.
    ///
    /// # Errors
    /// If the store can't say.
    pub async fn cards_of(&self, owner: &Owner) -> Result<MemberCards, StoreError> {
        Ok(self.get(member_cards_key(owner)).await?.unwrap_or_else(|| MemberCards::none_of(owner.clone())))
    }
}
