//! Stays: every source that can be asked where.

use std::sync::Arc;

use domain::{
    answers::{Answer, Part},
    sources::KeyScope,
    stays::{StayOffer, StayQuery},
};
use futures::{
    FutureExt,
    future::{BoxFuture, join_all},
};
use platform::Deps;
use providers::{Serving, StaySource};
use storage::StoreError;

use super::{Askable, Asking};

impl Askable for StayQuery {
    type Adapter = Arc<dyn StaySource>;

    fn ask<'a>(&'a self, asking: &'a Asking<'a, Self>) -> BoxFuture<'a, Vec<Part<StayOffer>>> {
        let said = asking.serving().map(move |serving| async move {
            let Some(asked) = asking.put_to(serving, self) else { return asking.not_offered(serving) };
            let with = asking.with(serving);
            let ask = asking.part(serving.adapter.stays(&with, &asked));
            Box::pin(asking.of_all(serving, self, &asked, ask)).await
        });
        join_all(said).boxed()
    }

    fn is_wanted_of(&self, _: &Serving<Self::Adapter>) -> bool {
        true
    }

    /// Prices of rooms are no observations yet: nothing learns from them.
    fn keep_prices<'a>(_: &'a Deps, _: &'a KeyScope, _: &'a Answer<Self>) -> BoxFuture<'a, Result<(), StoreError>> {
        async { Ok(()) }.boxed()
    }
}
