//! Signed in, but in no tenant yet (or no longer): nothing to see until somebody gives access.

use leptos::prelude::*;

use super::frame::{PlainFrame, document, sign_out_form};

/// What a waiting person sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingPage {
    pub frame: PlainFrame,
    /// Who is signed in.
    pub email: String,
    /// Whom to ask, e.g. an e-mail address; empty: nobody is named.
    pub contact: String,
}

/// The page of an account without access.
#[must_use]
pub fn waiting(page: &WaitingPage) -> String {
    let contact = if page.contact.is_empty() {
        "the administrator of your organisation".to_owned()
    } else {
        page.contact.clone()
    };
    document(
        &page.frame,
        "Waiting for access",
        view! {
            <h1>"Your account is waiting for access"</h1>
            <p>"You are signed in, but your account does not belong to any organisation here yet."</p>
            <p>"Ask " <strong>{contact}</strong> " to give you access, then reload this page."</p>
            <p><a class="button" href="/">"Check again"</a></p>
            <div class="plain-foot">
                <p class="meta">"Signed in as " {page.email.clone()}</p>
                {sign_out_form()}
            </div>
        },
    )
}
