//! Bringing conversations in from a file.

use leptos::{ev, html, prelude::*, task::spawn_local};

use super::dialog_head;
use crate::{
    chat::{post, state::Chat},
    error::AppError,
    model::ImportReport,
    words::{errors, shell},
};

/// What came of it, as shown.
#[derive(Clone, PartialEq)]
enum Outcome {
    Nothing,
    Busy,
    Done(ImportReport),
    Failed(String),
}

pub fn import(chat: Chat) -> AnyView {
    let lang = chat.lang;
    let file = NodeRef::<html::Input>::new();
    let outcome = RwSignal::new(Outcome::Nothing);
    let on_submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if outcome.with_untracked(|outcome| *outcome == Outcome::Busy) {
            return;
        }
        let chosen = file.get_untracked().and_then(|input| input.files()).and_then(|files| files.get(0));
        let Some(chosen) = chosen else {
            return outcome.set(Outcome::Failed(shell::choose_a_file(lang).into()));
        };
        outcome.set(Outcome::Busy);
        spawn_local(async move {
            let result = send(chat, chosen).await;
            if !chat.is_alive() {
                return;
            }
            if matches!(&result, Outcome::Done(report) if report.imported > 0) {
                chat.refresh();
                chat.tell_tabs(None);
            }
            let _closed_if_not = outcome.try_set(result);
        });
    };
    let told = move || match outcome.get() {
        Outcome::Nothing => ().into_any(),
        Outcome::Busy => view! { <p><span class="spinner"></span>" "{shell::importing(lang)}</p> }.into_any(),
        Outcome::Failed(why) => view! { <p class="problem">{why}</p> }.into_any(),
        Outcome::Done(report) => report_view(chat, report),
    };
    view! {
        {dialog_head(chat, shell::import_title(lang))}
        <form class="dialog-form" on:submit=on_submit>
            <p>{shell::import_what(lang)}</p>
            <div class="field">
                <label for="import-file">{shell::file(lang)}</label>
                <input id="import-file" class="input" type="file" accept=".json,application/json" autofocus node_ref=file/>
            </div>
            <div role="status">{told}</div>
            <div class="dialog-buttons">
                <button type="submit" class="button button-primary">{shell::import_start(lang)}</button>
            </div>
        </form>
    }
    .into_any()
}

async fn send(chat: Chat, file: web_sys::File) -> Outcome {
    let mut path = chat.new_url();
    path.push_str("/import");
    let answer = match post::post_file(&path, &file, |_| ()).await {
        Ok(answer) => answer,
        Err(error) => return Outcome::Failed(errors::text(chat.lang, &error)),
    };
    match answer.error() {
        Some(AppError::SignedOut) => {
            chat.refused(&AppError::SignedOut, None);
            Outcome::Nothing
        }
        Some(error) => Outcome::Failed(errors::text(chat.lang, &error)),
        None => match crate::wire::read(&answer.text) {
            Some(report) => Outcome::Done(report),
            None => Outcome::Failed(shell::import_failed(chat.lang).into()),
        },
    }
}

fn report_view(chat: Chat, report: ImportReport) -> AnyView {
    let lang = chat.lang;
    let problems = (!report.problems.is_empty()).then(|| {
        let lines = report.problems.into_iter().map(|problem| view! { <li>{problem}</li> }).collect_view();
        view! {
            <p>{shell::import_problems(lang)}</p>
            <ul class="problems">{lines}</ul>
        }
    });
    view! {
        <p class="notice notice-ok">{shell::imported(lang, report.imported, report.known)}</p>
        {problems}
    }
    .into_any()
}
