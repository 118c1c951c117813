//! Sources: which of them serve whom, with whose key, at what cost, and how they fare. In addresses they are called providers.

pub mod list_providers;
mod provider_view;

/// Every function of this context. The stacks, the local run and the contract tests are made from it.
pub static FUNCTIONS: &[&dyn platform::Function] = &[&list_providers::FUNCTION];
