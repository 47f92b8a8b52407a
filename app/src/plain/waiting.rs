//! Signed in, but in no tenant yet (or no longer): nothing to see until somebody gives access.

use leptos::prelude::*;

use super::frame::{PlainFrame, document_again, sign_out_form};
use crate::words::plain;

/// How often the page looks whether access was given.
const LOOK_AGAIN_S: u32 = 15;

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
    let lang = page.frame.lang;
    let (heading, contact) = match page.contact.as_str() {
        "" => (plain::waiting(lang).to_owned(), plain::your_administrator(lang).to_owned()),
        contact => ([plain::waiting_for(lang), contact].concat(), contact.to_owned()),
    };
    document_again(
        &page.frame,
        plain::waiting_title(lang),
        Some(LOOK_AGAIN_S),
        view! {
            <h1>{heading}</h1>
            <p>{plain::waiting_why(lang)}</p>
            <p>{plain::ask(lang)} <strong>{contact}</strong> {plain::to_give_access(lang)}</p>
            <p><a class="button" href="/">{plain::check_again(lang)}</a></p>
            <div class="plain-foot">
                <p class="meta">{plain::signed_in_as(lang)} {page.email.clone()}</p>
                {sign_out_form(lang)}
            </div>
        },
    )
}
