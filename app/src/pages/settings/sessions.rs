//! Where the person is signed in, and ending it from afar.

use leptos::prelude::*;

use super::feedback::form_feedback;
use crate::{
    api::EndSession,
    components::LocalTime,
    model::{SessionId, SessionView},
};

#[component]
pub(super) fn SessionsSection(sessions: Vec<SessionView>, is_done: bool) -> impl IntoView {
    let sessions = RwSignal::new(sessions);
    let action = ServerAction::<EndSession>::new();
    let outcome = Signal::derive(move || action.value().get());
    let asked = StoredValue::new(None::<SessionId>);
    Effect::new(move |_| {
        if let Some(EndSession { id }) = action.input().get() {
            asked.set_value(Some(id));
        }
    });
    Effect::new(move |_| {
        if let (Some(Ok(())), Some(ended)) = (outcome.get(), asked.get_value()) {
            sessions.update(|sessions| sessions.retain(|session| session.id != ended));
        }
    });
    view! {
        <section class="card section" aria-labelledby="settings-sessions">
            <h2 id="settings-sessions">"Where you are signed in"</h2>
            <ul class="sessions">
                <For each=move || sessions.get() key=|session| session.id children=move |session| row(session, action)/>
            </ul>
            {form_feedback(outcome, &[], is_done, "The session has ended.")}
            <form method="post" action="/logout">
                <button type="submit" class="button">"Sign out here"</button>
            </form>
        </section>
    }
}

fn row(session: SessionView, action: ServerAction<EndSession>) -> impl IntoView {
    let SessionView { id, current, device, ip, created_at, last_seen_at } = session;
    let end = (!current).then(|| {
        let whose = format!(" the session of {device}");
        view! {
            <ActionForm action=action>
                <input type="hidden" name="id" value=id.to_string()/>
                <button type="submit" class="button button-danger">
                    "End"
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
                    {current.then(|| view! { <span class="badge ok">"This device"</span> })}
                </p>
                <p class="meta">{ip} " · last seen " <LocalTime at=last_seen_at/> " · since " <LocalTime at=created_at/></p>
            </div>
            {end}
        </li>
    }
}
