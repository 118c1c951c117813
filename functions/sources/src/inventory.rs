//! How it is told that a source has changed what it has.

use domain::{caching::Stock, events::InventoryChanged, sources::Account};
use platform::Deps;
use providers::feed::Changes;
use storage::Change;

/// Events of one transaction, which has a hundred places.
pub(crate) const AT_ONCE: usize = 90;

/// One event for each house, seen now, in the name of whoever's key it is: a doubt is about a source's answers, whoever has them.
/// None, if the deployment has no name.
pub(crate) fn events(cx: &Deps, of: &Account, changes: Changes) -> Option<Vec<InventoryChanged>> {
    let (tenant, source) = (of.scope.sealer().ok()?.tenant, &of.source);
    let event = |(property, days)| {
        let (tenant, source, stock) = (tenant.clone(), source.clone(), Stock::Property(property));
        InventoryChanged { tenant, source, stock, days, at: cx.now() }
    };
    Some(changes.into_iter().map(event).collect())
}

/// Tells of all of them with a change.
pub(crate) fn telling(cx: &Deps, change: Change, events: &[InventoryChanged]) -> Change {
    events.iter().fold(change, |change, event| cx.emit(change, event))
}
