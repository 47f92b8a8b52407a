//! One message: what a person wrote, or an answer with its text, tool calls, ending and actions.

use std::time::Duration;

use leptos::prelude::*;

use super::{format, icon::icon, local_time::LocalTime, tools::ToolGroup, usage_details::UsageDetails};
use crate::{
    chat::{
        body::{Segment, TextRun},
        browser,
        item::Item,
        state::Chat,
    },
    markdown,
    model::{MessageAuthor, MessageStatus, Siblings, TurnError, TurnErrorCode},
    words,
};

#[component]
pub fn Message(item: Item) -> impl IntoView {
    match item.author {
        MessageAuthor::User => view! { <UserMessage item/> }.into_any(),
        MessageAuthor::Assistant => view! { <Answer item/> }.into_any(),
    }
}

#[component]
fn UserMessage(item: Item) -> impl IntoView {
    let chat = Chat::get();
    let id = item.element_id();
    let siblings = item.siblings.clone();
    let (to_edit, to_copy) = (item.clone(), item.text.clone());
    view! {
        <article class="message user" id=id tabindex="-1">
            <h2 class="visually-hidden">"You said"</h2>
            <div class="bubble">{item.text}</div>
            <div class="message-actions">
                <span class="meta"><LocalTime at=item.created_at/></span>
                {move || sibling_links(siblings.get())}
                <button
                    type="button"
                    class="button button-quiet button-icon needs-script"
                    aria-label="Copy message"
                    title="Copy"
                    on:click=move |_| {
                        browser::copy(&to_copy, None);
                        chat.announce("Copied");
                    }
                >
                    {icon("copy")}
                </button>
                <button
                    type="button"
                    class="button button-quiet button-icon needs-script"
                    aria-label="Edit message"
                    title="Edit"
                    on:click=move |_| chat.edit(&to_edit)
                >
                    {icon("pencil")}
                </button>
            </div>
        </article>
    }
    .into_any()
}

#[component]
fn Answer(item: Item) -> impl IntoView {
    let id = item.element_id();
    let showing = markdown::Showing::new(words::lang(), item.element_id(), item.rich.clone());
    let segments = item.body.segments.clone();
    let is_blank = {
        let segments = item.body.segments.clone();
        Memo::new(move |_| segments.with(Vec::is_empty))
    };
    let status = RwSignal::from(item.status.clone());
    let running = Memo::new(move |_| status.with(|status| *status == MessageStatus::Running));
    view! {
        <article class="message answer" class:running=move || running.get() id=id tabindex="-1" aria-busy=move || running.get().to_string()>
            <h2 class="visually-hidden">"Answer"</h2>
            <For each=move || segments.get() key=|keyed| keyed.key let:keyed>
                {match keyed.segment {
                    Segment::Text(run) => view! { <Text run showing=showing.clone()/> }.into_any(),
                    Segment::Tools(run) => view! { <ToolGroup run/> }.into_any(),
                }}
            </For>
            {move || (running.get() && is_blank.get()).then(|| view! { <Thinking/> })}
            {
                let item = item.clone();
                move || ending(&status.get(), &item)
            }
            {move || (!running.get()).then(|| view! { <AnswerActions item=item.clone()/> })}
        </article>
    }
    .into_any()
}

#[component]
fn Text(run: TextRun, showing: markdown::Showing) -> impl IntoView {
    let TextRun { frozen, tail, .. } = run;
    let arriving = showing.arriving();
    view! {
        <div class="markdown">
            <For each=move || frozen.get().into_iter().enumerate() key=|(place, _)| *place let:entry>
                {markdown::block_view(&entry.1, &showing)}
            </For>
            {move || tail.get().iter().map(|block| markdown::block_view(block, &arriving)).collect::<Vec<_>>()}
        </div>
    }
    .into_any()
}

/// Until the first word: for how long already.
#[component]
fn Thinking() -> impl IntoView {
    let seconds = RwSignal::new(0u32);
    Effect::new(move |_| {
        let tick = move || {
            let _gone_if_not = seconds.try_update(|seconds| *seconds += 1);
        };
        if let Ok(handle) = set_interval_with_handle(tick, Duration::from_secs(1)) {
            on_cleanup(move || handle.clear());
        }
    });
    view! {
        <p class="thinking">
            "Thinking…"
            {move || (seconds.get() >= 3).then(|| format!(" {} s", seconds.get()))}
        </p>
    }
    .into_any()
}

/// How an answer ended, if not well; with what can be done about it.
fn ending(status: &MessageStatus, item: &Item) -> Option<AnyView> {
    match status {
        MessageStatus::Complete | MessageStatus::Running => None,
        MessageStatus::Stopped => Some(view! { <p class="ending meta">"Stopped."</p> }.into_any()),
        MessageStatus::Failed(error) => Some(view! { <Failure error=error.clone() item=item.clone()/> }.into_any()),
    }
}

#[component]
fn Failure(error: TurnError, item: Item) -> impl IntoView {
    let chat = Chat::get();
    let label = if error.code == TurnErrorCode::Interrupted { "Interrupted. " } else { "" };
    let refusal = error.refusal.map(|refusal| {
        view! {
            <p>
                {format!("{} is used up ({}). It resets on ", refusal.budget, refusal.limit)}
                <LocalTime at=refusal.resets_at/>
                {format!(". Ask {}.", refusal.contact)}
            </p>
        }
    });
    let request = (!error.request_id.is_empty()).then(|| {
        view! {
            <details class="failure-details">
                <summary>"Details"</summary>
                <p class="meta">"Quote this when asking for help: "<code>{error.request_id}</code></p>
            </details>
        }
    });
    view! {
        <div class="notice notice-danger failure" role="group" aria-label="This answer failed">
            <p><strong>{label}</strong>{error.message}</p>
            {refusal}
            <p class="failure-actions needs-script">
                <button type="button" class="button" on:click=move |_| chat.retry(&item)>{icon("retry")}"Retry"</button>
            </p>
            {request}
        </div>
    }
    .into_any()
}

#[component]
fn AnswerActions(item: Item) -> impl IntoView {
    let chat = Chat::get();
    let siblings = item.siblings.clone();
    let usage = item.usage.clone();
    let (to_copy, to_retry) = (item.clone(), item.clone());
    let copied = RwSignal::new(false);
    let on_copy = move |_| {
        let html = browser::element::<web_sys::Element>(&to_copy.element_id());
        let texts = html.and_then(|article| article.query_selector_all(":scope > .markdown").ok());
        let html = texts.map(|texts| {
            let each = (0..texts.length()).filter_map(|place| texts.get(place));
            each.map(|node| markdown::html_to_copy(&wasm_bindgen::JsCast::unchecked_into(node))).collect::<String>()
        });
        browser::copy(&to_copy.body.markdown(), html.as_deref());
        copied.set(true);
        chat.announce("Copied");
        set_timeout(
            move || {
                let _gone_if_not = copied.try_set(false);
            },
            Duration::from_secs(2),
        );
    };
    view! {
        <div class="message-actions">
            {move || sibling_links(siblings.get())}
            <button type="button" class="button button-quiet button-icon needs-script" aria-label="Copy answer" title="Copy" on:click=on_copy>
                {move || if copied.get() { icon("check") } else { icon("copy") }}
            </button>
            <button
                type="button"
                class="button button-quiet button-icon needs-script"
                aria-label="Retry"
                title="Retry"
                on:click=move |_| chat.retry(&to_retry)
            >
                {icon("retry")}
            </button>
            {move || usage.get().map(|usage| view! { <UsageDetails usage/> })}
            <span class="meta"><LocalTime at=item.created_at/></span>
        </div>
    }
    .into_any()
}

/// ◀ 2/3 ▶, as links: they work without scripts and can be opened in another tab.
fn sibling_links(siblings: Siblings) -> Option<impl IntoView> {
    if siblings.count < 2 {
        return None;
    }
    let link = |to: Option<crate::model::MessageId>, label: &'static str, name: &'static str| match to {
        Some(id) => view! {
            <a class="button button-quiet button-icon" href=format!("?leaf={id}") aria-label=label>{icon(name)}</a>
        }
        .into_any(),
        None => {
            view! { <span class="button button-quiet button-icon" aria-disabled="true">{icon(name)}</span> }.into_any()
        }
    };
    let place = format!("{}/{}", format::thousands(siblings.index.into()), format::thousands(siblings.count.into()));
    Some(view! {
        <span class="siblings">
            {link(siblings.previous, "Previous version", "left")}
            <span class="meta">{place}</span>
            {link(siblings.next, "Next version", "right")}
        </span>
    })
}
