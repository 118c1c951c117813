//! Deals: finds, what they are worth, and their ranking.

pub mod assess_offers;
mod deal_view;
pub mod delete_saved_deal;
pub mod explain_deal;
pub mod get_deal;
pub mod list_deals;
pub mod list_saved_deals;
pub mod put_saved_deal;
mod saved_view;

/// Every function of this context. The stacks, the local run and the contract tests are made from it.
pub static FUNCTIONS: &[&dyn platform::Function] = &[
    &assess_offers::FUNCTION,
    &delete_saved_deal::FUNCTION,
    &explain_deal::FUNCTION,
    &get_deal::FUNCTION,
    &list_deals::FUNCTION,
    &list_saved_deals::FUNCTION,
    &put_saved_deal::FUNCTION,
];
