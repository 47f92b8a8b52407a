//! A request that ends in an error: what happened, what to do, and the id to quote.

use leptos::prelude::*;

use super::frame::{PlainFrame, document};
use crate::words::plain;

/// What an error page shows. Nothing internal: `title` and `message` are for the person reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorPage {
    pub frame: PlainFrame,
    /// e.g. 404.
    pub status: u16,
    pub title: String,
    pub message: String,
    /// Empty: not shown.
    pub request_id: String,
}

impl ErrorPage {
    /// The usual words for a status: 403, 404, 503; anything else is a fault of ours.
    #[must_use]
    pub fn of_status(frame: PlainFrame, status: u16, request_id: String) -> Self {
        let lang = frame.lang;
        let (title, message) = match status {
            403 => (plain::forbidden_title(lang), plain::forbidden(lang)),
            404 => (plain::not_found_title(lang), plain::not_found(lang)),
            503 => (plain::unavailable_title(lang), plain::unavailable(lang)),
            _ => (plain::fault_title(lang), plain::fault(lang)),
        };
        Self { frame, status, title: title.to_owned(), message: message.to_owned(), request_id }
    }
}

/// An error as a page.
#[must_use]
pub fn error(page: &ErrorPage) -> String {
    let lang = page.frame.lang;
    let request_id = page.request_id.clone();
    let request = (!request_id.is_empty())
        .then(|| view! { <p class="meta">{plain::request(lang)} <code>{request_id}</code></p> });
    document(
        &page.frame,
        &page.title,
        view! {
            <p class="plain-status">{page.status.to_string()}</p>
            <h1>{page.title.clone()}</h1>
            <p>{page.message.clone()}</p>
            <p><a class="button" href="/">{plain::to_start(lang)}</a></p>
            {request}
        },
    )
}
