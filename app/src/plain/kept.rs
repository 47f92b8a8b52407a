//! A message that was not sent, from a browser without scripts: why, and its text, to be sent again.

use leptos::prelude::*;

use super::frame::{PlainFrame, document};
use crate::words::{budget, common, composer, plain};

/// What is shown of a message that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptPage {
    pub frame: PlainFrame,
    /// Why, in words.
    pub why: String,
    /// Where the form goes.
    pub action: String,
    /// Its other fields, as they came.
    pub fields: Vec<(String, String)>,
    pub text: String,
    /// The page it was written on.
    pub back: String,
    /// Where more of a budget is asked for; empty: that is not what is missing.
    pub more: String,
}

/// The page with the message.
#[must_use]
pub fn kept(page: &KeptPage) -> String {
    let lang = page.frame.lang;
    let fields = page.fields.clone().into_iter();
    let fields = fields.map(|(name, value)| view! { <input type="hidden" name=name value=value/> }).collect_view();
    let more = (!page.more.is_empty()).then(|| view! { <p><a href=page.more.clone()>{budget::ask(lang)}</a></p> });
    // A line break right behind the tag would be dropped by the browser.
    let text = ["\n", &page.text].concat();
    document(
        &page.frame,
        plain::not_sent_title(lang),
        view! {
            <h1>{plain::not_sent_title(lang)}</h1>
            <p class="notice notice-danger" role="alert">{page.why.clone()}</p>
            <form class="plain-form" method="post" action=page.action.clone()>
                <div class="field">
                    <label for="text">{composer::message(lang)}</label>
                    <textarea class="input" id="text" name="text" rows="8" required=true>{text}</textarea>
                </div>
                {fields}
                <button type="submit" class="button button-primary">{common::send(lang)}</button>
            </form>
            {more}
            <p><a href=page.back.clone()>{budget::back(lang)}</a></p>
        },
    )
}
