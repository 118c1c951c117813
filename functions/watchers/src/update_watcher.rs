//! `PATCH /v1/watchers/{id}`

use axum::extract::State;
use domain::{
    flights::{Cabin, cabins::cabins},
    identity::{Member, Role},
    ids::WatcherId,
    inputs::{Fields, Input, leaf, list, object},
    places::Place,
    search::Wanted,
    watchers::{Filters, Schedule, Telling, TravelDates, Watcher, WatcherName, WatcherSpec},
};
use platform::{Answer, Command, Deps, Endpoint, IfMatch, PathId, Problems, Reply};
use storage::{Entity, Grant};
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::watcher_view::{WatcherView, change_watcher};

/// Changes a watcher.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "watchers-update-watcher", || routes!(update_watcher)).may(&[
    Member::READ,
    Watcher::READ,
    Watcher::WRITE,
    Grant::Emit("WatcherChanged"),
]);

/// What is to change. What is not given stays; what is given is replaced whole.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct UpdateWatcher {
    name: Option<WatcherName>,
    wanted: Option<Wanted>,
    from: Option<Vec<Place>>,
    to: Option<Vec<Place>>,
    dates: Option<TravelDates>,
    cabins: Option<Vec<Cabin>>,
    travellers: Option<u8>,
    filters: Option<Filters>,
    telling: Option<Telling>,
    schedule: Option<Schedule>,
}

impl Input for UpdateWatcher {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (name, wanted) = (fields.given("name", leaf), fields.given("wanted", leaf));
        let (from, to) = (fields.given("from", list), fields.given("to", list));
        let (dates, cabins) = (fields.given("dates", object), fields.given("cabins", cabins));
        let (travellers, filters) = (fields.given("travellers", leaf), fields.given("filters", object));
        let (telling, schedule) = (fields.given("telling", object), fields.given("schedule", object));
        Some(Self {
            name: name?,
            wanted: wanted?,
            from: from?,
            to: to?,
            dates: dates?,
            cabins: cabins?,
            travellers: travellers?,
            filters: filters?,
            telling: telling?,
            schedule: schedule?,
        })
    }
}

impl UpdateWatcher {
    fn apply_to(self, spec: WatcherSpec) -> WatcherSpec {
        WatcherSpec {
            name: self.name.unwrap_or(spec.name),
            wanted: self.wanted.unwrap_or(spec.wanted),
            from: self.from.map_or(spec.from, |places| places.into_iter().collect()),
            to: self.to.map_or(spec.to, |places| places.into_iter().collect()),
            dates: self.dates.unwrap_or(spec.dates),
            cabins: self.cabins.map_or(spec.cabins, |cabins| cabins.into_iter().collect()),
            travellers: self.travellers.unwrap_or(spec.travellers),
            filters: self.filters.unwrap_or(spec.filters),
            telling: self.telling.unwrap_or(spec.telling),
            schedule: self.schedule.unwrap_or(spec.schedule),
        }
    }
}

/// Changes a watcher
///
/// Its next run is planned anew. An expired watcher whose new dates lie ahead runs again.
#[utoipa::path(
    patch,
    path = "/v1/watchers/{id}",
    tag = "watchers",
    params(
        ("id" = WatcherId, Path, description = "The watcher"),
        ("If-Match" = Option<String>, Header, description = "The version it must have"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat"),
    ),
    request_body = UpdateWatcher,
    responses((status = 200, body = WatcherView), Problems)
)]
async fn update_watcher(
    State(cx): State<Deps>,
    PathId(id): PathId<WatcherId>,
    if_match: IfMatch,
    command: Command<UpdateWatcher>,
) -> Reply<WatcherView> {
    let member = command.caller.profile(&cx).await?;
    let change = |watcher: &mut Watcher| {
        let spec = command.input.apply_to(watcher.spec.clone());
        watcher.change(&member, spec, cx.now())
    };
    change_watcher(&cx, (&command.caller, &command.request), (id, if_match), change, Answer::ok).await
}
