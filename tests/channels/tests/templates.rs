//! What mails say.
#![allow(clippy::unwrap_used, reason = "tests")]

use channels::templates::{Rendered, Template, TemplateError, render};
use channels_tests::{Find, award, los_angeles_to_dubai, usd};
use domain::{
    deals::Parts,
    flights::{Cabin, Fare, FlightOffer, Freshness, Tier},
    watchers::Reason,
};
use serde_json::Value;

fn cheaper() -> Find {
    let before = ("2026-02-11T06:05:00Z".parse().unwrap(), award(57_500, Some(usd("44"))));
    let offer = FlightOffer { fare: award(11_000, Some(usd("44"))), ..los_angeles_to_dubai() };
    let parts = Parts { value: Some(92), ..Find::default().parts };
    Find { reason: Reason::Cheaper, earlier: vec![before], offer, parts, cash: Some(usd("1376.50")), ..Find::default() }
}

fn unknown_value() -> Find {
    let parts = Parts { value: None, availability: None, ..Find::default().parts };
    let offer = FlightOffer { fare: award(40_000, None), seats: None, booking_link: None, ..los_angeles_to_dubai() };
    Find { parts, offer, ..Find::default() }
}

fn cash_fare() -> Find {
    let freshness = Freshness { source: "duffel".parse().unwrap(), tier: Tier::Verified, ..los_angeles_to_dubai().freshness };
    let offer = FlightOffer {
        fare: Fare::Cash { total: usd("1212.30"), taxes: None },
        freshness,
        booking_link: None,
        seats: Some(1),
        ..los_angeles_to_dubai()
    };
    let parts = Parts { value: Some(71), ..Find::default().parts };
    Find { offer, parts, ..Find::default() }
}

fn mixed_cabin() -> Find {
    let mut offer = FlightOffer { cabin: Cabin::Business, mixed_cabin: Some(true), seats: None, ..los_angeles_to_dubai() };
    offer.segments[0].cabin = Some(Cabin::Business);
    offer.segments[1].operated_by = Some("BA".parse().unwrap());
    let parts = Parts { availability: None, value: None, timing: Some(0), ..Find::default().parts };
    Find { offer, parts, cash: None, ..Find::default() }
}

fn all() -> [(&'static str, Find); 5] {
    [
        ("award-found", Find::default()),
        ("award-cheaper", cheaper()),
        ("unknown-value", unknown_value()),
        ("cash-fare", cash_fare()),
        ("mixed-cabin", mixed_cabin()),
    ]
}

fn rendered(find: Find) -> Rendered {
    find.mail().render().unwrap()
}

#[test]
fn mails_read_as_they_should() {
    for (name, find) in all() {
        let mail = rendered(find);
        insta::assert_snapshot!(format!("{name}.txt"), format!("Subject: {}\n\n{}", mail.subject.as_str(), mail.text));
        insta::assert_snapshot!(format!("{name}.html"), mail.html);
    }
}

#[test]
fn a_mail_judges_by_what_the_member_says_that_points_are_worth() {
    let valued = |cents: &str| {
        let own = [("aadvantage".parse().unwrap(), cents.parse().unwrap())].into_iter().collect();
        rendered(Find { own, ..Find::default() }).text.replace('\n', " ")
    };
    let (great, poor) = (valued("0.5"), valued("2"));
    assert!(great.contains("0.83 cents a point: great"), "{great}");
    assert!(poor.contains("0.83 cents a point: poor By your own valuation money is the better way."), "{poor}");
    for text in [great, poor] {
        assert!(text.contains("Judged by what you say that AAdvantage points are worth."), "{text}");
        assert!(!text.contains("ublished valuation"), "{text}");
    }
}

/// To look at them in a browser: `MAILS_TO=folder cargo test -p channels-tests mails_to_look_at`.
#[test]
fn mails_to_look_at() {
    let Some(folder) = std::env::var_os("MAILS_TO").map(std::path::PathBuf::from) else { return };
    for (name, find) in all().into_iter().chain([("hostile", hostile())]) {
        let mail = rendered(find);
        std::fs::write(folder.join(format!("{name}.html")), mail.html).unwrap();
        std::fs::write(folder.join(format!("{name}.txt")), mail.text).unwrap();
    }
}

#[test]
fn plain_text_is_72_columns_wide() {
    for (name, find) in all() {
        for line in rendered(find).text.lines().filter(|line| !line.contains("https://")) {
            assert!(line.chars().count() <= 72 && line.trim_end() == line, "{name}: {line:?}");
        }
    }
}

#[test]
fn a_mail_asks_for_nothing_from_outside() {
    for (name, find) in all() {
        let html = rendered(find).html;
        for outside in ["<img", "<link", "<script", "url(", "@import", "src=", "<iframe", "<form"] {
            assert!(!html.contains(outside), "{name}: {outside}");
        }
    }
}

#[test]
fn every_value_of_a_template_is_escaped() {
    let template = include_str!("../../../shared/channels/templates/alert.html.hbs");
    assert!(!template.contains("{{{") && !template.contains("{{&"));
}

/// Every path of a model to a value: objects' keys and lists' places.
fn paths(model: &Value) -> Vec<String> {
    let below = |key: String, value: &Value| {
        paths(value).into_iter().map(|path| format!("/{key}{path}")).chain([format!("/{key}")]).collect::<Vec<_>>()
    };
    match model {
        Value::Object(fields) => fields.iter().flat_map(|(key, value)| below(key.clone(), value)).collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .flat_map(|(i, item)| paths(item).into_iter().map(move |path| format!("/{i}{path}")))
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

#[test]
fn a_missing_variable_is_an_error() {
    // Between them, these two mails show everything there is to show.
    for find in [cheaper(), Find::default()] {
        let model = serde_json::to_value(find.mail()).unwrap();
        assert!(render(Template::Alert, &model).is_ok());
        let paths = paths(&model);
        assert!(paths.len() > 80, "{paths:?}");
        for path in paths {
            let mut lacking = model.clone();
            let (parent, key) = path.rsplit_once('/').unwrap();
            lacking.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(key).unwrap();
            let rendered = render(Template::Alert, &lacking);
            assert!(matches!(rendered, Err(TemplateError::Mismatch { line: Some(_), .. })), "{path}: {rendered:?}");
        }
    }
}

fn hostile() -> Find {
    let offer = FlightOffer { booking_link: Some("javascript:alert(1)".to_owned()), ..los_angeles_to_dubai() };
    Find {
        brand: "Miles \"&\" <More>`='".to_owned(),
        member: "</style><script>alert('x')</script>".to_owned(),
        watcher: "\u{202E}دبي {{secret}} \u{2069}🌴 \"><img src=x onerror=y>".to_owned(),
        offer,
        ..Find::default()
    }
}

#[test]
fn hostile_values_stay_values() {
    let mail = rendered(hostile());
    for (what, count) in
        [("<script", 0), ("<img", 0), ("<style", 1), ("</style", 1), ("javascript:", 0), ("<More>", 0), ("\u{202E}", 0)]
    {
        assert_eq!(mail.html.matches(what).count(), count, "{what}");
    }
    assert!(mail.html.contains("&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;"));
    assert!(mail.html.contains("Miles &quot;&amp;&quot; &lt;More&gt;&#x60;&#x3D;&#x27;"));
    assert!(mail.html.contains("“\u{2068}دبي {{secret}} 🌴 &quot;&gt;&lt;img src&#x3D;x onerror&#x3D;y&gt;\u{2069}”"));
    assert!(mail.text.contains("Miles \"&\" <More>`='"), "text is not escaped");
    assert_eq!(
        tags(&mail.html),
        tags(&rendered(Find { offer: FlightOffer { booking_link: None, ..los_angeles_to_dubai() }, ..Find::default() }).html)
    );
}

/// The elements of a page, in order.
fn tags(html: &str) -> Vec<&str> {
    html.split('<').skip(1).filter_map(|rest| rest.split(|c: char| c.is_whitespace() || c == '>').next()).collect()
}

#[test]
fn names_of_80_characters_fit() {
    for name in ["m".repeat(80), "🌴".repeat(80), "two words ".repeat(8).trim().to_owned()] {
        let mail = rendered(Find { brand: name.clone(), member: name.clone(), watcher: name.clone(), ..Find::default() });
        assert!(mail.html.contains(&name));
        assert!(mail.subject.as_str().len() < 200);
    }
}

#[test]
fn only_links_that_can_be_trusted_to_be_links_are_shown() {
    let shown = |link: &str| {
        rendered(Find { offer: FlightOffer { booking_link: Some(link.to_owned()), ..los_angeles_to_dubai() }, ..Find::default() })
            .text
            .contains("Book at")
    };
    assert!(shown("https://www.aa.com/a?b=c#d"));
    for bad in [
        "http://www.aa.com/",
        "javascript:alert(1)",
        "https://www.aa.com@evil.example/",
        "https://аа.com/",
        "https://www.aa.com/\r\nhttps://evil.example",
        "https://www.aa.com/\"onclick=\"x",
        "https://localhost/",
        "https://",
        "",
    ] {
        assert!(!shown(bad), "{bad}");
    }
}

#[test]
fn debug_output_has_no_personal_data() {
    let mail = Find::default().mail();
    let shown = format!("{mail:?} {:?}", mail.render().unwrap());
    assert!(!shown.contains("Dana") && !shown.contains("in April"), "{shown}");
}

#[test]
fn a_subject_is_one_line() {
    let mut model = serde_json::to_value(Find::default().mail()).unwrap();
    for bad in ["a\r\nBcc: x@example.com", "", "\u{7f}x"] {
        model["subject"] = bad.into();
        assert_eq!(render(Template::Alert, &model), Err(TemplateError::Subject));
    }
}
