//! Where the person is signed in, and ending it from afar.

use leptos::prelude::*;

use super::feedback::form_feedback;
use crate::{
    api::EndSession,
    components::LocalTime,
    model::{Lang, SessionView},
    words::{self, settings},
};

#[component]
pub(super) fn SessionsSection(sessions: Vec<SessionView>, is_done: bool) -> impl IntoView {
    let lang = words::lang();
    let action = ServerAction::<EndSession>::new();
    let outcome = Signal::derive(move || action.value().get());
    let rows = sessions.into_iter().map(|session| row(lang, session, action)).collect_view();
    view! {
        <section class="card section" aria-labelledby="settings-sessions">
            <h2 id="settings-sessions">{settings::sessions(lang)}</h2>
            <ul class="sessions">{rows}</ul>
            {form_feedback(lang, outcome, &[], is_done, settings::session_over(lang))}
            <form method="post" action="/logout">
                <button type="submit" class="button">{settings::sign_out_here(lang)}</button>
            </form>
        </section>
    }
}

fn row(lang: Lang, session: SessionView, action: ServerAction<EndSession>) -> impl IntoView {
    let SessionView { id, current, device, ip, created_at, last_seen_at } = session;
    let end = (!current).then(|| {
        let whose = [settings::end_whose(lang), &device].concat();
        view! {
            <ActionForm action=action>
                <input type="hidden" name="id" value=id.to_string()/>
                <button type="submit" class="button button-danger">
                    {settings::end(lang)}
                    <span class="visually-hidden">{whose}</span>
                </button>
            </ActionForm>
        }
    });
    view! {
        <li>
            <div>
                <p class="session-device">
                    <span>{device.clone()}</span>
                    {current.then(|| view! { <span class="badge ok">{settings::this_device(lang)}</span> })}
                </p>
                <p class="meta">{ip} {settings::last_seen(lang)} <LocalTime at=last_seen_at/> {settings::since(lang)} <LocalTime at=created_at/></p>
            </div>
            {end}
        </li>
    }
}
