//! Sources: which there are and how they fare, what they answered, and which of the houses that they sell are one.

pub mod get_property;
pub mod get_quality;
pub mod join_properties;
pub mod list_candidates;
pub mod list_raw_answers;
pub mod list_readings;
mod matching;
pub mod note_answer;
mod property_view;
pub mod split_property;

/// Every function of this context. The stacks, the local run and the contract tests are made from it.
pub static FUNCTIONS: &[&dyn platform::Function] = &[
    &get_property::FUNCTION,
    &get_quality::FUNCTION,
    &join_properties::FUNCTION,
    &list_candidates::FUNCTION,
    &list_raw_answers::FUNCTION,
    &list_readings::FUNCTION,
    &note_answer::FUNCTION,
    &split_property::FUNCTION,
];
