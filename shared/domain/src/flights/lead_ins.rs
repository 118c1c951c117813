//! "From" prices of flights: what others paid, for a day or a month, without a flight that one could book at that price.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use super::{Cabin, Carrier, FlightNumber, Freshness, Untrusted};
use crate::{money::Money, places::Place};

/// The cheapest price that was seen for a journey.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LeadInFare {
    /// From; unknown where neither question nor answer names it.
    pub origin: Option<Place>,
    /// To.
    pub destination: Option<Place>,
    /// The day of departure.
    pub day: Date,
    /// The day of the journey back, which is part of the price; a one-way fare where there is none.
    pub return_day: Option<Date>,
    /// When it departs.
    pub departs_at: Option<Timestamp>,
    /// When the journey back departs.
    pub return_at: Option<Timestamp>,
    /// Stops on the way out.
    pub stops: Option<u8>,
    /// Who flies.
    pub carrier: Option<Carrier>,
    /// The first flight.
    pub flight: Option<FlightNumber>,
    /// The cabin.
    pub cabin: Option<Cabin>,
    /// The price for one traveller, all included.
    pub total: Money,
    /// Until when the source believes in it.
    pub valid_until: Option<Timestamp>,
    /// Where to look further, as the source gives it.
    pub booking_link: Option<String>,
    /// How fresh it is.
    pub freshness: Freshness,
}

impl LeadInFare {
    /// Whether it can be trusted.
    ///
    /// # Errors
    /// The first reason why not.
    pub fn trusted(&self) -> Result<(), Untrusted> {
        if !self.total.is_asked() || !self.total.is_believable() {
            return Err(Untrusted::Price);
        }
        if self.origin.is_some() && self.origin == self.destination {
            return Err(Untrusted::Flights);
        }
        let backwards = self.return_day.is_some_and(|back| back < self.day)
            || matches!((self.departs_at, self.return_at), (Some(out), Some(back)) if back <= out);
        if backwards { Err(Untrusted::Times) } else { Ok(()) }
    }
}
