//! Cards: the catalogue, what members hold, what their plans lack, and which card to get.

mod card_view;
pub mod get_my_cards;
pub mod list_cards;
pub mod list_gaps;
pub mod list_recommendations;
mod plans;
pub mod put_my_cards;
pub mod put_opt_out;
mod reasons_view;
mod words;

/// Every function of this context. The stacks, the local run and the contract tests are made from it.
pub static FUNCTIONS: &[&dyn platform::Function] = &[
    &get_my_cards::FUNCTION,
    &list_cards::FUNCTION,
    &list_gaps::FUNCTION,
    &list_recommendations::FUNCTION,
    &put_my_cards::FUNCTION,
    &put_opt_out::FUNCTION,
];
