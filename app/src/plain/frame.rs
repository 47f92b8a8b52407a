//! The frame of every plain page: head, brand, one card.

use leptos::prelude::*;

use crate::{
    document::head_basics,
    model::{Lang, Theme},
    words::plain,
};

/// What every plain page needs from the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainFrame {
    /// The address of the style sheet, with its hash, e.g. `/pkg/steward.Ab3d.css`.
    pub css_href: String,
    pub theme: Theme,
    pub lang: Lang,
}

/// A document whose only content is a card. `title` without the product's name.
pub(super) fn document(frame: &PlainFrame, title: &str, content: impl IntoView + 'static) -> String {
    document_again(frame, title, None, content)
}

/// The same, loaded again every so many seconds, without scripts.
pub(super) fn document_again(
    frame: &PlainFrame,
    title: &str,
    every_s: Option<u32>,
    content: impl IntoView + 'static,
) -> String {
    let again = every_s.map(|seconds| view! { <meta http-equiv="refresh" content=seconds.to_string()/> });
    let title = format!("{title} · Steward");
    let html = view! {
        <html lang=frame.lang.code() class=frame.theme.as_str()>
            <head>
                {head_basics(frame.theme)}
                <meta name="robots" content="noindex"/>
                {again}
                <title>{title}</title>
                <link rel="stylesheet" href=frame.css_href.clone()/>
            </head>
            <body class="plain">
                <main class="plain-main">
                    <p class="plain-brand">"Steward"</p>
                    <div class="card plain-card">{content}</div>
                </main>
            </body>
        </html>
    };
    // Marks for hydration: there is none here, and inside <title> a browser would show them.
    let html = html.to_html().replace("<!>", "");
    format!("<!DOCTYPE html>{html}")
}

/// A document that looks like the pages beside the chat. `nonce`: of its one script, which shows the buttons that copy; a
/// page without such buttons has none.
pub(super) fn page_document(
    frame: &PlainFrame,
    title: &str,
    nonce: Option<&str>,
    content: impl IntoView + 'static,
) -> String {
    let script = nonce.map(|nonce| view! { <script src="/copy.js" nonce=nonce.to_owned() defer=true></script> });
    let title = format!("{title} · Steward");
    let html = view! {
        <html lang=frame.lang.code() class=frame.theme.as_str()>
            <head>
                {head_basics(frame.theme)}
                <meta name="robots" content="noindex"/>
                <title>{title}</title>
                <link rel="stylesheet" href=frame.css_href.clone()/>
                {script}
            </head>
            <body>
                <main class="page page-narrow" id="main">{content}</main>
            </body>
        </html>
    };
    let html = html.to_html().replace("<!>", "");
    format!("<!DOCTYPE html>{html}")
}

/// Signing out is a plain form: it works without scripts, and it is never a link somebody could send.
pub(super) fn sign_out_form(lang: Lang) -> impl IntoView {
    view! {
        <form method="post" action="/logout">
            <button type="submit" class="button">{plain::sign_out(lang)}</button>
        </form>
    }
}
