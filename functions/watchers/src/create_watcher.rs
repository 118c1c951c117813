//! `POST /v1/watchers`

use axum::extract::State;
use domain::{
    events::WatcherCreated,
    flights::{Cabin, cabins::cabins},
    identity::{Member, Role},
    inputs::{Fields, Input, leaf, list, object},
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
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", example = json!({
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
    #[schema(required = false)]
    travellers: u8,
    #[schema(required = false)]
    filters: Filters,
    #[schema(required = false)]
    telling: Telling,
    schedule: Schedule,
}

impl Input for CreateWatcher {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (name, wanted) = (fields.required("name", leaf), fields.required("wanted", leaf));
        let (from, to) = (fields.required("from", list), fields.required("to", list));
        let (dates, cabins) = (fields.required("dates", object), fields.required("cabins", cabins));
        let (travellers, filters) = (fields.given("travellers", leaf), fields.given("filters", object));
        let (telling, schedule) = (fields.given("telling", object), fields.required("schedule", object));
        Some(Self {
            name: name?,
            wanted: wanted?,
            from: from?,
            to: to?,
            dates: dates?,
            cabins: cabins?,
            travellers: travellers?.unwrap_or(1),
            filters: filters?.unwrap_or_default(),
            telling: telling?.unwrap_or_default(),
            schedule: schedule?,
        })
    }
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
