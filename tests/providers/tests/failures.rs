//! What every adapter must make of a source that fails. Adding an adapter is one line in `each`.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use domain::search::SourceOutcome;
use platform::outside::Outside;
use providers::{AwardSource, CashSource, Duffel, Found, SeatsAero, SourceError};
use providers_tests::{
    Answer, Impatient, NOW, Refusing, Vendor, availability, cancun_to_istanbul, day, london_to_new_york, mended_offer_request,
    outside, sample, search_page,
};

const SECRET: &str = "a-key-that-nobody-may-see";

/// Asks each adapter once, all with the same vendor.
async fn each(vendor: &Vendor, outside: &dyn Outside) -> [Found; 2] {
    [
        SeatsAero::new(&vendor.base, SECRET.to_owned().into()).awards(outside, &cancun_to_istanbul(), NOW).await,
        Duffel::new(&vendor.base, SECRET.to_owned().into())
            .fares(outside, &london_to_new_york(), &[day("2020-06-13")], NOW)
            .await,
    ]
}

fn assert_failed(found: &[Found], expected: &SourceError, calls: u32) {
    for found in found {
        assert_eq!(
            (found.outcome, found.error.as_ref(), found.calls),
            (SourceOutcome::Failed, Some(expected), calls),
            "{}",
            found.source
        );
        assert!(found.offers.is_empty() && !format!("{found:?} {expected}").contains(SECRET));
        assert_eq!((found.report().outcome, found.report().calls, found.report().offers), (SourceOutcome::Failed, calls, 0));
    }
}

#[tokio::test]
async fn each_documented_error_is_typed() {
    let rejected = |status, code: Option<&str>| SourceError::Rejected { status, code: code.map(str::to_owned) };
    let limited = |seconds: Option<u64>| SourceError::RateLimited { retry_after: seconds.map(Duration::from_secs) };
    let in_a_minute = "Wed, 18 Feb 2026 07:34:20 GMT";
    let cases = [
        (Answer::new(400, "{}"), rejected(400, None)),
        (Answer::new(401, sample("duffel/error-authentication-error.json")), SourceError::Unauthorized),
        (Answer::new(403, ""), SourceError::Forbidden),
        (Answer::new(404, ""), rejected(404, None)),
        (Answer::new(422, sample("duffel/error-validation-error.json")), rejected(422, Some("validation_required"))),
        (Answer::new(422, r#"{"errors":[{"code":"<script>"}]}"#), rejected(422, None)),
        (Answer::new(422, r#"{"errors":[]}"#), rejected(422, None)),
        // The status inside these two bodies is another one than HTTP's.
        (Answer::new(429, sample("duffel/error-rate-limit-error.json")), limited(None)),
        (Answer::new(500, sample("duffel/error-api-error.json")), SourceError::Unavailable(500)),
        (Answer::new(429, "").with("retry-after", "7"), limited(Some(7))),
        (Answer::new(429, "").with("retry-after", in_a_minute), limited(Some(60))),
        (Answer::new(429, "").with("ratelimit-reset", in_a_minute), limited(Some(60))),
        (Answer::new(429, "").with("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"), limited(None)),
        (Answer::new(429, "").with("retry-after", "-1"), limited(None)),
        (Answer::new(429, "").with("retry-after", "later"), limited(None)),
        (Answer::new(502, "<html>"), SourceError::Unavailable(502)),
        (Answer::new(503, "").with("retry-after", "7"), SourceError::Unavailable(503)),
        // A redirect is not followed: the key must not follow it.
        (Answer::new(302, "").with("location", "http://127.0.0.1:1/"), SourceError::Unavailable(302)),
        (Answer::new(200, ""), SourceError::Malformed),
        (Answer::new(204, ""), SourceError::Malformed),
        (Answer::new(200, "garbage"), SourceError::Malformed),
        (Answer::new(200, vec![0xff, 0xfe, 0x00]), SourceError::Malformed),
        (Answer::new(200, sample("duffel/error-api-error.json")), SourceError::Malformed),
    ];
    for (answer, expected) in cases {
        let vendor = Vendor::always(answer).await;
        assert_failed(&each(&vendor, &outside()).await, &expected, 1);
        assert_eq!(vendor.asked().len(), 2, "one call each: waiting is the queue's");
    }
}

#[tokio::test]
async fn a_silent_source_times_out() {
    let vendor = Vendor::silent().await;
    assert_failed(&each(&vendor, &Impatient(outside())).await, &SourceError::Timeout, 1);
}

#[tokio::test]
async fn an_absent_source_is_tried_twice() {
    let vendor = Vendor::absent().await;
    assert_failed(&each(&vendor, &outside()).await, &SourceError::Unreachable, 2);
}

#[tokio::test]
async fn a_connection_that_broke_once_costs_nothing() {
    let answers = [search_page(&[availability("one")], false, 1), mended_offer_request()];
    for (at, answer) in answers.iter().enumerate() {
        let vendor = Vendor::hanging_up_once(Answer::json(answer)).await;
        let outside = outside();
        let found = if at == 0 {
            SeatsAero::new(&vendor.base, SECRET.to_owned().into()).awards(&outside, &cancun_to_istanbul(), NOW).await
        } else {
            Duffel::new(&vendor.base, SECRET.to_owned().into())
                .fares(&outside, &london_to_new_york(), &[day("2020-06-13")], NOW)
                .await
        };
        assert_eq!((found.outcome, found.calls, found.error), (SourceOutcome::Complete, 2, None), "{}", found.source);
    }
}

#[tokio::test]
async fn an_answer_that_never_ends_is_too_large() {
    let vendor = Vendor::always(Answer::new(200, vec![b' '; platform::outside::MAX_ANSWER_BYTES + 1])).await;
    let [awards, fares] = each(&vendor, &outside()).await;
    assert_failed(&[awards], &SourceError::TooLarge, 4);
    assert_failed(&[fares], &SourceError::TooLarge, 1);
}

#[tokio::test]
async fn a_call_that_was_not_declared_stays_inside_and_shows_no_secret() {
    let vendor = Vendor::absent().await;
    let refusing = Refusing::default();
    assert_failed(&each(&vendor, &refusing).await, &SourceError::Undeclared, 1);
    let logged = refusing.0.into_inner().unwrap();
    assert_eq!(logged.len(), 2);
    assert!(logged.iter().all(|call| call.contains("Sensitive") && !call.contains(SECRET)), "{logged:?}");
}

#[tokio::test]
async fn a_key_that_can_not_be_sent_is_one_that_the_source_can_not_know() {
    let vendor = Vendor::always(Answer::json(&search_page(&[], false, 1))).await;
    let outside = outside();
    let awards = SeatsAero::new(&vendor.base, "two\nlines".to_owned().into()).awards(&outside, &cancun_to_istanbul(), NOW).await;
    let fares = Duffel::new(&vendor.base, "two\nlines".to_owned().into())
        .fares(&outside, &london_to_new_york(), &[day("2020-06-13")], NOW)
        .await;
    assert_failed(&[awards, fares], &SourceError::Unauthorized, 0);
    assert!(vendor.asked().is_empty());
}

#[test]
fn adapters_show_no_secret() {
    let shown = format!(
        "{:?} {:?}",
        SeatsAero::new("http://x", SECRET.to_owned().into()),
        Duffel::new("http://x", SECRET.to_owned().into())
    );
    assert!(!shown.contains(SECRET), "{shown}");
}

#[test]
fn an_error_says_whether_it_passes() {
    for (error, passes) in [
        (SourceError::RateLimited { retry_after: None }, true),
        (SourceError::Unavailable(503), true),
        (SourceError::Timeout, true),
        (SourceError::Unreachable, true),
        (SourceError::Unauthorized, false),
        (SourceError::Forbidden, false),
        (SourceError::Rejected { status: 422, code: None }, false),
        (SourceError::Malformed, false),
        (SourceError::TooLarge, false),
        (SourceError::Undeclared, false),
    ] {
        assert_eq!(error.passes(), passes, "{error}");
    }
}
