//! What vendors publish besides answers that are read: who shows such a document is told what it is.

use serde::Serialize;
use serde_json::Value;

use crate::{
    booking_demand, duffel, expedia_rapid, getyourguide,
    readings::{has, lists},
    seats_aero,
    sources::Source,
    viator,
};

/// A document that no operation is read of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Other {
    /// Nothing, which several operations answer with.
    #[error("it is empty, which more than one operation can answer: name the one that was asked")]
    Empty,
    /// What is asked.
    #[error("it is a request, and no answer")]
    Request,
    /// A part of an answer.
    #[error("it is a record of a search, without the answer around it")]
    Record,
    /// What a source sends by itself.
    #[error("these are notices that the source sends by itself")]
    Notices,
    /// How notices are subscribed to.
    #[error("it sets up where notices are sent to")]
    Webhook,
    /// How a signature is made.
    #[error("it is an example of a signature, and no answer")]
    Signature,
    /// On which days one can arrive and leave.
    #[error("these are days on which one can arrive and leave, without rooms and prices")]
    Calendar,
    /// Chains and brands of hotels.
    #[error("these are chains of hotels and their brands")]
    Chains,
    /// Bookings that have changed.
    #[error("these are changes of bookings, which nobody asks for")]
    BookingChanges,
    /// Exchange rates.
    #[error("these are exchange rates of the source's own, by which nothing is converted here")]
    ExchangeRates,
    /// What guests thought.
    #[error("these are reviews, which are not kept")]
    Reviews,
}

/// By what each is known, of any source or of one.
type Known = (Option<&'static str>, Other, fn(&Value) -> bool);

const KNOWN: &[Known] = &[
    (None, Other::Empty, |body| is_empty(body) || body.pointer("/data").is_some_and(is_empty)),
    (Some(seats_aero::SOURCE), Other::Record, |body| has(body, "/ID") && has(body, "/Route")),
    (Some(duffel::SOURCE), Other::Webhook, |body| has(body, "/data/url") && has(body, "/data/events")),
    (Some(duffel::SOURCE), Other::Signature, |body| has(body, "/header") && has(body, "/raw_body")),
    (Some(booking_demand::SOURCE), Other::Chains, |body| lists(body, "/data", "brands")),
    (Some(booking_demand::SOURCE), Other::Request, |body| has(body, "/booker")),
    (Some(expedia_rapid::SOURCE), Other::Notices, |body| lists(body, "", "event_id")),
    (Some(expedia_rapid::SOURCE), Other::Calendar, |body| lists(body, "", "days")),
    (Some(viator::SOURCE), Other::BookingChanges, |body| lists(body, "/bookings", "transactionRef")),
    (Some(viator::SOURCE), Other::ExchangeRates, |body| lists(body, "/rates", "sourceCurrency")),
    (Some(viator::SOURCE), Other::Reviews, |body| lists(body, "/reviews", "reviewReference")),
    (Some(getyourguide::SOURCE), Other::Request, |body| has(body, "/base_data")),
];

/// A list or an object without anything in it.
fn is_empty(body: &Value) -> bool {
    body.as_array().is_some_and(Vec::is_empty) || body.as_object().is_some_and(serde_json::Map::is_empty)
}

impl Source {
    /// What a document is that no operation of this source is read of, where that is known.
    pub fn other(&self, recorded: &[u8]) -> Option<Other> {
        let document: Value = serde_json::from_slice(recorded).ok()?;
        let is_of_it = |of: &Option<&str>| of.is_none_or(|of| of == self.id);
        KNOWN.iter().find(|(of, _, fits)| is_of_it(of) && fits(&document)).map(|(_, other, _)| *other)
    }
}
