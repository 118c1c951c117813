//! Search: one normalised question, asked of the travel sources once for all who wait for it; and the places that it names.

mod answer_view;
mod asking;
pub mod check_price;
pub mod compare_offers;
pub mod get_cache;
mod houses;
pub mod invalidate_cache;
pub mod list_places;
pub mod note_inventory;
mod ranked;
pub mod refresh_answer;
pub mod run_search;
pub mod search_activities;
pub mod search_flights;
pub mod search_stays;
mod serving;
pub mod warm_answers;

/// Every function of this context. The stacks, the local run and the contract tests are made from it.
pub static FUNCTIONS: &[&dyn platform::Function] = &[
    &run_search::FUNCTION,
    &search_flights::FUNCTION,
    &search_stays::FUNCTION,
    &search_activities::FUNCTION,
    &refresh_answer::FUNCTION,
    &warm_answers::FUNCTION,
    &note_inventory::FUNCTION,
    &invalidate_cache::FUNCTION,
    &get_cache::FUNCTION,
    &list_places::FUNCTION,
    &compare_offers::FUNCTION,
    &check_price::FUNCTION,
];
