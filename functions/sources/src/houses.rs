//! Looks up what sources say of houses apart from their answers: off everybody's path, once for all answers that name a house.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use domain::{
    flights::SourceId,
    properties::{HouseContent, Listing, ListingKey, ListingReference},
    sources::{KeyScope, Vertical},
};
use platform::{Deps, JobError, telemetry};
use providers::{
    Asking, CALL_TIMEOUT, Found, HouseSource, Serving, SourceError, adapters::TELLING_OF_HOUSES, registry::lines_of_deployment,
    serving, serving_with_keys_of,
};
use storage::Change;

/// What is kept of houses, by what their source calls them.
type Known = BTreeMap<ListingKey, HouseContent>;

/// The listings of an answer of a source, each with what the source says of it elsewhere, where the answer does not. That it can't be
/// asked is no reason to wait: the next answer that names the house has it asked again.
///
/// # Errors
/// If the store can't say, or a key can't be opened.
pub(crate) async fn told(
    cx: &Deps,
    source: &SourceId,
    scope: &KeyScope,
    listings: Vec<Listing>,
) -> Result<Vec<Listing>, JobError> {
    let untold: BTreeSet<ListingKey> =
        listings.iter().filter(|listing| !listing.is_told()).map(|listing| listing.key.clone()).collect();
    if untold.is_empty() || !TELLING_OF_HOUSES.contains(&source.as_str()) {
        return Ok(listings);
    }
    let mut known: Known = cx.store().house_contents(scope, &untold).await?;
    let ask: BTreeSet<ListingReference> = untold
        .into_iter()
        .filter(|key| key.source == *source && !known.get(key).is_some_and(|known| known.is_good(cx.now())))
        .map(|key| key.reference)
        .collect();
    if !ask.is_empty() {
        look_up(cx, (source, scope), &ask, &mut known).await?;
    }
    let complete = |listing: Listing| match known.get(&listing.key) {
        Some(known) => {
            let mut whole = known.listing.clone();
            whole.learn(&listing);
            whole
        }
        None => listing,
    };
    Ok(listings.into_iter().map(complete).collect())
}

/// Asks a source for houses, and keeps what it says. What it was asked in vain is kept, too: it is not asked again with each answer.
async fn look_up(
    cx: &Deps,
    (source, scope): (&SourceId, &KeyScope),
    ask: &BTreeSet<ListingReference>,
    known: &mut Known,
) -> Result<(), JobError> {
    let Some(serving) = server(cx, source, scope).await? else { return Ok(()) };
    let asking = Asking::within(&serving.outside, cx.now(), CALL_TIMEOUT);
    let found = serving.adapter.houses(&asking, ask).await;
    serving.outside.tell().await;
    meter(cx, ask.len(), &found);
    let passes = found.error.as_ref().is_some_and(SourceError::passes);
    let said: BTreeMap<&ListingReference, &Listing> = found.offers.iter().map(|house| (&house.key.reference, house)).collect();
    let to_keep: Vec<_> = ask.iter().filter(|reference| !passes || said.contains_key(reference)).collect();
    if to_keep.is_empty() {
        return Ok(());
    }
    let mut change = Change::new();
    for reference in to_keep {
        let key = ListingKey { source: source.clone(), reference: reference.clone() };
        let before = known.remove(&key).map_or_else(|| Listing::bare(key.clone()), |known| known.listing);
        let content = HouseContent::asked(scope.clone(), before, said.get(reference).copied(), cx.now());
        change = change.set(&content);
        known.insert(key, content);
    }
    cx.store().commit(change).await?;
    Ok(())
}

/// Who is asked: as the search was that named the houses.
async fn server(cx: &Deps, source: &SourceId, scope: &KeyScope) -> Result<Option<Serving<Arc<dyn HouseSource>>>, JobError> {
    let all: Vec<Serving<Arc<dyn HouseSource>>> = match scope {
        KeyScope::Deployment => serving_with_keys_of(cx, scope, &lines_of_deployment(cx).await?, Vertical::Stays).await?,
        KeyScope::Tenant(tenant) => serving(cx, tenant, Vertical::Stays, None).await?,
    };
    Ok(all.into_iter().find(|serving| serving.id() == source))
}

fn meter(cx: &Deps, asked: usize, found: &Found<Listing>) {
    let set_aside: usize = found.set_aside.values().sum();
    let error = found.error.as_ref().map(ToString::to_string);
    tracing::info!(source = %found.source, asked, told = found.offers.len(), calls = found.calls, set_aside, error, "houses");
    telemetry::count(cx, "HousesLookedUp", asked as u64);
    for (metric, count) in [("HousesSetAside", set_aside), ("HouseLookupsFailed", found.error.is_some().into())] {
        if count > 0 {
            telemetry::count(cx, metric, count as u64);
        }
    }
}
