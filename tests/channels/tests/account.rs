//! What mails about an account say.
#![allow(clippy::unwrap_used, reason = "tests")]

use channels::{
    account::AccountMail,
    templates::{Rendered, Template, TemplateError, render},
};
use channels_tests::tenant;
use domain::{identity::passcodes::Passcode, time::Zone};
use serde_json::Value;

fn code() -> Passcode {
    Passcode::drawn(402_917)
}

fn reset(brand: &str, name: &str) -> AccountMail {
    AccountMail::reset(&tenant(brand), &name.parse().unwrap(), &code())
}

fn locked(brand: &str, name: &str) -> AccountMail {
    let zone: Zone = "America/Los_Angeles".parse().unwrap();
    AccountMail::locked(&tenant(brand), &name.parse().unwrap(), &zone, "2026-02-17T19:39:00Z".parse().unwrap())
}

fn all(brand: &str, name: &str) -> [(&'static str, Rendered); 4] {
    [
        ("passcode-sign-up", AccountMail::sign_up(&tenant(brand), &code())),
        ("passcode-reset", reset(brand, name)),
        ("already-member", AccountMail::already_member(&tenant(brand), &name.parse().unwrap())),
        ("locked", locked(brand, name)),
    ]
    .map(|(kind, mail)| (kind, mail.render().unwrap()))
}

#[test]
fn mails_about_accounts_read_as_they_should() {
    for (kind, mail) in all("Mile Buy Club", "Dana Demo") {
        insta::assert_snapshot!(format!("{kind}.txt"), format!("Subject: {}\n\n{}", mail.subject.as_str(), mail.text));
        insta::assert_snapshot!(format!("{kind}.html"), mail.html);
    }
}

/// To look at them in a browser: `MAILS_TO=folder cargo test -p channels-tests mails_to_look_at`.
#[test]
fn account_mails_to_look_at() {
    let Some(folder) = std::env::var_os("MAILS_TO").map(std::path::PathBuf::from) else { return };
    for (kind, mail) in all("Mile Buy Club", "Dana Demo") {
        std::fs::write(folder.join(format!("{kind}.html")), mail.html).unwrap();
        std::fs::write(folder.join(format!("{kind}.txt")), mail.text).unwrap();
    }
}

/// What looks like one of them and has a link is not ours; and there is none that could be led astray.
#[test]
fn they_have_no_links_and_ask_for_nothing_from_outside() {
    for (kind, mail) in all("Mile Buy Club", "Dana https://evil.example/ Demo") {
        for outside in ["<a ", "href", "<img", "<link", "<script", "url(", "@import", "src=", "<iframe", "<form"] {
            assert!(!mail.html.contains(outside), "{kind}: {outside}");
        }
    }
}

#[test]
fn a_code_is_in_the_body_and_nowhere_else() {
    for mail in [AccountMail::sign_up(&tenant("Mile Buy Club"), &code()), reset("Mile Buy Club", "Dana Demo")] {
        let rendered = mail.render().unwrap();
        assert_eq!((rendered.html.matches("402917").count(), rendered.text.matches("402917").count()), (1, 1));
        assert!(!rendered.subject.as_str().contains("402917"));
        assert!(!format!("{mail:?} {rendered:?}").contains("402917"));
    }
}

#[test]
fn hostile_names_stay_names() {
    for (kind, mail) in all("Miles \"&\" <More>", "</style><script>alert('x')</script>") {
        assert!(!mail.html.contains("<script") && !mail.html.contains("<More>"), "{kind}");
        assert!(mail.html.contains("Miles &quot;&amp;&quot; &lt;More&gt;"), "{kind}");
    }
    for (_, mail) in all(&"🌴".repeat(80), "\u{202E}Dana\u{2069}") {
        assert!(mail.subject.as_str().len() < 400 && !mail.html.contains('\u{202E}'));
    }
}

#[test]
fn their_text_is_72_columns_wide() {
    for (kind, mail) in all("Mile Buy Club", "Dana Demo") {
        for line in mail.text.lines() {
            assert!(line.chars().count() <= 72 && line.trim_end() == line, "{kind}: {line:?}");
        }
    }
}

#[test]
fn an_account_mail_that_lacks_something_is_an_error() {
    let model = serde_json::to_value(reset("Mile Buy Club", "Dana Demo")).unwrap();
    let fields: Vec<String> = model.as_object().unwrap().keys().cloned().collect();
    assert!(fields.len() >= 9, "{fields:?}");
    for field in fields {
        let mut lacking: Value = model.clone();
        lacking.as_object_mut().unwrap().remove(&field).unwrap();
        let rendered = render(Template::Passcode, &lacking);
        assert!(matches!(rendered, Err(TemplateError::Mismatch { line: Some(_), .. })), "{field}: {rendered:?}");
    }
}
