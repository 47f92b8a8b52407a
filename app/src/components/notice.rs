//! Why the last thing the person asked for was not done, beside the text they wrote. The text itself stays.

use leptos::prelude::*;

use super::{icon::icon, local_time::LocalTime};
use crate::{
    chat::{feed::Connection, state::Chat},
    error::AppError,
};

/// Above the composer: the refusal, the interrupted connection.
#[component]
pub fn ComposerNotices() -> impl IntoView {
    let chat = Chat::get();
    view! {
        {move || connection_banner(chat.connection.get())}
        {move || chat.notice.get().map(|error| view! { <Refusal error/> })}
    }
    .into_any()
}

fn connection_banner(connection: Connection) -> Option<AnyView> {
    match connection {
        Connection::Fine => None,
        Connection::Reconnecting => Some(
            view! {
                <p class="notice notice-warn" role="status">"Reconnecting… The answer goes on without you; nothing is lost."</p>
            }
            .into_any(),
        ),
        Connection::Lost => Some(
            view! {
                <p class="notice notice-warn" role="status">
                    "The connection could not be restored. "
                    <a href="" rel="external">"Load the page again"</a>
                    " to see the rest of the answer."
                </p>
            }
            .into_any(),
        ),
    }
}

#[component]
fn Refusal(error: AppError) -> impl IntoView {
    let chat = Chat::get();
    let explained = match error {
        AppError::OverBudget(refusal) => view! {
            <p>
                <strong>{format!("{} is used up", refusal.budget)}</strong>
                {format!(" ({}). It resets on ", refusal.limit)}
                <LocalTime at=refusal.resets_at/>
                {format!(". Ask {} if you need more before that.", refusal.contact)}
            </p>
            <p>"Nothing was sent. Your message is kept here."</p>
        }
        .into_any(),
        AppError::SignedOut => view! {
            <p>
                "Your session has ended. "
                <a href="/login" target="_blank">"Sign in in a new tab"</a>
                ", then send again. Your message is kept here."
            </p>
        }
        .into_any(),
        AppError::RateLimited { retry_after_s } => view! { <Countdown seconds=retry_after_s/> }.into_any(),
        AppError::Offline => view! {
            <p>"No connection to Steward. Your message is kept here; send it again when the network is back."</p>
        }
        .into_any(),
        AppError::Invalid { message, .. } => view! { <p>{sentence(&message)}</p> }.into_any(),
        error => view! { <p>{sentence(&error.to_string())}</p> }.into_any(),
    };
    view! {
        <div class="notice notice-danger refusal" role="alert">
            <div>{explained}</div>
            <button
                type="button"
                class="button button-quiet button-icon needs-script"
                aria-label="Dismiss"
                on:click=move |_| {
                    chat.notice.set(None);
                    chat.focus_composer();
                }
            >
                {icon("x")}
            </button>
        </div>
    }
    .into_any()
}

#[component]
fn Countdown(seconds: u32) -> impl IntoView {
    let left = RwSignal::new(seconds);
    Effect::new(move |_| {
        let tick = move || {
            let _gone_if_not = left.try_update(|left| *left = left.saturating_sub(1));
        };
        if let Ok(handle) = set_interval_with_handle(tick, std::time::Duration::from_secs(1)) {
            on_cleanup(move || handle.clear());
        }
    });
    let text = move || match left.get() {
        0 => String::from("Too many messages at once. You can send again now."),
        left => format!("Too many messages at once. Try again in {left} s. Your message is kept here."),
    };
    view! { <p>{text}</p> }
}

/// A message as a sentence: begins with a capital, ends with a mark.
fn sentence(message: &str) -> String {
    let message = message.trim();
    let mut chars = message.chars();
    let Some(first) = chars.next() else { return String::new() };
    let end = if message.ends_with(['.', '!', '?', ')', '…']) { "" } else { "." };
    format!("{}{}{end}", first.to_uppercase(), chars.as_str())
}

#[cfg(test)]
mod tests {
    use super::sentence;

    #[test]
    fn messages_become_sentences() {
        assert_eq!(sentence("write something first"), "Write something first.");
        assert_eq!(sentence("Done."), "Done.");
        assert_eq!(sentence(" "), "");
    }
}
