//! What every adapter must make of a source that fails.

use std::time::Duration;

use domain::search::SourceOutcome;
use platform::outside::Outside;
use providers::{
    Adapter, SourceError,
    sources::{SOURCES, Source},
};
use providers_tests::{
    Answer, Impatient, NOW, Refusing, Vendor, asking, outside,
    questions::{Given, SECRET, Searched, ask, ask_with, assert_secret, calls, granting, recorded},
    sample,
};
use serde_json::{Value, json};

fn assert_failed(given: &Given, expected: &SourceError, calls: u32) {
    let found = (given.outcome, given.error.as_ref(), given.calls);
    assert_eq!(found, (SourceOutcome::Failed, Some(expected), calls), "{}", given.source);
    assert!(given.offers.is_empty(), "{}", given.source);
    assert_secret(&given.shown);
}

async fn each(vendor: &Vendor, outside: &dyn Outside, check: impl Fn(&Source, &Given)) {
    for source in SOURCES {
        check(source, &ask(source, &vendor.base, outside).await);
    }
}

#[tokio::test]
async fn each_documented_error_is_typed() {
    let rejected = |status, code: Option<&str>| SourceError::Rejected { status, code: code.map(str::to_owned) };
    let limited = |seconds: Option<u64>| SourceError::RateLimited { retry_after: seconds.map(Duration::from_secs) };
    let in_a_minute = "Wed, 18 Feb 2026 07:34:20 GMT";
    let a_minute_on = (NOW.as_millisecond() + 60_000).to_string();
    let an_hour_on = (NOW.as_millisecond() + 3_600_000).to_string();
    let by_minute_and_day = |left: Option<(&'static str, &'static str)>| {
        let bare = Answer::new(429, "")
            .with("rate-limit-minute-reset", a_minute_on.clone())
            .with("rate-limit-day-reset", an_hour_on.clone());
        match left {
            None => bare,
            Some((minute, day)) => bare.with("rate-limit-minute-remaining", minute).with("rate-limit-day-remaining", day),
        }
    };
    let cases = [
        (Answer::new(400, "{}"), rejected(400, None)),
        (Answer::new(400, sample("expedia-rapid/error-400-availability.json")), rejected(400, Some("invalid_input"))),
        (Answer::new(401, sample("duffel/error-authentication-error.json")), SourceError::Unauthorized),
        (Answer::new(401, sample("expedia-rapid/error-401.json")), SourceError::Unauthorized),
        (Answer::new(401, sample("getyourguide/error-401.json")), SourceError::Unauthorized),
        (Answer::new(403, sample("booking-demand/error-403-sandbox-blocked.json")), SourceError::Forbidden),
        (Answer::new(404, ""), rejected(404, None)),
        (Answer::new(409, r#"{"errors":[{"id":"order_conflict"}]}"#), rejected(409, Some("order_conflict"))),
        (Answer::new(400, r#"{"errors":[{"errorCode":7}]}"#), rejected(400, Some("7"))),
        (Answer::new(400, r#"{"code":"BAD_REQUEST","message":"m"}"#), rejected(400, Some("BAD_REQUEST"))),
        (Answer::new(400, r#"{"success":false,"data":{},"error":"some text"}"#), rejected(400, None)),
        (Answer::new(422, sample("duffel/error-validation-error.json")), rejected(422, Some("validation_required"))),
        (Answer::new(422, r#"{"errors":[{"code":"<script>"}]}"#), rejected(422, None)),
        (Answer::new(422, r#"{"errors":[]}"#), rejected(422, None)),
        (Answer::new(426, ""), rejected(426, None)),
        // The status inside these two bodies is another one than HTTP's.
        (Answer::new(429, sample("duffel/error-rate-limit-error.json")), limited(None)),
        (Answer::new(500, sample("duffel/error-api-error.json")), SourceError::Unavailable(500)),
        (Answer::new(429, sample("contract/error.json")), limited(None)),
        (Answer::new(429, "").with("retry-after", "7"), limited(Some(7))),
        (Answer::new(429, "").with("retry-after", in_a_minute), limited(Some(60))),
        (Answer::new(429, "").with("ratelimit-reset", in_a_minute), limited(Some(60))),
        (Answer::new(429, "").with("ratelimit-reset", "10"), limited(Some(10))),
        (Answer::new(429, "").with("rate-limit-minute-reset", a_minute_on.clone()), limited(Some(60))),
        (by_minute_and_day(None), limited(Some(3_600))),
        (by_minute_and_day(Some(("7", "0"))), limited(Some(3_600))),
        (by_minute_and_day(Some(("0", "7"))), limited(Some(60))),
        (by_minute_and_day(Some(("0", "0"))), limited(Some(3_600))),
        (Answer::new(429, "").with("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"), limited(None)),
        (Answer::new(429, "").with("retry-after", "-1"), limited(None)),
        (Answer::new(429, "").with("retry-after", "later"), limited(None)),
        (Answer::new(502, "<html>"), SourceError::Unavailable(502)),
        (Answer::new(503, sample("expedia-rapid/error-503.json")).with("retry-after", "7"), SourceError::Unavailable(503)),
        // A redirect is not followed: the key must not follow it.
        (Answer::new(302, "").with("location", "http://127.0.0.1:1/"), SourceError::Unavailable(302)),
        (Answer::new(200, ""), SourceError::Malformed),
        (Answer::new(204, ""), SourceError::Malformed),
        (Answer::new(200, "garbage"), SourceError::Malformed),
        (Answer::new(200, vec![0xff, 0xfe, 0x00]), SourceError::Malformed),
        (Answer::new(200, "garbage").with("content-encoding", "gzip"), SourceError::Malformed),
        (Answer::new(200, sample("duffel/error-api-error.json")), SourceError::Malformed),
        (Answer::new(200, sample("expedia-rapid/error-401.json")), SourceError::Malformed),
        (Answer::new(200, sample("contract/error.json")), SourceError::Malformed),
    ];
    for (answer, expected) in cases {
        let vendor = Vendor::always(answer).await;
        each(&vendor, &outside(), |_, given| assert_failed(given, &expected, 1)).await;
        assert_eq!(vendor.asked().len(), SOURCES.len(), "one call each: without patience nobody waits");
    }
}

#[tokio::test]
async fn a_refusal_that_comes_as_a_success_is_none() {
    let vendor = Vendor::always(Answer::new(200, r#"{"success":false,"data":{},"error":"token is invalid"}"#)).await;
    let source = providers::sources::source("travelpayouts").unwrap();
    assert_failed(&ask(source, &vendor.base, &outside()).await, &SourceError::Rejected { status: 200, code: None }, 1);
}

/// An empty list beside what went wrong, for each source that lists what it has.
#[tokio::test]
async fn an_empty_list_beside_an_error_is_no_empty_success() {
    for source in SOURCES {
        let mut nothing = match source.id {
            "seats-aero" => json!({"data": [], "hasMore": false, "error": "rate limited"}),
            "duffel" => json!({"data": {"offers": []}, "errors": [{"code": "a_code"}]}),
            "booking-demand" => json!({"data": [], "errors": [{"id": "a_code"}]}),
            "viator" => json!({"products": {"results": [], "totalCount": 0}, "code": "a_code", "message": "m"}),
            "getyourguide" => json!({"_metadata": {}, "data": {"tours": []}, "errors": [{"errorCode": 7}]}),
            "goibibo" | "oyo" | "makemytrip" | "trip-com" => json!({"hotels": [], "error": {"code": "a_code"}}),
            // These answer with a list alone, or say themselves whether they succeed.
            "expedia-rapid" | "travelpayouts" => continue,
            unknown => unreachable!("{unknown} lists nothing"),
        };
        let code = match source.id {
            "seats-aero" => None,
            "getyourguide" => Some("7".to_owned()),
            _ => Some("a_code".to_owned()),
        };
        let answer = Answer::json(&nothing);
        let vendor = Vendor::answering(move |_, asked| granting(asked, answer.clone())).await;
        let refused = SourceError::Rejected { status: 200, code };
        assert_failed(&ask(source, &vendor.base, &outside()).await, &refused, calls(source));
        // What says that nothing is wrong says nothing.
        let fields = nothing.as_object_mut().unwrap();
        for name in ["errors", "error", "code"] {
            fields.get_mut(name).into_iter().for_each(|said| *said = Value::Null);
        }
        let answer = Answer::json(&nothing);
        let vendor = Vendor::answering(move |_, asked| granting(asked, answer.clone())).await;
        assert_eq!(ask(source, &vendor.base, &outside()).await.outcome, SourceOutcome::Complete, "{}", source.id);
    }
}

#[tokio::test]
async fn a_silent_source_times_out() {
    let vendor = Vendor::always(Answer::never()).await;
    each(&vendor, &Impatient(outside()), |_, given| assert_failed(given, &SourceError::Timeout, 1)).await;
}

#[tokio::test]
async fn an_absent_source_is_tried_twice() {
    let vendor = Vendor::absent().await;
    each(&vendor, &outside(), |_, given| assert_failed(given, &SourceError::Unreachable, 2)).await;
}

#[tokio::test]
async fn a_connection_that_broke_once_costs_nothing() {
    for source in SOURCES.iter().filter(|source| calls(source) == 1) {
        let vendor = Vendor::hanging_up_once(Answer::json(&recorded(source.id))).await;
        let given = ask(source, &vendor.base, &outside()).await;
        assert_eq!((given.outcome, given.calls, given.error), (SourceOutcome::Complete, 2, None), "{}", source.id);
    }
}

#[tokio::test]
async fn an_answer_that_never_ends_is_too_large() {
    let vendor = Vendor::always(Answer::new(200, vec![b' '; platform::outside::MAX_ANSWER_BYTES + 1])).await;
    // Only seats.aero can ask for smaller pages.
    each(&vendor, &outside(), |source, given| {
        assert_failed(given, &SourceError::TooLarge, if source.id == "seats-aero" { 4 } else { 1 });
    })
    .await;
}

#[tokio::test]
async fn a_truncated_answer_is_malformed() {
    for source in SOURCES {
        let body = recorded(source.id).to_string();
        for eighth in 0..8 {
            let cut = body.as_bytes()[..body.len() * eighth / 8].to_vec();
            let vendor = Vendor::answering(move |_, asked| granting(asked, Answer::new(200, cut.clone()))).await;
            assert_failed(&ask(source, &vendor.base, &outside()).await, &SourceError::Malformed, calls(source));
        }
    }
}

/// Every value of the recording in turn, with one of another type in its place: whatever is offered then is sound, and whatever
/// is not is counted.
#[tokio::test]
async fn values_of_another_type_are_set_aside_or_malformed() {
    let wrong = [
        Value::Null,
        Value::Bool(true),
        Value::from(-1),
        Value::from("\u{202e}"),
        serde_json::json!([[]]),
        serde_json::json!({"a": {}}),
    ];
    for source in SOURCES {
        let document = recorded(source.id);
        let places = providers_tests::pointers(&document);
        let reading = source.readings().iter().find(|reading| (reading.fits)(&document)).unwrap();
        for place in places {
            for value in &wrong {
                let mut document = document.clone();
                *document.pointer_mut(&place).unwrap() = value.clone();
                match (reading.read)(document.to_string().as_bytes(), NOW) {
                    Ok(normalised) => assert!(providers_tests::is_sound(&normalised), "{} {place} {value}", source.id),
                    Err(error) => {
                        let refused = SourceError::Rejected { status: 200, code: None };
                        assert!([SourceError::Malformed, refused].contains(&error), "{} {place} {value}: {error}", source.id);
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn a_call_that_was_not_declared_stays_inside_and_shows_no_secret() {
    let refusing = Refusing::default();
    let vendor = Vendor::absent().await;
    each(&vendor, &refusing, |_, given| assert_failed(given, &SourceError::Undeclared, 1)).await;
    let logged = refusing.0.into_inner().unwrap();
    assert_eq!(logged.len(), SOURCES.len());
    for call in logged {
        assert!(call.contains("Sensitive"), "{call}");
        assert_secret(&call);
    }
}

#[tokio::test]
async fn a_key_that_can_not_be_sent_is_one_that_the_source_can_not_know() {
    let vendor = Vendor::always(Answer::new(200, "{}")).await;
    let outside = outside();
    let asking = asking(&outside);
    for source in SOURCES.iter().filter(|source| calls(source) == 1) {
        let given = ask_with(source, &vendor.base, "two\nlines:two\nlines", &asking).await;
        assert_failed(&given, &SourceError::Unauthorized, 0);
    }
    assert!(vendor.asked().is_empty());
}

#[tokio::test]
async fn a_key_is_of_two_parts_where_the_table_says_so() {
    for source in SOURCES {
        let vendor = Vendor::always(Answer::new(500, "{}")).await;
        ask_with(source, &vendor.base, "of-one-part", &asking(&outside())).await;
        assert_eq!(vendor.asked().is_empty(), source.key_of_two, "{}", source.id);
    }
}

#[test]
fn adapters_show_no_secret() {
    for source in SOURCES {
        let adapter = Searched::connect(source.id, "http://x", SECRET.to_owned().into()).unwrap();
        assert_secret(&format!("{adapter:?}"));
    }
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
        (SourceError::NotOffered, false),
    ] {
        assert_eq!(error.passes(), passes, "{error}");
    }
}
