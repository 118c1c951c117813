//! What an award is compared with.

use super::ValueError;
use crate::{flights::Cabin, money::Money};

/// What the same would cost in money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cash {
    /// The price of the same: cabin, day and route, or room and nights.
    Same(Money),
    /// The price of another cabin on the same route and day.
    OtherCabin {
        /// The price.
        price: Money,
        /// The cabin that it is for.
        of: Cabin,
        /// The award's cabin.
        wanted: Cabin,
    },
}

impl Cash {
    /// The price, of whichever cabin it is.
    pub(super) fn price(self) -> Money {
        match self {
            Self::Same(price) | Self::OtherCabin { price, .. } => price,
        }
    }

    /// The price to compare with, and the cabin that it was estimated from. A plainer cabin's price stands for a better one's:
    /// whoever buys the better one pays that much at least, so the award is never worth less than is said. A better cabin's
    /// price says nothing about a plainer one's that would not flatter the award.
    pub(super) fn comparable(self) -> Result<(Money, Option<Cabin>), ValueError> {
        let (price, estimated_from) = match self {
            Self::Same(price) => (price, None),
            Self::OtherCabin { price, of, wanted } if of == wanted => (price, None),
            Self::OtherCabin { price, of, wanted } if of < wanted => (price, Some(of)),
            Self::OtherCabin { .. } => return Err(ValueError::BetterCabin),
        };
        if price.is_negative() { Err(ValueError::NegativeCash) } else { Ok((price, estimated_from)) }
    }
}
