//! Tool calls: a row each, grouped; the group folds when the answer begins. What failed stays open, what waits for the
//! person stands below the group and never folds.
//!
//! Everything a tool gives back is shown as text, in boxes of a bounded size; nothing of it is ever followed.

mod arguments;
mod question;
mod result;

use leptos::prelude::*;

pub use question::seconds_left;
pub use result::ResultTable;

use self::{question::QuestionCard, result::ToolResult};
use super::{each::each, format, icon::icon, message::seconds_since_shown};
use crate::{
    chat::body::{Card, ToolRun},
    model::{Question, ToolCallStatus, ToolCallView, ToolOutput, TurnId},
    words::{self, Lang, energy, thread},
};

/// A run of calls. `turn`: whose calls they are, for answering what they ask.
#[component]
pub fn ToolGroup(run: ToolRun, turn: RwSignal<Option<TurnId>>) -> impl IntoView {
    let lang = words::lang();
    let cards = RwSignal::from(run.cards);
    let answered = RwSignal::from(run.answered);
    let calls = Memo::new(move |_| Summary::of(&cards.get()));
    let busy = Memo::new(move |_| calls.with(|calls| calls.waiting > 0 || calls.running > 0));
    let open = Memo::new(move |_| !answered.get() || busy.get() || calls.with(|calls| calls.failed > 0));
    let heading = Memo::new(move |_| calls.with(|calls| calls.heading(lang)));
    let key: fn(&Card) -> u128 = |card| card.place as u128;
    view! {
        <details class="tools" class:live=move || busy.get() open=move || open.get()>
            <summary>{icon("tool")}<span>{move || heading.get()}</span>{icon("right")}</summary>
            <ul class="tool-list">
                {each(move || cards.get(), key, |card| view! { <li><ToolCard card/></li> }.into_any())}
            </ul>
        </details>
        {each(move || cards.get(), key, move |card| {
            view! {
                {super::chart::drawn_below(RwSignal::from(card.call.clone()))}
                <Asked card turn/>
            }
            .into_any()
        })}
    }
    .into_any()
}

/// What a group's heading tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Summary {
    count: usize,
    running: usize,
    waiting: usize,
    failed: usize,
    /// Name and title of a call that runs.
    title: (String, String),
    longest_ms: Option<i64>,
}

impl Summary {
    /// Tracks every call.
    fn of(cards: &[Card]) -> Self {
        let mut summary = Self { count: cards.len(), ..Self::default() };
        for card in cards {
            card.call.with(|call| summary.add(call));
        }
        summary
    }

    fn add(&mut self, call: &ToolCallView) {
        match call.status {
            ToolCallStatus::Running => {
                self.running += 1;
                self.title = (call.name.clone(), call.title.clone());
            }
            ToolCallStatus::Waiting(_) => self.waiting += 1,
            ToolCallStatus::Failed(_) => self.failed += 1,
            ToolCallStatus::Denied(_) | ToolCallStatus::Done => {}
        }
        self.longest_ms = self.longest_ms.max(call.duration_ms);
    }

    /// "Used 4 tools · 2.3 s", "Using Energy and cost…", "Used 2 tools, 1 failed · 0.4 s". Calls of a run are parallel
    /// as often as not, so the longest of them is what the person waited for at least.
    fn heading(&self, lang: Lang) -> String {
        match self.running {
            0 if self.waiting > 0 => return thread::waiting_for_you(lang).to_owned(),
            0 => {}
            1 => return thread::using(lang, energy::tool_title(lang, &self.title.0, &self.title.1)),
            several => return thread::using(lang, &thread::tools(lang, several)),
        }
        let mut heading = thread::used(lang, self.count, self.failed);
        if let Some(ms) = self.longest_ms {
            heading.push_str(" · ");
            heading.push_str(&format::duration(ms));
        }
        heading
    }
}

/// How a call's row looks; what is inside may change without drawing the row anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    Running,
    Waiting,
    Over,
}

#[component]
fn ToolCard(card: Card) -> impl IntoView {
    let call = RwSignal::from(card.call);
    let look = Memo::new(move |_| {
        call.with(|call| match call.status {
            ToolCallStatus::Running => Look::Running,
            ToolCallStatus::Waiting(_) => Look::Waiting,
            ToolCallStatus::Done | ToolCallStatus::Failed(_) | ToolCallStatus::Denied(_) => Look::Over,
        })
    });
    move || match look.get() {
        Look::Running => view! { <Row call running=true/> }.into_any(),
        Look::Waiting => view! { <Row call running=false/> }.into_any(),
        Look::Over => call.with(finished),
    }
}

/// A call that is under way: one flat row.
#[component]
fn Row(call: RwSignal<ToolCallView>, running: bool) -> impl IntoView {
    let lang = words::lang();
    let (class, state) = if running {
        ("tool flat running", thread::state_running(lang))
    } else {
        ("tool flat waiting", thread::state_waiting(lang))
    };
    let mark = if running { view! { <span class="spinner"></span> }.into_any() } else { icon("hand").into_any() };
    let seconds = running.then(|| {
        let seconds = seconds_since_shown();
        view! { <span class="tool-took" aria-hidden="true">{move || [&seconds.get().to_string(), " s"].concat()}</span> }
    });
    view! {
        <div class=class>
            <span class="tool-mark">{mark}</span>
            <span class="visually-hidden">{[state, ": "].concat()}</span>
            <span class="tool-title">{move || call.with(|call| title(lang, call))}</span>
            <span class="tool-summary">{move || call.with(|call| call.summary.clone())}</span>
            {seconds}
        </div>
    }
    .into_any()
}

fn title(lang: Lang, call: &ToolCallView) -> String {
    energy::tool_title(lang, &call.name, &call.title).to_owned()
}

/// A call that is over: its row, and what went in and came out behind it.
fn finished(call: &ToolCallView) -> AnyView {
    let lang = words::lang();
    let (mark, class, state, reason) = match &call.status {
        ToolCallStatus::Failed(reason) => ("x", "tool failed", thread::state_failed(lang), Some(reason.clone())),
        ToolCallStatus::Denied(reason) => ("x", "tool denied", thread::state_denied(lang), Some(reason.clone())),
        _ => ("check", "tool done", thread::state_done(lang), None),
    };
    let failed = reason.is_some();
    let took = call.duration_ms.map(|ms| view! { <span class="tool-took">{format::duration(ms)}</span> });
    let mut footer = [thread::ran_as(lang), " ", &thread::ran_as_whom(lang, &call.ran_as)].concat();
    let size = call.output.as_ref().map(|output| format::bytes(output.bytes));
    for fact in [call.duration_ms.map(format::duration), size].into_iter().flatten() {
        footer.push_str(" · ");
        footer.push_str(&fact);
    }
    let footer = (!matches!(call.status, ToolCallStatus::Denied(_))).then(|| view! { <p class="meta">{footer}</p> });
    let nothing = call.output.is_none() && matches!(call.status, ToolCallStatus::Done);
    // A failure's text is its reason, which stands above it.
    let is_said = |output: &ToolOutput| {
        let is_bare = output.tables.is_empty() && output.charts.is_empty() && output.bytes == 0;
        is_bare && reason.as_ref().is_some_and(|reason| reason.trim() == output.text.trim())
    };
    let output = call.output.clone().filter(|output| !is_said(output));
    view! {
        <details class=class open=failed>
            <summary>
                <span class="tool-mark">{icon(mark)}</span>
                <span class="visually-hidden">{[state, ": "].concat()}</span>
                <span class="tool-title">{title(lang, call)}</span>
                <span class="tool-summary">{call.summary.clone()}</span>
                {took}
                {icon("right")}
            </summary>
            <div class="tool-body">
                {reason.map(|reason| view! { <p class="tool-reason" dir="auto">{reason}</p> })}
                {output.map(|output| view! { <ToolResult output/> })}
                {nothing.then(|| view! { <p class="meta">{thread::empty_result(lang)}</p> })}
                <details class="tool-raw">
                    <summary>{thread::input(lang)}</summary>
                    {arguments::view(lang, &call.arguments)}
                </details>
                {footer}
            </div>
        </details>
    }
    .into_any()
}

/// The question of a call, as long as it waits.
#[component]
fn Asked(card: Card, turn: RwSignal<Option<TurnId>>) -> impl IntoView {
    let call = RwSignal::from(card.call);
    let question: Memo<Option<Question>> = Memo::new(move |_| {
        call.with(|call| match &call.status {
            ToolCallStatus::Waiting(question) => Some(question.clone()),
            _ => None,
        })
    });
    move || {
        let question = question.get()?;
        let call = call.get_untracked();
        Some(view! { <QuestionCard question call turn/> })
    }
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

    fn heading(calls: &[ToolCallView]) -> String {
        let mut summary = Summary { count: calls.len(), ..Summary::default() };
        for call in calls {
            summary.add(call);
        }
        summary.heading(Lang::English)
    }

    #[test]
    fn the_heading_tells_what_happened() {
        let done = call(ToolCallStatus::Done, Some(2_300));
        let failed = call(ToolCallStatus::Failed("no meter".into()), Some(40));
        let running = call(ToolCallStatus::Running, None);
        assert_eq!(heading(std::slice::from_ref(&done)), "Used 1 tool · 2.3 s");
        assert_eq!(heading(&[done.clone(), failed]), "Used 2 tools, 1 failed · 2.3 s");
        assert_eq!(heading(&[done, running.clone()]), "Using Peak demand…");
        assert_eq!(heading(&[running.clone(), running]), "Using 2 tools…");
    }
}
