#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::LazyLock;

use hmac::{Hmac, KeyInit, Mac};
use ring::{
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RsaEncoding,
        RsaKeyPair,
    },
};
use rsa::{pkcs8::EncodePrivateKey, rand_core::UnwrapErr};
use secrecy::SecretSlice;
use serde_json::{Value, json};
use sha2::Sha256;

use super::*;

/// Someone with a key. Making one takes a while, so there are two in all: the issuer, and another.
struct Issuer {
    key: SigningKey,
    pair: RsaKeyPair,
}

static ISSUER: LazyLock<Issuer> = LazyLock::new(Issuer::new);
static OTHER: LazyLock<Issuer> = LazyLock::new(Issuer::new);

fn pkcs8(bits: usize) -> SecretSlice<u8> {
    let key = rsa::RsaPrivateKey::new(&mut UnwrapErr(getrandom::SysRng), bits).unwrap();
    key.to_pkcs8_der().unwrap().as_bytes().to_vec().into()
}

impl Issuer {
    fn new() -> Self {
        use secrecy::ExposeSecret;
        let pkcs8 = pkcs8(2048);
        Self { key: SigningKey::from_pkcs8(&pkcs8).unwrap(), pair: RsaKeyPair::from_pkcs8(pkcs8.expose_secret()).unwrap() }
    }

    fn policy(&self) -> TokenPolicy {
        TokenPolicy { issuer: "https://issuer".into(), audience: "app".into(), keys: self.key.public().clone().into() }
    }

    /// A header with the key's id.
    fn header(&self, alg: &str) -> String {
        json!({"alg": alg, "kid": self.key.public().id()}).to_string()
    }

    fn jwk(&self) -> Value {
        serde_json::to_value(KeySet::from(self.key.public().clone()).to_jwks()).unwrap()["keys"][0].take()
    }

    /// A token with this header, whatever it says, signed in this way.
    fn signed(&self, padding: &'static dyn RsaEncoding, header: &str, claims: &str) -> String {
        token(header, claims, |bytes| {
            let mut signature = vec![0; self.pair.public().modulus_len()];
            self.pair.sign(padding, &SystemRandom::new(), bytes, &mut signature).unwrap();
            signature
        })
    }

    fn sign(&self, header: &str, claims: &str) -> String {
        self.signed(&RSA_PKCS1_SHA256, header, claims)
    }
}

fn token(header: &str, claims: &str, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = sign(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn claims() -> Claims {
    Claims {
        iss: "https://issuer".into(),
        aud: "app".into(),
        sub: ulid::Ulid::nil().into(),
        tid: "demo".parse().unwrap(),
        role: Role::Member,
        sid: ulid::Ulid::nil().into(),
        iat: 1_000,
        exp: 1_900,
        jti: "j".into(),
    }
}

fn claims_json() -> String {
    serde_json::to_string(&claims()).unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// Why the issuer's policy refuses a token, when it would be good.
fn refused(token: &str) -> TokenError {
    ISSUER.policy().verify(token, at(1_000)).unwrap_err()
}

#[test]
fn a_token_is_good_from_issue_to_expiry() {
    let token = ISSUER.key.sign(&claims()).unwrap();
    let verify = |second| ISSUER.policy().verify(&token, at(second));
    assert_eq!(verify(1_000), Ok(claims()));
    assert_eq!(verify(1_904), Ok(claims()));
    assert_eq!(verify(1_905), Err(TokenError::Expired));
    assert_eq!(verify(400), Ok(claims()));
    assert_eq!(verify(399), Err(TokenError::NotYet));
}

#[test]
fn a_token_is_written_as_the_edge_reads_it() {
    let token = ISSUER.key.sign(&claims()).unwrap();
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    assert_eq!(header, json!({"alg": "RS256", "kid": ISSUER.jwk()["kid"], "typ": "JWT"}));
}

#[test]
fn while_keys_are_rotated_two_are_good() {
    let jwks = json!({"keys": [ISSUER.jwk(), OTHER.jwk()]}).to_string();
    let policy = TokenPolicy { keys: KeySet::parse(&jwks).unwrap(), ..ISSUER.policy() };
    for issuer in [&ISSUER, &OTHER] {
        assert_eq!(policy.verify(&issuer.key.sign(&claims()).unwrap(), at(1_000)), Ok(claims()));
    }
    // Each for its own tokens only.
    let crossed = OTHER.sign(&ISSUER.header("RS256"), &claims_json());
    assert_eq!(policy.verify(&crossed, at(1_000)), Err(TokenError::Signature));
}

#[test]
fn no_other_header_passes() {
    let header = |fields: &str| format!(r#"{{"kid":"{}",{fields}}}"#, ISSUER.key.public().id());
    assert_eq!(refused(&ISSUER.sign(r#"{"alg":"RS256"}"#, &claims_json())), TokenError::Malformed);
    for fields in [
        r#""alg":"none""#,
        r#""alg":"NONE""#,
        r#""alg":"HS256""#,
        r#""alg":"ES256""#,
        r#""alg":"PS256""#,
        r#""alg":"RS512""#,
        r#""alg":"rs256""#,
        r#""alg":["RS256"]"#,
        r#""alg":"RS256","alg":"RS256""#,
        r#""alg":"RS256","kid":"other""#,
        r#""alg":"RS256","crit":["x"]"#,
        r#""typ":"JWT""#,
    ] {
        assert_eq!(refused(&ISSUER.sign(&header(fields), &claims_json())), TokenError::Malformed, "{fields}");
    }
    assert_eq!(refused(&ISSUER.sign(r#"{"alg":"RS256","kid":"../k1"}"#, &claims_json())), TokenError::UnknownKey);
}

#[test]
fn a_public_key_is_no_secret_of_a_hash() {
    let jwk = ISSUER.jwk();
    let modulus = URL_SAFE_NO_PAD.decode(jwk["n"].as_str().unwrap()).unwrap();
    for secret in [modulus, jwk.to_string().into_bytes(), jwk["n"].as_str().unwrap().into()] {
        let sign = |bytes: &[u8]| {
            let mut mac = Hmac::<Sha256>::new_from_slice(&secret).unwrap();
            mac.update(bytes);
            mac.finalize().into_bytes().to_vec()
        };
        assert_eq!(refused(&token(&ISSUER.header("HS256"), &claims_json(), sign)), TokenError::Malformed);
        assert_eq!(refused(&token(&ISSUER.header("RS256"), &claims_json(), sign)), TokenError::Signature);
    }
}

#[test]
fn no_signature_of_another_kind_or_key_passes() {
    let (header, random) = (ISSUER.header("RS256"), SystemRandom::new());
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let curve = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap();
    let good = ISSUER.sign(&header, &claims_json());
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let (head, _) = signed.split_once('.').unwrap();
    let admin = serde_json::to_string(&Claims { role: Role::Admin, ..claims() }).unwrap();
    for (what, token) in [
        ("another's", OTHER.sign(&header, &claims_json())),
        ("PSS padding", ISSUER.signed(&RSA_PSS_SHA256, &header, &claims_json())),
        ("SHA-512", ISSUER.signed(&RSA_PKCS1_SHA512, &header, &claims_json())),
        ("a curve's", token(&header, &claims_json(), |bytes| curve.sign(&random, bytes).unwrap().as_ref().to_vec())),
        ("none", format!("{signed}.")),
        ("a second one", format!("{good}.{signature}")),
        ("zeros", token(&header, &claims_json(), |_| vec![0; 256])),
        ("one byte less", token(&header, &claims_json(), |_| vec![1; 255])),
        ("of other claims", format!("{head}.{}.{signature}", URL_SAFE_NO_PAD.encode(admin))),
    ] {
        assert_eq!(refused(&token), TokenError::Signature, "{what}");
    }
}

/// A key, or where to find one, that the token brings along is not looked at.
#[test]
fn a_token_does_not_say_by_which_key_it_is_checked() {
    for (field, value) in [
        ("jwk", OTHER.jwk()),
        ("jku", json!("https://evil.example/jwks.json")),
        ("x5u", json!("https://evil.example/chain.pem")),
        ("x5c", json!(["MIIB"])),
    ] {
        let header = |issuer: &Issuer| json!({"alg": "RS256", "kid": issuer.key.public().id(), field: value}).to_string();
        assert_eq!(refused(&OTHER.sign(&header(&ISSUER), &claims_json())), TokenError::Signature, "{field}");
        assert_eq!(refused(&OTHER.sign(&header(&OTHER), &claims_json())), TokenError::UnknownKey, "{field}");
        let own = ISSUER.sign(&header(&ISSUER), &claims_json());
        assert_eq!(ISSUER.policy().verify(&own, at(1_000)), Ok(claims()), "{field}");
    }
}

#[test]
fn what_is_no_token_is_malformed() {
    let good = ISSUER.sign(&ISSUER.header("RS256"), &claims_json());
    let (signed, _) = good.rsplit_once('.').unwrap();
    for junk in ["", ".", "..", "a.b.c", "é.é.é", signed, &format!("{good}=")] {
        assert_eq!(refused(junk), TokenError::Malformed, "{junk}");
    }
    let long = Claims { jti: "j".repeat(MAX_TOKEN_BYTES), ..claims() };
    assert_eq!(refused(&ISSUER.key.sign(&long).unwrap()), TokenError::Malformed);
}

#[test]
fn claims_of_others_are_refused() {
    let refused = |claims: &str| refused(&ISSUER.sign(&ISSUER.header("RS256"), claims));
    let json = |claims: &Claims| serde_json::to_string(claims).unwrap();
    assert_eq!(refused(&json(&Claims { iss: "https://other".into(), ..claims() })), TokenError::Issuer);
    assert_eq!(refused(&json(&Claims { aud: "other".into(), ..claims() })), TokenError::Audience);
    let doubled = claims_json().replacen('{', r#"{"role":"admin","#, 1);
    assert_eq!(refused(&doubled), TokenError::Malformed);
}

#[test]
fn only_a_key_whose_signatures_are_accepted_signs() {
    assert!(SigningKey::from_pkcs8(&pkcs8(1024)).is_none());
    assert!(SigningKey::from_pkcs8(&b"no key".to_vec().into()).is_none());
    let curve = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
    assert!(SigningKey::from_pkcs8(&curve.as_ref().to_vec().into()).is_none());
    let shown = format!("{:?}", ISSUER.key);
    assert_eq!(shown, format!("SigningKey({:?})", ISSUER.key.public().id()), "no private part is shown");
}
