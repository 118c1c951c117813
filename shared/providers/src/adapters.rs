//! The adapter of each source, by what is asked of it. They stand apart from the table of sources, which every function has that asks
//! one: it links the adapters to what it asks for, and no others.

use std::{fmt::Debug, sync::Arc};

use secrecy::SecretString;

use crate::{
    ActivitySource, AwardSource, BookingDemand, CashSource, Desk, Duffel, ExpediaRapid, Feed, GetYourGuide, HouseSource,
    MakeMyTrip, SeatsAero, StaySource, Viator, booking_demand, duffel, expedia_rapid, getyourguide, goibibo, makemytrip, oyo,
    seats_aero, trip_com, viator,
};

/// What a source is asked through. Cheap to clone.
pub trait Adapter: Debug + Clone + Send + Sync + 'static {
    /// That of the source with this id, at a base URL and with a key; none where it has nothing of the kind.
    fn connect(source: &str, base: &str, key: SecretString) -> Option<Self>;
}

/// A source of flights, by what it has of them.
#[derive(Debug, Clone)]
pub enum FlightSource {
    /// Award space.
    Awards(Arc<dyn AwardSource>),
    /// Cash fares.
    Fares(Arc<dyn CashSource>),
}

/// Travelpayouts is not among them: nothing asks for its "from" prices.
impl Adapter for FlightSource {
    fn connect(source: &str, base: &str, key: SecretString) -> Option<Self> {
        match source {
            seats_aero::SOURCE => Some(Self::Awards(Arc::new(SeatsAero::new(base, key)))),
            duffel::SOURCE => Some(Self::Fares(Arc::new(Duffel::new(base, key)))),
            _ => None,
        }
    }
}

impl Adapter for Arc<dyn StaySource> {
    fn connect(source: &str, base: &str, key: SecretString) -> Option<Self> {
        match source {
            booking_demand::SOURCE => Some(Arc::new(BookingDemand::new(base, key))),
            expedia_rapid::SOURCE => Some(Arc::new(ExpediaRapid::new(base, key))),
            goibibo::SOURCE => Some(Arc::new(goibibo::new(base, key))),
            oyo::SOURCE => Some(Arc::new(oyo::new(base, key))),
            makemytrip::SOURCE => Some(Arc::new(MakeMyTrip::new(base, key))),
            trip_com::SOURCE => Some(Arc::new(trip_com::new(base, key))),
            _ => None,
        }
    }
}

/// Those that say of houses apart from their answers what they are called and where they are.
pub const TELLING_OF_HOUSES: [&str; 2] = [DESCRIPTIONS[0].0, DESCRIPTIONS[1].0];

/// The operations by which they do. A key that may search need not have these.
const DESCRIPTIONS: [(&str, &str); 2] =
    [(booking_demand::SOURCE, booking_demand::DETAILS), (expedia_rapid::SOURCE, expedia_rapid::CONTENT)];

/// Whether an operation of a source only tells of houses.
pub(crate) fn tells_of_houses(source: &str, operation: &str) -> bool {
    DESCRIPTIONS.contains(&(source, operation))
}

impl Adapter for Arc<dyn HouseSource> {
    fn connect(source: &str, base: &str, key: SecretString) -> Option<Self> {
        match source {
            booking_demand::SOURCE => Some(Arc::new(BookingDemand::new(base, key))),
            expedia_rapid::SOURCE => Some(Arc::new(ExpediaRapid::new(base, key))),
            _ => None,
        }
    }
}

impl Adapter for Arc<dyn ActivitySource> {
    fn connect(source: &str, base: &str, key: SecretString) -> Option<Self> {
        match source {
            viator::SOURCE => Some(Arc::new(Viator::new(base, key))),
            getyourguide::SOURCE => Some(Arc::new(GetYourGuide::new(base, key))),
            _ => None,
        }
    }
}

impl Adapter for Arc<dyn Desk> {
    fn connect(source: &str, base: &str, key: SecretString) -> Option<Self> {
        match source {
            duffel::SOURCE => Some(Arc::new(Duffel::new(base, key))),
            booking_demand::SOURCE => Some(Arc::new(BookingDemand::new(base, key))),
            expedia_rapid::SOURCE => Some(Arc::new(ExpediaRapid::new(base, key))),
            viator::SOURCE => Some(Arc::new(Viator::new(base, key))),
            goibibo::SOURCE => Some(Arc::new(goibibo::new(base, key))),
            oyo::SOURCE => Some(Arc::new(oyo::new(base, key))),
            makemytrip::SOURCE => Some(Arc::new(MakeMyTrip::new(base, key))),
            trip_com::SOURCE => Some(Arc::new(trip_com::new(base, key))),
            _ => None,
        }
    }
}

impl Adapter for Arc<dyn Feed> {
    fn connect(source: &str, base: &str, key: SecretString) -> Option<Self> {
        match source {
            goibibo::SOURCE => Some(Arc::new(goibibo::new(base, key))),
            oyo::SOURCE => Some(Arc::new(oyo::new(base, key))),
            _ => None,
        }
    }
}
