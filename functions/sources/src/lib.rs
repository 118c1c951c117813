//! Sources: which of them serve whom and how they fare, what they answered and say has changed, and which of the houses that they
//! sell are one. In addresses they are called providers.

pub mod delete_provider_key;
pub mod drop_provider_key;
pub mod get_property;
pub mod get_provider;
pub mod get_quality;
mod health_view;
mod houses;
pub mod inspect_provider;
pub mod inspect_provider_health;
pub mod inspect_providers;
mod inventory;
pub mod join_properties;
pub mod list_candidates;
pub mod list_provider_health;
pub mod list_providers;
pub mod list_raw_answers;
pub mod list_readings;
pub mod manage_provider;
pub mod manage_provider_key;
mod matching;
pub mod note_answer;
mod property_view;
mod provider_view;
pub mod put_provider;
pub mod put_provider_key;
pub mod receive_inventory;
mod settings;
pub mod split_property;
pub mod sync_feeds;

/// Every function of this context. The stacks, the local run and the contract tests are made from it.
pub static FUNCTIONS: &[&dyn platform::Function] = &[
    &delete_provider_key::FUNCTION,
    &drop_provider_key::FUNCTION,
    &get_property::FUNCTION,
    &get_provider::FUNCTION,
    &get_quality::FUNCTION,
    &inspect_provider::FUNCTION,
    &inspect_provider_health::FUNCTION,
    &inspect_providers::FUNCTION,
    &join_properties::FUNCTION,
    &list_candidates::FUNCTION,
    &list_provider_health::FUNCTION,
    &list_providers::FUNCTION,
    &list_raw_answers::FUNCTION,
    &list_readings::FUNCTION,
    &manage_provider::FUNCTION,
    &manage_provider_key::FUNCTION,
    &note_answer::FUNCTION,
    &put_provider::FUNCTION,
    &put_provider_key::FUNCTION,
    &receive_inventory::FUNCTION,
    &split_property::FUNCTION,
    &sync_feeds::FUNCTION,
];
