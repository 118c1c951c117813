//! `GET /v1/me/cards/gaps`

use axum::extract::State;
use domain::{
    booking::Booking,
    cards::{CardId, Catalogue, Gap, Gaps, MemberCards, Reach, Way, WishedBy},
    deals::{Deal, SavedDeal},
    identity::Role,
    ids::{DealId, WatcherId},
    money::{Points, ProgrammeId},
    programmes::name_of,
    tables,
    wallets::Wallet,
    watchers::Watcher,
};
use platform::{Answer, Caller, Deps, Endpoint, Problems, Reply};
use serde::Serialize;
use storage::{Entity, Grant, MemberKey};
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::plans::{Plans, plans};

/// Lists the programmes that members' plans need, and whether their cards reach them.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "cards-list-gaps", || routes!(list_gaps))
    .may(&[
        Booking::READ,
        Deal::READ,
        MemberCards::READ,
        MemberKey::READ,
        SavedDeal::READ,
        Wallet::READ,
        Watcher::READ,
        Grant::UseKeys,
    ])
    .goes_by(&[tables::cards, tables::values, tables::transfers]);

/// What the caller's plans need, and what they lack.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GapsView {
    /// Whether the caller wants no advice: then nothing was looked at.
    opted_out: bool,
    /// How many plans there are: watchers that name programmes, and saved deals.
    plans: usize,
    /// For how many of them the caller lacks the points, and no card held brings them.
    unmet: usize,
    /// The programmes that they need: those that leave most plans unmet first.
    items: Vec<GapView>,
}

/// A programme that the caller's plans need.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GapView {
    /// The programme.
    programme: ProgrammeId,
    /// What it is called.
    programme_name: &'static str,
    /// The watchers that need it.
    watchers: Vec<WatcherId>,
    /// The saved deals that need it.
    deals: Vec<DealId>,
    /// The most points that one of them asks for a traveller, where any says so.
    points: Option<Points>,
    /// For how many of these plans the caller has the points already, of this or another programme.
    in_hand: usize,
    /// Whether another of them can't be met by any card held, through this or another programme.
    missing: bool,
    /// The cards held that bring its points. Empty for none.
    reached_by: Vec<ReachedBy>,
}

/// A card that brings points of a programme.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReachedBy {
    /// Which.
    card: CardId,
    /// Whether what it earns is to be transferred.
    by_transfer: bool,
}

impl From<Gap> for GapView {
    fn from(gap: Gap) -> Self {
        let watcher = |by: &WishedBy| if let WishedBy::Watcher(id) = by { Some(*id) } else { None };
        let deal = |by: &WishedBy| if let WishedBy::Deal(id) = by { Some(*id) } else { None };
        Self {
            programme_name: name_of(&gap.programme).unwrap_or_default(),
            programme: gap.programme,
            watchers: gap.for_what.iter().filter_map(watcher).collect(),
            deals: gap.for_what.iter().filter_map(deal).collect(),
            points: gap.points,
            in_hand: gap.in_hand,
            missing: gap.unmet > 0,
            reached_by: gap
                .ways
                .into_iter()
                .map(|(card, way)| ReachedBy { card, by_transfer: way == Way::Transferred })
                .collect(),
        }
    }
}

/// Lists the programmes that the caller's plans need
///
/// Plans are watchers that name programmes, and saved deals that can still be taken. A programme is reached by a card that earns
/// its points, or whose points can be transferred to it, as a recent source confirms. What the caller's balances pay for already, with
/// such transfers, leaves no gap: each plan by itself, for as many as travel, where it says how many points it takes. Nor does a deal
/// whose points are on their way for its booking; one that is booked is no plan any more.
#[utoipa::path(
    get,
    path = "/v1/me/cards/gaps",
    tag = "cards",
    responses((status = 200, body = GapsView), (status = 304, description = "Not changed since `If-None-Match`"), Problems)
)]
async fn list_gaps(State(cx): State<Deps>, caller: Caller) -> Reply<GapsView> {
    let Some(Plans { held, wishes }) = plans(&cx, &caller).await? else {
        return Ok(Answer::ok(GapsView { opted_out: true, ..GapsView::default() }));
    };
    let gaps = Gaps::of(&wishes, &held, Catalogue::shipped(), &Reach::confirmed());
    let items = gaps.programmes.into_iter().map(GapView::from).collect();
    Ok(Answer::ok(GapsView { opted_out: false, plans: gaps.wishes, unmet: gaps.unmet, items }))
}
