//! What a member's points are worth to them.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Baseline;
use crate::{
    faults::{Check, Invalid},
    inputs::{Fields, Input, map},
    money::{CentsPerPoint, ProgrammeId},
    programmes::name_of,
};

/// A member's own valuations, in US cents a point. They stand in the place of the published ones.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Valuations(BTreeMap<ProgrammeId, CentsPerPoint>);

/// What a point can be worth at most, in ten-thousandths of a cent: ten dollars.
const MOST: i64 = 1_000 * 10_000;

impl std::fmt::Debug for Valuations {
    /// Without what it holds: it would end up in logs by accident.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Valuations").finish_non_exhaustive()
    }
}

impl Valuations {
    /// The member's own valuation of a programme's points.
    pub fn own(&self, programme: &ProgrammeId) -> Option<CentsPerPoint> {
        self.0.get(programme).copied()
    }

    /// What a point of a programme is worth on a day: to the member, or else the middle of what is published, or else what points
    /// typically are.
    pub fn of(&self, programme: &ProgrammeId, on: Date) -> PointWorth {
        if let Some(cents) = self.own(programme) {
            return PointWorth { cents, basis: Basis::Own };
        }
        match Baseline::of(programme, on) {
            Some(published) => PointWorth { cents: published.middle(), basis: Basis::Published },
            None => PointWorth { cents: Baseline::typical().middle(), basis: Basis::Typical },
        }
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = (&ProgrammeId, CentsPerPoint)> {
        self.0.iter().map(|(programme, cents)| (programme, *cents))
    }
}

impl FromIterator<(ProgrammeId, CentsPerPoint)> for Valuations {
    fn from_iter<I: IntoIterator<Item = (ProgrammeId, CentsPerPoint)>>(valuations: I) -> Self {
        Self(valuations.into_iter().collect())
    }
}

/// What [`is_own`] asks for.
const OWN_RULE: &str = "above 0 and at most 1000 cents";

/// Whether a member can value a point so.
fn is_own(cents: CentsPerPoint) -> bool {
    (1..=MOST).contains(&cents.ten_thousandths())
}

/// A member's own valuation, as it is written.
///
/// # Errors
/// If it is none.
pub fn own(text: &str) -> Result<CentsPerPoint, Invalid> {
    let cents = text.parse()?;
    if is_own(cents) { Ok(cents) } else { Err(Invalid { what: "a point's worth", rule: OWN_RULE }) }
}

impl Input for Valuations {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let own: BTreeMap<ProgrammeId, CentsPerPoint> = fields.required("valuations", map)?;
        let mut check = Check::new();
        for (programme, cents) in &own {
            let at = format!("/valuations/{programme}");
            check.that(is_own(*cents), &at, "invalid", format!("must be {OWN_RULE}"));
            check.that(name_of(programme).is_some(), &at, "unknown-programme", "there is no such programme");
        }
        fields.check(check).then_some(Self(own))
    }
}

/// What a point is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PointWorth {
    /// In US cents.
    pub cents: CentsPerPoint,
    /// Who says so.
    pub basis: Basis,
}

/// Where a valuation comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// The member.
    Own,
    /// The middle between the lowest and the highest published valuation.
    Published,
    /// Nobody publishes one for this programme: what points typically are worth.
    Typical,
    /// What their issuer pays for them in money: of points that can't be transferred.
    Cash,
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_worth_something_to_whoever_values_it() {
        assert_eq!(own("1.5").unwrap(), "1.5".parse().unwrap());
        for none in ["0", "-1", "1000.0001", "much"] {
            assert!(own(none).is_err(), "{none}");
        }
    }
}
