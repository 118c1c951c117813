//! Whom a request behind a CDN is from.
//!
//! There every connection is the CDN's own, and it says in a header for whom it asks. What it says counts with a key that none but
//! the CDN and we know: who reaches us past it could say anything, and is known by their connection. Of both headers nothing is
//! left behind here.

use std::net::IpAddr;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::Mac;
use http::{HeaderMap, HeaderValue, Request};
use secrecy::SecretString;

use crate::{
    failure::Failure,
    limit::ClientAddress,
    signature::{Purpose, under},
};

/// The header in which the CDN shows its key.
pub const KEY_HEADER: &str = "x-edge-key";
/// The header in which it says for whom it asks: address and port, with a colon in between whatever the version.
pub const ADDRESS_HEADER: &str = "cloudfront-viewer-address";

/// What the CDN shows: what only we can have made of the secret `cursor-key`. It is another one when the secret is.
pub fn key(secret: &SecretString) -> String {
    URL_SAFE_NO_PAD.encode(under(secret, Purpose::Edge).finalize().into_bytes())
}

/// Notes whom a request is from, and takes off what the CDN has said of it. To be called before anything looks at either.
///
/// # Errors
/// If the CDN does not say for whom it asks, or what it says is no address: the connection is the CDN's, and would be wrong.
pub(crate) fn enter<B>(secret: Option<&SecretString>, request: &mut Request<B>) -> Result<(), Failure> {
    let [shown, viewer] = [KEY_HEADER, ADDRESS_HEADER].map(|name| taken(request.headers_mut(), name));
    let Some(secret) = secret else {
        // Who can't tell whose the connection is does not know where the request is from.
        request.extensions_mut().remove::<ClientAddress>();
        return Ok(());
    };
    if shown.is_some_and(|shown| is_key(secret, &shown)) {
        let viewer = viewer.as_ref().and_then(address);
        let viewer = viewer.ok_or(Failure::Malformed("It is not told, or can't be read, for whom the CDN asks."))?;
        request.extensions_mut().insert(ClientAddress(viewer));
    }
    Ok(())
}

/// Takes a header off: its value, if it was there once. Of two nobody knows which was meant.
fn taken(headers: &mut HeaderMap, name: &str) -> Option<HeaderValue> {
    let is_one = headers.get_all(name).iter().count() == 1;
    headers.remove(name).filter(|_| is_one)
}

fn is_key(secret: &SecretString, shown: &HeaderValue) -> bool {
    // In the same time wherever they differ.
    URL_SAFE_NO_PAD.decode(shown).is_ok_and(|shown| under(secret, Purpose::Edge).verify_slice(&shown).is_ok())
}

/// What is before the last colon. An address of version 6 has no brackets.
fn address(viewer: &HeaderValue) -> Option<IpAddr> {
    let (address, port) = viewer.to_str().ok()?.rsplit_once(':')?;
    let is_port = port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    address.parse().ok().filter(|_| is_port)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const CONNECTION: &str = "203.0.113.7";

    fn secret() -> SecretString {
        "0123456789abcdef0123456789abcdef".into()
    }

    /// Whom a request with these headers is from, by a function that knows this secret.
    fn known_by(secret: Option<&SecretString>, given: &[(&str, &str)]) -> Result<Option<String>, Failure> {
        let mut request = Request::builder().header("host", "a.example").extension(ClientAddress(CONNECTION.parse().unwrap()));
        for (name, value) in given {
            request = request.header(*name, *value);
        }
        let mut request = request.body(()).unwrap();
        let entered = enter(secret, &mut request);
        let left: Vec<&str> = request.headers().keys().map(|name| name.as_str()).collect();
        assert_eq!(left, ["host"], "nothing is left of what the CDN said, whether it counted or not");
        entered.map(|()| request.extensions().get().map(|ClientAddress(address)| address.to_string()))
    }

    fn from(given: &[(&str, &str)]) -> Result<String, Failure> {
        known_by(Some(&secret()), given).map(Option::unwrap)
    }

    #[test]
    fn with_the_key_it_is_the_viewer() {
        let key = key(&secret());
        for (told, address) in [
            ("198.51.100.10:46532", "198.51.100.10"),
            ("2001:db8::1:443", "2001:db8::1"),
            ("2001:0db8:0001:0002:0003:0004:0005:0006:65535", "2001:db8:1:2:3:4:5:6"),
            ("::ffff:198.51.100.10:1", "::ffff:198.51.100.10"),
        ] {
            assert_eq!(from(&[(KEY_HEADER, &key), (ADDRESS_HEADER, told)]), Ok(address.to_owned()), "{told}");
            assert_eq!(from(&[("X-Edge-Key", &key), ("CloudFront-Viewer-Address", told)]), Ok(address.to_owned()), "{told}");
        }
    }

    #[test]
    fn without_the_key_it_is_the_connection_whatever_is_said() {
        let (key, told) = (key(&secret()), (ADDRESS_HEADER, "198.51.100.10:46532"));
        let of_another = super::key(&"another secret of thirty-two bytes".into());
        let (short, long, spoilt) = (&key[..42], format!("{key}A"), key.to_ascii_lowercase());
        let listed = format!("{key}, {key}");
        assert_eq!(from(&[]), Ok(CONNECTION.to_owned()));
        assert_eq!(from(&[told]), Ok(CONNECTION.to_owned()), "forged");
        for wrong in ["", "1", "0123456789abcdef0123456789abcdef", &of_another, short, &long, &spoilt, &listed] {
            assert_eq!(from(&[(KEY_HEADER, wrong), told]), Ok(CONNECTION.to_owned()), "{wrong}");
            assert_eq!(from(&[(KEY_HEADER, wrong), (ADDRESS_HEADER, "no address")]), Ok(CONNECTION.to_owned()), "{wrong}");
        }
        assert_eq!(from(&[(KEY_HEADER, &key), (KEY_HEADER, "1"), told]), Ok(CONNECTION.to_owned()), "of two none counts");
    }

    #[test]
    fn with_the_key_and_no_viewer_it_is_no_request() {
        let key = key(&secret());
        for malformed in [
            "",
            ":",
            "198.51.100.10",
            "198.51.100.10:",
            "198.51.100.10:65536",
            "198.51.100.10:+1",
            "198.51.100.256:1",
            "198.51.100.10:1, 198.51.100.11:1",
            " 198.51.100.10:1",
            "2001:db8:1:2:3:4:5:6",
            "[2001:db8::1]:443",
            "2001:db8::1%eth0:443",
            "a.example:443",
        ] {
            let refused = from(&[(KEY_HEADER, &key), (ADDRESS_HEADER, malformed)]);
            assert!(matches!(refused, Err(Failure::Malformed(_))), "{malformed:?}: {refused:?}");
        }
        assert!(matches!(from(&[(KEY_HEADER, &key)]), Err(Failure::Malformed(_))), "the connection is the CDN's");
        let two = [(KEY_HEADER, key.as_str()), (ADDRESS_HEADER, "198.51.100.10:1"), (ADDRESS_HEADER, "198.51.100.11:1")];
        assert!(matches!(from(&two), Err(Failure::Malformed(_))));
    }

    #[test]
    fn who_does_not_know_the_secret_knows_no_address() {
        for given in [&[][..], &[(KEY_HEADER, key(&secret()).as_str()), (ADDRESS_HEADER, "198.51.100.10:1")]] {
            assert_eq!(known_by(None, given), Ok(None));
        }
    }

    /// Were it made otherwise, what operators have told their CDN would no longer be good.
    #[test]
    fn the_key_follows_from_the_secret_and_from_nothing_else() {
        let key = key(&secret());
        assert_eq!(key, "sqhNnvu6UIsfKbhtt3yM5zulpel108npo02kA1QTbRY");
        assert_ne!(key, super::key(&"0123456789abcdef0123456789abcdeF".into()));
    }
}
