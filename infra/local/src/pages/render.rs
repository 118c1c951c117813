//! Templates, embedded, strict and escaping.

use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use handlebars::{Context, Handlebars, Helper, HelperResult, Output, RenderContext, TemplateError, html_escape};
use serde::Serialize;

use super::error::PageError;

const TEMPLATES: [(&str, &str); 12] = [
    ("layout", include_str!("../../pages/layout.hbs")),
    ("overview", include_str!("../../pages/overview.hbs")),
    ("mailbox", include_str!("../../pages/mailbox.hbs")),
    ("mail", include_str!("../../pages/mail.hbs")),
    ("functions", include_str!("../../pages/functions.hbs")),
    ("queue", include_str!("../../pages/queue.hbs")),
    ("docs", include_str!("../../pages/docs.hbs")),
    ("error", include_str!("../../pages/error.hbs")),
    // parts of others
    ("when", include_str!("../../pages/when.hbs")),
    ("fields", include_str!("../../pages/fields.hbs")),
    ("kind", include_str!("../../pages/kind.hbs")),
    ("answers", include_str!("../../pages/answers.hbs")),
];
const STYLE: &str = include_str!("../../pages/style.css");

static PARSED: LazyLock<Result<Handlebars<'static>, String>> = LazyLock::new(|| parse().map_err(|error| error.to_string()));

/// A whole page.
#[derive(Debug)]
pub(super) struct Html(String);

impl IntoResponse for Html {
    fn into_response(self) -> Response {
        axum::response::Html(self.0).into_response()
    }
}

/// The part of the console that a page belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Section {
    Overview,
    Mailbox,
    Functions,
    Docs,
    None,
}

/// The frame around a page. Its body is HTML already.
#[derive(Serialize)]
struct Layout<'a> {
    section: Section,
    title: &'a str,
    style: &'static str,
    body: String,
}

pub(super) fn render(section: Section, title: &str, template: &str, view: &impl Serialize) -> Result<Html, PageError> {
    let body = fill(template, view)?;
    fill("layout", &Layout { section, title, style: STYLE, body }).map(Html)
}

fn fill(template: &str, view: &impl Serialize) -> Result<String, PageError> {
    let parsed = PARSED.as_ref().map_err(|error| PageError::Template(error.clone()))?;
    parsed.render(template, view).map_err(|error| PageError::Template(error.to_string()))
}

fn parse() -> Result<Handlebars<'static>, Box<TemplateError>> {
    let mut parsed = Handlebars::new();
    parsed.set_strict_mode(true);
    parsed.register_helper("prose", Box::new(prose));
    for (name, source) in TEMPLATES {
        parsed.register_template_string(name, source)?;
    }
    Ok(parsed)
}

/// Writes text as doc comments have it: escaped, with `code` and paragraphs.
fn prose(
    helper: &Helper<'_>,
    _: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    let text = helper.param(0).and_then(|param| param.value().as_str()).unwrap_or_default();
    out.write(&prose_html(text))?;
    Ok(())
}

fn prose_html(text: &str) -> String {
    let paragraph = |text: &str| {
        let parts = text.split('`').enumerate();
        let tagged = |(index, part)| match index % 2 {
            0 => html_escape(part),
            _ => format!("<code>{}</code>", html_escape(part)),
        };
        parts.map(tagged).collect::<String>()
    };
    text.trim().split("\n\n").map(paragraph).collect::<Vec<_>>().join("<br><br>")
}
