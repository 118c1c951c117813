//! `POST /v1/me/bookings`

use axum::extract::State;
use domain::{
    booking::Booking,
    deals::Deal,
    faults::Check,
    identity::Role,
    ids::DealId,
    inputs::{Fields, Input, leaf},
    search::{SearchKey, check_travellers},
    tables,
    wallets::Wallet,
};
use platform::{Answer, Command, Deps, Endpoint, Problems, Reply, ShownDeal, shown};
use storage::{Change, Entity, Sighting};
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::booking_view::{BookingView, hold, refusal};

/// Begins bookings.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "value-create-booking", || routes!(create_booking))
    .may(&[Booking::READ, Booking::WRITE, Deal::WRITE, Sighting::WRITE, Wallet::READ, Wallet::WRITE])
    .may_also(&[shown::GRANTS])
    .goes_by(&[tables::values]);

/// What is to be booked.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", example = json!({"deal": "deal_01KHPNJ4R6Z9X0Q3T5V7W9Y1B3"}))]
pub struct CreateBooking {
    /// An award that is live.
    deal: DealId,
    /// The search that showed it: what that showed counts, unless something newer is kept.
    search_key: Option<SearchKey>,
    /// How many travel. Without it, as many as the search was for, or as the booking was that begins anew; else one.
    #[schema(minimum = 1, maximum = 9)]
    travellers: Option<u8>,
}

impl Input for CreateBooking {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (deal, search_key) = (fields.required("deal", leaf), fields.nullable("searchKey", leaf));
        let travellers: Option<u8> = fields.nullable("travellers", leaf)?;
        let mut check = Check::new();
        if let Some(travellers) = travellers {
            check_travellers(&mut check, "/travellers", travellers);
        }
        fields.check(check);
        Some(Self { deal: deal?, search_key: search_key?, travellers })
    }
}

/// Begins a booking
///
/// For all who travel together: offers state what one of them pays. Of a deal there is one at a time; one that was given up
/// begins anew, with points on their way if they were, unless another booking has taken any of them since. Nothing is booked with
/// anybody: it leads the caller from a look at the award to the transfer and the booking, and says when a step is not safe. What
/// a search has shown, and no watcher has found yet, is known by the `searchKey` of its answer beside its id, for as long as the
/// answer is shown (`search-not-kept` after that); from then on it is kept. Of what is kept already, the newer of the two is
/// booked.
#[utoipa::path(
    post,
    path = "/v1/me/bookings",
    tag = "value",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat")),
    request_body = CreateBooking,
    responses((status = 201, body = BookingView), Problems)
)]
async fn create_booking(State(cx): State<Deps>, command: Command<CreateBooking>) -> Reply<BookingView> {
    let owner = &command.caller.owner;
    let CreateBooking { deal, search_key, travellers } = command.input;
    let mut shown = ShownDeal::of(&cx, &owner.tenant, deal, search_key.as_ref()).await?;
    let id = Booking::id_for(owner, deal);
    let before = cx.store().booking_of(owner, id).await?;
    let mut wallet = match before.as_ref().and_then(Booking::given_up) {
        Some(_) => cx.store().wallet(owner).await?,
        None => None,
    };
    // What another booking has taken since is not there for this one again.
    let is_left = wallet.as_ref().is_some_and(|wallet| wallet.is_left_for(id));
    let before = before.map(|before| before.left_with(is_left));
    let mut booking =
        Booking::start(owner.clone(), &shown.deal, travellers.or(shown.travellers), before, cx.now()).map_err(refusal)?;
    let change = hold(shown.keep(Change::new()), &mut wallet, &booking, cx.now());
    let change = match booking.version {
        0 => change.create(&mut booking),
        _ => change.update(&mut booking),
    };
    // What has just begun has to be looked at first, or its points are on their way.
    let view = BookingView::of(&booking, None);
    let answer = Answer::created(view, format!("/v1/me/bookings/{}", booking.id)).version(booking.version);
    cx.commit(&command.request, change, answer).await
}
