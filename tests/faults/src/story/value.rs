//! A member who says what they have, asks what it is worth, and books.

use serde_json::json;

use super::{Person, id_of};
use crate::{Violation, ensure};

/// What is there of a transfer and of nothing else, as an end is told in: its receipt.
pub const TRANSFERRED: &str = "receipt of demo for 61 characters";

/// Dana counts her points, looks where they take her, and gives up one way to a deal before she goes it to its end.
pub(super) async fn tell(dana: &Person<'_>, deal: &str) -> Result<(), Violation> {
    dana.ask("value-put-balances", "", Some(json!({"balances": {"aadvantage": 5_000, "citi-typ": 90_000}}))).await?;
    dana.ask("value-put-valuations", "", Some(json!({"valuations": {"citi-typ": "1.8"}}))).await?;
    let balances = dana.ask("value-get-balances", "", None).await?;
    ensure(balances.body["balances"]["citi-typ"] == 90_000, || format!("not what she has: {}", balances.body))?;
    let valuations = dana.ask("value-get-valuations", "", None).await?;
    ensure(valuations.body["valuations"]["citi-typ"] == "1.8000", || format!("not what she said: {}", valuations.body))?;
    let worth = dana.ask_with("value-get-value", "?programme=atmos&points=50000&taxes=5.60USD&cash=563.50USD").await?;
    ensure(worth.body["value"]["centsPerPoint"] == "1.1158", || format!("not what it is worth: {}", worth.body))?;
    let plan = dana.ask_with("value-get-funding-plan", "?programme=aadvantage&points=40000").await?;
    ensure(plan.body["plan"]["transfers"][0]["give"] == 35_000, || format!("not her plan: {}", plan.body))?;
    let reach = dana.ask("value-get-reach", "", None).await?;
    ensure(reach.body["items"].as_array().is_some_and(|items| !items.is_empty()), || format!("nowhere to go: {}", reach.body))?;
    dana.ask("value-list-transfer-partners", "", None).await?;
    dana.ask("value-list-programmes", "", None).await?;
    dana.ask("value-list-transfer-bonuses", "", None).await?;
    book(dana, deal).await
}

async fn book(dana: &Person<'_>, deal: &str) -> Result<(), Violation> {
    let wanted = || Some(json!({"deal": deal}));
    let given_up = id_of(&dana.ask("value-create-booking", "", wanted()).await?.body);
    dana.ask("value-abandon-booking", &given_up, None).await?;
    let booking = id_of(&dana.ask("value-create-booking", "", wanted()).await?.body);
    let seen = json!({"seen": {"points": 40_000, "seats": 2}});
    dana.ask("value-re-verify-booking", &booking, Some(seen)).await?;
    if dana.world.looks_are_fresh() {
        dana.ask("value-transfer-booking", &booking, None).await?;
    }
    dana.ask("value-get-booking", &booking, None).await?;
    // The points have come.
    dana.ask("value-put-balances", "", Some(json!({"balances": {"aadvantage": 40_000, "citi-typ": 55_000}}))).await?;
    dana.ask("value-done-booking", &booking, None).await?;
    let all = dana.ask("value-list-bookings", "", None).await?;
    ensure(all.body["items"][0]["state"]["at"] == "booked", || format!("not booked: {}", all.body))
}
