//! Flights: awards first, then the fares that they are compared with.

use std::collections::BTreeMap;

use domain::{
    answers::{Answer, Cause, Part, Trouble},
    flights::{Fare, FlightOffer, SourceId},
    search::{SearchQuery, SourceOutcome, Wanted},
    sources::KeyScope,
};
use futures::{
    FutureExt,
    future::{BoxFuture, join_all},
};
use jiff::civil::Date;
use platform::Deps;
use providers::{FlightSource, Serving, duffel::CASH_DAYS_PER_SEARCH};
use storage::{Observation, StoreError};

use super::{Askable, Asking, nothing_of};

impl Askable for SearchQuery {
    type Adapter = FlightSource;

    /// Asks for what is wanted, and for what it is compared with. Awards come first in the answer, too: one that is too large is cut
    /// from the end.
    fn ask<'a>(&'a self, asking: &'a Asking<'a, Self>) -> BoxFuture<'a, Vec<Part<FlightOffer>>> {
        async move {
            let mut parts = match self.wanted() {
                Wanted::AwardFlights => join_all(asking.serving().filter_map(|serving| self.awards(asking, serving))).await,
                Wanted::CashFlights => Vec::new(),
            };
            let days = self.days_worth_asking(asking, &parts);
            let fares =
                asking.serving().filter_map(|serving| self.fares(asking, serving, days.as_deref().map_err(|trouble| *trouble)));
            parts.extend(join_all(fares).await);
            parts
        }
        .boxed()
    }

    fn is_wanted_of(&self, serving: &Serving<FlightSource>) -> bool {
        match (&serving.adapter, self.wanted()) {
            (FlightSource::Awards(_), Wanted::AwardFlights) | (FlightSource::Fares(_), Wanted::CashFlights) => true,
            (FlightSource::Awards(_), Wanted::CashFlights) | (FlightSource::Fares(_), Wanted::AwardFlights) => false,
        }
    }

    /// Awards are compared with fares, and fares with nothing.
    fn concerns(&self, serving: &Serving<FlightSource>) -> bool {
        self.is_wanted_of(serving) || matches!((&serving.adapter, self.wanted()), (FlightSource::Fares(_), Wanted::AwardFlights))
    }

    fn keep_prices<'a>(cx: &'a Deps, scope: &'a KeyScope, answer: &'a Answer<Self>) -> BoxFuture<'a, Result<(), StoreError>> {
        async move { cx.store().observe(&Observation::of(answer, scope)).await }.boxed()
    }
}

/// What one source says.
type Said<'a> = BoxFuture<'a, Part<FlightOffer>>;

/// Questions of flights, as they are put to sources.
trait ToSources {
    fn awards<'a>(&'a self, asking: &'a Asking<'a, SearchQuery>, serving: &'a Serving<FlightSource>) -> Option<Said<'a>>;

    fn fares<'a>(
        &'a self,
        asking: &'a Asking<'a, SearchQuery>,
        serving: &'a Serving<FlightSource>,
        days: Result<&'a [Date], Trouble>,
    ) -> Option<Said<'a>>;

    fn days_worth_asking(&self, asking: &Asking<'_, SearchQuery>, parts: &[Part<FlightOffer>]) -> Result<Vec<Date>, Trouble>;
}

impl ToSources for SearchQuery {
    fn awards<'a>(&'a self, asking: &'a Asking<'a, SearchQuery>, serving: &'a Serving<FlightSource>) -> Option<Said<'a>> {
        let FlightSource::Awards(source) = &serving.adapter else { return None };
        let said = async move {
            let Some(asked) = asking.put_to(serving, self) else { return asking.not_offered(serving) };
            let with = asking.with(serving);
            let ask = asking.part(source.awards(&with, &asked));
            Box::pin(asking.of_all(serving, self, &asked, ask)).await
        };
        Some(said.boxed())
    }

    fn fares<'a>(
        &'a self,
        asking: &'a Asking<'a, SearchQuery>,
        serving: &'a Serving<FlightSource>,
        days: Result<&'a [Date], Trouble>,
    ) -> Option<Said<'a>> {
        // Put as it is: for which days depends on the awards, so that no two questions have the same one.
        let FlightSource::Fares(source) = &serving.adapter else { return None };
        let said = async move {
            let days = match days {
                // Not that there are none: what they would be compared with is not known yet.
                Err(trouble) => {
                    let trouble = Some(trouble);
                    return Part { trouble, ..nothing_of(serving.id(), SourceOutcome::Failed, asking.now) };
                }
                Ok([]) => return nothing_of(serving.id(), SourceOutcome::Complete, asking.now),
                Ok(days) => days,
            };
            asking.part(source.fares(&asking.with(serving), self, days)).await
        };
        Some(said.boxed())
    }

    /// The days for which fares are asked: those with the cheapest awards, or the first of the window; as many as can be asked for.
    /// Why there are none, while no source has said which awards there are.
    fn days_worth_asking(&self, asking: &Asking<'_, SearchQuery>, parts: &[Part<FlightOffer>]) -> Result<Vec<Date>, Trouble> {
        match self.wanted() {
            // Who comes again for the awards asks for fares then: these may be other days.
            Wanted::AwardFlights if asking.since.is_some() && asking.is_another_asking() => {
                Err(Trouble { at: asking.now, cause: Cause::Late })
            }
            Wanted::AwardFlights => {
                let kept = asking.kept.iter().flat_map(|kept| &kept.parts);
                let kept = kept.filter(|part| parts.iter().all(|asked| asked.source() != part.source() || !asked.has_answered()));
                let awards = parts.iter().chain(kept).filter(|part| part.has_answered() && asking.is_of_awards(part.source()));
                let awards: Vec<&Part<FlightOffer>> = awards.collect();
                if awards.is_empty() {
                    let unknown = Trouble { at: asking.now, cause: Cause::Unavailable };
                    return Err(parts.iter().find_map(|part| part.trouble).unwrap_or(unknown));
                }
                Ok(cheapest_days(awards.into_iter().flat_map(|part| &part.offers)))
            }
            Wanted::CashFlights => {
                let (first, last) = self.days();
                let days = first.series(jiff::Span::new().days(1)).take_while(|day| *day <= last);
                Ok(days.take(CASH_DAYS_PER_SEARCH).collect())
            }
        }
    }
}

impl Asking<'_, SearchQuery> {
    fn is_of_awards(&self, source: &SourceId) -> bool {
        self.servers.all.iter().any(|serving| serving.id() == source && matches!(serving.adapter, FlightSource::Awards(_)))
    }
}

/// The days with the cheapest awards.
fn cheapest_days<'a>(offers: impl Iterator<Item = &'a FlightOffer>) -> Vec<Date> {
    let mut cheapest: BTreeMap<Date, u64> = BTreeMap::new();
    for offer in offers {
        if let Fare::Award { points, .. } = &offer.fare {
            let known = cheapest.entry(offer.day()).or_insert(points.get());
            *known = (*known).min(points.get());
        }
    }
    let mut days: Vec<(u64, Date)> = cheapest.into_iter().map(|(day, points)| (points, day)).collect();
    days.sort_unstable();
    days.into_iter().take(CASH_DAYS_PER_SEARCH).map(|(_, day)| day).collect()
}
