//! Mails about an account: a passcode, a lock. They have no links: what looks like them and has one is not ours.
//!
//! Only members are greeted by name. Who signs up has chosen a name for a mailbox that may be a stranger's, and mail programs make
//! links of what looks like one.

use std::fmt;

use domain::{
    identity::{
        DisplayName, Tenant,
        passcodes::{Passcode, VALID},
    },
    time::Zone,
};
use jiff::Timestamp;
use serde::Serialize;

use crate::{
    templates::{Rendered, Template, TemplateError, render},
    words,
};

/// A mail about an account: every word that the template places.
#[derive(Clone, Serialize)]
pub struct AccountMail {
    #[serde(skip)]
    template: Template,
    language: &'static str,
    brand: String,
    subject: String,
    preheader: &'static str,
    title: &'static str,
    greeting: String,
    text: String,
    code: Option<String>,
    notes: Vec<String>,
    footer: String,
}

impl fmt::Debug for AccountMail {
    /// Without what it says: it names the member, and may have a code in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountMail").field("template", &self.template).finish_non_exhaustive()
    }
}

impl AccountMail {
    /// The mail that carries a passcode to someone who signs up. It says nothing that they typed.
    pub fn sign_up(tenant: &Tenant, code: &Passcode) -> Self {
        let brand = words::isolated(tenant.name.as_str());
        let text = format!("Enter this code where you signed up, and you are a member of {brand}:");
        let unasked = "Did not sign up? Then someone typed your address by mistake. You can ignore this mail: without the code nothing happens.";
        Self::passcode(tenant, None, ("Confirm your address", text), (code, unasked))
    }

    /// The mail that carries a passcode to a member who forgot their password.
    pub fn reset(tenant: &Tenant, name: &DisplayName, code: &Passcode) -> Self {
        let text = "Enter this code where you asked to reset your password:".to_owned();
        let unasked =
            "Did not ask for it? You can ignore this mail: without the code nothing happens, and your password stays as it is.";
        Self::passcode(tenant, Some(name), ("Choose a new password", text), (code, unasked))
    }

    /// The code is not in the subject: subjects are shown on locked screens, and travel further than mails.
    fn passcode(
        tenant: &Tenant,
        name: Option<&DisplayName>,
        says: (&'static str, String),
        (code, unasked): (&Passcode, &str),
    ) -> Self {
        let brand = words::isolated(tenant.name.as_str());
        let minutes = VALID.as_mins();
        let once = format!("It works once, for {minutes} minutes, and only where it was asked for.");
        let secret = format!("Keep it to yourself: nobody at {brand} will ever ask you for it.");
        Self {
            subject: format!("Your code for {brand}"),
            preheader: "It works once, and only where it was asked for.",
            code: Some(code.digits().to_owned()),
            notes: vec![format!("{once} {secret}"), unasked.to_owned()],
            ..Self::plain(Template::Passcode, tenant, name, says)
        }
    }

    /// The mail that tells a member that someone signs up with their address. Who does is told nothing.
    pub fn already_member(tenant: &Tenant, name: &DisplayName) -> Self {
        let brand = words::isolated(tenant.name.as_str());
        let text = format!(
            "Someone signs up for {brand} with this address. You are a member already, so nothing came of it, and they were not told."
        );
        Self {
            subject: format!("You are a member of {brand} already"),
            preheader: "Someone signs up with your address.",
            notes: vec![
                "Was it you? Sign in with this address. If you forgot your password, you can reset it in the app.".to_owned(),
                "Was it not? You can ignore this mail: your account stays as it is.".to_owned(),
            ],
            ..Self::plain(Template::AlreadyMember, tenant, Some(name), ("You are a member already", text))
        }
    }

    /// The mail that tells of a lock.
    pub fn locked(tenant: &Tenant, name: &DisplayName, zone: &Zone, until: Timestamp) -> Self {
        let brand = words::isolated(tenant.name.as_str());
        let until = words::moment(until, zone);
        let text = format!(
            "Someone tried too many wrong passwords for your account with {brand}. Until {until} a password is enough only from a \
             network that you have signed in from lately."
        );
        Self {
            subject: format!("Your account with {brand} is locked for a while"),
            preheader: "Someone tried too many wrong passwords.",
            notes: vec![
                "Was it you? Wait until then, or reset your password in the app: that unlocks it at once.".to_owned(),
                "Was it not? Nobody got in with those. Where you are signed in you stay so. If you use the same password elsewhere, \
                 choose another one here."
                    .to_owned(),
            ],
            ..Self::plain(Template::Locked, tenant, Some(name), ("Your account is locked for a while", text))
        }
    }

    fn plain(template: Template, tenant: &Tenant, name: Option<&DisplayName>, (title, text): (&'static str, String)) -> Self {
        let brand = words::isolated(tenant.name.as_str());
        Self {
            template,
            language: words::LANGUAGE,
            subject: String::new(),
            preheader: "",
            title,
            greeting: name.map_or("Hello,".to_owned(), |name| format!("Hello {},", words::isolated(name.as_str()))),
            text,
            code: None,
            notes: Vec::new(),
            footer: format!("You get this mail because of what was done with your address at {brand}. It can't be turned off."),
            brand,
        }
    }

    /// Renders it.
    ///
    /// # Errors
    /// If the template does not go with it.
    pub fn render(&self) -> Result<Rendered, TemplateError> {
        render(self.template, self)
    }
}
