//! `cargo xtask normalise`: what an adapter makes of one recorded answer, as JSON.

use jiff::Timestamp;
use platform::outside::MAX_ANSWER_BYTES;
use providers::{
    SourceError,
    others::Other,
    readings::Normalised,
    sources::{Contract, SOURCES, Source, source},
};
use serde::Serialize;

/// The name that stands for whatever the answer looks like.
pub const AUTO: &str = "auto";

/// Why nothing could be tried.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NormaliseError {
    /// There is no such source.
    #[error("there is no source {0}; there are {1}")]
    NoSource(String, String),
    /// The source has no such operation.
    #[error("{0} has no operation {1}; there are auto, {2}")]
    NoOperation(String, String, String),
}

/// What is printed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Printed {
    source: &'static str,
    contract: Contract,
    operation: Option<&'static str>,
    at: Timestamp,
    #[serde(flatten)]
    outcome: Outcome,
}

#[derive(Debug, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
enum Outcome {
    Normalised(Normalised),
    Failed { error: Failure, says: String },
}

/// What the adapter would answer; or what the document is, where that is known of one that no operation is read of.
#[derive(Debug, Serialize, thiserror::Error)]
#[serde(untagged)]
enum Failure {
    #[error(transparent)]
    Source(SourceError),
    #[error("{what}")]
    NotRead { cause: &'static str, what: Other },
}

impl Failure {
    fn of(error: SourceError, source: &Source, recorded: &[u8]) -> Self {
        let is_unknown = matches!(error, SourceError::Malformed);
        match source.other(recorded).filter(|_| is_unknown) {
            Some(what) => Self::NotRead { cause: "not-read", what },
            None => Self::Source(error),
        }
    }
}

/// What some editors write before a text.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// What the adapter of a source makes of an answer, taken for one to that operation and as it arrived at that time.
///
/// # Errors
/// If there is no such source or operation. What is wrong with the answer is no error: it is what the adapter makes of it.
pub fn normalise(name: &str, operation: &str, recorded: &[u8], at: Timestamp) -> Result<String, NormaliseError> {
    let Some(source) = source(name) else {
        return Err(NormaliseError::NoSource(name.to_owned(), list(SOURCES.iter().map(|source| source.id))));
    };
    let named = operation_of(source, operation)?;
    let recorded = recorded.strip_prefix(BYTE_ORDER_MARK).unwrap_or(recorded);
    let (guessed, result) = if recorded.len() > MAX_ANSWER_BYTES {
        (None, Err(SourceError::TooLarge))
    } else {
        source.normalise(named, recorded, at)
    };
    let outcome = match result {
        Ok(normalised) => Outcome::Normalised(normalised),
        Err(error) => {
            let error = Failure::of(error, source, recorded);
            Outcome::Failed { says: error.to_string(), error }
        }
    };
    let printed = Printed { source: source.id, contract: source.contract, operation: named.or(guessed), at, outcome };
    // Texts and exact numbers: nothing in it that JSON can't hold.
    Ok(serde_json::to_string_pretty(&printed).unwrap_or_else(|_| unreachable!("plain data")))
}

fn operation_of(source: &Source, operation: &str) -> Result<Option<&'static str>, NormaliseError> {
    if operation == AUTO {
        return Ok(None);
    }
    let found = source.readings().iter().find(|reading| reading.operation == operation);
    let missing = || {
        let all = list(source.readings().iter().map(|reading| reading.operation));
        NormaliseError::NoOperation(source.id.to_owned(), operation.to_owned(), all)
    };
    found.map(|reading| Some(reading.operation)).ok_or_else(missing)
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn printed(source: &str, operation: &str, recorded: &str) -> Value {
        serde_json::from_str(&normalise(source, operation, recorded.as_bytes(), Timestamp::UNIX_EPOCH).unwrap()).unwrap()
    }

    #[test]
    fn offers_and_what_was_set_aside_are_printed() {
        let hotels = r#"{"hotels": [{"id": "h", "rooms": [
            {"rateId": "r", "price": {"currency": "INR", "total": 10.5}},
            {"rateId": "s", "price": {"currency": "INR", "total": -1}}]}]}"#;
        for operation in ["auto", "search-hotels"] {
            let printed = printed("goibibo", operation, hotels);
            assert_eq!(printed["outcome"], "normalised");
            assert_eq!((&printed["kind"], &printed["operation"]), (&json!("stays"), &json!("search-hotels")));
            assert_eq!(printed["contract"], "unverified_contract");
            assert_eq!(printed["offers"][0]["price"]["total"], json!({"amount": "10.50", "currency": "INR"}));
            assert_eq!(printed["setAside"], json!([{"index": 1, "id": "h s", "reason": "price"}]));
        }
    }

    #[test]
    fn a_typed_error_is_printed_too() {
        let recorded = r#"{"status": 429, "headers": {"Retry-After": "10"}, "body": {"code": "TOO_MANY_REQUESTS"}}"#;
        let printed = printed("viator", "auto", recorded);
        assert_eq!(printed["outcome"], "failed");
        assert_eq!(printed["error"], json!({"cause": "rate-limited", "detail": {"retryAfterSeconds": 10}}));
        let printed = self::printed("viator", "search-freetext", "<html>");
        assert_eq!((&printed["error"], &printed["operation"]), (&json!({"cause": "malformed"}), &json!("search-freetext")));
    }

    #[test]
    fn a_record_that_is_set_aside_is_named_by_its_id_or_its_place() {
        let aside = |source, operation, recorded| printed(source, operation, recorded)["setAside"].clone();
        let product = r#"{"productCode": "250380P1", "title": "Surf lessons", "status": "ACTIVE"}"#;
        assert_eq!(aside("viator", "auto", product), json!([{"index": 0, "id": "250380P1", "reason": "price"}]));
        let routes = r#"[{"ID": "r1", "OriginAirport": "TPE", "DestinationAirport": "PNH", "NumDaysOut": 60}, 7]"#;
        let expected = json!([{"index": 0, "id": "r1", "reason": "summary"}, {"index": 1, "reason": "form"}]);
        assert_eq!(aside("seats-aero", "auto", routes), expected);
        let houses = r#"{"1": {"property_id": "1", "name": "Hotel Adler"}, "2": {"property_id": 2}}"#;
        assert_eq!(aside("expedia-rapid", "auto", houses), json!([{"index": 1, "id": "2", "reason": "place"}]));
    }

    #[test]
    fn what_is_no_answer_is_told_what_it_is() {
        let notice = r#"[{"event_id": "e", "event_type": "itinerary.agent.change", "itinerary_id": "1"}]"#;
        for (source, recorded, what) in [
            ("expedia-rapid", notice, "notices"),
            ("expedia-rapid", "[]", "empty"),
            ("duffel", r#"{"data": []}"#, "empty"),
            ("booking-demand", r#"{"booker": {"country": "nl"}, "city": -1}"#, "request"),
            ("viator", r#"{"rates": [{"sourceCurrency": "EUR"}]}"#, "exchange-rates"),
        ] {
            let printed = printed(source, "auto", recorded);
            assert_eq!(printed["error"], json!({"cause": "not-read", "what": what}), "{source} {recorded}");
        }
        let named = printed("expedia-rapid", "availability", "[]");
        assert_eq!((&named["outcome"], &named["offers"]), (&json!("normalised"), &json!([])), "who was asked says what it is");
    }

    #[test]
    fn a_byte_order_mark_is_passed_over() {
        assert_eq!(printed("goibibo", "auto", "\u{feff}{\"hotels\": []}")["operation"], "search-hotels");
    }

    #[test]
    fn what_is_too_large_is_not_read() {
        let recorded = " ".repeat(MAX_ANSWER_BYTES + 1);
        assert_eq!(printed("duffel", "auto", &recorded)["error"], json!({"cause": "too-large"}));
    }

    #[test]
    fn an_unknown_name_is_answered_with_those_there_are() {
        let wrong = |source, operation| normalise(source, operation, b"{}", Timestamp::UNIX_EPOCH).unwrap_err().to_string();
        assert!(wrong("expedia", "auto").contains("expedia-rapid, viator"));
        assert!(wrong("duffel", "fly").contains("auto, offer-requests, "));
    }
}
