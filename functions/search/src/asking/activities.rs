//! Activities: every source side by side.

use std::sync::Arc;

use domain::{
    activities::{ActivityOffer, ActivityQuery},
    answers::{Answer, Part},
    sources::KeyScope,
};
use futures::{
    FutureExt,
    future::{BoxFuture, join_all},
};
use platform::Deps;
use providers::{ActivitySource, Serving};
use storage::StoreError;

use super::{Askable, Asking};

impl Askable for ActivityQuery {
    type Adapter = Arc<dyn ActivitySource>;

    fn ask<'a>(&'a self, asking: &'a Asking<'a, Self>) -> BoxFuture<'a, Vec<Part<ActivityOffer>>> {
        let said = asking.serving().map(move |serving| async move {
            let Some(asked) = asking.put_to(serving, self) else { return asking.not_offered(serving) };
            let with = asking.with(serving);
            let ask = asking.part(serving.adapter.activities(&with, &asked));
            Box::pin(asking.of_all(serving, self, &asked, ask)).await
        });
        join_all(said).boxed()
    }

    fn is_wanted_of(&self, _: &Serving<Self::Adapter>) -> bool {
        true
    }

    /// Prices of activities are no observations yet: nothing learns from them.
    fn keep_prices<'a>(_: &'a Deps, _: &'a KeyScope, _: &'a Answer<Self>) -> BoxFuture<'a, Result<(), StoreError>> {
        async { Ok(()) }.boxed()
    }
}
