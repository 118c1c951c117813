//! Finds out which property a listing is of.

use domain::{
    properties::{Cell, Listing, ListingKey, Placing, Property, place},
    sources::KeyScope,
};
use platform::{Deps, JobError};
use storage::{Change, MatchCandidate, PlacedListing, PropertyCell, StoreError, pause};

/// How often it is tried when others place listings near at the same time: each time that it was in vain, one of theirs was placed, and
/// one answer brings forty.
const TRIES: usize = 20;
/// How many pairs a human is asked about for one listing: where it is like so many, they are all called alike.
const MOST_DOUBTS: usize = 10;

/// Places a listing that was never seen before among those that the same may see; one that was stays where it is, and what its source says
/// of it now is taken over. `beside` is what its source answered with besides.
///
/// # Errors
/// If the store can't say, or others kept being faster.
pub(crate) async fn match_listing(cx: &Deps, scope: &KeyScope, listing: &Listing, beside: &[Listing]) -> Result<(), JobError> {
    for tried in 0..TRIES {
        let change = match cx.store().placed_listing(scope, &listing.key).await? {
            Some(placed) => known(cx, &placed, listing).await?,
            None => new(cx, scope, listing, beside).await?,
        };
        let Some(change) = change else { return Ok(()) };
        match cx.store().commit(change).await {
            Ok(()) => return Ok(()),
            // Someone else was faster: it is looked at again, when they may be further.
            Err(StoreError::Changed | StoreError::Exists | StoreError::Contended) => pause(tried).await,
            Err(error) => return Err(error.into()),
        }
    }
    Err(JobError::Retry("properties kept changing while a listing was placed".to_owned()))
}

/// What a source says of what it sold before.
async fn known(cx: &Deps, placed: &PlacedListing, listing: &Listing) -> Result<Option<Change>, JobError> {
    // Joined to another in this moment: the message comes again.
    let joined = || JobError::Retry("a property was joined to another meanwhile".to_owned());
    let mut property = cx.store().property_of(placed).await?.ok_or_else(joined)?;
    // Placed there, it is there: no other of its source can be.
    let has_changed = property.take(listing.clone()).unwrap_or(false);
    Ok(has_changed.then(|| Change::new().update(&mut property)))
}

/// The change that places a listing: nothing, if nothing is known by which it could be placed.
async fn new(cx: &Deps, scope: &KeyScope, listing: &Listing, beside: &[Listing]) -> Result<Option<Change>, JobError> {
    let Some(position) = listing.position.filter(|_| listing.is_told()) else { return Ok(None) };
    let (cells, mut near) = cx.store().properties_in(scope, Cell::around(position)).await?;
    Ok(Some(match place(listing, &near, beside) {
        Placing::In(at, likeness) => {
            let mut property = near.swap_remove(at);
            // Its source sells nothing else there, or it had not been compared.
            property.take_found(listing.clone(), likeness).ok();
            let mut placed = PlacedListing::of(listing.key.clone(), &property);
            changing(&property.cell, cells).update(&mut property).create(&mut placed)
        }
        Placing::Alone(doubts) => {
            let id = Property::id_by(&listing.key);
            let mut property = Property::first(id, scope.clone(), Cell::of(position), listing.clone());
            let mut placed = PlacedListing::of(listing.key.clone(), &property);
            let change = changing(&property.cell, cells).create(&mut property).create(&mut placed);
            // Operators decide for all, and are not shown what a tenant's own key has bought.
            let doubts = if *scope == KeyScope::Deployment { doubts } else { Vec::new() };
            doubts.into_iter().take(MOST_DOUBTS).fold(change, |change, (at, likeness)| match named(&near[at]) {
                Some(other) => {
                    let (one, other) = (listing.key.clone(), other.clone());
                    change.set(&MatchCandidate { one, other, likeness, since: cx.now() })
                }
                None => change,
            })
        }
    }))
}

/// That something is placed in a cell, provided that nothing was in those that it was compared with since they were read. Only the
/// one is written: of two who place next to each other the second one looks again, and nobody waits for who is farther away.
fn changing(changed: &Cell, cells: Vec<PropertyCell>) -> Change {
    cells.into_iter().fold(Change::new(), |change, mut cell| {
        // Where nothing was ever placed there is nothing yet to hold it against.
        if cell.cell == *changed || cell.version == 0 { change.save(&mut cell) } else { change.provided(&mut cell) }
    })
}

/// What a property is called in a question to a human: as the most trusted source that has a name for it calls it.
fn named(property: &Property) -> Option<&ListingKey> {
    property.by_trust().into_iter().find(|listing| listing.name.is_some()).map(|listing| &listing.key)
}
