//! How the reasons for and against a card are shown: in numbers, each with its sentence.

use domain::{
    cards::{Country, Obstacle, Reason, RuleId, Way},
    money::{Money, Points, ProgrammeId},
    value::PointWorth,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    card_view::{BonusView, SourceView},
    words::Words,
};

/// Something that speaks for a card, or is to be known of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReasonView {
    /// In a sentence.
    text: String,
    /// In numbers.
    #[serde(flatten)]
    what: ReasonKind,
}

/// What it is, in numbers.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum ReasonKind {
    /// It brings points of a programme that plans need and no card held brings.
    // What describes it does not see what is said of the fields of all variants.
    #[serde(rename_all = "camelCase")]
    Fills {
        /// The programme.
        programme: ProgrammeId,
        /// Whether what the card earns is to be transferred.
        by_transfer: bool,
        /// For so many plans.
        plans: usize,
    },
    /// What it earns can't be transferred without another card, which the caller does not have.
    Alone {
        /// The programme.
        programme: ProgrammeId,
        /// What a point is taken to be worth for that: what is paid for it in money, unless the caller says what it is worth to them.
        worth: PointWorth,
    },
    /// Its bonus.
    Bonus {
        /// What is got, for what.
        bonus: BonusView,
        /// What a point is taken to be worth.
        worth: PointWorth,
        /// What that comes to.
        value: Money,
    },
    /// No source says what its bonus is.
    BonusNotKnown,
    /// It would come without its bonus.
    BonusWithheld {
        /// By which rule.
        rule: RuleId,
    },
    /// The caller does not spend enough for its bonus.
    BonusTooFar {
        /// What is got, for what.
        bonus: BonusView,
    },
    /// What the caller's spending would earn in a year.
    Earns {
        /// Points.
        points: Points,
        /// What they are worth.
        value: Money,
    },
    /// What it costs.
    #[serde(rename_all = "camelCase")]
    Costs {
        /// In the first year.
        first_year: Money,
        /// In any other.
        a_year: Money,
        /// What it pays back a year, to who uses all of it.
        credits: Money,
        /// What of that is counted in `netOfFee`, and where a first year is held against its fee: half, since few use all of it.
        counted: Money,
    },
    /// Where all this stands.
    ReadAt {
        /// The source.
        source: SourceView,
        /// Whether that was more than a year ago.
        stale: bool,
    },
}

/// Why a card is not recommended.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObstacleView {
    /// In a sentence.
    text: String,
    /// What it is.
    #[serde(flatten)]
    what: ObstacleKind,
}

/// What speaks against a card.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum ObstacleKind {
    /// The caller has it.
    Held,
    /// A rule of its issuer would have the application refused.
    Refused {
        /// Which.
        rule: RuleId,
    },
    /// It is offered in another country.
    OfferedElsewhere {
        /// Which.
        country: Country,
    },
    /// It is for businesses.
    NeedsBusiness,
    /// No source says what it costs.
    FeeNotKnown,
    /// It fills no gap, and costs more in its first year than it brings.
    NothingToGain,
    /// It fills no gap, and costs more in its first year than it is known to bring; but no source says what its bonus is.
    GainNotKnown,
    /// A rule of an issuer forbids to have it together with those that are recommended.
    NotTogether {
        /// Which.
        rule: RuleId,
    },
    /// Those that are recommended do more for the caller, or leave nothing for it to add.
    Outranked,
}

impl ReasonView {
    pub(crate) fn of(words: Words, reason: Reason) -> Self {
        let text = words.reason(&reason);
        let what = match reason {
            Reason::Fills { programme, way, plans } => {
                ReasonKind::Fills { programme, by_transfer: way == Way::Transferred, plans }
            }
            Reason::Alone { programme, worth } => ReasonKind::Alone { programme, worth },
            Reason::Bonus { bonus, worth, value } => ReasonKind::Bonus { bonus: bonus.into(), worth, value },
            Reason::BonusNotKnown => ReasonKind::BonusNotKnown,
            Reason::BonusWithheld { rule } => ReasonKind::BonusWithheld { rule },
            Reason::BonusTooFar { bonus } => ReasonKind::BonusTooFar { bonus: bonus.into() },
            Reason::Earns { points, value } => ReasonKind::Earns { points, value },
            Reason::Costs { first_year, a_year, credits, counted } => ReasonKind::Costs { first_year, a_year, credits, counted },
            Reason::ReadAt { source, stale } => ReasonKind::ReadAt { source: SourceView::from(&source), stale },
        };
        Self { text, what }
    }
}

impl ObstacleView {
    pub(crate) fn of(words: Words, obstacle: Obstacle) -> Self {
        let text = words.obstacle(&obstacle);
        let what = match obstacle {
            Obstacle::Held => ObstacleKind::Held,
            Obstacle::Refused(rule) => ObstacleKind::Refused { rule },
            Obstacle::OfferedIn(country) => ObstacleKind::OfferedElsewhere { country },
            Obstacle::NeedsBusiness => ObstacleKind::NeedsBusiness,
            Obstacle::FeeNotKnown => ObstacleKind::FeeNotKnown,
            Obstacle::NothingToGain => ObstacleKind::NothingToGain,
            Obstacle::GainNotKnown => ObstacleKind::GainNotKnown,
            Obstacle::NotTogether(rule) => ObstacleKind::NotTogether { rule },
            Obstacle::Outranked => ObstacleKind::Outranked,
        };
        Self { text, what }
    }
}
