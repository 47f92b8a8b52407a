//! Every page of the application and the document around them. Login and the other script-less pages are not here:
//! they are whole documents of their own ([`crate::plain`]).
//!
//! To add a page: a file in `pages`, a `Route` here. Pages are rendered as a whole ([`SsrMode::Async`]): they are
//! complete without scripts, and their status and title are known before the first byte.

use leptos::{nonce::use_nonce, prelude::*};
use leptos_meta::{HashedStylesheet, MetaTags, provide_meta_context};
use leptos_router::{
    SsrMode,
    components::{ParentRoute, Route, Router, Routes},
    path,
};

use crate::{
    document::head_basics,
    model::Theme,
    pages::{chat::ChatPage, not_found::NotFoundPage, settings::SettingsPage, usage::UsagePage},
};

/// Whether the sidebar is collapsed, from the cookie `steward-sidebar-collapsed=1`. Provided by the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SidebarCollapsed(pub bool);

/// Stands the transcript at its end before any WASM arrives, so that nothing jumps when it does.
const STAND_AT_END: &str =
    "{const b=document.getElementById('transcript-box');if(b&&!location.hash)b.scrollTop=b.scrollHeight}";

/// The document around a page.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let theme = use_context::<Theme>().unwrap_or_default();
    view! {
        <!DOCTYPE html>
        <html lang="en" class=theme.as_str()>
            <head>
                {head_basics(theme)}
                <HashedStylesheet options=options.clone() id="steward"/>
                <AutoReload options=options.clone()/>
                <HydrationScripts options/>
                <MetaTags/>
            </head>
            <body>
                <App/>
                <script nonce=use_nonce()>{STAND_AT_END}</script>
            </body>
        </html>
    }
}

/// The application: what is hydrated.
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
