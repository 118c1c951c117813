//! TLS as a client of AWS and of the sources needs it, and no more: what no server of theirs is without. All that ring can do
//! would be linked into every function (decision 0013).

use std::{
    io,
    sync::{Arc, OnceLock},
};

use hyper_rustls::ConfigBuilderExt;
use ring::rand::SystemRandom;
use rustls::{
    ClientConfig, Error, SignatureScheme, SupportedCipherSuite,
    crypto::{
        CryptoProvider, GetRandomFailed, KeyProvider, SecureRandom, SupportedKxGroup, WebPkiSupportedAlgorithms,
        ring::{cipher_suite as suite, kx_group},
    },
    pki_types::{PrivateKeyDer, SignatureVerificationAlgorithm},
    sign::SigningKey,
};
use webpki::ring as signed;

/// AES-GCM with keys of one connection alone: of TLS 1.3 those that every server must or should have (RFC 8446 section 9.1), of
/// TLS 1.2 their likes.
const SUITES: [SupportedCipherSuite; 6] = [
    suite::TLS13_AES_128_GCM_SHA256,
    suite::TLS13_AES_256_GCM_SHA384,
    suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
];

/// P-256, which every server must have (RFC 8446 section 9.1). It is linked anyway, for certificates.
const GROUPS: [&dyn SupportedKxGroup; 1] = [kx_group::SECP256R1];

type Algorithms = &'static [&'static dyn SignatureVerificationAlgorithm];

/// How certificates of public authorities are signed (CA/Browser Forum, Baseline Requirements 7.1.3.2): RSA, and ECDSA by P-256
/// or P-384.
const SIGNED: Algorithms = &[
    signed::ECDSA_P256_SHA256,
    signed::ECDSA_P256_SHA384,
    signed::ECDSA_P384_SHA256,
    signed::ECDSA_P384_SHA384,
    signed::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
    signed::RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
    signed::RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
    signed::RSA_PKCS1_2048_8192_SHA256,
    signed::RSA_PKCS1_2048_8192_SHA384,
    signed::RSA_PKCS1_2048_8192_SHA512,
];

/// What each name of a scheme stands for. By TLS 1.2 it does not say the curve, so it stands for both.
const SCHEMES: &[(SignatureScheme, Algorithms)] = &[
    (SignatureScheme::ECDSA_NISTP256_SHA256, &[signed::ECDSA_P256_SHA256, signed::ECDSA_P384_SHA256]),
    (SignatureScheme::ECDSA_NISTP384_SHA384, &[signed::ECDSA_P384_SHA384, signed::ECDSA_P256_SHA384]),
    (SignatureScheme::RSA_PSS_SHA256, &[signed::RSA_PSS_2048_8192_SHA256_LEGACY_KEY]),
    (SignatureScheme::RSA_PSS_SHA384, &[signed::RSA_PSS_2048_8192_SHA384_LEGACY_KEY]),
    (SignatureScheme::RSA_PSS_SHA512, &[signed::RSA_PSS_2048_8192_SHA512_LEGACY_KEY]),
    (SignatureScheme::RSA_PKCS1_SHA256, &[signed::RSA_PKCS1_2048_8192_SHA256]),
    (SignatureScheme::RSA_PKCS1_SHA384, &[signed::RSA_PKCS1_2048_8192_SHA384]),
    (SignatureScheme::RSA_PKCS1_SHA512, &[signed::RSA_PKCS1_2048_8192_SHA512]),
];

/// What a client goes by: TLS 1.2 and 1.3, the system's roots. They are read once: that takes milliseconds.
///
/// # Errors
/// If the system has no roots that can be read.
pub(crate) fn config() -> io::Result<ClientConfig> {
    static CONFIG: OnceLock<ClientConfig> = OnceLock::new();
    if let Some(known) = CONFIG.get() {
        return Ok(known.clone());
    }
    let config = ClientConfig::builder_with_provider(Arc::new(provider()));
    let config = config.with_safe_default_protocol_versions().map_err(io::Error::other)?;
    let config = config.with_native_roots()?.with_no_client_auth();
    Ok(CONFIG.get_or_init(|| config).clone())
}

fn provider() -> CryptoProvider {
    CryptoProvider {
        cipher_suites: SUITES.to_vec(),
        kx_groups: GROUPS.to_vec(),
        signature_verification_algorithms: WebPkiSupportedAlgorithms { all: SIGNED, mapping: SCHEMES },
        secure_random: &Random,
        key_provider: &NoKeys,
    }
}

/// The system's randomness.
#[derive(Debug)]
struct Random;

impl SecureRandom for Random {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), GetRandomFailed> {
        ring::rand::SecureRandom::fill(&SystemRandom::new(), bytes).map_err(|_| GetRandomFailed)
    }
}

/// A client has no certificate, so no key of one is read.
#[derive(Debug)]
struct NoKeys;

impl KeyProvider for NoKeys {
    fn load_private_key(&self, _: PrivateKeyDer<'static>) -> Result<Arc<dyn SigningKey>, Error> {
        Err(Error::General("a client without certificates reads no keys".to_owned()))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
