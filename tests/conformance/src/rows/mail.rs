//! Mail, as `channels` sends it. See the [API
//! reference](https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html) under SendEmail.

use channels::{
    email::{About, Envelope, SendError, Sender, send},
    templates::{AlertMail, Reader, Rendered, Template, Urls},
};
use domain::{
    deals::{Deal, Score, Weights},
    identity::{Branding, Tenant},
    money::Currency,
    notifications::{Alert, Cause},
    watchers::Reason,
};
use storage_tests::{at, deal, id, owner};

use super::mail;
use crate::{
    Row,
    seen::{Seen, count, refused, texts, took},
    target::Target,
};

pub(super) fn rows() -> Vec<Row> {
    vec![
        mail(
            "a mail is taken by its id, and shows its sender, recipient, subject and both bodies",
            |t| Box::pin(sent(t)),
            [
                took(),
                texts([r#""Mile Buy Club" <mail@milebuy.example>"#, "dana@example.com"]),
                texts(["subject", "text", "html"]),
            ],
        ),
        mail(
            "a sender's name that is not ASCII goes in encoded words",
            |t| Box::pin(not_ascii(t)),
            [took(), texts(["=?UTF-8?B?TWVpbGVuIGbDvHIgWsO8cmljaA==?= <mail@milebuy.example>"])],
        ),
        mail(
            "a mail carries the configuration set that its events go by, and tags that tell what it is",
            |t| Box::pin(marked(t)),
            [took(), texts(["mail", "tenant=demo", "template=alert", "delivery=msg_00000000000000000000000001"])],
        ),
        mail("a mail goes out without a configuration set, too", |t| Box::pin(unmarked(t)), [took(), count(1)]),
        mail(
            "a mail from a domain that is not ours is refused for good, and goes to nobody",
            |t| Box::pin(of_others(t)),
            [refused("the mail was refused: MessageRejected"), count(0)],
        ),
        mail("a mail that is sent twice goes out twice, by two ids", |t| Box::pin(twice(t)), [count(2), count(2)]),
    ]
}

fn envelope(target: &Target, name: &str) -> Envelope {
    let config = target.cx().config().clone();
    Envelope {
        from: Sender { name: name.parse().unwrap(), address: config.mail_sender },
        to: format!("{}dana@example.com", target.prefix()).parse().unwrap(),
        configuration_set: config.mail_configuration_set,
        tenant: "demo".parse().unwrap(),
        template: Template::Alert,
        about: About::Delivery(id(1)),
    }
}

/// A mail as members get it.
fn rendered() -> Rendered {
    let deal: Deal = deal("QR1", 50);
    let cause = Cause::Watcher { watcher: id(1), name: "Away".parse().unwrap(), reason: Reason::Found };
    let score = Score::of(&deal.parts, &Weights::default());
    let alert = Alert::raise(owner(1), cause, (deal.id, 1), score, at("2026-02-17T19:24:00Z"));
    let tenant = Tenant {
        id: "demo".parse().unwrap(),
        name: "Mile Buy Club".parse().unwrap(),
        hosts: ["milebuy.example".parse().unwrap()].into(),
        zone: "America/Los_Angeles".parse().unwrap(),
        currency: Currency::USD,
        branding: Branding::default(),
        features: [].into(),
        terms: 0,
        version: 1,
    };
    let urls = Urls::of("https://milebuy.example", &alert);
    let (name, zone) = ("Dana".parse().unwrap(), "America/Los_Angeles".parse().unwrap());
    AlertMail::new(&tenant, Reader { name: &name, zone: &zone, own: None }, &alert, &deal, &urls).render().unwrap()
}

async fn send_as(target: &Target, name: &str) -> Result<String, SendError> {
    send(target.cx().ses(), &envelope(target, name), &rendered()).await.map(String::from)
}

fn seen(sent: Result<String, SendError>) -> Seen {
    sent.map_or_else(|error| refused(&error.to_string()), |_| took())
}

async fn sent(target: &Target) -> Vec<Seen> {
    let sent = seen(send_as(target, "Mile Buy Club").await);
    let (mail, whole) = (target.mails().await.remove(0), rendered());
    let parts = [
        ("subject", mail.subject == whole.subject.as_str()),
        ("text", mail.text == whole.text),
        ("html", mail.html == whole.html),
    ];
    vec![
        sent,
        texts([mail.from].into_iter().chain(mail.to)),
        texts(parts.into_iter().filter(|(_, same)| *same).map(|(part, _)| part)),
    ]
}

async fn not_ascii(target: &Target) -> Vec<Seen> {
    let sent = seen(send_as(target, "Meilen für Zürich").await);
    vec![sent, texts(target.mails().await.into_iter().map(|mail| mail.from))]
}

async fn marked(target: &Target) -> Vec<Seen> {
    let sent = seen(send_as(target, "Mile Buy Club").await);
    vec![sent, texts(target.mails().await.remove(0).marks)]
}

async fn unmarked(target: &Target) -> Vec<Seen> {
    let envelope = Envelope { configuration_set: None, ..envelope(target, "Mile Buy Club") };
    let sent = send(target.cx().ses(), &envelope, &rendered()).await.map(String::from);
    vec![seen(sent), count(target.mails().await.len())]
}

async fn of_others(target: &Target) -> Vec<Seen> {
    let mut envelope = envelope(target, "Mile Buy Club");
    envelope.from.address = "mail@others.example".parse().unwrap();
    let sent = send(target.cx().ses(), &envelope, &rendered()).await.map(String::from);
    vec![seen(sent), count(target.mails().await.len())]
}

async fn twice(target: &Target) -> Vec<Seen> {
    let mut ids = Vec::new();
    for _ in 0..2 {
        ids.push(send_as(target, "Mile Buy Club").await.unwrap());
    }
    ids.dedup();
    vec![count(ids.len()), count(target.mails().await.len())]
}
