//! Sources: which of them serve whom and how they fare, what they answered, and which of the houses that they sell are one. In
//! addresses they are called providers.

pub mod get_property;
pub mod get_quality;
pub mod join_properties;
pub mod list_candidates;
pub mod list_providers;
pub mod list_raw_answers;
pub mod list_readings;
mod matching;
pub mod note_answer;
mod property_view;
mod provider_view;
pub mod split_property;

/// Every function of this context. The stacks, the local run and the contract tests are made from it.
pub static FUNCTIONS: &[&dyn platform::Function] = &[
    &get_property::FUNCTION,
    &get_quality::FUNCTION,
    &join_properties::FUNCTION,
    &list_candidates::FUNCTION,
    &list_providers::FUNCTION,
    &list_raw_answers::FUNCTION,
    &list_readings::FUNCTION,
    &note_answer::FUNCTION,
    &split_property::FUNCTION,
];
