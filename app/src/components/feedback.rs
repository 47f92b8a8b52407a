//! What the page says back: toasts with their undo, words for screen readers, the help dialog.

use leptos::{ev, html, prelude::*};

use super::icon::icon;
use crate::chat::state::Chat;

/// One toast at a time, at the edge of the page.
#[component]
pub fn ToastRegion() -> impl IntoView {
    let chat = Chat::get();
    let toast = move || {
        chat.toast.get().map(|toast| {
            let undo = toast.undo.map(|row| {
                view! {
                    <button type="button" class="button" on:click=move |_| chat.restore(row.clone())>"Undo"</button>
                }
            });
            view! {
                <div class="toast">
                    <span>{toast.text}</span>
                    {undo}
                    <button type="button" class="button button-quiet button-icon" aria-label="Dismiss" on:click=move |_| chat.toast.set(None)>
                        {icon("x")}
                    </button>
                </div>
            }
        })
    };
    view! { <div class="toast-region" role="status" aria-live="polite">{toast}</div> }.into_any()
}

/// What happens, for those who do not see it.
#[component]
pub fn Announcer() -> impl IntoView {
    let chat = Chat::get();
    view! { <p class="visually-hidden" aria-live="polite" aria-atomic="true">{move || chat.announcement.get()}</p> }
        .into_any()
}

const SHORTCUTS: [(&str, &str); 10] = [
    ("Enter", "Send"),
    ("Shift + Enter", "New line"),
    ("↑ in an empty message box", "Edit your last message"),
    ("Esc", "Stop the answer"),
    ("Shift + Esc", "Go to the message box"),
    ("Alt + ↑ / ↓", "Previous / next message"),
    ("Ctrl / ⌘ + Shift + O", "New chat"),
    ("Ctrl / ⌘ + Shift + S", "Show or hide the sidebar"),
    ("Ctrl / ⌘ + Shift + C", "Copy the last answer"),
    ("Ctrl / ⌘ + /", "This help"),
];

/// The keyboard shortcuts. Focus goes back to where it was when it closes.
#[component]
pub fn HelpDialog() -> impl IntoView {
    let chat = Chat::get();
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        let Some(dialog) = dialog.get() else { return };
        if chat.help_open.get() && !dialog.open() {
            let _already_open_if_not = dialog.show_modal();
        } else if !chat.help_open.get() && dialog.open() {
            dialog.close();
        }
    });
    let on_backdrop = move |event: ev::MouseEvent| {
        let on_the_dialog_itself = event.target() == event.current_target();
        if on_the_dialog_itself {
            chat.help_open.set(false);
        }
    };
    let rows = SHORTCUTS.map(|(keys, what)| view! { <tr><th scope="row"><kbd>{keys}</kbd></th><td>{what}</td></tr> });
    view! {
        <dialog
            class="help"
            aria-labelledby="help-title"
            node_ref=dialog
            on:close=move |_| chat.help_open.set(false)
            on:click=on_backdrop
        >
            <div class="help-head">
                <h2 id="help-title">"Keyboard shortcuts"</h2>
                <button type="button" class="button button-quiet button-icon" aria-label="Close" on:click=move |_| chat.help_open.set(false)>
                    {icon("x")}
                </button>
            </div>
            <table class="table"><tbody>{rows.into_iter().collect_view()}</tbody></table>
        </dialog>
    }
    .into_any()
}
