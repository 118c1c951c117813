//! Notifications: alerts, and the messages that carry them.

mod alert_view;
pub mod get_alert;
pub mod list_alerts;
pub mod raise_alert;
pub mod read_alert;
pub mod release_deliveries;
pub mod send_email;

/// Every function of this context. The stacks, the local run and the contract tests are made from it.
pub static FUNCTIONS: &[&dyn platform::Function] = &[
    &get_alert::FUNCTION,
    &list_alerts::FUNCTION,
    &raise_alert::FUNCTION,
    &read_alert::FUNCTION,
    &release_deliveries::FUNCTION,
    &send_email::FUNCTION,
];
