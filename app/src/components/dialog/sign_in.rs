//! Signing in again without leaving the page, so that nothing typed is lost.

use leptos::{ev, html, prelude::*, task::spawn_local};

use super::dialog_head;
use crate::{
    chat::state::Chat,
    words::{common, shell},
};

pub fn sign_in(chat: Chat) -> AnyView {
    let lang = chat.lang;
    let email = NodeRef::<html::Input>::new();
    let password = NodeRef::<html::Input>::new();
    let busy = RwSignal::new(false);
    let problem = RwSignal::new("");
    let known = chat.me.with_value(|me| me.email.clone());
    let on_submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let (Some(email), Some(password)) = (email.get_untracked(), password.get_untracked()) else { return };
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        problem.set("");
        spawn_local(async move {
            let result = chat.sign_in(email.value(), password.value()).await;
            let _gone_if_not = busy.try_set(false);
            if let Err(why) = result {
                let _gone_if_not = problem.try_set(why);
                password.set_value("");
                let _gone_if_not = password.focus();
            }
        });
    };
    view! {
        {dialog_head(chat, shell::sign_in_again(lang))}
        <form class="dialog-form" method="post" action="/login" on:submit=on_submit>
            <p>{shell::sign_in_why(lang)}</p>
            <div class="field">
                <label for="again-email">{shell::email(lang)}</label>
                <input id="again-email" class="input" type="email" name="email" autocomplete="username" required node_ref=email value=known/>
            </div>
            <div class="field">
                <label for="again-password">{shell::password(lang)}</label>
                <input
                    id="again-password"
                    class="input"
                    type="password"
                    name="password"
                    autocomplete="current-password"
                    required
                    autofocus
                    node_ref=password
                    aria-describedby="again-problem"
                />
            </div>
            <p id="again-problem" class="problem" role="alert">{move || problem.get()}</p>
            <div class="dialog-buttons">
                <a class="button button-quiet" href="/login" target="_blank" rel="external">{shell::other_ways(lang)}</a>
                <button type="submit" class="button button-primary" aria-busy=move || busy.get().to_string()>
                    {move || if busy.get() { shell::signing_in(lang) } else { common::sign_in(lang) }}
                </button>
            </div>
        </form>
    }
    .into_any()
}
