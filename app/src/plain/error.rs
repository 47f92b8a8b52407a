//! A request that ends in an error: what happened, what to do, and the id to quote.

use leptos::prelude::*;

use super::frame::{PlainFrame, document};

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
        let (title, message) = match status {
            403 => ("No access", "You may not do this. If you think you should, ask your administrator."),
            404 => ("Not found", "This page does not exist, or you have no access to it."),
            503 => (
                "Not available right now",
                "Steward is starting, stopping or waiting for its database. Try again in a moment.",
            ),
            _ => (
                "Something went wrong",
                "This is a fault on our side. Try again; if it stays, tell your administrator the request id below.",
            ),
        };
        Self { frame, status, title: title.to_owned(), message: message.to_owned(), request_id }
    }
}

/// An error as a page.
#[must_use]
pub fn error(page: &ErrorPage) -> String {
    let request_id = page.request_id.clone();
    let request = (!request_id.is_empty()).then(|| view! { <p class="meta">"Request " <code>{request_id}</code></p> });
    document(
        &page.frame,
        &page.title,
        view! {
            <p class="plain-status">{page.status.to_string()}</p>
            <h1>{page.title.clone()}</h1>
            <p>{page.message.clone()}</p>
            <p><a class="button" href="/">"Go to the start page"</a></p>
            {request}
        },
    )
}
