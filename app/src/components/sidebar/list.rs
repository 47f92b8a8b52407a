//! The list of conversations, or the archive. Only the lines near what is seen are in the page, so that a list of tens of
//! thousands scrolls like a short one: every line has the same height, and two empty boxes stand for the others.

use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;

use super::{super::each::each, super::icon::icon, super::keys::step_focus, Rows, row::conversation_row};
use crate::{
    chat::{
        browser,
        list::{ConversationList, Entry, Heading},
        state::Chat,
    },
    model::{ConversationId, ConversationSummary},
    wire::Form,
    words::{common, shell},
};

/// So many lines are in the page at most …
const DRAWN: usize = 240;
/// … and so many of them above what is seen; the window moves in such steps.
const STEP: usize = 60;
/// What the keyboard steps through.
const STOPS: &str = "#conversations .row-link, #conversations .row-check";

/// A line that is drawn. A row keeps its element while what it shows changes.
#[derive(Clone)]
enum Line {
    Heading(Heading),
    Row(ConversationId, ArcRwSignal<ConversationSummary>),
}

impl Line {
    /// Conversations by their id; headings are among the numbers that no id is (the version of a UUID is never 0).
    fn key(&self) -> u128 {
        match self {
            Self::Heading(heading) => heading.number(),
            Self::Row(id, _) => id.0.as_u128(),
        }
    }
}

type Known = Vec<(ConversationId, ArcRwSignal<ConversationSummary>)>;

pub fn conversation_list(rows: Rows) -> AnyView {
    let chat = rows.chat;
    let lang = chat.lang;
    let offset = chat.home.with_value(|home| home.tenant.utc_offset_minutes);
    let window = Memo::new(move |_| {
        let (today, first) = (chat.today.get(), rows.first.get());
        with_shown(chat, |list| list.window(today, offset, first, DRAWN))
    });
    let known = StoredValue::new(Known::new());
    let lines = move || window.with(|(entries, _)| lines(known, entries));
    Effect::new(move |_| {
        let (drawn, total) = window.with(|(entries, total)| (entries.len(), *total));
        let above = rows.first.get_untracked();
        set_height("rows-above", above);
        set_height("rows-below", total.saturating_sub(above + drawn));
    });
    let in_archive = Memo::new(move |_| chat.archive.with(Option::is_some));
    let nothing = move || {
        let words = if in_archive.get() { shell::none_archived } else { shell::none_yet };
        with_shown(chat, ConversationList::is_empty).then(|| view! { <p class="meta none">{words(lang)}</p> })
    };
    view! {
        <nav
            class="conversations"
            class:selecting=move || rows.selecting.get()
            id="conversations"
            aria-label=shell::your_conversations(lang)
            on:scroll=move |_| on_scroll(rows)
        >
            {move || in_archive.get().then(|| archive_head(rows))}
            <div id="rows-above"></div>
            <ul
                on:click=move |event| on_click(rows, &event)
                on:dblclick=move |event| on_double_click(rows, &event)
                on:keydown=move |event| on_key(rows, &event)
            >
                {each(lines, Line::key, move |line| match line {
                    Line::Heading(heading) => view! { <li class="heading"><h2>{heading.label(lang)}</h2></li> }.into_any(),
                    Line::Row(id, row) => conversation_row(rows, id, row),
                })}
            </ul>
            <div id="rows-below"></div>
            {nothing}
            {move || older_link(chat)}
            {move || (!in_archive.get()).then(|| archive_link(rows))}
        </nav>
    }
    .into_any()
}

/// Reads the list that is shown.
fn with_shown<T>(chat: Chat, read: impl Fn(&ConversationList) -> T) -> T {
    chat.archive.with(|archive| archive.as_ref().map(&read)).unwrap_or_else(|| chat.list.with(&read))
}

/// The lines of a window; rows that were drawn before keep their signal.
fn lines(known: StoredValue<Known>, entries: &[Entry]) -> Vec<Line> {
    let mut before = known.try_update_value(std::mem::take).unwrap_or_default();
    let mut now = Known::with_capacity(entries.len());
    let line = |entry: &Entry| match entry {
        Entry::Heading(heading) => Line::Heading(*heading),
        Entry::Row(row) => {
            let place = before.iter().position(|(id, _)| *id == row.id);
            let signal = place.map_or_else(|| ArcRwSignal::new(row.clone()), |place| before.swap_remove(place).1);
            if signal.with_untracked(|known| known != row) {
                signal.set(row.clone());
            }
            now.push((row.id, signal.clone()));
            Line::Row(row.id, signal)
        }
    };
    let lines = entries.iter().map(line).collect();
    known.set_value(now);
    lines
}

/// The height of a line in pixels, as in `style/sidebar.css`.
fn line_height() -> usize {
    if browser::touch() { 44 } else { 32 }
}

fn set_height(id: &str, lines: usize) {
    let Some(element) = browser::element::<web_sys::HtmlElement>(id) else { return };
    let mut height = (lines * line_height()).to_string();
    height.push_str("px");
    let _always_valid = element.style().set_property("height", &height);
}

fn on_scroll(rows: Rows) {
    let chat = rows.chat;
    let Some(list) = browser::element::<web_sys::HtmlElement>("conversations") else { return };
    if chat.row_menu.get_untracked().is_some() {
        chat.row_menu.set(None);
    }
    let seen = usize::try_from(list.scroll_top()).unwrap_or(0) / line_height();
    let first = seen.saturating_sub(STEP) / STEP * STEP;
    if rows.first.get_untracked() != first {
        rows.first.set(first);
    }
    if list.scroll_height() - list.client_height() - list.scroll_top() < 200 {
        chat.load_older();
    }
}

/// A link to the next page of the list; with scripts the page is added in place.
fn older_link(chat: Chat) -> Option<AnyView> {
    let next = with_shown(chat, ConversationList::next)?;
    let on_click = move |event: ev::MouseEvent| {
        event.prevent_default();
        chat.load_older();
    };
    let mut href = String::from(if chat.archive.with(Option::is_some) { "?folder=archive&" } else { "?" });
    href.push_str(&Form::default().with("older", &next.0).text);
    let lang = chat.lang;
    let label = move || if chat.loading_older.get() { common::loading(lang) } else { shell::older(lang) };
    Some(
        view! { <a class="button button-quiet older" href=href role="button" on:click=on_click>{label}</a> }.into_any(),
    )
}

fn archive_link(rows: Rows) -> AnyView {
    let chat = rows.chat;
    let on_click = move |event: ev::MouseEvent| {
        event.prevent_default();
        to_top(rows);
        chat.open_archive();
    };
    view! {
        <a class="button button-quiet older" href="?folder=archive" on:click=on_click>{icon("archive")}{shell::archived(chat.lang)}</a>
    }
    .into_any()
}

fn archive_head(rows: Rows) -> AnyView {
    let chat = rows.chat;
    let on_click = move |event: ev::MouseEvent| {
        event.prevent_default();
        to_top(rows);
        chat.archive.set(None);
        request_animation_frame(|| browser::focus("new-chat"));
    };
    view! {
        <a class="button button-quiet older" href=chat.new_url() on:click=on_click>
            {icon("left")}
            {shell::all_conversations(chat.lang)}
        </a>
        <h2 class="heading">{shell::archived(chat.lang)}</h2>
    }
    .into_any()
}

fn to_top(rows: Rows) {
    if rows.selecting.get_untracked() {
        rows.leave_selection();
    }
    rows.first.set(0);
    if let Some(list) = browser::element::<web_sys::HtmlElement>("conversations") {
        list.set_scroll_top(0);
    }
}

/// The row an event happened in, and the element it happened to.
fn row_of(event: &web_sys::Event) -> Option<(ConversationId, web_sys::Element)> {
    let target = event.target()?.dyn_into::<web_sys::Element>().ok()?;
    let row = target.closest("li.row").ok()??;
    let id = row.id().strip_prefix("row-")?.parse().ok()?;
    Some((id, target))
}

fn is_in(element: &web_sys::Element, selector: &str) -> bool {
    element.closest(selector).is_ok_and(|found| found.is_some())
}

fn on_click(rows: Rows, event: &ev::MouseEvent) {
    let Some((id, target)) = row_of(event) else { return };
    if is_in(&target, ".row-more") {
        let open = rows.chat.row_menu.get_untracked() == Some(id);
        rows.chat.row_menu.set((!open).then_some(id));
    } else if let Some(check) = target.dyn_ref::<web_sys::HtmlInputElement>()
        && check.type_() == "checkbox"
    {
        rows.choose(id, check.checked(), event.shift_key());
    }
}

fn on_double_click(rows: Rows, event: &ev::MouseEvent) {
    let Some((id, target)) = row_of(event) else { return };
    if is_in(&target, "a.row-link") {
        event.prevent_default();
        rows.renaming.set(Some(id));
    }
}

fn on_key(rows: Rows, event: &ev::KeyboardEvent) {
    let Some((id, target)) = row_of(event) else { return };
    let at_rest = is_in(&target, STOPS);
    if !at_rest || event.alt_key() || event.ctrl_key() || event.meta_key() {
        return;
    }
    match event.key().as_str() {
        "ArrowDown" => {
            step_focus(STOPS, 1);
        }
        "ArrowUp" => {
            step_focus(STOPS, -1);
        }
        "F2" if !rows.selecting.get_untracked() => rows.renaming.set(Some(id)),
        "Delete" if !rows.selecting.get_untracked() => {
            let _only_row_if_not = step_focus(STOPS, 1) || step_focus(STOPS, -1);
            rows.chat.delete(id);
        }
        _ => return,
    }
    event.prevent_default();
}
