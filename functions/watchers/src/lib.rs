//! Watchers: saved searches that run by themselves.

pub mod create_watcher;
pub mod delete_watcher;
pub mod get_watcher;
pub mod list_watchers;
pub mod look_back;
pub mod match_deals;
pub mod pause_watcher;
pub mod resume_watcher;
pub mod run_watcher;
pub mod sweep_watchers;
pub mod update_watcher;
mod watcher_view;

/// Every function of this context. The stacks, the local run and the contract tests are made from it.
pub static FUNCTIONS: &[&dyn platform::Function] = &[
    &create_watcher::FUNCTION,
    &delete_watcher::FUNCTION,
    &get_watcher::FUNCTION,
    &list_watchers::FUNCTION,
    &look_back::FUNCTION,
    &match_deals::FUNCTION,
    &pause_watcher::FUNCTION,
    &resume_watcher::FUNCTION,
    &run_watcher::FUNCTION,
    &sweep_watchers::FUNCTION,
    &update_watcher::FUNCTION,
];
