//! What a waiting call asks the person: may it run, or what it needs to know. Shown until somebody answered, here or
//! elsewhere, or the time is over; after a reload it is there again.

use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;

use super::{
    super::{icon::icon, local_time::LocalTime},
    arguments,
};
use crate::{
    chat::{browser, state::Chat},
    error::AppError,
    model::{Decision, FieldKind, FormField, Question, Risk, Timestamp, ToolCallView, TurnId, Wish},
    words::{self, Lang, thread},
};

/// One answer on its way.
#[derive(Clone)]
struct Reply {
    chat: Chat,
    turn: RwSignal<Option<TurnId>>,
    call_id: String,
    sent: RwSignal<bool>,
    problem: RwSignal<Option<AppError>>,
}

impl Reply {
    fn send(&self, decision: Decision) {
        let Some(turn) = self.turn.get_untracked() else { return };
        if !self.sent.get_untracked() {
            // The card will be gone: the keyboard stays at its message.
            let article = document().active_element().and_then(|active| active.closest("article").ok().flatten());
            if let Some(article) = article {
                browser::focus_in_place(&article.id());
            }
            self.chat.decide(turn, self.call_id.clone(), decision, self.sent, self.problem);
        }
    }
}

#[component]
pub fn QuestionCard(question: Question, call: ToolCallView, turn: RwSignal<Option<TurnId>>) -> impl IntoView {
    let lang = words::lang();
    let (sent, problem) = (RwSignal::new(false), RwSignal::new(None));
    let reply = Reply { chat: Chat::get(), turn, call_id: call.call_id, sent, problem };
    let expires_at = question.expires_at;
    let left = seconds_left(expires_at);
    let (heading, badge, inner) = match question.wish {
        Wish::Approval { risk, effect } => {
            let class = match risk {
                Risk::Read => "badge",
                Risk::Write => "badge warn",
                Risk::Destructive => "badge danger",
            };
            let badge = view! { <span class=class>{thread::risk(lang, risk)}</span> };
            (thread::may_it_run(lang), Some(badge), approval(lang, effect, &call.arguments, reply))
        }
        Wish::Form { message, fields } => {
            (thread::needs_to_know(lang), None, view! { <Form message fields reply/> }.into_any())
        }
    };
    let time = move || match left.get() {
        None => view! { {thread::answer_until(lang)}" "<LocalTime at=expires_at/> }.into_any(),
        Some(0) => thread::expired(lang).into_any(),
        Some(seconds) => thread::time_left(lang, seconds).into_any(),
    };
    let label = [heading, ": ", &call.title].concat();
    view! {
        <section class="question" aria-label=label>
            <h3>{icon("hand")}<span>{heading}</span>{badge}</h3>
            <p class="question-tool"><strong>{call.title}</strong>" "<span class="meta">{call.summary}</span></p>
            {inner}
            {move || problem.get().map(|error| view! { <p class="tool-reason" role="alert">{words::errors::text(lang, &error)}</p> })}
            <p class="meta">
                {time}
                <span class="visually-hidden" role="status">{move || sent.get().then(|| thread::sending(lang))}</span>
            </p>
            <p class="without-scripts notice">{thread::needs_scripts(lang)}</p>
        </section>
    }
    .into_any()
}

/// Seconds until `at`, counted down by this device's clock; `None` in the first render, which knows no clock.
pub fn seconds_left(at: Timestamp) -> RwSignal<Option<i64>> {
    let left = RwSignal::new(None);
    Effect::new(move |_| {
        let tick = move || {
            let seconds = (at.0 - browser::now().0).max(0) / 1_000;
            let _gone_if_not = left.try_set(Some(seconds));
        };
        tick();
        if let Ok(handle) = set_interval_with_handle(tick, std::time::Duration::from_secs(1)) {
            on_cleanup(move || handle.clear());
        }
    });
    left
}

/// The effect in words, the arguments, and the three answers.
fn approval(lang: Lang, effect: String, arguments: &str, reply: Reply) -> AnyView {
    let sent = reply.sent;
    let answer = move |decision: Decision, label: &'static str, class: &'static str| {
        let reply = reply.clone();
        view! {
            <button type="button" class=class disabled=move || sent.get() on:click=move |_| reply.send(decision.clone())>{label}</button>
        }
    };
    view! {
        <p class="question-effect" dir="auto">{effect}</p>
        {arguments::view(lang, arguments)}
        <div class="question-answers needs-script">
            {answer(Decision::Deny, thread::deny(lang), "button")}
            {answer(Decision::AllowOnce, thread::allow_once(lang), "button button-primary")}
            {answer(Decision::AllowForChat, thread::allow_for_chat(lang), "button")}
        </div>
    }
    .into_any()
}

#[component]
fn Form(message: String, fields: Vec<FormField>, reply: Reply) -> impl IntoView {
    let lang = words::lang();
    let problems = RwSignal::new(vec![None::<String>; fields.len()]);
    let sent = reply.sent;
    let prefix = ["q-", &reply.call_id, "-"].concat();
    let fields = StoredValue::new(fields);
    // What the server refuses about one field stands at that field.
    let refused = reply.problem;
    Effect::new(move |_| {
        let Some(AppError::Invalid { field, message }) = refused.get() else { return };
        let place = fields.with_value(|fields| fields.iter().position(|known| known.name == field));
        if let Some(place) = place {
            problems.update(|problems| {
                if let Some(problem) = problems.get_mut(place) {
                    *problem = Some(message);
                }
            });
        }
    });
    let decline = {
        let reply = reply.clone();
        move |_| reply.send(Decision::Deny)
    };
    let first_wrong = prefix.clone();
    let on_submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let form = event.target().and_then(|target| target.dyn_into::<web_sys::HtmlFormElement>().ok());
        let Some(data) = form.and_then(|form| web_sys::FormData::new_with_form(&form).ok()) else { return };
        let (answers, found) = fields.with_value(|fields| read(lang, fields, |name| data.get(name).as_string()));
        let wrong = found.iter().position(Option::is_some);
        problems.set(found);
        match wrong {
            Some(place) => browser::focus(&[first_wrong.as_str(), &place.to_string()].concat()),
            None => reply.send(Decision::Answer(answers)),
        }
    };
    let inputs = fields.get_value().into_iter().enumerate();
    let inputs = inputs.map(|(place, field)| {
        let id = [prefix.as_str(), &place.to_string()].concat();
        field_view(lang, field, id, Signal::derive(move || problems.with(|all| all.get(place).cloned().flatten())))
    });
    view! {
        <form class="question-form" novalidate on:submit=on_submit>
            <p dir="auto">{message}</p>
            {inputs.collect_view()}
            <div class="question-answers needs-script">
                <button type="button" class="button" disabled=move || sent.get() on:click=decline>{thread::decline(lang)}</button>
                <button type="submit" class="button button-primary" disabled=move || sent.get()>{words::common::send(lang)}</button>
            </div>
        </form>
    }
    .into_any()
}

/// The answers by field name, and what is wrong with each. Fields that were left empty are not answered.
fn read(
    lang: Lang,
    fields: &[FormField],
    value_of: impl Fn(&str) -> Option<String>,
) -> (Vec<(String, String)>, Vec<Option<String>>) {
    let mut answers = vec![];
    let mut problems = vec![];
    for field in fields {
        let value = value_of(&field.name).unwrap_or_default();
        problems.push(thread::field_problem(lang, field, &value).map(str::to_owned));
        let answer = match field.kind {
            FieldKind::Flag => (if value.is_empty() { "false" } else { "true" }).to_owned(),
            FieldKind::Number | FieldKind::Integer => value.trim().to_owned(),
            FieldKind::Text { .. } | FieldKind::Choice(_) => value,
        };
        if !answer.is_empty() {
            answers.push((field.name.clone(), answer));
        }
    }
    (answers, problems)
}

fn field_view(lang: Lang, field: FormField, id: String, problem: Signal<Option<String>>) -> AnyView {
    let FormField { name, label, description, kind, required } = field;
    let label = if label.is_empty() { name.clone() } else { label };
    let optional = (!required && kind != FieldKind::Flag)
        .then(|| view! { <span class="meta">{[" (", thread::optional(lang), ")"].concat()}</span> });
    let (hint_id, error_id) = ([&id, "-hint"].concat(), [&id, "-error"].concat());
    let described = [&hint_id, " ", &error_id].concat();
    let invalid = move || problem.with(Option::is_some).to_string();
    let required = required.to_string();
    let control = match kind {
        FieldKind::Flag => view! {
            <input type="checkbox" id=id.clone() name=name value="true" aria-describedby=described aria-invalid=invalid/>
        }
        .into_any(),
        FieldKind::Choice(choices) => {
            let options = choices.into_iter().map(|choice| view! { <option value=choice.clone()>{choice.clone()}</option> });
            view! {
                <select class="input" id=id.clone() name=name aria-describedby=described aria-invalid=invalid aria-required=required>
                    <option value="">{thread::choose(lang)}</option>
                    {options.collect_view()}
                </select>
            }
            .into_any()
        }
        FieldKind::Text { max_chars } => view! {
            <input
                class="input" type="text" id=id.clone() name=name maxlength=max_chars.to_string() autocomplete="off"
                aria-describedby=described aria-invalid=invalid aria-required=required
            />
        }
        .into_any(),
        FieldKind::Number | FieldKind::Integer => view! {
            <input
                class="input" type="text" inputmode="decimal" id=id.clone() name=name autocomplete="off"
                aria-describedby=described aria-invalid=invalid aria-required=required
            />
        }
        .into_any(),
    };
    view! {
        <div class="field">
            <label for=id>{label}{optional}</label>
            {control}
            <span class="hint" id=hint_id>{description}</span>
            <span class="error" id=error_id>{move || problem.get()}</span>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_by_its_fields() {
        let field = |name: &str, kind, required| FormField {
            name: name.into(),
            label: name.into(),
            description: String::new(),
            kind,
            required,
        };
        let fields = [
            field("note", FieldKind::Text { max_chars: 80 }, true),
            field("days", FieldKind::Integer, false),
            field("urgent", FieldKind::Flag, true),
            field("line", FieldKind::Choice(vec!["A".into(), "B".into()]), true),
        ];
        let typed = |name: &str| match name {
            "note" => Some(" as typed ".to_owned()),
            "days" => Some(" 7 ".to_owned()),
            "line" => Some("B".to_owned()),
            _ => None,
        };
        let (answers, problems) = read(Lang::English, &fields, typed);
        let answers: Vec<(&str, &str)> = answers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(answers, [("note", " as typed "), ("days", "7"), ("urgent", "false"), ("line", "B")]);
        assert!(problems.iter().all(Option::is_none));
        let (_, problems) = read(Lang::English, &fields, |_| None);
        assert_eq!(problems.iter().filter(|problem| problem.is_some()).count(), 2, "the text and the choice");
    }
}
