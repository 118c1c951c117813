//! `POST /v1/webhooks/{id}/inventory`

use axum::extract::{FromRequestParts, Path, State};
use domain::{
    flights::SourceId,
    inputs::{Fields, Input, leaf, objects},
    sources::{Account, KeyScope},
};
use http::request::Parts;
use jiff::civil::Date;
use platform::{Answer, Deps, Endpoint, Failure, Notice, Problems, Reply, telemetry};
use providers::{
    feed::{Changes, note},
    makemytrip,
};
use serde::Serialize;
use storage::{Change, Entity, Grant, ReceivedNotice, StoreError};
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::inventory::{AT_ONCE, events, telling};

/// Receives what a source says has changed.
pub static FUNCTION: Endpoint = Endpoint::signed("sources-receive-inventory", || routes!(receive_inventory)).may(&[
    ReceivedNotice::WRITE,
    Grant::Know(makemytrip::WEBHOOK_KEY),
    Grant::Emit("InventoryChanged"),
]);

/// The sources that send notices, each with the secret that it signs them with.
pub const SENDERS: &[(&str, &str)] = &[(makemytrip::SOURCE, makemytrip::WEBHOOK_KEY)];

/// The source in a path, and the name of its secret.
struct Sender(SourceId, &'static str);

impl<S: Send + Sync> FromRequestParts<S> for Sender {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let none = Failure::NotFound("provider");
        let Ok(Path(id)) = Path::<String>::from_request_parts(parts, state).await else { return Err(none) };
        let (_, secret) = SENDERS.iter().find(|(sender, _)| *sender == id).ok_or(none.clone())?;
        id.parse().map(|source| Self(source, secret)).map_err(|_| none)
    }
}

/// What a source says has changed. No agreement has confirmed this form: it is our own proposal.
#[derive(Debug, ToSchema)]
#[schema(example = json!({"id": "evt-2026-02-17-000123", "changes": [{"hotelId": "MMT-77", "from": "2026-04-27", "to": "2026-04-29"}]}))]
pub struct ReceiveInventory {
    /// The source's own id of this notice. One that comes again is told of once.
    #[schema(min_length = 1, max_length = 200)]
    id: String,
    #[schema(min_items = 1, max_items = 90)]
    changes: Vec<HotelChanged>,
}

/// A house of which rooms or prices are others now.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct HotelChanged {
    /// The source's own reference.
    #[schema(min_length = 1, max_length = 200)]
    hotel_id: String,
    /// The first of the nights; any of them, if neither is given.
    #[schema(value_type = Option<String>, format = Date)]
    from: Option<Date>,
    /// The last of them.
    #[schema(value_type = Option<String>, format = Date)]
    to: Option<Date>,
}

/// The longest id or reference, in bytes.
const LONGEST: usize = 200;

/// A text that can be kept and looked for.
fn reference(fields: &mut Fields<'_>, name: &str) -> Option<String> {
    let text = fields.required::<String>(name, leaf)?;
    let fits = (1..=LONGEST).contains(&text.len()) && !text.contains(char::is_control);
    if !fits {
        fields.fault(name, "must be 1 to 200 bytes without control characters");
    }
    fits.then_some(text)
}

impl Input for HotelChanged {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let hotel_id = reference(fields, "hotelId");
        let (from, to) = (fields.nullable::<Date>("from", leaf), fields.nullable::<Date>("to", leaf));
        let (from, to) = (from?, to?);
        match (from, to) {
            (Some(from), Some(to)) if to < from => fields.fault("to", "must not lie before from"),
            (Some(_), None) => fields.fault("to", "must be given with from"),
            (None, Some(_)) => fields.fault("from", "must be given with to"),
            (Some(_), Some(_)) | (None, None) => return Some(Self { hotel_id: hotel_id?, from, to }),
        }
        None
    }
}

impl Input for ReceiveInventory {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (id, changes) = (reference(fields, "id"), fields.required("changes", objects::<HotelChanged>));
        let changes = changes?;
        if !(1..=AT_ONCE).contains(&changes.len()) {
            fields.fault("changes", "must be 1 to 90 changes");
            return None;
        }
        Some(Self { id: id?, changes })
    }
}

/// That it is received.
#[derive(Debug, Serialize, ToSchema)]
pub struct InventoryReceived {
    /// The id of the notice.
    #[schema(example = "evt-2026-02-17-000123")]
    id: String,
}

/// Receives what a source says has changed
///
/// Signed by the source: `X-Signature` is the HMAC-SHA256 of `X-Timestamp` (seconds, at most five minutes from now) and the raw body, in
/// hexadecimal digits. What was answered before for these houses and nights is not shown any more. A notice that was received before is
/// answered the same, and changes nothing.
#[utoipa::path(
    post,
    path = "/v1/webhooks/{id}/inventory",
    tag = "sources",
    params(
        ("id" = String, Path, description = "The source", example = "makemytrip"),
        ("X-Timestamp" = String, Header, description = "When it was sent, in seconds since 1970"),
        ("X-Signature" = String, Header, description = "The HMAC-SHA256 of X-Timestamp and the body"),
    ),
    request_body = ReceiveInventory,
    responses((status = 202, body = InventoryReceived), Problems)
)]
async fn receive_inventory(State(cx): State<Deps>, Sender(source, secret): Sender, notice: Notice) -> Reply<InventoryReceived> {
    let ReceiveInventory { id, changes } = notice.open(&cx, secret)?;
    let account = Account { source, scope: KeyScope::Deployment };
    let events = events(&cx, &account, together(changes)).ok_or(Failure::Internal)?;
    let mut received = ReceivedNotice::new(account.source, &id, cx.now());
    match cx.store().commit(telling(&cx, Change::new().create(&mut received), &events)).await {
        Ok(()) => telemetry::count(&cx, "InventoryChanges", events.len() as u64),
        Err(StoreError::Exists) => telemetry::count(&cx, "NoticesRepeated", 1),
        Err(error) => return Err(error.into()),
    }
    Ok(Answer::accepted(InventoryReceived { id }))
}

fn together(changes: Vec<HotelChanged>) -> Changes {
    changes.into_iter().fold(Changes::new(), |mut all, HotelChanged { hotel_id, from, to }| {
        note(&mut all, hotel_id, from.zip(to));
        all
    })
}
