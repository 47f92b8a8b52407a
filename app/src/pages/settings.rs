//! The person's own settings: name, theme, language, password, sessions. Every form works without scripts: a success comes back as
//! `?done=<what>`, an error in the address as Leptos puts it there; with scripts both come back in place.

mod feedback;
mod language;
mod name;
mod password;
mod sessions;
mod theme;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use self::{
    language::LanguageSection, name::NameSection, password::PasswordSection, sessions::SessionsSection,
    theme::ThemeSection,
};
use crate::{
    api::{PageJson, list_sessions, me},
    components::{ErrorView, format::document_title},
    error::AppError,
    model::{Lang, Me, SessionView},
    words::{self, common, keys, settings},
};

/// `/settings`.
#[component]
pub fn SettingsPage() -> impl IntoView {
    let lang = words::lang();
    let loaded = Resource::<_, PageJson>::new_with_options(|| (), |()| load(), false);
    view! {
        <Title text=document_title(settings::title(lang))/>
        <main class="page page-narrow" id="main">
            <a class="page-back" href="/" rel="external">{settings::back(lang)}</a>
            <h1>{settings::title(lang)}</h1>
            <Suspense fallback=move || view! { <p class="muted">{common::loading(lang)}</p> }>
                {move || Suspend::new(async move {
                    match loaded.await {
                        Ok((me, sessions)) => sections(me, sessions).into_any(),
                        Err(error) => view! { <ErrorView error/> }.into_any(),
                    }
                })}
            </Suspense>
        </main>
    }
}

async fn load() -> Result<(Me, Vec<SessionView>), AppError> {
    Ok((me().await?, list_sessions().await?))
}

fn sections(me: Me, sessions: Vec<SessionView>) -> impl IntoView {
    // What a form without scripts has just done, from the address.
    let done = use_query_map().with_untracked(|query| query.get("done")).unwrap_or_default();
    let Me { name, email, theme, lang, .. } = me;
    view! {
        <NameSection name email=email.clone() is_done={done == "name"}/>
        <ThemeSection theme is_done={done == "theme"}/>
        <LanguageSection chosen=lang is_done={done == "language"}/>
        <PasswordSection email is_done={done == "password"}/>
        <SessionsSection sessions is_done={done == "session"}/>
        {keys_section(words::lang())}
    }
}

/// The way to the keys for programs, a page of their own.
fn keys_section(lang: Lang) -> impl IntoView {
    view! {
        <section class="card section" aria-labelledby="settings-keys">
            <h2 id="settings-keys">{keys::link(lang)}</h2>
            <p class="meta">{keys::link_hint(lang)}</p>
            <p><a class="button" href="/settings/keys" rel="external">{keys::open(lang)}<span class="visually-hidden">{[" ", keys::link(lang)].concat()}</span></a></p>
        </section>
    }
}
