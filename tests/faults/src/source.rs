//! The travel sources, with award space that the story sets.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures::future::BoxFuture;
use http::Response;
use platform::outside::{Call, Outside, OutsideError};
use serde_json::{Value, json};

/// Flight and AAdvantage points.
pub type Award = (&'static str, u64);

/// seats.aero and Duffel in their wire format: award space from LAX to DXB on 2026-04-27, and no fares.
#[derive(Debug, Default)]
pub struct Space(Mutex<Vec<Award>>);

impl Space {
    /// With this space.
    pub fn of(awards: &[Award]) -> Arc<Self> {
        Arc::new(Self(Mutex::new(awards.to_vec())))
    }

    /// From now on this space.
    pub fn set(&self, awards: &[Award]) {
        *self.0.lock().unwrap() = awards.to_vec();
    }

    fn answer(&self, source: &str) -> Value {
        match source {
            "seats-aero" => json!({"data": [self.availability()], "count": 1, "hasMore": false, "cursor": 1}),
            _ => json!({"data": {"id": "orq_1", "offers": []}}),
        }
    }

    fn availability(&self) -> Value {
        let trips: Vec<Value> = self.0.lock().unwrap().iter().map(trip).collect();
        json!({
            "ID": "a1", "RouteID": "r1", "Date": "2026-04-27", "ParsedDate": "2026-04-27T00:00:00Z", "Source": "american",
            "Route": {"ID": "r1", "OriginAirport": "LAX", "DestinationAirport": "DXB", "OriginRegion": "North America",
                      "DestinationRegion": "Asia", "NumDaysOut": 60, "Distance": 8339, "Source": "american"},
            "YAvailable": true, "YMileageCost": "1", "YRemainingSeats": 4, "YAirlines": "QR", "YDirect": true,
            "CreatedAt": "2026-02-17T19:23:50Z", "UpdatedAt": "2026-02-17T19:23:50Z", "AvailabilityTrips": trips
        })
    }
}

fn trip((flight, points): &Award) -> Value {
    json!({
        "ID": format!("trip-{flight}"), "AvailabilityID": "a1", "TotalDuration": 1085, "Stops": 0, "Carriers": &flight[..2],
        "RemainingSeats": 4, "MileageCost": points, "TotalTaxes": 4400, "TaxesCurrency": "USD", "FlightNumbers": flight,
        "DepartsAt": "2026-04-27T16:20:00Z", "ArrivesAt": "2026-04-28T21:25:00Z", "Cabin": "economy",
        "UpdatedAt": "2026-02-17T19:23:50Z", "Source": "american"
    })
}

impl Outside for Space {
    fn send(&self, call: Call) -> BoxFuture<'_, Result<Response<Bytes>, OutsideError>> {
        let answer = Response::new(Bytes::from(self.answer(call.source).to_string()));
        Box::pin(std::future::ready(Ok(answer)))
    }
}
