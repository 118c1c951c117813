//! The rules of Mile Buy Club, pure.
//!
//! One module per context, over a few modules of vocabulary ([`ids`], [`money`], [`places`], [`time`], [`faults`]).
//! Nothing here knows AWS, HTTP, a clock, randomness or I/O: instants and ids are passed in.

pub mod activities;
pub mod answers;
pub mod booking;
pub mod caching;
pub mod cancellation;
pub mod cards;
pub mod compare;
pub mod deals;
pub mod events;
pub mod faults;
pub mod flights;
pub mod funding;
pub mod identity;
pub mod ids;
pub mod inputs;
pub mod language;
pub mod money;
pub mod notifications;
pub mod places;
pub mod portals;
pub mod programmes;
pub mod properties;
pub mod quality;
pub mod rates;
pub mod reach;
pub mod sealed;
pub mod search;
pub mod sources;
pub mod stays;
pub mod tables;
pub mod time;
pub mod transfers;
pub mod value;
pub mod wallets;
pub mod watchers;

mod schema;
mod text;
