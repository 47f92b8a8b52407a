//! What a tool gave back: its tables, else its text, and the whole as JSON. All of it is only ever text.

use leptos::prelude::*;

use crate::{
    components::is_without_scripts,
    markdown::table_actions,
    model::{Table, ToolOutput},
    words::{self, thread},
};

/// Longer texts are cut, bytes: the model has seen the same cut, and a page is no place for megabytes.
const MAX_TEXT: usize = 20_000;
/// More rows are not drawn; the server bounds them, too.
const MAX_ROWS: usize = 500;

#[component]
pub fn ToolResult(output: ToolOutput) -> impl IntoView {
    let lang = words::lang();
    let text_counts = output.tables.is_empty() && !output.text.trim().is_empty();
    let empty = !text_counts && output.tables.is_empty() && output.charts.is_empty() && output.json.is_empty();
    let empty = empty.then(|| view! { <p class="meta">{thread::empty_result(lang)}</p> });
    let text = text_counts.then(|| {
        let (text, cut) = bounded(&output.text);
        view! {
            <p class="tool-text" dir="auto" tabindex="0">{text.to_owned()}</p>
            {cut.then(|| view! { <p class="meta">{thread::cut_short(lang)}</p> })}
        }
    });
    let raw = (!output.json.is_empty()).then(|| {
        let (json, cut) = bounded(&output.json);
        view! {
            <details class="tool-raw">
                <summary>{thread::output_json(lang)}</summary>
                <pre tabindex="0">{json.to_owned()}</pre>
                {cut.then(|| view! { <p class="meta">{thread::cut_short(lang)}</p> })}
            </details>
        }
    });
    view! {
        {empty}
        {text}
        {output.tables.into_iter().map(|table| view! { <ResultTable table/> }).collect_view()}
        {raw}
    }
    .into_any()
}

/// At most [`MAX_TEXT`] bytes of `text`, and whether something was left out.
pub fn bounded(text: &str) -> (&str, bool) {
    let end = text.floor_char_boundary(MAX_TEXT);
    (&text[..end], end < text.len())
}

/// A table of a structured result, in its own scrolling box.
#[component]
pub fn ResultTable(table: Table) -> impl IntoView {
    let lang = words::lang();
    let numeric: Vec<bool> = table.columns.iter().map(|column| column.numeric).collect();
    let class_of = move |place: usize| if numeric.get(place).copied().unwrap_or(false) { "number" } else { "" };
    let heads = table.columns.into_iter().enumerate().map(|(place, column)| {
        let unit =
            (!column.unit.is_empty()).then(|| view! { <span class="unit">{[" ", &column.unit].concat()}</span> });
        view! { <th scope="col" class=class_of(place)>{column.label}{unit}</th> }
    });
    let heads = heads.collect_view();
    let undrawn = u32::try_from(table.rows.len().saturating_sub(MAX_ROWS)).unwrap_or(u32::MAX);
    let rows = table.rows.into_iter().take(MAX_ROWS).map(|row| {
        let cells =
            row.into_iter().enumerate().map(|(place, cell)| view! { <td class=class_of(place)>{cell.text}</td> });
        view! { <tr>{cells.collect_view()}</tr> }
    });
    let rows = rows.collect_view();
    let omitted = table.omitted.saturating_add(undrawn);
    let omitted = (omitted > 0).then(|| view! { <p class="meta">{thread::rows_omitted(lang, omitted)}</p> });
    view! {
        <div class="table-frame">
            {(!is_without_scripts()).then(|| table_actions(lang))}
            <div class="table-scroll" role="region" tabindex="0" aria-label=table.caption.clone()>
                <table class="table">
                    <caption>{table.caption.clone()}</caption>
                    <thead><tr>{heads}</tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </div>
        {omitted}
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn huge_results_are_cut_at_a_character() {
        assert_eq!(bounded("short"), ("short", false));
        let huge = "ä".repeat(MAX_TEXT);
        let (shown, cut) = bounded(&huge);
        assert!(cut && shown.len() <= MAX_TEXT && shown.len() > MAX_TEXT - 2);
    }
}
