//! What an adapter makes of answers that can be anything, to whatever it asks: not the readings alone, but all that it does with an
//! answer on its way to them. No socket is needed for it, so that a fuzzer can do it a thousand times a second.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use bytes::Bytes;
use domain::{
    sources::feeds::Since,
    stays::{Position, StayPlace, StayQuery},
};
use futures::future::BoxFuture;
use http::Response;
use platform::outside::{Call, Outside, OutsideError};
use providers::{Adapter, BookingError, Desk, Feed, HouseSource, SourceError, StaySource, readings::Normalised, sources::Source};

use crate::{
    Answer, Asked, NOW, asking, desks, is_sound,
    questions::{SECRET, ask, granting, stay},
};

/// Where the source is.
const BASE: &str = "https://source.example";

/// The world outside: it answers at once, by what it is asked.
struct Answering<F>(F);

impl<F> fmt::Debug for Answering<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answering")
    }
}

impl<F: Fn(&Asked) -> Answer + Send + Sync> Outside for Answering<F> {
    fn send(&self, call: Call) -> BoxFuture<'_, Result<Response<Bytes>, OutsideError>> {
        let (head, body) = call.request.into_parts();
        let answer = (self.0)(&Asked { head: head.into(), body });
        Box::pin(async move { Ok(answer.response()) })
    }
}

/// How often a source was asked for something that it has, and how often that came to an answer, by what it was asked for.
pub type Tried = BTreeMap<&'static str, (u32, u32)>;

fn note<T, E>(tried: &mut Tried, what: &'static str, result: &Result<T, E>, is_offered: impl Fn(&E) -> bool) {
    if result.as_ref().err().is_none_or(is_offered) {
        let (asked, answered) = tried.entry(what).or_default();
        *asked += 1;
        *answered += u32::from(result.is_ok());
    }
}

/// Asks a source all that it can be asked (searches, what its houses are called, what has changed, its desk), and has it answer so. It comes to what can be trusted
/// or to a typed error, never to a panic.
pub async fn withstands_all(source: &'static Source, answer: &Answer, tried: &mut Tried) {
    // Once to every call, so that what is asked for before the rest is read, too; once to the rest alone.
    everything(source, &Answering(|_: &Asked| answer.clone()), tried).await;
    everything(source, &Answering(|asked: &Asked| granting(asked, answer.clone())), tried).await;
    let Some(known) = desks::desk(source) else { return };
    let Some(desk) = connected::<Arc<dyn Desk>>(source) else { return };
    let outside =
        Answering(|asked: &Asked| if asked.is(known.books) { answer.clone() } else { (known.before)(asked, &known.price()) });
    let booked = desk.book(&asking(&outside), &known.request).await;
    assert!(booked.iter().all(|booked| is_sound(&Normalised::Booking(booked.clone()))), "{}: {booked:?}", source.id);
    note(tried, "book", &booked, |error| *error != BookingError::Refused(SourceError::NotOffered));
}

async fn everything(source: &'static Source, outside: &dyn Outside, tried: &mut Tried) {
    let given = ask(source, BASE, outside).await;
    assert!(given.error.is_none() || given.offers.is_empty(), "{}: an only page gives offers and an error", source.id);
    note(tried, "search", &given.error.map_or(Ok(()), Err), is_offered);
    if let Some(stays) = connected::<Arc<dyn StaySource>>(source) {
        let around = stays.stays(&asking(outside), &around(source)).await;
        note(tried, "around", &around.error.map_or(Ok(()), Err), is_offered);
    }
    if let Some(houses) = connected::<Arc<dyn HouseSource>>(source) {
        let asked = ["10004", "12345"].map(|reference| reference.parse().unwrap());
        let told = houses.houses(&asking(outside), &BTreeSet::from(asked)).await;
        assert!(told.offers.iter().all(|house| house.name.is_some()), "{}: {:?}", source.id, told.offers);
        note(tried, "houses", &told.error.map_or(Ok(()), Err), is_offered);
    }
    if let Some(feed) = connected::<Arc<dyn Feed>>(source) {
        let page = feed.changes(&asking(outside), &Since::Instant(NOW)).await;
        assert!(page.iter().all(|page| is_sound(&Normalised::Changes(page.clone()))), "{}: {page:?}", source.id);
        note(tried, "changes", &page, is_offered);
    }
    looked_after(source, outside, tried).await;
}

/// What its desk does besides booking.
async fn looked_after(source: &'static Source, outside: &dyn Outside, tried: &mut Tried) {
    let (Some(desk), Some(known)) = (connected::<Arc<dyn Desk>>(source), desks::desk(source)) else { return };
    let asking = &asking(outside);
    let (offer, booking) = match source.id {
        "expedia-rapid" => ("/v3/properties/1/rooms/2/rates/3?token=t", "/v3/itineraries/1?token=t"),
        // One of the sample's, among which it is looked for.
        "booking-demand" => ("1", "4700000001"),
        _ => ("1", "1"),
    };
    let check = desk.check(asking, offer).await;
    assert!(check.iter().all(|check| is_sound(&Normalised::PriceCheck(check.clone()))), "{}: {check:?}", source.id);
    note(tried, "check", &check, is_offered);
    note(tried, "find", &desk.find(asking, &known.request).await, is_offered);
    let status = desk.status(asking, booking).await;
    assert!(status.iter().all(|booked| is_sound(&Normalised::Booking(booked.clone()))), "{}: {status:?}", source.id);
    note(tried, "status", &status, is_offered);
    let paid = desk.pay(asking, &known.request, booking).await;
    note(tried, "pay", &paid, |error| *error != BookingError::Refused(SourceError::NotOffered));
    let quote = desk.cancel_quote(asking, booking).await;
    assert!(quote.iter().all(|quote| is_sound(&Normalised::CancelQuote(quote.clone()))), "{}: {quote:?}", source.id);
    note(tried, "cancel-quote", &quote, is_offered);
    note(tried, "cancel", &desk.cancel(asking, booking).await, is_offered);
}

fn connected<A: Adapter>(source: &Source) -> Option<A> {
    A::connect(source.id, BASE, SECRET.to_owned().into())
}

fn is_offered(error: &SourceError) -> bool {
    *error != SourceError::NotOffered
}

/// The question that a source's sample answers, around a place on earth.
fn around(source: &Source) -> StayQuery {
    let asked = stay(source.id);
    let place = StayPlace::Around(Position::new("26.9".parse().unwrap(), "75.8".parse().unwrap()).unwrap(), 5, None);
    StayQuery::new(place, asked.checkin(), asked.nights(), asked.guests().clone(), asked.currency()).unwrap()
}
