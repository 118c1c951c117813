//! The mailbox: takes mail as SES would and keeps it to be looked at instead of sending it.

use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

use super::store::{Store, from_json, timestamp, to_json};

/// The most addresses one mail may go to.
pub const MOST_RECIPIENTS: usize = 50;

const INSERT: &str = "INSERT INTO mails (number, id, at, mail) VALUES (?1, ?2, ?3, ?4)";
const NEWEST: &str = "SELECT id, at, mail FROM mails ORDER BY number DESC LIMIT ?1";
const ONE: &str = "SELECT id, at, mail FROM mails WHERE id = ?1";
const COUNT: &str = "SELECT count(*) FROM mails";

/// A mail to send.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// The sender, with or without a display name.
    pub from: String,
    /// The recipients.
    pub to: Vec<String>,
    /// Who gets a copy that the recipients know of.
    pub cc: Vec<String>,
    /// Who gets a copy that the recipients do not know of.
    pub bcc: Vec<String>,
    /// Where answers go, if not to the sender.
    pub reply_to: Vec<String>,
    /// The subject.
    pub subject: String,
    /// The body as HTML.
    pub html: Option<String>,
    /// The body as plain text.
    pub text: Option<String>,
    /// Further headers (name, value), such as `List-Unsubscribe`, in their order.
    pub headers: Vec<(String, String)>,
    /// The configuration set that its events are reported by.
    pub configuration_set: Option<String>,
    /// Tags (name, value) that its events carry.
    pub tags: Vec<(String, String)>,
}

/// A mail that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedMail {
    /// The id that the sender was answered.
    pub id: String,
    /// When it was accepted.
    pub at: Timestamp,
    /// The mail.
    pub mail: Mail,
}

/// Why a mail was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// There is no sender.
    #[error("the sender is missing")]
    SenderMissing,
    /// There is no recipient.
    #[error("the recipient is missing")]
    RecipientMissing,
    /// There are more recipients than [`MOST_RECIPIENTS`].
    #[error("there are {0} recipients, more than 50")]
    TooManyRecipients(usize),
    /// An address has no domain.
    #[error("the address {0:?} has no domain")]
    DomainMissing(String),
    /// It comes from a domain that is not ours.
    #[error("the sender {0:?} is not verified")]
    NotVerified(String),
    /// The subject is empty.
    #[error("the subject is missing")]
    SubjectMissing,
    /// There is neither HTML nor text.
    #[error("the body is missing")]
    BodyMissing,
    /// A header has no name, or has a line break, which would begin another header.
    #[error("the header {0:?} is malformed")]
    MalformedHeader(String),
    /// The store failed.
    #[error("the mailbox's database failed: {0}")]
    Database(#[from] rusqlite::Error),
}

/// All mail accepted, in the order of acceptance.
#[derive(Debug, Clone)]
pub struct Mailbox {
    store: Arc<Store>,
    domains: Arc<[String]>,
}

impl Mailbox {
    pub(super) fn new(store: Arc<Store>, domains: Vec<String>) -> Self {
        Self { store, domains: domains.into() }
    }

    /// Accepts a mail and answers its id.
    ///
    /// # Errors
    /// When SES would refuse it.
    pub fn accept(&self, mail: &Mail) -> Result<String, MailError> {
        check(mail)?;
        self.check_sender(mail)?;
        self.store.transact(|work| {
            let number = work.next_number()?;
            let id = work.uuid("mail", number);
            work.sql.prepare_cached(INSERT)?.execute(params![number, id, work.now, to_json(mail)?])?;
            Ok(id)
        })
    }

    fn check_sender(&self, mail: &Mail) -> Result<(), MailError> {
        let domain = bare(&mail.from).rsplit_once('@').map_or("", |(_, domain)| domain);
        let verified = self.domains.iter().any(|verified| verified.eq_ignore_ascii_case(domain));
        if verified { Ok(()) } else { Err(MailError::NotVerified(mail.from.clone())) }
    }

    /// The newest `limit` mails, newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub fn list(&self, limit: usize) -> Result<Vec<AcceptedMail>, MailError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.store.transact(|work| {
            let mut newest = work.sql.prepare_cached(NEWEST)?;
            let mails: rusqlite::Result<_> = newest.query_map([limit], accepted)?.collect();
            Ok(mails?)
        })
    }

    /// The mail with this id.
    ///
    /// # Errors
    /// When the store fails.
    pub fn get(&self, id: &str) -> Result<Option<AcceptedMail>, MailError> {
        self.store.transact(|work| Ok(work.sql.prepare_cached(ONE)?.query_row([id], accepted).optional()?))
    }

    /// How many mails there are.
    ///
    /// # Errors
    /// When the store fails.
    pub fn count(&self) -> Result<u64, MailError> {
        self.store.transact(|work| Ok(work.sql.prepare_cached(COUNT)?.query_row([], |row| row.get(0))?))
    }
}

fn check(mail: &Mail) -> Result<(), MailError> {
    if mail.from.is_empty() {
        return Err(MailError::SenderMissing);
    }
    check_recipients(mail)?;
    if mail.subject.is_empty() {
        return Err(MailError::SubjectMissing);
    }
    if [&mail.html, &mail.text].into_iter().flatten().all(String::is_empty) {
        return Err(MailError::BodyMissing);
    }
    mail.headers.iter().try_for_each(|(name, value)| check_header(name, value))
}

fn check_recipients(mail: &Mail) -> Result<(), MailError> {
    let count = mail.to.len() + mail.cc.len() + mail.bcc.len();
    if count == 0 {
        return Err(MailError::RecipientMissing);
    }
    if count > MOST_RECIPIENTS {
        return Err(MailError::TooManyRecipients(count));
    }
    let mut addresses = [&mail.to, &mail.cc, &mail.bcc, &mail.reply_to].into_iter().flatten().chain([&mail.from]);
    let nowhere = addresses.find(|address| !has_domain(address));
    nowhere.map_or(Ok(()), |address| Err(MailError::DomainMissing(address.clone())))
}

/// Whether an address, alone or as `Name <address>`, has something on both sides of its last `@`.
fn has_domain(address: &str) -> bool {
    bare(address).rsplit_once('@').is_some_and(|(person, domain)| !person.trim().is_empty() && !domain.trim().is_empty())
}

/// The address in `Name <address>`, or all of it.
fn bare(address: &str) -> &str {
    match address.trim_end().strip_suffix('>') {
        Some(named) => named.rsplit_once('<').map_or(named, |(_, bare)| bare),
        None => address,
    }
}

fn check_header(name: &str, value: &str) -> Result<(), MailError> {
    let breaks_line = |text: &str| text.contains(['\r', '\n']);
    if name.is_empty() || breaks_line(name) || breaks_line(value) {
        return Err(MailError::MalformedHeader(name.to_owned()));
    }
    Ok(())
}

fn accepted(row: &Row<'_>) -> rusqlite::Result<AcceptedMail> {
    let json: String = row.get("mail")?;
    Ok(AcceptedMail { id: row.get("id")?, at: timestamp(row.get("at")?), mail: from_json(&json)? })
}
