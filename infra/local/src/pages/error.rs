//! Why a page can't be shown.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::render::{Section, render};
use crate::standins::{mailbox::MailError, queues::QueueError};

#[derive(Debug, thiserror::Error)]
pub(super) enum PageError {
    #[error("The console has no page at this address.")]
    NoSuchPage,
    #[error("No mail has the id {0}.")]
    NoSuchMail(String),
    #[error("{0} is no queue of dead letters.")]
    NotDeadLetters(String),
    #[error("A page of another site asked for it. Use the button on the queue's own page.")]
    CrossSite,
    #[error("The queues can't be read: {0}.")]
    Queue(#[from] QueueError),
    #[error("The mailbox can't be read: {0}.")]
    Mail(#[from] MailError),
    #[error("The template does not render: {0}.")]
    Template(String),
}

#[derive(Serialize)]
struct ErrorView {
    title: &'static str,
    detail: String,
}

impl PageError {
    fn status(&self) -> StatusCode {
        match self {
            Self::NoSuchPage | Self::NoSuchMail(_) | Self::NotDeadLetters(_) => StatusCode::NOT_FOUND,
            Self::Queue(QueueError::NoSuchQueue(_)) => StatusCode::NOT_FOUND,
            Self::CrossSite => StatusCode::FORBIDDEN,
            Self::Queue(_) | Self::Mail(_) | Self::Template(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn title(&self) -> &'static str {
        match self.status() {
            StatusCode::NOT_FOUND => "Not found",
            StatusCode::FORBIDDEN => "Refused",
            _ => "Something failed",
        }
    }

    fn view(&self) -> ErrorView {
        ErrorView { title: self.title(), detail: self.to_string() }
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let page = render(Section::None, self.title(), "error", &self.view());
        let page = page.map_or_else(|_| self.to_string().into_response(), IntoResponse::into_response);
        (self.status(), page).into_response()
    }
}
