//! Every endpoint, driven as a member drives it. One module a resource, then the rules that hold for all of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod alerts;
mod attacks;
mod auth;
mod bad_requests;
mod cards;
mod deals;
mod every_write;
mod field_faults;
mod idempotency;
mod identity;
mod limits;
mod pages;
mod personal_data;
mod places;
mod profile;
mod properties;
mod providers;
mod question_faults;
mod reach;
mod routes;
mod same_path;
mod search;
mod security;
mod sessions;
mod sign_ins;
mod support;
mod system;
mod tenants;
mod value;
mod vault;
mod walk;
mod watchers;
mod webhooks;
