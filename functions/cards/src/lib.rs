//! Cards: the catalogue, what members hold, what their plans lack, and which card to get.

mod card_view;
pub mod get_my_cards;
pub mod list_cards;
pub mod list_gaps;
pub mod list_recommendations;
pub mod opt_out;
mod plans;
mod reasons_view;
pub mod update_my_cards;
mod words;

/// Every function of this context. The stacks, the local run and the contract tests are made from it.
pub static FUNCTIONS: &[&dyn platform::Function] = &[
    &get_my_cards::FUNCTION,
    &list_cards::FUNCTION,
    &list_gaps::FUNCTION,
    &list_recommendations::FUNCTION,
    &opt_out::FUNCTION,
    &update_my_cards::FUNCTION,
];
