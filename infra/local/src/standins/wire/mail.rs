//! SES v2: REST with JSON.

use serde::{Deserialize, Serialize};

use crate::standins::mailbox::{Mail, MailError, Mailbox};

use super::{Answer, Refusal, json, parse};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct SendEmail {
    #[serde(default)]
    from_email_address: String,
    #[serde(default)]
    destination: Destination,
    #[serde(default)]
    reply_to_addresses: Vec<String>,
    content: EmailContent,
    configuration_set_name: Option<String>,
    #[serde(default)]
    email_tags: Vec<Pair>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
struct Destination {
    to_addresses: Vec<String>,
    cc_addresses: Vec<String>,
    bcc_addresses: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct EmailContent {
    simple: Message,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Message {
    #[serde(default)]
    subject: Content,
    #[serde(default)]
    body: Body,
    #[serde(default)]
    headers: Vec<Pair>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
struct Body {
    html: Option<Content>,
    text: Option<Content>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Content {
    data: String,
    /// The mailbox keeps text, not its encoding.
    #[serde(rename = "Charset")]
    _charset: Option<String>,
}

/// A header or a tag.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Pair {
    name: String,
    value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Accepted {
    message_id: String,
}

pub(super) fn send(mailbox: &Mailbox, body: &[u8]) -> Answer {
    let request: SendEmail = parse(body, "BadRequestException")?;
    let message_id = mailbox.accept(&request.into())?;
    json(&Accepted { message_id })
}

impl From<SendEmail> for Mail {
    fn from(request: SendEmail) -> Self {
        let message = request.content.simple;
        Self {
            from: request.from_email_address,
            to: request.destination.to_addresses,
            cc: request.destination.cc_addresses,
            bcc: request.destination.bcc_addresses,
            reply_to: request.reply_to_addresses,
            subject: message.subject.data,
            html: message.body.html.map(|content| content.data),
            text: message.body.text.map(|content| content.data),
            headers: pairs(message.headers),
            configuration_set: request.configuration_set_name,
            tags: pairs(request.email_tags),
        }
    }
}

fn pairs(pairs: Vec<Pair>) -> Vec<(String, String)> {
    pairs.into_iter().map(|pair| (pair.name, pair.value)).collect()
}

impl From<MailError> for Refusal {
    fn from(error: MailError) -> Self {
        match error {
            MailError::SenderMissing
            | MailError::RecipientMissing
            | MailError::TooManyRecipients(_)
            | MailError::DomainMissing(_)
            | MailError::SubjectMissing
            | MailError::BodyMissing
            | MailError::MalformedHeader(_) => Self::invalid("BadRequestException", error),
            MailError::NotVerified(_) => Self::invalid("MessageRejected", error),
            MailError::Database(_) => Self::internal("InternalServiceErrorException", error),
        }
    }
}
