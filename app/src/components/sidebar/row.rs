//! A conversation in the sidebar: a link, a field while it is renamed, a box to tick while several are chosen. What is
//! pressed in it is heard by the list.

use leptos::{ev, html, prelude::*};

use super::{
    super::{
        conversation_menu::{action, menu_actions},
        icon::icon,
        keys::step_focus,
        rename::RenameInput,
    },
    Rows,
};
use crate::{
    chat::browser,
    model::{ConversationId, ConversationSummary},
    words::shell,
};

#[derive(Clone, Copy, PartialEq)]
enum Shape {
    Link,
    Renaming,
    Choosing,
}

/// The id of one of a row's elements.
fn part_id(part: &str, id: ConversationId) -> String {
    let mut name = String::from(part);
    name.push_str(&id.to_string());
    name
}

pub fn conversation_row(rows: Rows, id: ConversationId, row: ArcRwSignal<ConversationSummary>) -> AnyView {
    let chat = rows.chat;
    let current = Memo::new(move |_| chat.place.get().conversation() == Some(id));
    let shape = Memo::new(move |_| {
        if rows.renaming.get() == Some(id) {
            Shape::Renaming
        } else if rows.selecting.get() {
            Shape::Choosing
        } else {
            Shape::Link
        }
    });
    let menu_open = Memo::new(move |_| chat.row_menu.get() == Some(id));
    let of_menu = row.clone();
    let content = move || match shape.get() {
        Shape::Link => link(rows, id, row.clone(), current, menu_open),
        Shape::Renaming => rename(rows, id, row.with_untracked(|row| row.title.clone())),
        Shape::Choosing => choice(rows, id, row.clone()),
    };
    let menu = move || menu_open.get().then(|| row_menu(rows, id, &of_menu.get_untracked()));
    view! {
        <li id=part_id("row-", id) class="row" class:current=move || current.get()>
            {content}
            {menu}
        </li>
    }
    .into_any()
}

fn link(
    rows: Rows,
    id: ConversationId,
    row: ArcRwSignal<ConversationSummary>,
    current: Memo<bool>,
    menu_open: Memo<bool>,
) -> AnyView {
    let chat = rows.chat;
    let lang = chat.lang;
    let (of_dot, of_title, of_hint) = (row.clone(), row.clone(), row.clone());
    let dot = move || {
        let (running, waiting) = of_dot.with(|row| (row.running, row.waiting));
        let (class, label) = match (waiting, running) {
            (true, _) => ("dot asks", shell::waits_for_you(lang)),
            (false, true) => ("dot running", shell::being_written(lang)),
            (false, false) if chat.unread.with(|unread| unread.contains(&id)) => ("dot", shell::new_answer(lang)),
            (false, false) => return None,
        };
        Some(view! { <span class=class role="img" aria-label=label title=label></span> })
    };
    view! {
        <a
            id=part_id("open-", id)
            class="row-link"
            href=chat.conversation_url(id)
            aria-current=move || current.get().then_some("page")
            title=move || of_hint.with(|row| row.title.clone())
        >
            {dot}
            <span class="row-title">{move || of_title.with(|row| row.title.clone())}</span>
        </a>
        <button
            type="button"
            id=part_id("more-", id)
            class="button button-quiet button-icon row-more needs-script"
            aria-label=move || row.with(|row| shell::menu_for(lang, &row.title))
            aria-expanded=move || menu_open.get().to_string()
        >
            {icon("dots")}
        </button>
    }
    .into_any()
}

fn rename(rows: Rows, id: ConversationId, title: String) -> AnyView {
    let on_done = Callback::new(move |typed: Option<String>| {
        rows.renaming.set(None);
        if let Some(typed) = typed {
            rows.chat.rename(id, &typed);
        }
        request_animation_frame(move || browser::focus(&part_id("open-", id)));
    });
    view! { <RenameInput title on_done/> }.into_any()
}

fn choice(rows: Rows, id: ConversationId, row: ArcRwSignal<ConversationSummary>) -> AnyView {
    let chosen = move || rows.chosen.with(|chosen| chosen.contains(&id));
    view! {
        <label class="row-choice">
            <input type="checkbox" class="row-check" prop:checked=chosen/>
            <span class="row-title">{move || row.with(|row| row.title.clone())}</span>
        </label>
    }
    .into_any()
}

/// The menu of a row floats over the page: the list would cut it off.
fn row_menu(rows: Rows, id: ConversationId, row: &ConversationSummary) -> AnyView {
    let chat = rows.chat;
    let lang = chat.lang;
    let menu = NodeRef::<html::Div>::new();
    Effect::new(move |_| {
        if let Some(menu) = menu.get() {
            place_menu(&menu, &part_id("more-", id));
            step_focus(MENU_STOPS, 0);
        }
    });
    let on_keydown = move |event: ev::KeyboardEvent| {
        match event.key().as_str() {
            "ArrowDown" => {
                step_focus(MENU_STOPS, 1);
            }
            "ArrowUp" => {
                step_focus(MENU_STOPS, -1);
            }
            "Escape" => {
                chat.row_menu.set(None);
                browser::focus(&part_id("more-", id));
            }
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    };
    view! {
        <div class="menu row-menu" node_ref=menu on:keydown=on_keydown>
            {action(chat, "pencil", shell::rename(lang), move || rows.renaming.set(Some(id)))}
            {menu_actions(chat, id, Some(row))}
            {action(chat, "check", shell::select(lang), move || rows.start_selection(id))}
        </div>
    }
    .into_any()
}

const MENU_STOPS: &str = ".row-menu button, .row-menu a";

/// Stands the menu below the button, above it where there is no room.
fn place_menu(menu: &web_sys::HtmlElement, button: &str) {
    const GAP: f64 = 4.0;
    const EDGE: f64 = 8.0;
    let Some(button) = browser::element::<web_sys::Element>(button) else { return };
    let (button, size) = (button.get_bounding_client_rect(), menu.get_bounding_client_rect());
    let side = |value: Result<wasm_bindgen::JsValue, wasm_bindgen::JsValue>| {
        value.ok().and_then(|value| value.as_f64()).unwrap_or_default()
    };
    let (width, height) = (side(window().inner_width()), side(window().inner_height()));
    let below = button.bottom() + GAP;
    let above = (button.top() - GAP - size.height()).max(EDGE);
    let top = if below + size.height() + EDGE <= height { below } else { above };
    let left = button.left().min(width - size.width() - EDGE).max(EDGE);
    let style = menu.style();
    for (name, value) in [("top", top), ("left", left)] {
        let mut text = (value.round() as i32).to_string();
        text.push_str("px");
        let _always_valid = style.set_property(name, &text);
    }
}
