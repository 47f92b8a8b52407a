//! Tool calls: one card each, grouped; the group folds when the answer begins, failures stay open.

use leptos::prelude::*;

use super::{format, icon::icon};
use crate::{
    chat::body::ToolRun,
    model::{Table, ToolCallStatus, ToolCallView, ToolOutput},
};

/// A run of calls.
#[component]
pub fn ToolGroup(run: ToolRun) -> impl IntoView {
    let ToolRun { calls, answered } = run;
    let calls = RwSignal::from(calls);
    let answered = RwSignal::from(answered);
    let failed = Memo::new(move |_| calls.with(|calls| calls.iter().any(has_failed)));
    let open = Memo::new(move |_| !answered.get() || failed.get());
    let heading = Memo::new(move |_| calls.with(|calls| group_heading(calls)));
    view! {
        <details class="tools" open=move || open.get()>
            <summary>{icon("tool")}<span>{move || heading.get()}</span>{icon("right")}</summary>
            <ul class="tool-list">
                <For each=move || calls.get() key=card_key let:call>
                    <li><ToolCard call/></li>
                </For>
            </ul>
        </details>
        {super::chart::drawn_below(calls)}
    }
    .into_any()
}

/// A card is drawn anew when its call changed.
fn card_key(call: &ToolCallView) -> (String, u8) {
    let state = match call.status {
        ToolCallStatus::Running => 0,
        ToolCallStatus::Done => 1,
        ToolCallStatus::Failed(_) => 2,
        ToolCallStatus::Waiting(_) => 3,
        ToolCallStatus::Denied(_) => 4,
    };
    (call.call_id.clone(), state)
}

fn has_failed(call: &ToolCallView) -> bool {
    matches!(call.status, ToolCallStatus::Failed(_))
}

/// "Used 4 tools · 2.3 s", "Using Energy and cost…", "Used 2 tools, 1 failed · 0.4 s". Calls of a run are parallel as
/// often as not, so the longest of them is what the person waited for at least.
fn group_heading(calls: &[ToolCallView]) -> String {
    let running: Vec<&str> =
        calls.iter().filter(|call| call.status == ToolCallStatus::Running).map(|call| call.title.as_str()).collect();
    match running.as_slice() {
        [] => {}
        [one] => return format!("Using {one}…"),
        several => return format!("Using {} tools…", several.len()),
    }
    let failures = calls.iter().filter(|call| has_failed(call)).count();
    let failed = if failures > 0 { format!(", {failures} failed") } else { String::new() };
    let longest = calls.iter().filter_map(|call| call.duration_ms).max();
    let took = longest.map_or(String::new(), |ms| format!(" · {}", format::duration(ms)));
    format!("Used {}{failed}{took}", format::count(calls.len(), "tool"))
}

#[component]
fn ToolCard(call: ToolCallView) -> impl IntoView {
    let (mark, state, reason) = match &call.status {
        ToolCallStatus::Running => (view! { <span class="spinner"></span> }.into_any(), "running", None),
        ToolCallStatus::Done => (icon("check").into_any(), "done", None),
        ToolCallStatus::Failed(reason) => (icon("x").into_any(), "failed", Some(reason.clone())),
        ToolCallStatus::Waiting(_) => (view! { <span class="spinner"></span> }.into_any(), "waiting", None),
        ToolCallStatus::Denied(reason) => (icon("x").into_any(), "denied", Some(reason.clone())),
    };
    let failed = reason.is_some();
    let took = call.duration_ms.map(|ms| view! { <span class="tool-took">{format::duration(ms)}</span> });
    let size = call.output.as_ref().map(|output| format!(" · {}", format::bytes(output.bytes)));
    let footer = format!(
        "ran as {}{}{}",
        call.ran_as,
        call.duration_ms.map(|ms| format!(" · {}", format::duration(ms))).unwrap_or_default(),
        size.unwrap_or_default()
    );
    view! {
        <details class=format!("tool {state}") open=failed>
            <summary>
                <span class="tool-mark">{mark}</span>
                <span class="visually-hidden">{format!("{state}: ")}</span>
                <span class="tool-title">{call.title}</span>
                <span class="tool-summary">{call.summary}</span>
                {took}
            </summary>
            <div class="tool-body">
                {reason.map(|reason| view! { <p class="tool-reason">{reason}</p> })}
                {call.output.map(|output| view! { <ToolResult output/> })}
                <details class="tool-raw">
                    <summary>"Input"</summary>
                    <pre tabindex="0">{call.arguments}</pre>
                </details>
                <p class="meta">{footer}</p>
            </div>
        </details>
    }
    .into_any()
}

#[component]
fn ToolResult(output: ToolOutput) -> impl IntoView {
    let text =
        (output.tables.is_empty() && !output.text.is_empty()).then(|| view! { <p class="tool-text">{output.text}</p> });
    let raw = (!output.json.is_empty()).then(|| {
        view! {
            <details class="tool-raw">
                <summary>"Output as JSON"</summary>
                <pre tabindex="0">{output.json}</pre>
            </details>
        }
    });
    view! {
        {text}
        {output.tables.into_iter().map(|table| view! { <ResultTable table/> }).collect_view()}
        {raw}
    }
    .into_any()
}

/// A table of a structured result, in its own scrolling box.
#[component]
pub fn ResultTable(table: Table) -> impl IntoView {
    let numeric: Vec<bool> = table.columns.iter().map(|column| column.numeric).collect();
    let class_of = move |place: usize| if numeric.get(place).copied().unwrap_or(false) { "number" } else { "" };
    let heads = table.columns.into_iter().enumerate().map(|(place, column)| {
        let unit = (!column.unit.is_empty()).then(|| view! { <span class="unit">{format!(" {}", column.unit)}</span> });
        view! { <th scope="col" class=class_of(place)>{column.label}{unit}</th> }
    });
    let heads = heads.collect_view();
    let rows = table.rows.into_iter().map(|row| {
        let cells =
            row.into_iter().enumerate().map(|(place, cell)| view! { <td class=class_of(place)>{cell.text}</td> });
        view! { <tr>{cells.collect_view()}</tr> }
    });
    let rows = rows.collect_view();
    let omitted = (table.omitted > 0)
        .then(|| view! { <p class="meta">{format!("{} more rows are not shown.", format::thousands(i64::from(table.omitted)))}</p> });
    view! {
        <div class="table-scroll" role="region" tabindex="0" aria-label=table.caption.clone()>
            <table class="table">
                <caption>{table.caption.clone()}</caption>
                <thead><tr>{heads}</tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        {omitted}
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(status: ToolCallStatus, ms: Option<i64>) -> ToolCallView {
        ToolCallView {
            call_id: "1".into(),
            name: "peak".into(),
            title: "Peak demand".into(),
            arguments: "{}".into(),
            summary: String::new(),
            status,
            output: None,
            duration_ms: ms,
            ran_as: String::new(),
        }
    }

    #[test]
    fn the_heading_tells_what_happened() {
        let done = call(ToolCallStatus::Done, Some(2_300));
        let failed = call(ToolCallStatus::Failed("no meter".into()), Some(40));
        let running = call(ToolCallStatus::Running, None);
        assert_eq!(group_heading(std::slice::from_ref(&done)), "Used 1 tool · 2.3 s");
        assert_eq!(group_heading(&[done.clone(), failed]), "Used 2 tools, 1 failed · 2.3 s");
        assert_eq!(group_heading(&[done, running.clone()]), "Using Peak demand…");
        assert_eq!(group_heading(&[running.clone(), running]), "Using 2 tools…");
    }
}
