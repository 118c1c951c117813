//! How sources are called, for all of them: bounded, counted, repeated where that does no harm, page after page.

use std::{
    collections::HashSet,
    io::Read,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use bytes::Bytes;
use domain::{flights::SourceId, search::SourceOutcome};
use flate2::read::MultiGzDecoder;
use http::{Request, Response, header::CONTENT_ENCODING};
use jiff::Timestamp;
use platform::{
    chance::Chance,
    outside::{Call, MAX_ANSWER_BYTES, Outside, OutsideError},
};
use tokio::time::{Instant, sleep};

use crate::{
    Booked, BookingError, Found, Sifted, SourceError,
    booking::{BOOKING_TIMEOUT, OurReference, Refusals},
    read::Offer,
};

/// How long one call may take, answer read. It gets less where the time to ask ends before.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// What an adapter asks with.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    /// How calls leave.
    pub outside: &'a dyn Outside,
    /// When this is.
    pub now: Timestamp,
    /// Until when there is time. What was read by then stays; a call that is still under way is broken off, and counted like any
    /// other. (What the guard stores of a call is not cut off: an answer may be later by that.)
    pub until: Instant,
    /// Whether what passes with time is waited for; else it is a failure at once.
    pub patience: Option<Patience<'a>>,
}

impl<'a> Asking<'a> {
    /// For so long from here on, without patience.
    pub fn within(outside: &'a dyn Outside, now: Timestamp, within: Duration) -> Self {
        Self { outside, now, until: Instant::now() + within, patience: None }
    }
}

/// How what passes with time is waited for, while there is time.
#[derive(Debug, Clone, Copy)]
pub struct Patience<'a> {
    /// How often one request is sent at most.
    pub tries: u32,
    /// How long a pause may be. What asks for a longer one is a failure at once.
    pub longest: Duration,
    /// Where the jitter comes from.
    pub chance: &'a dyn Chance,
}

/// The first pause is at most this long; the ceiling doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

impl<'a> Patience<'a> {
    /// Of a search that a member waits for: there are seconds for all of it.
    pub fn of_a_member(chance: &'a dyn Chance) -> Self {
        Self { tries: 3, longest: Duration::from_secs(3), chance }
    }

    /// Of one that only a message waits for. What takes longer is cheaper waited for in the queue than by a function that runs.
    pub fn of_a_message(chance: &'a dyn Chance) -> Self {
        Self { tries: 5, longest: Duration::from_secs(10), chance }
    }

    /// How long to wait before the next try, after so many; `None` if that makes no sense. Full jitter: anything from nothing up
    /// to a ceiling that doubles. What the source itself asks for is the least.
    fn pause(&self, tried: u32, error: &SourceError) -> Option<Duration> {
        if !error.passes() || tried >= self.tries {
            return None;
        }
        let ceiling = FIRST_PAUSE.saturating_mul(1 << tried.saturating_sub(1).min(10)).min(self.longest);
        let mut bytes = [0; 4];
        self.chance.fill(&mut bytes);
        // Microseconds below the ceiling, which is a matter of seconds: no overflow, and no bias that matters.
        let below = u64::try_from(ceiling.as_micros()).unwrap_or(u64::MAX).max(1);
        let jitter = Duration::from_micros(u64::from(u32::from_be_bytes(bytes)) % below);
        let pause = match error {
            SourceError::RateLimited { retry_after: Some(asked) } => asked.checked_add(jitter),
            // By then there is a call to be had.
            SourceError::LimitReached { wait } => wait.checked_add(jitter),
            SourceError::RateLimited { retry_after: None }
            | SourceError::Unavailable(_)
            | SourceError::Timeout
            | SourceError::Unreachable
            | SourceError::Uncounted
            | SourceError::Unauthorized
            | SourceError::Forbidden
            | SourceError::Rejected { .. }
            | SourceError::Malformed
            | SourceError::TooLarge
            | SourceError::Undeclared
            | SourceError::NotOffered => Some(jitter),
            // It was not asked, and would not be: who waits has better to do.
            SourceError::LeftAlone { .. }
            | SourceError::QuotaUsedUp { .. }
            | SourceError::BudgetUsedUp { .. }
            | SourceError::RepeatedEnough => None,
        };
        pause.filter(|pause| *pause <= self.longest)
    }
}

/// The calls of one search, counted.
pub(crate) struct Calls<'a> {
    pub(crate) now: Timestamp,
    outside: &'a dyn Outside,
    source: &'static str,
    operation: &'static str,
    longest: Duration,
    until: Instant,
    patience: Option<Patience<'a>>,
    made: AtomicU32,
}

/// The most pages that a booking of ours is looked for in.
const LOOKED_THROUGH: u32 = 5;

impl<'a> Calls<'a> {
    pub(crate) fn by(asking: &Asking<'a>, source: &'static str, operation: &'static str) -> Self {
        let Asking { outside, now, until, patience } = *asking;
        Self { outside, source, operation, now, longest: CALL_TIMEOUT, until, patience, made: AtomicU32::new(0) }
    }

    /// Of a booking, which may take longer.
    pub(crate) fn of_booking(asking: &Asking<'a>, source: &'static str, operation: &'static str) -> Self {
        Self { longest: BOOKING_TIMEOUT, ..Self::by(asking, source, operation) }
    }

    pub(crate) fn made(&self) -> u32 {
        self.made.load(Ordering::Relaxed)
    }

    /// Sends a request that only asks, so that repeating it does no harm: once more at once if the connection failed, and as
    /// often as patience has it if what failed passes with time.
    pub(crate) async fn send(&self, request: Request<Bytes>) -> Result<Bytes, SourceError> {
        match &self.patience {
            None => self.connected(request, false).await,
            Some(patience) => self.repeated(patience, request).await,
        }
    }

    /// Sends a request that changes something there: once, whatever becomes of it.
    pub(crate) async fn send_once(&self, request: Request<Bytes>) -> Result<Response<Bytes>, SourceError> {
        self.successful(self.once(request, false).await?)
    }

    /// Sends a booking, or the payment for one: once, whatever becomes of it. What the answer does not say is not known.
    pub(crate) async fn book<T>(
        &self,
        request: Request<Bytes>,
        refusals: Refusals,
        read: impl FnOnce(&Response<Bytes>) -> Result<T, BookingError>,
    ) -> Result<T, BookingError> {
        // Without time it is not begun: what is broken off may be booked.
        self.time_left().ok_or(BookingError::Refused(SourceError::Timeout))?;
        let answer = self.once(request, false).await.map_err(|error| BookingError::sent(error.into()))?;
        let answer = unpacked(answer).map_err(BookingError::sent)?;
        if answer.status().is_success() {
            read(&answer)
        } else {
            Err(BookingError::refused(SourceError::of(&answer, self.now), answer.body(), refusals))
        }
    }

    /// Looks for a booking by our reference, page after page. What lies beyond the last one that is read is not known.
    pub(crate) async fn find(
        &self,
        reference: &OurReference,
        ask: impl Fn(Option<&str>) -> Result<Request<Bytes>, SourceError>,
        read: impl Fn(&[u8]) -> Result<Bookings, SourceError>,
    ) -> Result<Option<Booked>, SourceError> {
        let mut at = None;
        for _ in 0..LOOKED_THROUGH {
            let Bookings { bookings, next } = read(&self.send(ask(at.as_deref())?).await?)?;
            if let Some(ours) = bookings.into_iter().find(|one| one.ours.as_deref() == Some(reference.as_str())) {
                return Ok(Some(ours));
            }
            if next.is_none() {
                return Ok(None);
            }
            at = next;
        }
        Err(SourceError::TooLarge)
    }

    async fn repeated(&self, patience: &Patience<'_>, request: Request<Bytes>) -> Result<Bytes, SourceError> {
        let (mut tried, mut last) = (0, None);
        loop {
            let before = self.made();
            let repeated = last.is_some();
            let error = match self.connected(request.clone(), repeated).await {
                Ok(body) => return Ok(body),
                // What went wrong is why it was to be repeated.
                Err(SourceError::RepeatedEnough) => return Err(last.unwrap_or(SourceError::RepeatedEnough)),
                Err(error) => error,
            };
            tried += 1;
            let pause = patience.pause(tried, &error).filter(|pause| self.time_left().is_some_and(|left| *pause < left));
            let Some(pause) = pause else { return Err(error) };
            // What never left is no repetition when it does.
            if self.made() > before {
                last = Some(error);
            }
            sleep(pause).await;
        }
    }

    /// Sends it once more at once if the connection failed.
    async fn connected(&self, request: Request<Bytes>, repeated: bool) -> Result<Bytes, SourceError> {
        let answer = match self.once(request.clone(), repeated).await {
            Err(OutsideError::Unreachable) => match self.once(request, true).await {
                Err(OutsideError::RepeatedEnough) => Err(OutsideError::Unreachable),
                again => again,
            }?,
            other => other?,
        };
        self.successful(answer).map(Response::into_body)
    }

    fn successful(&self, answer: Response<Bytes>) -> Result<Response<Bytes>, SourceError> {
        let answer = unpacked(answer)?;
        if answer.status().is_success() { Ok(answer) } else { Err(SourceError::of(&answer, self.now)) }
    }

    async fn once(&self, request: Request<Bytes>, repeated: bool) -> Result<Response<Bytes>, OutsideError> {
        let Some(left) = self.time_left() else { return Err(OutsideError::Timeout) };
        let (source, operation, timeout) = (self.source, self.operation, left.min(self.longest));
        let answer = self.outside.send(Call { source, operation, request, timeout, repeated }).await;
        // What a guard keeps back is no call.
        if answer.as_ref().err().is_none_or(|error| error.left() || *error == OutsideError::Undeclared) {
            self.made.fetch_add(1, Ordering::Relaxed);
        }
        answer
    }

    /// How much time there is, if there is any.
    fn time_left(&self) -> Option<Duration> {
        self.until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
    }
}

/// An answer as it was before it was packed, in one piece or in several; it is not unpacked again. Unpacked it may be no larger than any
/// other.
pub(crate) fn unpacked(answer: Response<Bytes>) -> Result<Response<Bytes>, SourceError> {
    // RFC 9110: names of codings are the same in capitals, and `x-gzip` is an old one of the same.
    let is_gzip = |name: &[u8]| name.eq_ignore_ascii_case(b"gzip") || name.eq_ignore_ascii_case(b"x-gzip");
    let is_packed = answer.headers().get(CONTENT_ENCODING).is_some_and(|name| is_gzip(name.as_bytes().trim_ascii()));
    // Of nothing there is nothing to unpack.
    if !is_packed || answer.body().is_empty() {
        return Ok(answer);
    }
    let (mut head, body) = answer.into_parts();
    head.headers.remove(CONTENT_ENCODING);
    let mut whole = Vec::new();
    let most = MAX_ANSWER_BYTES as u64 + 1;
    MultiGzDecoder::new(&body[..]).take(most).read_to_end(&mut whole).map_err(|_| SourceError::Malformed)?;
    if whole.len() > MAX_ANSWER_BYTES {
        return Err(SourceError::TooLarge);
    }
    Ok(Response::from_parts(head, whole.into()))
}

/// A page of bookings.
#[derive(Debug)]
pub struct Bookings {
    /// Them.
    pub bookings: Vec<Booked>,
    /// Where the next page begins, if there is one.
    pub next: Option<String>,
}

/// One page of an answer.
#[derive(Debug)]
pub struct Page<O, At> {
    /// Its offers.
    pub sifted: Sifted<O>,
    /// Where the next one begins, if there is one.
    pub next: Option<At>,
}

/// A search whose answer comes in pages.
pub(crate) trait Paged: Sync {
    /// What is found.
    type Offer: Offer + Send;
    /// Where a page begins, as the source has it.
    type At: Send + Sync;

    /// The request for a page.
    fn request(&self, at: &Self::At, now: Timestamp) -> Result<Request<Bytes>, SourceError>;

    /// Reads it.
    fn page(&self, body: &[u8], at: &Self::At, now: Timestamp) -> Result<Page<Self::Offer, Self::At>, SourceError>;
}

/// Reads page after page to the end, or to `most`. What a failure or the end of the time cuts off leaves what was read
/// before it.
pub(crate) async fn search<P: Paged>(calls: &Calls<'_>, id: &SourceId, paged: &P, first: P::At, most: u32) -> Found<P::Offer> {
    let (mut sifted, mut seen, mut pages, mut error) = (Sifted::default(), HashSet::new(), 0, None);
    let mut next = Some(first);
    while let Some(at) = next.take() {
        if pages == most {
            next = Some(at);
            break;
        }
        match one_page(calls, paged, &at).await {
            Ok(page) => {
                sifted.join_new(page.sifted, &mut seen);
                next = page.next;
                pages += 1;
            }
            Err(cause) => {
                error = Some(cause);
                break;
            }
        }
    }
    let outcome = match (&error, pages, &next) {
        (Some(_), 0, _) => SourceOutcome::Failed,
        (Some(_), ..) | (None, _, Some(_)) => SourceOutcome::Partial,
        (None, _, None) => SourceOutcome::Complete,
    };
    let Sifted { offers, set_aside, .. } = sifted;
    Found { source: id.clone(), offers, set_aside, calls: calls.made(), outcome, error }
}

async fn one_page<P: Paged>(calls: &Calls<'_>, paged: &P, at: &P::At) -> Result<Page<P::Offer, P::At>, SourceError> {
    let body = calls.send(paged.request(at, calls.now)?).await?;
    paged.page(&body, at, calls.now)
}

/// What was looked for, where a source says of what it does not know that it is not found.
pub(crate) fn unless_unknown<T>(found: Result<Option<T>, SourceError>) -> Result<Option<T>, SourceError> {
    match found {
        Err(SourceError::Rejected { status: 404, .. }) => Ok(None),
        found => found,
    }
}

/// What a source gave that can't be asked this.
pub(crate) fn not_offered<O>(id: &SourceId) -> Found<O> {
    Found::failed(id, SourceError::NotOffered, 0)
}
