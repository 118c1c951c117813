//! What a member plans, and the points and cards that they have for it.

use std::collections::BTreeSet;

use domain::{
    cards::{CardsHeld, MemberCards, Wish, WishedBy},
    deals::Deal,
    flights::Fare,
    funding::{Balances, Terms},
    ids::Owner,
    search::Wanted,
    value::Valuations,
    wallets::{OwnValuations, Wallet},
    watchers::{Watcher, WatcherState},
};
use futures::{StreamExt, TryStreamExt, stream};
use platform::{Caller, Deps, Failure};

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
    let looks =
        async { futures::try_join!(opened(cx, &cards), balances(cx, caller), of_watchers(cx, caller), of_saved(cx, caller)) };
    // So many calls at once are too much for a stack that handlers share.
    let (held, balances, watchers, saved) = Box::pin(looks).await?;
    let terms = Terms::shipped(cx.now());
    let wishes = watchers.into_iter().chain(saved).map(|wish| wish.held_against(&balances, &terms));
    Ok(Some(Plans { held, wishes: wishes.collect() }))
}

/// What a member said of their cards.
pub(crate) async fn opened(cx: &Deps, cards: &MemberCards) -> Result<CardsHeld, Failure> {
    let Some(held) = &cards.held else { return Ok(CardsHeld::default()) };
    let key = cx.vault().key_of(&cards.owner).await?;
    Ok(key.open(&MemberCards::HELD, held)?)
}

/// What a member has that no booking holds.
async fn balances(cx: &Deps, caller: &Caller) -> Result<Balances, Failure> {
    let Some(wallet) = cx.store().wallet(&caller.owner).await? else { return Ok(Balances::default()) };
    let balances = cx.vault().key_of(&caller.owner).await?.open(&Wallet::BALANCES, &wallet.balances)?;
    Ok(wallet.free(balances, None, cx.now()))
}

/// What points are worth to a member: what they say, and what is published of the others.
pub(crate) async fn worth(cx: &Deps, owner: &Owner) -> Result<Valuations, Failure> {
    let Some(own) = cx.store().own_valuations(owner).await? else { return Ok(Valuations::default()) };
    let key = cx.vault().key_of(owner).await?;
    Ok(key.open(&OwnValuations::VALUATIONS, &own.valuations)?)
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

/// What a member has saved is what they plan. What they were only told of is our choice, not theirs.
async fn of_saved(cx: &Deps, caller: &Caller) -> Result<Vec<Wish>, Failure> {
    let saved = cx.store().all_saved_deals_of(&caller.owner).await?;
    let deals = stream::iter(saved).map(|saved| async move { cx.store().deal(caller.tenant(), saved.deal).await });
    let deals: Vec<Option<Deal>> = deals.buffered(AT_ONCE).try_collect().await?;
    Ok(deals.iter().flatten().filter(|deal| deal.is_open(cx.now())).filter_map(of_deal).collect())
}

fn of_deal(deal: &Deal) -> Option<Wish> {
    match &deal.flight().fare {
        Fare::Award { programme, points, .. } => Some(Wish {
            by: WishedBy::Deal(deal.id),
            any_of: BTreeSet::from([programme.clone()]),
            points: Some(*points),
            travellers: 1,
            in_hand: false,
        }),
        Fare::Cash { .. } => None,
    }
}
