//! Mails about an account: a passcode, a lock. They have no links: what looks like them and has one is not ours.

use std::fmt;

use domain::{
    identity::{
        DisplayName, Tenant,
        passcodes::{Passcode, Purpose, VALID},
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
    /// The mail that carries a passcode. Its subject does not: subjects are shown on locked screens, and travel further than mails.
    pub fn passcode(tenant: &Tenant, name: &DisplayName, purpose: Purpose, code: &Passcode) -> Self {
        let brand = words::isolated(tenant.name.as_str());
        let minutes = VALID.as_mins();
        let (title, text) = match purpose {
            Purpose::SignUp { .. } => {
                ("Confirm your address", format!("Enter this code where you signed up, and you are a member of {brand}:"))
            }
            Purpose::Reset => ("Choose a new password", "Enter this code where you asked to reset your password:".to_owned()),
        };
        let unasked = match purpose {
            Purpose::SignUp { .. } => {
                "Did not sign up? Then someone typed your address by mistake. You can ignore this mail: without the code nothing happens."
            }
            Purpose::Reset => {
                "Did not ask for it? You can ignore this mail: without the code nothing happens, and your password stays as it is."
            }
        };
        let once = format!("It works once, for {minutes} minutes, and only where it was asked for.");
        let secret = format!("Keep it to yourself: nobody at {brand} will ever ask you for it.");
        Self {
            subject: format!("Your code for {brand}"),
            preheader: "It works once, and only where it was asked for.",
            code: Some(code.digits().to_owned()),
            notes: vec![format!("{once} {secret}"), unasked.to_owned()],
            ..Self::plain(Template::Passcode, tenant, name, (title, text))
        }
    }

    /// The mail that tells of a lock.
    pub fn locked(tenant: &Tenant, name: &DisplayName, zone: &Zone, until: Timestamp) -> Self {
        let brand = words::isolated(tenant.name.as_str());
        let until = words::moment(until, zone);
        let text = format!(
            "Someone tried too many wrong passwords for your account with {brand}. Nobody can sign in to it with a password until {until}."
        );
        Self {
            subject: format!("Your account with {brand} is locked for a while"),
            preheader: "Someone tried too many wrong passwords.",
            notes: vec![
                "Was it you? Wait until then, or reset your password in the app: that unlocks it at once.".to_owned(),
                "Was it not? Nobody got in. Where you are signed in you stay so. If you use the same password elsewhere, choose \
                 another one here."
                    .to_owned(),
            ],
            ..Self::plain(Template::Locked, tenant, name, ("Your account is locked for a while", text))
        }
    }

    fn plain(template: Template, tenant: &Tenant, name: &DisplayName, (title, text): (&'static str, String)) -> Self {
        let brand = words::isolated(tenant.name.as_str());
        Self {
            template,
            language: words::LANGUAGE,
            subject: String::new(),
            preheader: "",
            title,
            greeting: format!("Hello {},", words::isolated(name.as_str())),
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
