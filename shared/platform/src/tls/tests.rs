//! Whom a client can talk to: servers that know but one way, with certificates of each kind that authorities give.

use std::sync::LazyLock;

use rcgen::{
    Certificate, CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256,
};
use rsa::{RsaPrivateKey, pkcs8::EncodePrivateKey, rand_core::UnwrapErr};
use rustls::{
    AlertDescription, ClientConnection, RootCertStore, ServerConfig, ServerConnection, SupportedProtocolVersion,
    crypto::ring::default_provider,
    pki_types::{PrivatePkcs8KeyDer, ServerName},
    version::{TLS12, TLS13},
};

use super::*;

const HOST: &str = "api.source.example";

/// A server of one version and one key exchange, with a key of its own.
struct Server {
    version: &'static SupportedProtocolVersion,
    suites: Vec<SupportedCipherSuite>,
    group: &'static dyn SupportedKxGroup,
    key: KeyPair,
}

impl Server {
    fn of(version: &'static SupportedProtocolVersion, key: KeyPair) -> Self {
        Self { version, suites: default_provider().cipher_suites, group: kx_group::SECP256R1, key }
    }

    fn certificate(&self) -> Certificate {
        CertificateParams::new([HOST.to_owned()]).unwrap().self_signed(&self.key).unwrap()
    }

    /// What becomes of a client of ours who trusts its certificate: the suite that both agreed on.
    fn greets(&self) -> Result<SupportedCipherSuite, Error> {
        let certificate = self.certificate();
        self.greets_who_trusts(&certificate, &certificate)
    }

    fn greets_who_trusts(&self, shown: &Certificate, trusted: &Certificate) -> Result<SupportedCipherSuite, Error> {
        let mut roots = RootCertStore::empty();
        roots.add(trusted.der().clone())?;
        let client = ClientConfig::builder_with_provider(Arc::new(provider())).with_safe_default_protocol_versions()?;
        let client = client.with_root_certificates(roots).with_no_client_auth();
        let known = CryptoProvider { cipher_suites: self.suites.clone(), kx_groups: vec![self.group], ..default_provider() };
        let server = ServerConfig::builder_with_provider(Arc::new(known)).with_protocol_versions(&[self.version])?;
        let key = PrivatePkcs8KeyDer::from(self.key.serialize_der());
        let server = server.with_no_client_auth().with_single_cert(vec![shown.der().clone()], key.into())?;
        talk(
            ClientConnection::new(Arc::new(client), ServerName::try_from(HOST).unwrap())?,
            ServerConnection::new(Arc::new(server))?,
        )
    }
}

/// Hands on what each says until nobody has more to say.
fn talk(mut client: ClientConnection, mut server: ServerConnection) -> Result<SupportedCipherSuite, Error> {
    while client.is_handshaking() || server.is_handshaking() {
        let mut said = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut said).unwrap();
        }
        server.read_tls(&mut said.as_slice()).unwrap();
        let served = server.process_new_packets();
        let mut said = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut said).unwrap();
        }
        client.read_tls(&mut said.as_slice()).unwrap();
        client.process_new_packets()?;
        served?;
    }
    Ok(client.negotiated_cipher_suite().unwrap())
}

fn key(algorithm: &'static rcgen::SignatureAlgorithm) -> KeyPair {
    KeyPair::generate_for(algorithm).unwrap()
}

fn rsa_key() -> KeyPair {
    static KEY: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let key = RsaPrivateKey::new(&mut UnwrapErr(getrandom::SysRng), 2048).unwrap();
        key.to_pkcs8_der().unwrap().as_bytes().to_vec()
    });
    KeyPair::from_pkcs8_der_and_sign_algo(&PrivatePkcs8KeyDer::from(KEY.as_slice()), &PKCS_RSA_SHA256).unwrap()
}

#[test]
fn servers_of_both_versions_are_understood_whatever_signs_their_certificates() {
    for version in [&TLS12, &TLS13] {
        for key in [key(&PKCS_ECDSA_P256_SHA256), key(&PKCS_ECDSA_P384_SHA384), rsa_key()] {
            let signed = format!("{:?} {:?}", version, key.algorithm());
            assert!(Server::of(version, key).greets().is_ok(), "{signed}");
        }
    }
}

#[test]
fn each_suite_is_spoken_with_a_server_that_has_no_other() {
    for suite in SUITES {
        let version = if suite.tls13().is_some() { &TLS13 } else { &TLS12 };
        let of_rsa = format!("{:?}", suite.suite()).contains("_ECDHE_RSA_");
        let key = if of_rsa { rsa_key() } else { key(&PKCS_ECDSA_P256_SHA256) };
        let server = Server { suites: vec![suite], ..Server::of(version, key) };
        assert_eq!(server.greets().map(|spoken| spoken.suite()), Ok(suite.suite()));
    }
}

#[test]
fn what_is_not_linked_is_refused_and_not_fallen_back_from() {
    let no_suite =
        Server { suites: vec![suite::TLS13_CHACHA20_POLY1305_SHA256], ..Server::of(&TLS13, key(&PKCS_ECDSA_P256_SHA256)) };
    let no_group = Server { group: kx_group::X25519, ..Server::of(&TLS13, key(&PKCS_ECDSA_P256_SHA256)) };
    let no_scheme = Server::of(&TLS13, key(&PKCS_ED25519));
    for server in [no_suite, no_group, no_scheme] {
        let refusal = server.greets().map(|spoken| spoken.suite());
        assert_eq!(refusal, Err(Error::AlertReceived(AlertDescription::HandshakeFailure)));
    }
}

#[test]
fn who_shows_a_certificate_of_nobody_trusted_is_refused() {
    let server = Server::of(&TLS13, key(&PKCS_ECDSA_P256_SHA256));
    let other = Server::of(&TLS13, key(&PKCS_ECDSA_P256_SHA256)).certificate();
    let refusal = server.greets_who_trusts(&server.certificate(), &other).map(|spoken| spoken.suite());
    assert!(matches!(refusal, Err(Error::InvalidCertificate(_))), "{refusal:?}");
}
