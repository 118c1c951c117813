//! Search: one normalised question, asked of the travel sources once for all who wait for it; and the places that it names.

pub mod list_places;
pub mod run_search;

/// Every function of this context. The stacks, the local run and the contract tests are made from it.
pub static FUNCTIONS: &[&dyn platform::Function] = &[&list_places::FUNCTION, &run_search::FUNCTION];
