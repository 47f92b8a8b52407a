//! The line below the composer: what is going on, else who answers; how full the model's context is.

use leptos::prelude::*;

use crate::{
    chat::{body::Activity, gauge, item::Item, state::Chat},
    model::{AttachmentView, MessageAuthor},
    words::{composer as words, energy, thread},
};

#[component]
pub fn StatusLine() -> impl IntoView {
    let chat = Chat::get();
    let lang = chat.lang;
    let status = move || {
        if chat.composing.goes_after_upload.get() {
            return words::uploading(lang).to_owned();
        }
        if chat.sending.get() {
            return words::sending(lang).to_owned();
        }
        if let Some(following) = chat.following.get() {
            return match following.item.body.activity() {
                Activity::Waiting => thread::waiting_for_you(lang).to_owned(),
                Activity::Tool { name, title } => energy::tool_title(lang, &name, &title).to_owned() + "…",
                Activity::Writing => words::answering(lang).to_owned(),
            };
        }
        let model = chat.model();
        if model.demo { words::demo_note(lang).to_owned() } else { words::can_be_wrong(lang, &model.name) }
    };
    view! {
        <div class="status-line meta">
            <p>{status}</p>
            <Gauge/>
        </div>
    }
    .into_any()
}

/// An estimate of what the next prompt takes of the model's context; nothing below one percent.
#[component]
fn Gauge() -> impl IntoView {
    let chat = Chat::get();
    let said = Memo::new(move |_| {
        // An answer's figures come with its end.
        chat.following.with(|_| ());
        chat.items.with(|items| untrack(|| taken(items)))
    });
    let percent = Memo::new(move |_| {
        let files =
            chat.composing.files.with(|files| files.iter().filter_map(|file| file.view()).map(size).sum::<i64>());
        let next = gauge::tokens(chat.composing.bytes.get()).saturating_add(files);
        gauge::percent(said.get().saturating_add(next), chat.model().context_tokens)
    });
    let gauge = move || {
        let percent = percent.get()?;
        let class = if percent >= gauge::WARN_AT { "gauge warn" } else { "gauge" };
        Some(view! { <p class=class>{words::of_context(chat.lang, percent)}</p> })
    };
    view! { {gauge} }.into_any()
}

fn size(file: &AttachmentView) -> i64 {
    file.max_tokens
}

/// Tokens of the branch that is shown, from the last answer whose figures are known.
fn taken(items: &[Item]) -> i64 {
    let mut sum = 0i64;
    for item in items.iter().rev() {
        if let Some(usage) = item.usage.get_untracked() {
            return sum.saturating_add(gauge::after(&usage));
        }
        let bytes = match item.author {
            MessageAuthor::User => item.text.len(),
            MessageAuthor::Assistant => item.body.markdown().len(),
        };
        let files: i64 = item.attachments.iter().map(size).sum();
        sum = sum.saturating_add(gauge::tokens(bytes)).saturating_add(files);
    }
    sum
}
