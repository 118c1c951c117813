//! `POST /v1/watchers`

use axum::extract::State;
use domain::{
    events::WatcherCreated,
    flights::Cabin,
    identity::{Member, Role},
    places::Place,
    search::Wanted,
    watchers::{Filters, Schedule, Telling, TravelDates, Watcher, WatcherError, WatcherName, WatcherSpec},
};
use platform::{Answer, Command, Deps, Endpoint, Failure, Problems, Reply};
use storage::{Change, Entity, Grant, WatcherQuota};
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::watcher_view::{WatcherView, refusal};

/// Creates a watcher.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "watchers-create-watcher", || routes!(create_watcher)).may(&[
    Member::READ,
    Watcher::WRITE,
    WatcherQuota::WRITE,
    Grant::Emit("WatcherCreated"),
]);

/// What a new watcher is to do.
#[derive(Debug, eserde::Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({
    "name": "Dubai in April", "wanted": "award-flights", "from": ["LAX"], "to": ["DXB"], "dates": {"on": "2026-04-27", "flexDays": 1},
    "cabins": ["economy"], "filters": {"maxStops": 1}, "schedule": {"every": "hours", "hours": 24}
}))]
pub struct CreateWatcher {
    name: WatcherName,
    wanted: Wanted,
    from: Vec<Place>,
    to: Vec<Place>,
    dates: TravelDates,
    cabins: Vec<Cabin>,
    /// 1 if not given.
    #[serde(default = "one")]
    travellers: u8,
    #[serde(default)]
    filters: Filters,
    #[serde(default)]
    telling: Telling,
    schedule: Schedule,
}

fn one() -> u8 {
    1
}

impl From<CreateWatcher> for WatcherSpec {
    fn from(input: CreateWatcher) -> Self {
        let CreateWatcher { name, wanted, from, to, dates, cabins, travellers, filters, telling, schedule } = input;
        let (from, to, cabins) = (from.into_iter().collect(), to.into_iter().collect(), cabins.into_iter().collect());
        Self { name, wanted, from, to, dates, cabins, travellers, filters, telling, schedule }
    }
}

/// Creates a watcher
///
/// Within the number of watchers that the member's plan allows. It runs by its schedule from now on.
#[utoipa::path(
    post,
    path = "/v1/watchers",
    tag = "watchers",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat")),
    request_body = CreateWatcher,
    responses((status = 201, body = WatcherView), Problems)
)]
async fn create_watcher(State(cx): State<Deps>, command: Command<CreateWatcher>) -> Reply<WatcherView> {
    let member = command.caller.profile(&cx).await?;
    let mut watcher = Watcher::create(cx.new_id(), &member, command.input.into(), cx.now()).map_err(refusal)?;
    let created = WatcherCreated { tenant: member.owner.tenant.clone(), member: member.id(), watcher: watcher.id };

    let limit = member.plan.watchers();
    let change = Change::new().create(&mut watcher).take(&WatcherQuota { owner: member.owner }, limit);
    let answer = Answer::created(WatcherView::from(&watcher), format!("/v1/watchers/{}", watcher.id)).version(watcher.revision);
    cx.commit(&command.request, cx.emit(change, &created), answer).await.map_err(|failure| match failure {
        Failure::Conflict("limit-reached", _) => refusal(WatcherError::LimitReached(limit)),
        other => other,
    })
}
