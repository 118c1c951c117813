//! Where a member's balances can take them: in which order that is shown.

use std::{fmt, str::FromStr};

use crate::{faults::Invalid, ids::DealId, money::Money, value::Verdict};

/// How good points are spent on an award, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Spent {
    /// For what they are usually worth, or more.
    Well,
    /// What they are worth there, or what the award still costs, is not known.
    NotKnown,
    /// For less than they are usually worth.
    Poorly,
}

impl Spent {
    const ALL: [Self; 3] = [Self::Well, Self::NotKnown, Self::Poorly];

    /// By the verdict, and what is left afterwards; each none, where it is not known.
    pub fn of(verdict: Option<Verdict>, left: Option<Money>) -> Self {
        match (verdict, left) {
            (Some(Verdict::Poor), _) => Self::Poorly,
            (Some(Verdict::Fair | Verdict::Good | Verdict::Great | Verdict::Exceptional), Some(_)) => Self::Well,
            (Some(Verdict::Fair | Verdict::Good | Verdict::Great | Verdict::Exceptional), None) | (None, _) => Self::NotKnown,
        }
    }
}

/// The rank of a deal among those that a member's points pay for, the best first. As a text it is the place where a page ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    /// How good points are spent on it.
    pub spent: Spent,
    /// What it takes, in US cents.
    pub taken: i128,
    /// Which it is.
    pub deal: DealId,
}

impl fmt::Display for Rank {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.spent as u8, self.taken, self.deal)
    }
}

impl FromStr for Rank {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let read = || {
            let (spent, rest) = text.split_once(' ')?;
            let (taken, deal) = rest.split_once(' ')?;
            let spent = Spent::ALL.into_iter().find(|known| (*known as u8).to_string() == spent)?;
            Some(Self { spent, taken: taken.parse().ok()?, deal: deal.parse().ok()? })
        };
        read().ok_or(Invalid { what: "a place in a list", rule: "one that a page has ended at" })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::money::Currency;

    const DEAL: &str = "deal_01KHPNJ4R6Z9X0Q3T5V7W9Y1B3";

    #[test]
    fn what_is_poor_comes_last_and_what_is_not_known_in_between() {
        let some = Some(Money::zero(Currency::USD));
        let spent = [
            Spent::of(Some(Verdict::Fair), some),
            Spent::of(Some(Verdict::Exceptional), None),
            Spent::of(None, some),
            Spent::of(Some(Verdict::Poor), some),
        ];
        assert_eq!(spent, [Spent::Well, Spent::NotKnown, Spent::NotKnown, Spent::Poorly]);
        assert!(spent.is_sorted());
    }

    #[test]
    fn what_takes_less_comes_first_of_what_is_spent_alike() {
        let rank = |spent, taken| Rank { spent, taken, deal: DEAL.parse().unwrap() };
        assert!(rank(Spent::Well, 900) < rank(Spent::NotKnown, -5) && rank(Spent::Well, -5) < rank(Spent::Well, 900));
    }

    #[test]
    fn a_place_is_read_as_it_was_written() {
        for spent in Spent::ALL {
            let rank = Rank { spent, taken: -5, deal: DEAL.parse().unwrap() };
            assert_eq!(rank.to_string().parse(), Ok(rank));
        }
        for wrong in ["", &format!("3 5 {DEAL}"), "0 5", &format!("0 x {DEAL}")] {
            assert!(wrong.parse::<Rank>().is_err(), "{wrong}");
        }
    }
}
