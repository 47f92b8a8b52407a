//! The frame of every plain page: head, brand, one card.

use leptos::prelude::*;

use crate::{document::head_basics, model::Theme};

/// What every plain page needs from the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainFrame {
    /// The address of the style sheet, with its hash, e.g. `/pkg/steward.Ab3d.css`.
    pub css_href: String,
    pub theme: Theme,
}

/// A document whose only content is a card. `title` without the product's name.
pub(super) fn document(frame: &PlainFrame, title: &str, content: impl IntoView + 'static) -> String {
    let title = format!("{title} · Steward");
    let html = view! {
        <html lang="en" class=frame.theme.as_str()>
            <head>
                {head_basics(frame.theme)}
                <meta name="robots" content="noindex"/>
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

/// Signing out is a plain form: it works without scripts, and it is never a link somebody could send.
pub(super) fn sign_out_form() -> impl IntoView {
    view! {
        <form method="post" action="/logout">
            <button type="submit" class="button">"Sign out"</button>
        </form>
    }
}
