//! What there is of a day: so many calls, or so much money. Both are numbers that are counted up before a call is made, so that functions
//! that know nothing of each other together take no more than there is.

use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde::{Deserialize, Serialize};

use super::Account;
use crate::money::{Currency, Money};

/// Money is counted in millionths of a currency's unit: one call may cost less than a cent.
const MILLIONTHS: Decimal = Decimal::from_parts(1_000_000, 0, 0, false, 0);

/// What is counted of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// Calls with a key.
    Calls,
    /// What they cost, in millionths of this currency's unit.
    Spent(Currency),
    /// A tenant's calls with the deployment's key.
    CallsOfTenant,
    /// What these cost.
    SpentByTenant(Currency),
}

/// How much of something there is on a day, by UTC, and what a call takes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowance {
    /// Whose: of a key, or of a tenant.
    pub account: Account,
    /// Of what.
    pub counted: Measure,
    /// So much there is.
    pub a_day: i64,
    /// So much a call takes.
    pub a_call: i64,
}

impl Allowance {
    /// So many calls with the key of an account.
    pub fn of_calls(account: Account, calls: u32) -> Self {
        Self { account, counted: Measure::Calls, a_day: calls.into(), a_call: 1 }
    }

    /// So much money for calls with the key of an account, at so much for a thousand of them. What a call costs is rounded up to a
    /// millionth. Where that is not known, or in another currency, nobody could say how much is left: then there is nothing.
    pub fn of_money(account: Account, budget: Money, cost_per_thousand: Option<Money>) -> Self {
        let counted = Measure::Spent(budget.currency());
        let cost = cost_per_thousand.filter(|cost| cost.currency() == budget.currency() && !cost.is_negative());
        let a_call = cost.and_then(|cost| (cost.amount() * Decimal::ONE_THOUSAND).ceil().to_i64());
        match (a_call, (budget.amount() * MILLIONTHS).floor().to_i64()) {
            (Some(a_call), Some(a_day)) => Self { account, counted, a_day: a_day.max(0), a_call },
            (None, _) | (_, None) => Self { account, counted, a_day: 0, a_call: 1 },
        }
    }

    /// The same of a tenant that calls with the deployment's key.
    pub fn of_tenant(self) -> Self {
        let counted = match self.counted {
            Measure::Calls | Measure::CallsOfTenant => Measure::CallsOfTenant,
            Measure::Spent(currency) | Measure::SpentByTenant(currency) => Measure::SpentByTenant(currency),
        };
        Self { counted, ..self }
    }

    /// How many calls are left, where these are counted.
    pub fn calls_left(&self, used: i64) -> Option<u64> {
        match self.counted {
            Measure::Calls | Measure::CallsOfTenant => Some(self.left(used)),
            Measure::Spent(_) | Measure::SpentByTenant(_) => None,
        }
    }

    /// How much money is left, where that is counted, rounded down.
    pub fn money_left(&self, used: i64) -> Option<Money> {
        let currency = match self.counted {
            Measure::Calls | Measure::CallsOfTenant => return None,
            Measure::Spent(currency) | Measure::SpentByTenant(currency) => currency,
        };
        let left = Decimal::from(self.left(used)) / MILLIONTHS;
        Money::new(left.round_dp_with_strategy(currency.minor_digits(), rust_decimal::RoundingStrategy::ToZero), currency).ok()
    }

    fn left(&self, used: i64) -> u64 {
        u64::try_from(self.a_day.saturating_sub(used)).unwrap_or(0)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sources::KeyScope;

    fn account() -> Account {
        Account { source: "duffel".parse().unwrap(), scope: KeyScope::Deployment }
    }

    fn usd(cents: i64) -> Money {
        Money::from_minor(cents, Currency::USD).unwrap()
    }

    #[test]
    fn a_budget_is_so_many_calls() {
        // 5.00 a day, at 3.00 for a thousand calls: 0.003 each.
        let budget = Allowance::of_money(account(), usd(500), Some(usd(300)));
        assert_eq!((budget.a_day, budget.a_call), (5_000_000, 3_000));
        assert_eq!(budget.money_left(3_000), Some(usd(499)), "4.997");
        assert_eq!((budget.money_left(6_000_000), budget.calls_left(0)), (Some(usd(0)), None));
    }

    #[test]
    fn what_can_not_be_counted_in_is_no_money() {
        let euros = Money::from_minor(300, Currency::EUR).unwrap();
        for cost in [None, Some(euros), Some(usd(-1))] {
            let budget = Allowance::of_money(account(), usd(500), cost);
            assert!(budget.a_call > budget.a_day, "{cost:?}");
        }
        assert_eq!(Allowance::of_money(account(), usd(-500), Some(usd(1))).a_day, 0);
    }

    #[test]
    fn a_tenants_share_is_counted_apart() {
        let share = Allowance::of_calls(account(), 7).of_tenant();
        assert_eq!((share.counted, share.calls_left(3), share.money_left(3)), (Measure::CallsOfTenant, Some(4), None));
        let spent = Allowance::of_money(account(), usd(1), Some(usd(1))).of_tenant();
        assert_eq!(spent.counted, Measure::SpentByTenant(Currency::USD));
    }

    proptest! {
        #[test]
        fn what_is_left_and_what_is_used_come_to_no_more_than_there_is(
            budget in 0_i64..1_000_000_000_000, cost in 0_i64..1_000_000_000, calls in 0_i64..1_000
        ) {
            let allowance = Allowance::of_money(account(), usd(budget), Some(usd(cost)));
            let used = allowance.a_call.saturating_mul(calls);
            let left = allowance.money_left(used).unwrap();
            // A thousand calls cost what is said: exactly, as a cent for a thousand is ten millionths for one.
            prop_assert_eq!(i128::from(allowance.a_call) * 1_000, i128::from(cost) * 10_000);
            prop_assert!(left.minor() * 10_000 + i128::from(used) <= i128::from(budget) * 10_000 || left.minor() == 0);
        }
    }
}
