//! Search: one normalised question, asked of the travel sources once for all who wait for it.

mod asking;
pub mod run_search;
mod serving;

/// Every function of this context. The stacks, the local run and the contract tests are made from it.
pub static FUNCTIONS: &[&dyn platform::Function] = &[&run_search::FUNCTION];
