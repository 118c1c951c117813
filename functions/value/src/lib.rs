//! Value: what awards are worth to a member, and how their points get there.

pub mod abandon_booking;
mod booking_view;
pub mod create_booking;
pub mod done_booking;
pub mod get_balances;
pub mod get_booking;
pub mod get_funding_plan;
pub mod get_reach;
pub mod get_valuations;
pub mod get_value;
pub mod list_bookings;
pub mod list_programmes;
pub mod list_transfer_bonuses;
pub mod list_transfer_partners;
pub mod put_balances;
pub mod put_valuations;
pub mod re_verify_booking;
pub mod refresh_rates;
pub mod transfer_booking;

/// Every function of this context. The stacks, the local run and the contract tests are made from it.
pub static FUNCTIONS: &[&dyn platform::Function] = &[
    &abandon_booking::FUNCTION,
    &create_booking::FUNCTION,
    &done_booking::FUNCTION,
    &get_balances::FUNCTION,
    &get_booking::FUNCTION,
    &get_funding_plan::FUNCTION,
    &get_reach::FUNCTION,
    &get_valuations::FUNCTION,
    &get_value::FUNCTION,
    &list_bookings::FUNCTION,
    &list_programmes::FUNCTION,
    &list_transfer_bonuses::FUNCTION,
    &list_transfer_partners::FUNCTION,
    &put_balances::FUNCTION,
    &put_valuations::FUNCTION,
    &re_verify_booking::FUNCTION,
    &refresh_rates::FUNCTION,
    &transfer_booking::FUNCTION,
];

/// A page of a table that comes with the code: its place is how many rows lie before it.
fn page_of<T>(page: &platform::Page, rows: &'static [T]) -> storage::Listed<&'static T> {
    let from = page.after.as_deref().and_then(|place| place.parse().ok()).unwrap_or(0).min(rows.len());
    let to = from.saturating_add(page.limit.into()).min(rows.len());
    storage::Listed { items: rows[from..to].iter().collect(), next: (to < rows.len()).then(|| to.to_string()) }
}
