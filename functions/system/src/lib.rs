//! System: health, the OpenAPI document, the outbox relay.

pub mod get_health;
pub mod get_openapi;
pub mod relay_outbox;

/// Every function of this context. The stacks, the local run and the contract tests are made from it.
pub static FUNCTIONS: &[&dyn platform::Function] = &[&get_health::FUNCTION, &get_openapi::FUNCTION, &relay_outbox::FUNCTION];
