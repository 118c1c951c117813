//! What a member plans, and the points and cards that they have for it.

use std::collections::BTreeSet;

use domain::{
    booking::Booking,
    cards::{CardsHeld, MemberCards, Wish, WishedBy},
    deals::{Deal, SavedDeal},
    flights::Fare,
    funding::Terms,
    ids::BookingId,
    search::Wanted,
    watchers::{Watcher, WatcherState},
};
use futures::{StreamExt, TryStreamExt, stream};
use platform::{Caller, Deps, Failure, wallet::Purse};

/// The most watchers that are looked at: more than any plan allows.
const WATCHERS: u8 = 100;
/// Deals read side by side.
const AT_ONCE: usize = 16;

/// What advice rests on.
pub(crate) struct Plans {
    /// The member's cards.
    pub(crate) held: CardsHeld,
    /// What they plan, held against what they have.
    pub(crate) wishes: Vec<Wish>,
}

/// Reads what advice to a member rests on; nothing at all, for who wants none.
pub(crate) async fn plans(cx: &Deps, caller: &Caller) -> Result<Option<Plans>, Failure> {
    let cards = cx.store().cards_of(&caller.owner).await?;
    if cards.opted_out {
        return Ok(None);
    }
    let looks = async {
        futures::try_join!(opened(cx, &cards), Purse::of(cx, &caller.owner), of_watchers(cx, caller), of_saved(cx, caller))
    };
    // So many calls at once are too much for a stack that handlers share.
    let (held, purse, watchers, saved) = Box::pin(looks).await?;
    let (terms, free) = (Terms::shipped(cx.now()), purse.free(None, cx.now()));
    let watchers = watchers.into_iter().map(|wish| wish.held_against(&free, &terms));
    // What its own booking holds is there for a deal, and for nothing else.
    let saved = saved.into_iter().map(|(wish, booking)| wish.held_against(&purse.free(Some(booking), cx.now()), &terms));
    Ok(Some(Plans { held, wishes: watchers.chain(saved).collect() }))
}

/// What a member said of their cards.
pub(crate) async fn opened(cx: &Deps, cards: &MemberCards) -> Result<CardsHeld, Failure> {
    let Some(held) = &cards.held else { return Ok(CardsHeld::default()) };
    let key = cx.vault().key_of(&cards.owner).await?;
    Ok(key.open(&MemberCards::HELD, held)?)
}

async fn of_watchers(cx: &Deps, caller: &Caller) -> Result<Vec<Wish>, Failure> {
    let watchers = cx.store().watchers_of(&caller.owner, WATCHERS, None).await?;
    Ok(watchers.items.iter().filter_map(of_watcher).collect())
}

/// A watcher that names no programme would take any: there is nothing that it needs.
fn of_watcher(watcher: &Watcher) -> Option<Wish> {
    let filters = &watcher.spec.filters;
    let award = watcher.spec.wanted == Wanted::AwardFlights && watcher.state != WatcherState::Expired;
    (award && !filters.programmes.is_empty()).then(|| Wish {
        by: WishedBy::Watcher(watcher.id),
        any_of: filters.programmes.clone(),
        points: filters.max_points,
        travellers: watcher.query.travellers(),
        in_hand: false,
    })
}

/// What a member has saved is what they plan, until it is booked: each with the id of its booking. What they were only told of is our
/// choice, not theirs.
async fn of_saved(cx: &Deps, caller: &Caller) -> Result<Vec<(Wish, BookingId)>, Failure> {
    let saved = cx.store().all_saved_deals_of(&caller.owner).await?;
    let wishes = stream::iter(saved).map(|saved| of_one_saved(cx, caller, saved));
    let wishes: Vec<_> = wishes.buffered(AT_ONCE).try_collect().await?;
    Ok(wishes.into_iter().flatten().collect())
}

async fn of_one_saved(cx: &Deps, caller: &Caller, saved: SavedDeal) -> Result<Option<(Wish, BookingId)>, Failure> {
    let deal = cx.store().deal(caller.tenant(), saved.deal).await?.filter(|deal| deal.is_open(cx.now()));
    let Some(wish) = deal.and_then(|deal| of_deal(&deal, saved.travellers)) else { return Ok(None) };
    let id = Booking::id_for(&caller.owner, saved.deal);
    let wish = match cx.store().booking_of(&caller.owner, id).await? {
        Some(booking) => wish.with_booking(&booking),
        None => Some(wish),
    };
    Ok(wish.map(|wish| (wish, id)))
}

fn of_deal(deal: &Deal, travellers: u8) -> Option<Wish> {
    match &deal.flight().fare {
        Fare::Award { programme, points, .. } => Some(Wish {
            by: WishedBy::Deal(deal.id),
            any_of: BTreeSet::from([programme.clone()]),
            points: Some(*points),
            travellers,
            in_hand: false,
        }),
        Fare::Cash { .. } => None,
    }
}
