//! Sources: which of them serve whom, with whose key, at what cost, and how they fare. In addresses they are called providers.

pub mod delete_provider_key;
pub mod drop_provider_key;
pub mod get_provider;
mod health_view;
pub mod inspect_provider;
pub mod inspect_provider_health;
pub mod inspect_providers;
pub mod list_provider_health;
pub mod list_providers;
pub mod manage_provider;
pub mod manage_provider_key;
mod provider_view;
pub mod put_provider;
pub mod put_provider_key;
mod settings;

/// Every function of this context. The stacks, the local run and the contract tests are made from it.
pub static FUNCTIONS: &[&dyn platform::Function] = &[
    &delete_provider_key::FUNCTION,
    &drop_provider_key::FUNCTION,
    &get_provider::FUNCTION,
    &inspect_provider::FUNCTION,
    &inspect_provider_health::FUNCTION,
    &inspect_providers::FUNCTION,
    &list_provider_health::FUNCTION,
    &list_providers::FUNCTION,
    &manage_provider::FUNCTION,
    &manage_provider_key::FUNCTION,
    &put_provider::FUNCTION,
    &put_provider_key::FUNCTION,
];
