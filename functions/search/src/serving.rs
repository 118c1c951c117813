//! Who is asked for whom.

use domain::{
    answers::Scope,
    flights::SourceId,
    ids::TenantId,
    search::{Vertical, Wanted},
};
use platform::{Deps, outside::Outside};
use providers::sources::{Adapter, SOURCES, Source};

/// A source that serves a tenant.
pub(crate) struct Serving<'a> {
    /// Its id.
    pub id: SourceId,
    /// How it is asked.
    pub adapter: Adapter,
    /// How calls leave.
    pub outside: &'a dyn Outside,
}

impl Serving<'_> {
    /// Whether it has what is wanted, rather than what that is compared with.
    pub fn has(&self, wanted: Wanted) -> bool {
        match (&self.adapter, wanted) {
            (Adapter::Awards(_), Wanted::AwardFlights) | (Adapter::Fares(_), Wanted::CashFlights) => true,
            (Adapter::Awards(_), Wanted::CashFlights)
            | (Adapter::Fares(_), Wanted::AwardFlights)
            | (Adapter::LeadIns(_) | Adapter::Stays(_) | Adapter::Activities(_), _) => false,
        }
    }
}

/// Those that serve a tenant, and who may see what they say.
pub(crate) struct Servers<'a> {
    /// Them, the best first.
    pub all: Vec<Serving<'a>>,
    /// Who may see it.
    pub scope: Scope,
}

impl<'a> Servers<'a> {
    /// Those of a vertical that the deployment has a key for.
    pub fn of(cx: &'a Deps, _: &TenantId, vertical: Vertical) -> Self {
        let serving = |source: &Source| {
            let access = cx.config().sources.get(source.id)?;
            let adapter = (source.connect)(&access.url, access.key.clone());
            let id = source.id.parse().ok().filter(|_| vertical_of(&adapter) == Some(vertical))?;
            Some(Serving { id, adapter, outside: cx.outside() })
        };
        Self { all: SOURCES.iter().filter_map(serving).collect(), scope: Scope::Everyone }
    }

    /// Their ids.
    pub fn ids(&self) -> Vec<SourceId> {
        self.all.iter().map(|serving| serving.id.clone()).collect()
    }
}

/// What a source is searched for; "from" prices are nothing that one could book.
fn vertical_of(adapter: &Adapter) -> Option<Vertical> {
    match adapter {
        Adapter::Awards(_) | Adapter::Fares(_) => Some(Vertical::Flights),
        Adapter::Stays(_) => Some(Vertical::Stays),
        Adapter::Activities(_) => Some(Vertical::Activities),
        Adapter::LeadIns(_) => None,
    }
}
