//! The person's own settings: name, theme, password, sessions. Every form works without scripts: a success comes back as
//! `?done=<what>`, an error in the address as Leptos puts it there; with scripts both come back in place.

mod feedback;
mod name;
mod password;
mod sessions;
mod theme;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use self::{name::NameSection, password::PasswordSection, sessions::SessionsSection, theme::ThemeSection};
use crate::{
    api::{PageJson, list_sessions, me},
    components::ErrorView,
    error::AppError,
    model::{Me, SessionView},
};

/// `/settings`.
#[component]
pub fn SettingsPage() -> impl IntoView {
    let loaded = Resource::<_, PageJson>::new_with_options(|| (), |()| load(), false);
    view! {
        <Title text="Settings"/>
        <main class="page page-narrow" id="main">
            <a class="page-back" href="/" rel="external">"← Back to the chat"</a>
            <h1>"Settings"</h1>
            <Suspense fallback=|| view! { <p class="muted">"Loading…"</p> }>
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
    let Me { name, email, theme, .. } = me;
    view! {
        <NameSection name email=email.clone() is_done={done == "name"}/>
        <ThemeSection theme is_done={done == "theme"}/>
        <PasswordSection email is_done={done == "password"}/>
        <SessionsSection sessions is_done={done == "session"}/>
    }
}
