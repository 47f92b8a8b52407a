//! What the buttons around code and tables do. One listener hears them all ([`clicked`]): the buttons are still nodes that
//! say in `data-act` what they are for.

use std::time::Duration;

use leptos::{ev::MouseEvent, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use super::{csv, node::Still, render::table_bar};
use crate::{
    chat::browser,
    model::Lang,
    words::{common, markdown as words},
};

/// "Copy" and "CSV" for a table that is not Markdown. They act on the `<table>` in the same element of class
/// `table-frame`, inside something that listens with [`clicked`].
#[must_use]
pub fn table_actions(lang: Lang) -> AnyView {
    Still { element: table_bar(lang), changes: false }.into_any()
}

/// The inside of an element of class `markdown` as HTML for the clipboard: without our bars and buttons.
#[must_use]
pub fn html_to_copy(markdown: &Element) -> String {
    let Ok(copy) = markdown.clone_node_with_deep(true) else { return String::new() };
    let copy: Element = copy.unchecked_into();
    if let Ok(list) = copy.query_selector_all(".code-bar, .table-bar, .table-more, .footnote-back") {
        let all = (0..list.length()).filter_map(|place| list.get(place));
        all.for_each(|node| node.unchecked_into::<Element>().remove());
    }
    copy.inner_html()
}

/// The button a click was meant for, and what it is for.
pub(super) fn pressed(event: &MouseEvent) -> Option<(Element, String)> {
    let target = event.target()?.dyn_into::<Element>().ok()?;
    let button = target.closest("[data-act]").ok()??;
    let act = button.get_attribute("data-act")?;
    Some((button, act))
}

/// For `on:click` of whatever holds messages or tool results.
pub fn clicked(event: &MouseEvent, lang: Lang) {
    let Some((button, act)) = pressed(event) else { return };
    match act.as_str() {
        "copy-code" => copy_code(button, lang),
        "wrap" => wrap(&button),
        "copy-table" => with_whole_table(button, move |button, table| copy_table(button, &table, lang)),
        "csv" => with_whole_table(button, |_, table| {
            let cells = cells_of(&table);
            browser::download("table.csv", "text/csv;charset=utf-8", &csv::csv(&cells));
        }),
        _ => {}
    }
}

fn copy_code(button: Element, lang: Lang) {
    let code = found(button.closest(".code")).and_then(|frame| found(frame.query_selector("code")));
    let text = code.and_then(|code| code.text_content()).unwrap_or_default();
    let copying = window().navigator().clipboard().write_text(&text);
    tell(button, copying, lang);
}

fn wrap(button: &Element) {
    let Some(frame) = found(button.closest(".code")) else { return };
    let wraps = frame.class_list().toggle("wrapped").unwrap_or(false);
    let _known_name = button.set_attribute("aria-pressed", if wraps { "true" } else { "false" });
}

/// A long table shows all its rows first.
fn with_whole_table(button: Element, act: impl FnOnce(Element, Element) + 'static) {
    let Some(frame) = found(button.closest(".table-frame")) else { return };
    let more = found(frame.query_selector("[data-act=all-rows]")).and_then(|more| more.dyn_into::<HtmlElement>().ok());
    // The frame is drawn anew then; what stays is where it stands.
    let parent = frame.parent_element();
    let act = move || {
        let table = found(frame.query_selector("table")).filter(|_| frame.is_connected());
        let table = table.or_else(|| parent.and_then(|parent| found(parent.query_selector(".table-frame table"))));
        if let Some(table) = table {
            act(button, table);
        }
    };
    match more {
        Some(more) => {
            more.click();
            set_timeout(act, Duration::ZERO);
        }
        None => act(),
    }
}

fn copy_table(button: Element, table: &Element, lang: Lang) {
    browser::copy(&csv::tsv(&cells_of(table)), Some(&table.outer_html()));
    tell(button, js_sys::Promise::resolve(&wasm_bindgen::JsValue::UNDEFINED), lang);
}

/// What the cells show, row by row.
fn cells_of(table: &Element) -> Vec<Vec<String>> {
    let all = |of: &Element, what: &str| -> Vec<Element> {
        let Ok(list) = of.query_selector_all(what) else { return vec![] };
        (0..list.length()).filter_map(|place| list.get(place)?.dyn_into().ok()).collect()
    };
    let text = |cell: Element| cell.dyn_into::<HtmlElement>().map(|cell| cell.inner_text()).unwrap_or_default();
    all(table, "tr").iter().map(|row| all(row, "th,td").into_iter().map(text).collect()).collect()
}

/// Says on the button for two seconds how it went, to eyes and to screen readers.
fn tell(button: Element, copying: js_sys::Promise, lang: Lang) {
    let name = button.get_attribute("aria-label").unwrap_or_default();
    let say = move |button: &Element, text: &str, name: &str| {
        button.set_text_content(Some(text));
        let _known_name = button.set_attribute("aria-label", name);
    };
    leptos::task::spawn_local(async move {
        let outcome = wasm_bindgen_futures::JsFuture::from(copying).await;
        let said = if outcome.is_ok() { common::copied(lang) } else { words::not_copied(lang) };
        say(&button, said, said);
        set_timeout(move || say(&button, common::copy(lang), &name), Duration::from_secs(2));
    });
}

fn found<T>(found: Result<Option<T>, wasm_bindgen::JsValue>) -> Option<T> {
    found.ok().flatten()
}
