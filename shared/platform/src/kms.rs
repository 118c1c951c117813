//! The master key, which never leaves KMS: a few calls, over the runtime of the AWS SDKs that every function links already. The
//! SDK of KMS would come with fifty operations' worth of types for them.

use std::{collections::BTreeMap, fmt};

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_runtime::{
    auth::{SigV4OperationSigningConfig, sigv4},
    retries::classifiers::AwsErrorCodeClassifier,
};
use aws_smithy_runtime::client::{
    identity::IdentityCache,
    orchestrator::operation::Operation,
    retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier},
};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        auth::{
            AuthSchemeOptionResolverParams, SharedAuthScheme, SharedAuthSchemeOptionResolver,
            static_resolver::StaticAuthSchemeOptionResolver,
        },
        behavior_version::BehaviorVersion,
        orchestrator::{HttpRequest, HttpResponse, OrchestratorError},
        result::SdkError,
        runtime_components::RuntimeComponentsBuilder,
        runtime_plugin::StaticRuntimePlugin,
    },
};
use aws_smithy_types::{
    body::SdkBody,
    config_bag::Layer,
    error::{ErrorMetadata, metadata::ProvideErrorMetadata},
    retry::RetryConfig,
    timeout::TimeoutConfig,
};
use aws_types::{
    SigningName,
    region::{Region, SigningRegion},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use domain::ids::Owner;
use http::header;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::aws::{ANSWERS_WITHIN, Aws, Service};

/// A client of KMS.
#[derive(Debug, Clone)]
pub struct Kms(Operation<Ask, Answer, Refusal>);

/// A new key: for use, and wrapped to be kept.
#[derive(Debug)]
pub struct NewKey {
    /// The key.
    pub plain: SecretSlice<u8>,
    /// The same, wrapped.
    pub wrapped: Wrapped,
}

/// A key that a master key has wrapped.
#[derive(Debug)]
pub struct Wrapped {
    /// What is kept.
    pub bytes: Vec<u8>,
    /// The ARN of the master key.
    pub master: String,
}

/// Why KMS did not do what it was asked. Its own words can name keys and roles: only codes are kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KmsError {
    /// KMS asks to slow down.
    #[error("KMS is throttled")]
    Throttled,
    /// No answer, or an internal error of KMS.
    #[error("KMS gave no answer ({0})")]
    Unavailable(String),
    /// What is to be unwrapped was not wrapped by a key of ours, or not for this member.
    #[error("no master key has wrapped this for this member")]
    Foreign,
    /// The function lacks a permission, or the master key is disabled or gone.
    #[error("KMS refused ({0})")]
    Refused(String),
}

impl Kms {
    pub(crate) fn new(aws: &Aws) -> Self {
        let endpoint = aws.endpoints.get(&Service::Kms).cloned().unwrap_or_else(|| endpoint(&aws.region));
        let operation = Operation::builder()
            .service_name("KMS")
            .operation_name("keys")
            .behavior_version(BehaviorVersion::latest())
            .http_client(aws.http.clone())
            .endpoint_url(&endpoint)
            .standard_retry(&RetryConfig::standard())
            .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(ANSWERS_WITHIN).build())
            .retry_classifier(TransientErrorClassifier::<Refusal>::new())
            .retry_classifier(HttpStatusCodeClassifier::default())
            .retry_classifier(AwsErrorCodeClassifier::<Refusal>::new())
            .with_connection_poisoning()
            .runtime_plugin(signing(aws))
            .serializer(request)
            .deserializer(answer);
        Self(operation.build())
    }

    /// Makes a key of 256 bits for a member, wrapped by this master key: an alias, or an ARN.
    ///
    /// # Errors
    /// If KMS does not do it.
    pub async fn new_key(&self, master: &str, owner: &Owner) -> Result<NewKey, KmsError> {
        let body = json!({"KeyId": master, "KeySpec": "AES_256", "EncryptionContext": context(owner)});
        let mut answer = self.ask("GenerateDataKey", &body).await?;
        Ok(NewKey { plain: answer.plain()?, wrapped: answer.wrapped()? })
    }

    /// Unwraps a key of a member, whichever master key it was wrapped by.
    ///
    /// # Errors
    /// If KMS does not do it, or what was wrapped is another's.
    pub async fn unwrap_key(&self, wrapped: &[u8], owner: &Owner) -> Result<SecretSlice<u8>, KmsError> {
        let body = json!({"CiphertextBlob": STANDARD.encode(wrapped), "EncryptionContext": context(owner)});
        self.ask("Decrypt", &body).await?.plain()
    }

    /// Wraps a key of a member by another master key. KMS does it without anyone seeing the key.
    ///
    /// # Errors
    /// If KMS does not do it, or what was wrapped is another's.
    pub async fn wrap_anew(&self, wrapped: &[u8], master: &str, owner: &Owner) -> Result<Wrapped, KmsError> {
        let body = json!({
            "CiphertextBlob": STANDARD.encode(wrapped),
            "SourceEncryptionContext": context(owner),
            "DestinationKeyId": master,
            "DestinationEncryptionContext": context(owner),
        });
        self.ask("ReEncrypt", &body).await?.wrapped()
    }

    async fn ask(&self, operation: &'static str, body: &Value) -> Result<Answer, KmsError> {
        self.0.invoke(Ask { operation, body: body.to_string() }).await.map_err(|error| error_of(&error))
    }
}

/// What binds a wrapped key to its member: KMS unwraps it for no other, and writes who it was for into CloudTrail.
fn context(owner: &Owner) -> BTreeMap<&'static str, String> {
    BTreeMap::from([("tenant", owner.tenant.to_string()), ("member", owner.member.to_string())])
}

fn endpoint(region: &str) -> String {
    let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    format!("https://kms.{region}.{suffix}")
}

/// Who calls, and that calls are signed as KMS wants them. The credentials are the environment's, for its whole life.
fn signing(aws: &Aws) -> StaticRuntimePlugin {
    let mut config = Layer::new("kms");
    config.store_put(AuthSchemeOptionResolverParams::new(()));
    config.store_put(SigV4OperationSigningConfig {
        region: Some(SigningRegion::from(Region::new(aws.region.clone()))),
        name: Some(SigningName::from_static("kms")),
        ..SigV4OperationSigningConfig::default()
    });
    let resolver = StaticAuthSchemeOptionResolver::new(vec![sigv4::SCHEME_ID]);
    let components = RuntimeComponentsBuilder::new("kms")
        .with_auth_scheme_option_resolver(Some(SharedAuthSchemeOptionResolver::new(resolver)))
        .with_auth_scheme(SharedAuthScheme::new(sigv4::SigV4AuthScheme::new()))
        .with_identity_cache(Some(IdentityCache::no_cache()))
        .with_identity_resolver(sigv4::SCHEME_ID, SharedCredentialsProvider::new(aws.credentials.clone()));
    StaticRuntimePlugin::new().with_config(config.freeze()).with_runtime_components(components)
}

/// One call, as it is asked. There is no plain key in it.
#[derive(Debug)]
struct Ask {
    operation: &'static str,
    body: String,
}

fn request(ask: Ask) -> Result<HttpRequest, BoxError> {
    let request = http::Request::post("/")
        .header(header::CONTENT_TYPE, "application/x-amz-json-1.1")
        .header(header::CONTENT_LENGTH, ask.body.len())
        .header("x-amz-target", format!("TrentService.{}", ask.operation))
        .body(SdkBody::from(ask.body))?;
    Ok(request.try_into()?)
}

/// What KMS answers: of these, what there is.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    key_id: String,
    plaintext: Option<String>,
    ciphertext_blob: Option<String>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

impl Answer {
    fn plain(&mut self) -> Result<SecretSlice<u8>, KmsError> {
        let text = SecretString::from(self.plaintext.take().unwrap_or_default());
        let plain = STANDARD.decode(text.expose_secret()).ok().filter(|plain| !plain.is_empty());
        plain.map(SecretSlice::from).ok_or_else(malformed)
    }

    fn wrapped(self) -> Result<Wrapped, KmsError> {
        let bytes = self.ciphertext_blob.and_then(|text| STANDARD.decode(text).ok()).ok_or_else(malformed)?;
        Ok(Wrapped { bytes, master: self.key_id })
    }
}

fn malformed() -> KmsError {
    KmsError::Unavailable("a malformed answer".to_owned())
}

/// An error of KMS, by its code.
#[derive(Debug, thiserror::Error)]
#[error("refused")]
struct Refusal(ErrorMetadata);

impl ProvideErrorMetadata for Refusal {
    fn meta(&self) -> &ErrorMetadata {
        &self.0
    }
}

fn answer(response: &HttpResponse) -> Result<Answer, OrchestratorError<Refusal>> {
    let body = response.body().bytes().unwrap_or_default();
    if response.status().is_success() {
        // Its words could quote the body.
        return serde_json::from_slice(body).map_err(|_| OrchestratorError::other("the answer can't be read"));
    }
    #[derive(Deserialize)]
    struct Error {
        #[serde(rename = "__type")]
        code: String,
    }
    let code = serde_json::from_slice::<Error>(body).map(|error| error.code).unwrap_or_default();
    // With or without the name of a namespace before it.
    let code = code.rsplit('#').next().unwrap_or_default();
    Err(OrchestratorError::operation(Refusal(ErrorMetadata::builder().code(code).build())))
}

fn error_of(error: &SdkError<Refusal, HttpResponse>) -> KmsError {
    let no_answer = |what: &str| KmsError::Unavailable(what.to_owned());
    match (error, error.code()) {
        (_, Some("ThrottlingException" | "LimitExceededException")) => KmsError::Throttled,
        (_, Some("InvalidCiphertextException" | "IncorrectKeyException")) => KmsError::Foreign,
        (
            _,
            Some(
                code @ ("AccessDeniedException"
                | "DisabledException"
                | "KMSInvalidStateException"
                | "NotFoundException"
                | "UnrecognizedClientException"
                | "ValidationException"),
            ),
        ) => KmsError::Refused(code.to_owned()),
        (_, Some(code)) => no_answer(code),
        (SdkError::TimeoutError(_), None) => no_answer("time-out"),
        (SdkError::DispatchFailure(_), None) => no_answer("no connection"),
        (_, None) => no_answer("no code"),
    }
}
