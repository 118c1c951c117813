//! Notices: requests of other systems, which have no token and sign what they send. (Webhooks, as they are called there.)
//!
//! `X-Timestamp` is when it was sent, in seconds since 1970; `X-Signature` the HMAC-SHA256 of that text and the raw body right
//! after it, in hexadecimal digits, under a secret that the two of us know. A notice can be opened with that secret alone.
//!
//! They leave no receipts: what makes a repetition harmless is an id of its own in each of them.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
};
use domain::inputs::Input;
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use crate::{
    command::{is_json, parse, read},
    deps::Deps,
    failure::Failure,
};

/// The header that says when it was sent.
pub const TIMESTAMP_HEADER: &str = "x-timestamp";
/// The header that has the signature.
pub const SIGNATURE_HEADER: &str = "x-signature";
/// So far from our clock the time may be at which it was sent: what was caught on its way is good for no longer.
pub const WINDOW: SignedDuration = SignedDuration::from_mins(5);

/// A notice that nobody has looked at.
#[derive(Debug)]
pub struct Notice {
    headers: HeaderMap,
    body: Bytes,
}

impl FromRequest<Deps> for Notice {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &Deps) -> Result<Self, Failure> {
        let (parts, body) = request.into_parts();
        Ok(Self { headers: parts.headers, body: read(body).await? })
    }
}

impl Notice {
    /// What it says, if whoever sent it knows this secret of ours, by its name, and sent it just now.
    ///
    /// # Errors
    /// What is wrong with it: signature, time, form, faults, in this order.
    pub fn open<T: Input>(self, cx: &Deps, secret: &'static str) -> Result<T, Failure> {
        let Some(secret) = cx.config().secrets.get(secret) else {
            tracing::error!(secret, "not declared");
            return Err(Failure::Internal);
        };
        self.proven(secret, cx.now())?;
        if !is_json(&self.headers) {
            return Err(Failure::NotJson);
        }
        parse(&self.body)
    }

    fn proven(&self, secret: &SecretString, now: Timestamp) -> Result<(), Failure> {
        let (seconds, signature) = (self.one(TIMESTAMP_HEADER), self.one(SIGNATURE_HEADER).and_then(from_hex));
        let (seconds, signature) = seconds.zip(signature).ok_or(WRONG_SIGNATURE)?;
        // In the same time wherever they differ.
        mac(secret.expose_secret(), seconds, &self.body).verify_slice(&signature).map_err(|_| WRONG_SIGNATURE)?;
        let sent = seconds.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok()).ok_or(WRONG_TIMESTAMP)?;
        if now.duration_since(sent).abs() <= WINDOW { Ok(()) } else { Err(WRONG_TIMESTAMP) }
    }

    /// A header that is there once. Of two nobody knows which was meant.
    fn one(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        values.next().filter(|_| values.next().is_none())?.to_str().ok()
    }
}

const WRONG_SIGNATURE: Failure = Failure::Unproven(
    "wrong-signature",
    "Send X-Timestamp, in seconds, and X-Signature: the HMAC-SHA256 of that text and the raw body, in hexadecimal digits.",
);
const WRONG_TIMESTAMP: Failure =
    Failure::Unproven("wrong-timestamp", "X-Timestamp must be a number of seconds, at most five minutes from now.");

fn mac(secret: &str, seconds: &str, body: &[u8]) -> Hmac<Sha256> {
    // HMAC takes keys of any length.
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes());
    mac.unwrap_or_else(|_| unreachable!("any length will do")).chain_update(seconds).chain_update(body)
}

/// What whoever sends a body at this time signs it with: to be put in [`SIGNATURE_HEADER`], and the time in [`TIMESTAMP_HEADER`].
pub fn signature(secret: &str, seconds: &str, body: &[u8]) -> String {
    mac(secret, seconds, body).finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    };
    text.as_bytes().chunks(2).map(pair).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use http::HeaderName;

    use super::*;

    const BODY: &[u8] = br#"{"id": "one"}"#;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn notice(headers: &[(&'static str, &str)]) -> Notice {
        let headers = headers.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        Notice { headers: headers.collect(), body: BODY.into() }
    }

    fn proven(seconds: &str, signature: &str) -> Result<(), Failure> {
        notice(&[(TIMESTAMP_HEADER, seconds), (SIGNATURE_HEADER, signature)]).proven(&SECRET.into(), at(1_000_000))
    }

    /// RFC 4231, test case 2, its data cut in two.
    #[test]
    fn what_is_signed_is_the_time_and_then_the_body() {
        let signed = signature("Jefe", "what do ya ", b"want for nothing?");
        assert_eq!(signed, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    #[test]
    fn who_knows_the_secret_is_believed_for_five_minutes() {
        for (seconds, good) in [("1000000", true), ("999700", true), ("1000300", true), ("999699", false), ("1000301", false)] {
            let told = proven(seconds, &signature(SECRET, seconds, BODY));
            assert_eq!(told, if good { Ok(()) } else { Err(WRONG_TIMESTAMP) }, "{seconds}");
        }
        for strange in ["", "now", "1e6", "99999999999999999999", "-99999999999999"] {
            assert_eq!(proven(strange, &signature(SECRET, strange, BODY)), Err(WRONG_TIMESTAMP), "{strange}");
        }
        assert_eq!(proven("1000000", &signature(SECRET, "1000000", BODY).to_uppercase()), Ok(()));
    }

    #[test]
    fn nobody_else_is() {
        let good = signature(SECRET, "1000000", BODY);
        let others = signature("another secret of thirty-two bytes", "1000000", BODY);
        let of_another_body = signature(SECRET, "1000000", b"{}");
        let turned: String = good.chars().rev().collect();
        let (short, long) = (&good[..62], format!("{good}00"));
        for wrong in ["", "0", "zz", "é0", &others, &of_another_body, &turned, short, &long] {
            assert_eq!(proven("1000000", wrong), Err(WRONG_SIGNATURE), "{wrong}");
        }
        assert_eq!(proven("1000001", &good), Err(WRONG_SIGNATURE), "the time is signed, too");
        let once = (TIMESTAMP_HEADER, "1000000");
        for headers in [&[][..], &[once], &[(SIGNATURE_HEADER, good.as_str())], &[once, once, (SIGNATURE_HEADER, good.as_str())]]
        {
            assert_eq!(notice(headers).proven(&SECRET.into(), at(1_000_000)), Err(WRONG_SIGNATURE), "{headers:?}");
        }
    }
}
