//! KMS: the calls that make, unwrap and re-wrap data keys.

use axum::http::StatusCode;
use secrecy::{ExposeSecret, SecretSlice};
use serde::{Deserialize, Serialize};

use crate::{
    base64,
    standins::masters::{Context, MasterError, Masters},
};

use super::{Answer, Refusal, json, parse};

/// What KMS calls a request that it can't read.
const UNREADABLE: &str = "ValidationException";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GenerateDataKey {
    key_id: String,
    key_spec: KeySpec,
    #[serde(default)]
    encryption_context: Context,
}

#[derive(Deserialize)]
enum KeySpec {
    #[serde(rename = "AES_256")]
    Aes256,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Decrypt {
    #[serde(with = "base64")]
    ciphertext_blob: Vec<u8>,
    key_id: Option<String>,
    #[serde(default)]
    encryption_context: Context,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ReEncrypt {
    #[serde(with = "base64")]
    ciphertext_blob: Vec<u8>,
    source_key_id: Option<String>,
    #[serde(default)]
    source_encryption_context: Context,
    destination_key_id: String,
    #[serde(default)]
    destination_encryption_context: Context,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct DataKey {
    key_id: String,
    #[serde(with = "base64")]
    plaintext: Vec<u8>,
    #[serde(with = "base64")]
    ciphertext_blob: Vec<u8>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Decrypted {
    key_id: String,
    #[serde(with = "base64")]
    plaintext: Vec<u8>,
    encryption_algorithm: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ReEncrypted {
    key_id: String,
    source_key_id: String,
    #[serde(with = "base64")]
    ciphertext_blob: Vec<u8>,
    source_encryption_algorithm: &'static str,
    destination_encryption_algorithm: &'static str,
}

/// How a symmetric key encrypts.
const ALGORITHM: &str = "SYMMETRIC_DEFAULT";

pub(super) fn answer(masters: &Masters, operation: &str, body: &[u8]) -> Answer {
    match operation {
        "GenerateDataKey" => generate(masters, &parse(body, UNREADABLE)?),
        "Decrypt" => decrypt(masters, &parse(body, UNREADABLE)?),
        "ReEncrypt" => re_encrypt(masters, &parse(body, UNREADABLE)?),
        _ => Err(Refusal::unknown_operation(operation)),
    }
}

fn generate(masters: &Masters, request: &GenerateDataKey) -> Answer {
    let GenerateDataKey { key_id, key_spec: KeySpec::Aes256, encryption_context } = request;
    let (plain, wrapped) = masters.generate(key_id, encryption_context)?;
    json(&DataKey { key_id: wrapped.master, plaintext: shown(&plain), ciphertext_blob: wrapped.bytes })
}

fn decrypt(masters: &Masters, request: &Decrypt) -> Answer {
    let (plain, key_id) = masters.unwrap(&request.ciphertext_blob, request.key_id.as_deref(), &request.encryption_context)?;
    json(&Decrypted { key_id, plaintext: shown(&plain), encryption_algorithm: ALGORITHM })
}

fn re_encrypt(masters: &Masters, request: &ReEncrypt) -> Answer {
    let (source, said) = (&request.source_encryption_context, request.source_key_id.as_deref());
    let (plain, source_key_id) = masters.unwrap(&request.ciphertext_blob, said, source)?;
    let wrapped = masters.wrap(&request.destination_key_id, &plain, &request.destination_encryption_context)?;
    json(&ReEncrypted {
        key_id: wrapped.master,
        source_key_id,
        ciphertext_blob: wrapped.bytes,
        source_encryption_algorithm: ALGORITHM,
        destination_encryption_algorithm: ALGORITHM,
    })
}

/// What leaves as plain text: that is what was asked for.
fn shown(plain: &SecretSlice<u8>) -> Vec<u8> {
    plain.expose_secret().to_vec()
}

impl From<MasterError> for Refusal {
    fn from(error: MasterError) -> Self {
        let shape = match &error {
            MasterError::NotFound(_) => "NotFoundException",
            MasterError::Destroyed(_) => "KMSInvalidStateException",
            MasterError::InvalidCiphertext => "InvalidCiphertextException",
            MasterError::IncorrectKey => "IncorrectKeyException",
            MasterError::NoRandomness => {
                return Self { status: StatusCode::INTERNAL_SERVER_ERROR, ..Self::invalid("KMSInternalException", error) };
            }
        };
        // KMS does not say why a ciphertext does not open.
        let message = if shape == "InvalidCiphertextException" { String::new() } else { error.to_string() };
        Self::invalid(shape, message)
    }
}
