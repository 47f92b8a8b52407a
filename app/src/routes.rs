//! Every page of the application and the document around them. Login and the other script-less pages are not here:
//! they are whole documents of their own ([`crate::plain`]).
//!
//! Only the chat wakes up in the browser ([`Woken`]). The other pages are forms and links that work without scripts; they
//! stay as the server rendered them, which keeps a seventh of the WebAssembly away from everybody's first visit.
//!
//! To add a page: a file in `pages`, a `Route` in [`App`], its path in `stays_asleep`; links between the two kinds are
//! `rel="external"`. Pages are rendered as a whole ([`SsrMode::Async`]): they are
//! complete without scripts, and their status and title are known before the first byte.

use leptos::{nonce::use_nonce, prelude::*};
use leptos_meta::{HashedStylesheet, MetaTags, provide_meta_context};
use leptos_router::{
    SsrMode,
    components::{ParentRoute, Route, Router, Routes},
    location::RequestUrl,
    path,
};

use crate::{
    document::head_basics,
    model::{Lang, Theme},
    pages::{chat::ChatPage, not_found::NotFoundPage, settings::SettingsPage, usage::UsagePage},
};

/// Whether the sidebar is collapsed, from the cookie `sidebar=collapsed`. Provided by the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SidebarCollapsed(pub bool);

/// Stands the transcript at its end before any WASM arrives, so that nothing jumps when it does.
const STAND_AT_END: &str = "{const b=document.getElementById('transcript-box');if(b&&!location.hash&&!b.classList.contains('empty'))b.scrollTop=b.scrollHeight}";

/// The document around a page.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let theme = use_context::<Theme>().unwrap_or_default();
    let lang = crate::words::lang();
    let url = use_context::<RequestUrl>().and_then(|url| url.parse().ok());
    let asleep = url.is_some_and(|url| stays_asleep(url.path()));
    let page = if asleep { view! { <App/> }.into_any() } else { view! { <Woken/> }.into_any() };
    let scripts = (!asleep).then({
        let options = options.clone();
        || view! { <HydrationScripts options/> }
    });
    let stand_at_end = (!asleep).then(|| view! { <script nonce=use_nonce()>{STAND_AT_END}</script> });
    view! {
        <!DOCTYPE html>
        <html lang=lang.code() class=theme.as_str()>
            <head>
                {head_basics(theme)}
                <HashedStylesheet options=options.clone() id="steward"/>
                <AutoReload options=options.clone()/>
                {scripts}
                <MetaTags/>
            </head>
            <body>
                {page}
                {stand_at_end}
            </body>
        </html>
    }
}

/// Whether the page at this path is shown without scripts.
fn stays_asleep(path: &str) -> bool {
    let pieces: Vec<&str> = path.split('/').filter(|piece| !piece.is_empty()).collect();
    matches!(pieces.as_slice(), ["settings"] | ["t", _, "usage"])
}

/// What wakes up in the browser, drawn anew: the chat. It finds its way without the router ([`crate::chat::address`]); in [`App`] it stands for
/// the list of routes.
#[component]
pub fn Woken() -> impl IntoView {
    provide_meta_context();
    provide_page_lang();
    view! { <ChatPage/> }
}

/// In the browser the page goes on in the language the server wrote it in, which `<html lang>` says.
fn provide_page_lang() {
    if cfg!(feature = "ssr") {
        return;
    }
    let tag = document().document_element().and_then(|root| root.get_attribute("lang"));
    provide_context(tag.as_deref().and_then(Lang::parse).unwrap_or_default());
}

/// Every page.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Router>
            <Routes fallback=NotFoundPage>
                <Route path=path!("/settings") view=SettingsPage ssr=SsrMode::Async/>
                <Route path=path!("/t/:tenant/usage") view=UsagePage ssr=SsrMode::Async/>
                <ParentRoute path=path!("/t/:tenant") view=ChatPage ssr=SsrMode::Async>
                    <Route path=path!("") view=|| ()/>
                    <Route path=path!("/c/:id") view=|| ()/>
                </ParentRoute>
            </Routes>
        </Router>
    }
}

#[cfg(test)]
mod tests {
    use super::stays_asleep;

    #[test]
    fn only_the_chat_wakes_up() {
        for path in ["/settings", "/settings/", "/t/prs/usage"] {
            assert!(stays_asleep(path), "{path}");
        }
        for path in ["/t/prs", "/t/usage", "/t/settings", "/t/prs/c/0190a5a0-0000-7000-8000-000000000001"] {
            assert!(!stays_asleep(path), "{path}");
        }
    }
}
