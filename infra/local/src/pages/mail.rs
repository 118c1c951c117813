//! What was mailed.

use jiff::Timestamp;
use serde::Serialize;

use super::{Pages, error::PageError, show::When};
use crate::standins::mailbox::{AcceptedMail, Mail};

/// How many mails the list shows.
const SHOWN: usize = 200;

#[derive(Serialize)]
pub(super) struct MailboxView {
    mails: Vec<MailLine>,
    shown: usize,
    older: u64,
}

#[derive(Serialize)]
struct MailLine {
    id: String,
    to: String,
    subject: String,
    at: When,
}

pub(super) fn list(pages: &Pages) -> Result<MailboxView, PageError> {
    let (mailbox, now) = (pages.standins.mailbox(), pages.clock.now());
    let line = |AcceptedMail { id, at, mail }| {
        let to = [mail.to, mail.cc, mail.bcc].concat().join(", ");
        MailLine { id, to, subject: mail.subject, at: When::of(at, now) }
    };
    let mails: Vec<_> = mailbox.list(SHOWN)?.into_iter().map(line).collect();
    let older = mailbox.count()?.saturating_sub(mails.len() as u64);
    Ok(MailboxView { shown: mails.len(), older, mails })
}

#[derive(Serialize)]
pub(super) struct MailView<'a> {
    subject: &'a str,
    headers: Vec<Pair>,
    at: When,
    html: Option<&'a str>,
    text: Option<&'a str>,
}

/// A name and its value.
#[derive(Debug, Serialize)]
pub(super) struct Pair {
    pub(super) name: String,
    pub(super) value: String,
}

pub(super) fn view(accepted: &AcceptedMail, now: Timestamp) -> MailView<'_> {
    let mail = &accepted.mail;
    MailView {
        subject: &mail.subject,
        headers: headers(mail),
        at: When::of(accepted.at, now),
        html: mail.html.as_deref(),
        text: mail.text.as_deref(),
    }
}

fn headers(mail: &Mail) -> Vec<Pair> {
    let addresses = [("To", &mail.to), ("Cc", &mail.cc), ("Bcc", &mail.bcc), ("Reply-To", &mail.reply_to)];
    let named = addresses.map(|(name, addresses)| (name, addresses.join(", ")));
    let set = mail.configuration_set.clone().unwrap_or_default();
    let fixed = [("From", mail.from.clone())].into_iter().chain(named).chain([("Configuration set", set)]);
    let fixed = fixed.filter(|(_, value)| !value.is_empty()).map(|(name, value)| Pair { name: name.to_owned(), value });
    let own = mail.headers.iter().map(|(name, value)| Pair { name: name.clone(), value: value.clone() });
    let tags = mail.tags.iter().map(|(name, value)| Pair { name: format!("Tag {name}"), value: value.clone() });
    fixed.chain(own).chain(tags).collect()
}
