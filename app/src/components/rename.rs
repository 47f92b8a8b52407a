//! A title that is being changed in place: Enter and leaving the field keep it, Escape does not.

use leptos::{ev, html, prelude::*};

#[component]
pub fn RenameInput(
    title: String,
    /// Called once, with the new title or `None`.
    on_done: Callback<Option<String>>,
) -> impl IntoView {
    let input = NodeRef::<html::Input>::new();
    let done = StoredValue::new(false);
    let finish = move |keep: bool| {
        if done.try_get_value().unwrap_or(true) {
            return;
        }
        done.set_value(true);
        let typed = input.get_untracked().filter(|_| keep).map(|input| input.value());
        on_done.run(typed);
    };
    Effect::new(move |_| {
        if let Some(input) = input.get() {
            let _gone_if_not = input.focus();
            input.select();
        }
    });
    let on_keydown = move |event: ev::KeyboardEvent| match event.key().as_str() {
        "Enter" if !event.is_composing() => {
            event.prevent_default();
            finish(true);
        }
        "Escape" => {
            event.prevent_default();
            event.stop_propagation();
            finish(false);
        }
        _ => {}
    };
    view! {
        <input
            class="input rename-input"
            type="text"
            maxlength="120"
            aria-label=crate::words::shell::title(crate::words::lang())
            node_ref=input
            value=title
            on:keydown=on_keydown
            on:blur=move |_| finish(true)
        />
    }
    .into_any()
}
