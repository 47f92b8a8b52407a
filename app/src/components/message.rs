//! One message: what a person wrote, or an answer with its thoughts, text, tool calls, ending and actions.
//!
//! The actions are plain buttons with a `data-act`; one listener on the transcript understands them all
//! ([`on_action`]), so a message costs the browser no closures.

mod actions;
mod attachments;
mod edit;
mod failure;
mod reasoning;

use std::{sync::OnceLock, time::Duration};

use leptos::{ev, prelude::*};

use self::{
    actions::{AnswerActions, UserActions, on_action},
    attachments::Attachments,
    edit::EditAnswer,
    failure::ending,
    reasoning::ReasoningView,
};
use super::{each::each, tools::ToolGroup};
use crate::{
    chat::{
        body::{Chunk, Segment, TextRun},
        item::Item,
        scroll::Controller,
        state::Chat,
    },
    later::{Part, when_ready},
    markdown,
    model::{MessageAuthor, MessageStatus},
    words::{self, thread},
};

/// A message of a person is clamped from about so many lines on.
const CLAMPED_LINES: usize = 12;
/// Characters a line of the bubble holds at its usual width.
const LINE_CHARS: usize = 80;

/// Messages belong to a later part of the program: a new chat has none.
struct Messages {
    draw: fn(Item) -> AnyView,
    clicked: fn(Chat, &ev::MouseEvent),
}

static ALL: Messages = Messages { draw, clicked: heard };
static ARRIVED: OnceLock<&'static Messages> = OnceLock::new();

/// Called by the part of the program the messages are in.
pub fn install_messages() {
    let _first = ARRIVED.set(&ALL);
}

/// A message, as soon as it can be drawn.
pub fn later(item: Item) -> AnyView {
    if cfg!(feature = "ssr") {
        return draw(item);
    }
    if let Some(messages) = ARRIVED.get() {
        return (messages.draw)(item);
    }
    let chat = Chat::get();
    let ready = RwSignal::new(false);
    let arrived = move || {
        let _gone_if_not = ready.try_set(true);
        request_animation_frame(move || {
            if chat.is_alive() {
                chat.with_scroll(Controller::content_changed);
            }
        });
    };
    when_ready(Part::Conversation, Box::new(arrived));
    let drawn = move || {
        let messages = if ready.get() { ARRIVED.get() } else { None };
        messages.map(|messages| (messages.draw)(item.clone()))
    };
    view! { {drawn} }.into_any()
}

/// A click somewhere in the transcript.
pub fn clicked(chat: Chat, event: &ev::MouseEvent) {
    if let Some(messages) = ARRIVED.get() {
        (messages.clicked)(chat, event);
    }
}

fn heard(chat: Chat, event: &ev::MouseEvent) {
    on_action(chat, event);
    markdown::clicked(event, chat.lang);
}

fn draw(item: Item) -> AnyView {
    match item.author {
        MessageAuthor::User => view! { <UserMessage item/> }.into_any(),
        MessageAuthor::Assistant => view! { <Answer item/> }.into_any(),
    }
}

#[component]
fn UserMessage(item: Item) -> impl IntoView {
    let lang = words::lang();
    let id = item.element_id();
    let bubble = (!item.text.is_empty()).then(|| bubble(item.text.clone()));
    let near = nearness(&item);
    let files = (!item.attachments.is_empty()).then(|| view! { <Attachments files=item.attachments.clone()/> });
    view! {
        <article class="message user" id=id tabindex="-1" data-near=near>
            <h2 class="visually-hidden">{thread::you_said(lang)}</h2>
            {files}
            {bubble}
            <UserActions item/>
        </article>
    }
    .into_any()
}

fn nearness(item: &Item) -> impl Fn() -> Option<&'static str> + Send + use<> {
    let (chat, id) = (Chat::get(), item.id);
    move || chat.nearness(id)
}

/// The text as typed. A long one is clamped by the style sheet; without scripts it is whole.
fn bubble(text: String) -> AnyView {
    if !is_long(&text) {
        return view! { <div class="bubble" dir="auto">{text}</div> }.into_any();
    }
    let lang = words::lang();
    let open = RwSignal::new(false);
    view! {
        <div class="bubble long" class:open=move || open.get() dir="auto">{text}</div>
        <button
            type="button"
            class="button button-quiet show-more needs-script"
            aria-expanded=move || open.get().to_string()
            on:click=move |_| open.update(|open| *open = !*open)
        >
            {move || if open.get() { thread::show_less(lang) } else { thread::show_more(lang) }}
        </button>
    }
    .into_any()
}

/// Whether a text takes clearly more than [`CLAMPED_LINES`] lines.
fn is_long(text: &str) -> bool {
    let lines = text.lines().map(|line| line.chars().count() / LINE_CHARS + 1);
    lines.take(CLAMPED_LINES * 2).sum::<usize>() > CLAMPED_LINES + 2
}

#[component]
fn Answer(item: Item) -> impl IntoView {
    let lang = words::lang();
    let id = item.element_id();
    let showing = markdown::Showing::new(lang, item.element_id(), item.rich.clone());
    let segments = item.body.segments.clone();
    let is_blank = {
        let segments = item.body.segments.clone();
        Memo::new(move |_| segments.with(Vec::is_empty))
    };
    let status = RwSignal::from(item.status.clone());
    let running = Memo::new(move |_| status.with(|status| *status == MessageStatus::Running));
    let editing = RwSignal::from(item.editing.clone());
    let turn = RwSignal::from(item.turn.clone());
    let near = nearness(&item);
    view! {
        <article
            class="message answer"
            class:running=move || running.get()
            class:editing=move || editing.get()
            id=id
            tabindex="-1"
            data-near=near
            aria-busy=move || running.get().to_string()
        >
            <h2 class="visually-hidden">{thread::answer(lang)}</h2>
            {each(move || segments.get(), |keyed| keyed.key.into(), move |keyed| match keyed.segment {
                Segment::Text(run) => view! { <Text run showing=showing.clone()/> }.into_any(),
                Segment::Reasoning(reasoning) => view! { <ReasoningView reasoning showing=showing.clone()/> }.into_any(),
                Segment::Tools(run) => view! { <ToolGroup run turn/> }.into_any(),
            })}
            {move || (running.get() && is_blank.get()).then(|| view! { <Thinking/> })}
            {
                let item = item.clone();
                move || editing.get().then(|| view! { <EditAnswer item=item.clone()/> })
            }
            {
                let item = item.clone();
                move || ending(&status.get(), &item)
            }
            {move || (!running.get()).then(|| view! { <AnswerActions item=item.clone()/> })}
        </article>
    }
    .into_any()
}

/// A run of Markdown: finished blocks are drawn once, the tail again as it grows.
#[component]
fn Text(run: TextRun, showing: markdown::Showing) -> impl IntoView {
    let TextRun { chunks, tail, .. } = run;
    let arriving = showing.arriving();
    let drawn = move |chunk: Chunk| {
        let showing = showing.clone();
        let blocks = move || chunk.0.get().into_iter().enumerate().collect();
        each(blocks, |(place, _)| *place as u128, move |(_, block)| markdown::block_view(&block, &showing).into_any())
    };
    view! {
        <div class="markdown" dir="auto">
            {each(
                move || chunks.get().into_iter().enumerate().collect(),
                |(place, _)| *place as u128,
                move |(_, chunk)| drawn(chunk),
            )}
            {move || {
                tail.with(|tail| tail.iter().map(|block| markdown::block_view(block, &arriving)).collect::<Vec<_>>())
            }}
        </div>
    }
    .into_any()
}

/// Until the first word: for how long already.
#[component]
fn Thinking() -> impl IntoView {
    let lang = words::lang();
    let seconds = seconds_since_shown();
    view! {
        <p class="thinking">
            {thread::thinking(lang)}
            {move || (seconds.get() >= 3).then(|| [" ", &seconds.get().to_string(), " s"].concat())}
        </p>
    }
    .into_any()
}

/// Seconds since the calling component is on the page; 0 at first, everywhere.
pub fn seconds_since_shown() -> RwSignal<u32> {
    let seconds = RwSignal::new(0u32);
    Effect::new(move |_| {
        let tick = move || {
            let _gone_if_not = seconds.try_update(|seconds| *seconds += 1);
        };
        if let Ok(handle) = set_interval_with_handle(tick, Duration::from_secs(1)) {
            on_cleanup(move || handle.clear());
        }
    });
    seconds
}

/// The models an answer may be asked from, when there is a choice.
fn has_other_models(chat: Chat) -> bool {
    chat.home.with_value(|home| home.models.len() > 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_long_messages_are_clamped() {
        assert!(!is_long("short"));
        assert!(!is_long(&"line\n".repeat(12)));
        assert!(is_long(&"line\n".repeat(20)));
        assert!(is_long(&"word ".repeat(400)));
    }
}
