//! Adapters to message channels: what members are told, in words, and how it is sent. A channel is one module.

pub mod account;
pub mod email;
pub mod templates;

mod words;
