//! Mail through Amazon SES.
//!
//! A mail is claimed before it is sent and is never silently repeated, so a failure says what is known: surely not sent,
//! or perhaps sent after all.

use std::{error::Error, fmt, time::Duration};

use aws_sdk_sesv2::{
    Client,
    config::{self, http::HttpResponse, retry::RetryConfig, timeout::TimeoutConfig},
    error::{BuildError, ProvideErrorMetadata, SdkError},
    operation::send_email::SendEmailError,
    types::{Body, Content, Destination, EmailContent, Message, MessageTag},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use domain::{
    identity::{EmailAddress, Tenant, TenantName},
    ids::{ChallengeId, DeliveryId, MemberId, TenantId},
};

use crate::templates::{Rendered, Template};

/// Who a mail comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// The name that is shown.
    pub name: TenantName,
    /// The address.
    pub address: EmailAddress,
}

/// Where a mail goes, and what its events are known by.
#[derive(Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Who it comes from.
    pub from: Sender,
    /// Who gets it.
    pub to: EmailAddress,
    /// The configuration set that reports its events.
    pub configuration_set: Option<String>,
    /// Whose member gets it.
    pub tenant: TenantId,
    /// What it is made from.
    pub template: Template,
    /// What it is about.
    pub about: About,
}

/// What a mail is about. Its events are known by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// A message of ours.
    Delivery(DeliveryId),
    /// A passcode that was asked for.
    Challenge(ChallengeId),
    /// A member's account.
    Account(MemberId),
}

impl About {
    /// As a tag: its name and its value.
    fn tag(self) -> (&'static str, String) {
        match self {
            Self::Delivery(id) => ("delivery", id.to_string()),
            Self::Challenge(id) => ("challenge", id.to_string()),
            Self::Account(id) => ("account", id.to_string()),
        }
    }
}

impl fmt::Debug for Envelope {
    /// Without personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to: _, configuration_set, tenant, template, about } = self;
        f.debug_struct("Envelope")
            .field("from", from)
            .field("configuration_set", configuration_set)
            .field("tenant", tenant)
            .field("template", template)
            .field("about", about)
            .finish_non_exhaustive()
    }
}

/// SES's name of a mail that it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageId(String);

/// Longer than any id that SES gives.
const LONGEST_ID: usize = 256;

impl MessageId {
    fn read(id: String) -> Option<Self> {
        let sound = (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic());
        sound.then_some(Self(id))
    }

    /// The id itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<MessageId> for String {
    fn from(id: MessageId) -> Self {
        id.0
    }
}

/// Why it is not known that a mail was taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Surely not sent, for a reason that may pass: it may be tried again.
    #[error("the mail was not accepted: {code}")]
    NotAccepted {
        /// SES's error code, or our own word.
        code: String,
    },
    /// Surely not sent, and never will be.
    #[error("the mail was refused: {code}")]
    Refused {
        /// SES's error code, or our own word.
        code: String,
    },
    /// It may have gone out: trying again could send it twice.
    #[error("it is not known whether the mail was sent")]
    Unknown,
}

/// SES's answers that no later try will change.
const FINAL: [&str; 5] = [
    "MessageRejected",
    "MailFromDomainNotVerifiedException",
    "BadRequestException",
    "NotFoundException",
    "AccountSuspendedException",
];

/// No answer after so long: not known. Only where the client sets no limit of its own.
const PATIENCE: Duration = Duration::from_secs(20);

/// Sends a mail, once: the SDK's own retries are off, because after an answer that was lost they would send it twice.
///
/// # Errors
/// What is known of a mail that SES did not say it took.
pub async fn send(ses: &Client, envelope: &Envelope, mail: &Rendered) -> Result<MessageId, SendError> {
    let answer = ses
        .send_email()
        .from_email_address(envelope.from.header())
        .destination(Destination::builder().to_addresses(envelope.to.as_str()).build())
        .content(content(mail).map_err(incomplete)?)
        .set_configuration_set_name(envelope.configuration_set.clone())
        .set_email_tags(Some(envelope.tags().map_err(incomplete)?))
        .customize()
        .config_override(config::Config::builder().retry_config(RetryConfig::disabled()).timeout_config(patience(ses)))
        .send()
        .await;
    match answer {
        Ok(taken) => taken.message_id.and_then(MessageId::read).ok_or(SendError::Unknown),
        Err(error) => Err(SendError::of(&error)),
    }
}

fn content(mail: &Rendered) -> Result<EmailContent, BuildError> {
    let utf8 = |text: &str| Content::builder().data(text).charset("UTF-8").build();
    let body = Body::builder().html(utf8(&mail.html)?).text(utf8(&mail.text)?).build();
    let message = Message::builder().subject(utf8(mail.subject.as_str())?).body(body).build();
    Ok(EmailContent::builder().simple(message).build())
}

fn incomplete(_: BuildError) -> SendError {
    SendError::Refused { code: "IncompleteRequest".to_owned() }
}

fn patience(ses: &Client) -> TimeoutConfig {
    let own = ses.config().timeout_config().cloned().unwrap_or_else(TimeoutConfig::disabled);
    let limit = own.operation_timeout().unwrap_or(PATIENCE);
    own.into_builder().operation_timeout(limit).build()
}

impl Envelope {
    /// From a tenant, as the deployment sends mail: its sender, and the configuration set if there is one.
    pub fn new(
        tenant: &Tenant,
        (sender, configuration_set): (&EmailAddress, Option<&str>),
        to: EmailAddress,
        template: Template,
        about: About,
    ) -> Self {
        Self {
            from: Sender { address: tenant.sender(sender), name: tenant.name.clone() },
            to,
            configuration_set: configuration_set.map(str::to_owned),
            tenant: tenant.id.clone(),
            template,
            about,
        }
    }

    fn tags(&self) -> Result<Vec<MessageTag>, BuildError> {
        let (about, id) = self.about.tag();
        [("tenant", self.tenant.as_str()), ("template", self.template.as_str()), (about, &id)]
            .into_iter()
            .map(|(name, value)| MessageTag::builder().name(name).value(value).build())
            .collect()
    }
}

/// Bytes of a name in one encoded word: in base64, and with its frame, at most the 75 characters of RFC 2047.
const ENCODED_WORD_BYTES: usize = 45;

impl Sender {
    /// As RFC 5322 writes it: a quoted name, or encoded words (RFC 2047) where it is not ASCII; then the address. Names
    /// have no control characters, so nothing here can end a header line.
    fn header(&self) -> String {
        let name = self.name.as_str();
        let shown = if name.is_ascii() {
            format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
        } else {
            encoded_words(name)
        };
        format!("{shown} <{}>", self.address)
    }
}

/// No character is split between two words.
fn encoded_words(text: &str) -> String {
    let mut words = vec![String::new()];
    for character in text.chars() {
        match words.last_mut() {
            Some(word) if word.len() + character.len_utf8() <= ENCODED_WORD_BYTES => word.push(character),
            Some(_) | None => words.push(character.to_string()),
        }
    }
    words.iter().map(|word| format!("=?UTF-8?B?{}?=", STANDARD.encode(word))).collect::<Vec<_>>().join(" ")
}

impl SendError {
    fn of(error: &SdkError<SendEmailError, HttpResponse>) -> Self {
        match error {
            SdkError::ConstructionFailure(_) => Self::NotAccepted { code: "RequestNotBuilt".to_owned() },
            SdkError::DispatchFailure(failure) if failure.as_connector_error().is_some_and(|error| never_connected(error)) => {
                Self::NotAccepted { code: "NotConnected".to_owned() }
            }
            SdkError::ServiceError(answer) => Self::of_answer(answer.raw().status().as_u16(), answer.err().code()),
            // A time-out, a connection lost on the way, an answer that can't be read, or what a later SDK may add.
            _ => Self::Unknown,
        }
    }

    /// Only a 4xx says that the mail was not taken. SES names each one; one without a name is not SES's, and nothing but
    /// "too many requests" is read from it.
    fn of_answer(status: u16, code: Option<&str>) -> Self {
        match (status, code.and_then(sound_code)) {
            (400..=499, Some(code)) if FINAL.contains(&code) => Self::Refused { code: code.to_owned() },
            (400..=499, Some(code)) => Self::NotAccepted { code: code.to_owned() },
            (429, None) => Self::NotAccepted { code: "TooManyRequests".to_owned() },
            (_, Some(_) | None) => Self::Unknown,
        }
    }
}

/// Codes are stored and logged: a word, and nothing that an address or a message could hide in.
fn sound_code(code: &str) -> Option<&str> {
    let sound = (1..=64).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_alphanumeric());
    sound.then_some(code)
}

/// The HTTP client fails with a connect error only before it has a connection to write to.
fn never_connected(error: &(dyn Error + 'static)) -> bool {
    std::iter::successors(Some(error), |&error| error.source())
        .filter_map(|error| error.downcast_ref::<hyper_util::client::legacy::Error>())
        .any(hyper_util::client::legacy::Error::is_connect)
}
