//! How an answer ended, if not well: the cause and what can be done about it.

use leptos::prelude::*;

use super::{
    super::{icon::icon, local_time::budget_resets, tools::seconds_left},
    actions::{LazyMenu, Menu},
    has_other_models,
};
use crate::{
    chat::{item::Item, state::Chat},
    model::{MessageStatus, Tokens, TurnError, TurnErrorCode},
    words::{self, Lang, budget, common, thread},
};

/// No provider is asked to wait for longer than an hour (`turns::words` of the server).
const LONGEST_WAIT_S: i64 = 3_600;

/// `None` for an answer that is complete or still being written.
pub fn ending(status: &MessageStatus, item: &Item) -> Option<AnyView> {
    let lang = words::lang();
    match status {
        MessageStatus::Complete | MessageStatus::Running => None,
        MessageStatus::Stopped => {
            let ending = view! {
                <p class="ending meta">{thread::stopped(lang)}"."{continue_button(lang)}</p>
            };
            Some(ending.into_any())
        }
        // What is there is right, only not all of it.
        MessageStatus::Failed(error) if error.code == TurnErrorCode::CutOff && !item.body.markdown().is_empty() => {
            let ending = view! {
                <p class="ending meta">{thread::failure(lang, error.code)}{continue_button(lang)}</p>
            };
            Some(ending.into_any())
        }
        MessageStatus::Failed(error) => Some(view! { <Failure error=error.clone() item=item.clone()/> }.into_any()),
    }
}

fn continue_button(lang: Lang) -> AnyView {
    view! {
        <button type="button" class="button button-quiet needs-script" data-act="continue">{icon("play")}{thread::go_on(lang)}</button>
    }
    .into_any()
}

#[component]
fn Failure(error: TurnError, item: Item) -> impl IntoView {
    let lang = words::lang();
    let interrupted = error.code == TurnErrorCode::Interrupted;
    let label = interrupted.then(|| [thread::interrupted(lang), " "].concat());
    let refusal = error.refusal.as_ref().map(|refusal| {
        view! {
            <p>
                {budget::refused(lang, refusal)}
                {budget_resets(lang, refusal.resets_at)}
                {budget::whom_to_ask(lang, &refusal.contact)}
            </p>
        }
    });
    let cause = refusal.is_none().then(|| thread::failure(lang, error.code));
    let again = error.retry_at.map(|at| {
        let left = seconds_left(at);
        // By this device's clock: one that is far off says nothing.
        move || left.get().filter(|seconds| *seconds < LONGEST_WAIT_S).map(|seconds| thread::again_in(lang, seconds))
    });
    let can_go_on = !item.body.markdown().is_empty()
        && matches!(
            error.code,
            TurnErrorCode::Interrupted | TurnErrorCode::ModelUnavailable | TurnErrorCode::LimitReached
        );
    let usage = item.usage.clone();
    let free = move || {
        let free =
            usage.with(|usage| usage.is_some_and(|usage| usage.tokens == Tokens::default() && usage.cost.0 == 0));
        free.then(|| [" ", thread::nothing_charged(lang)].concat())
    };
    let request = (!error.request_id.is_empty())
        .then(|| view! { <p class="meta">{thread::quote_this(lang)}" "<code>{error.request_id.clone()}</code></p> });
    let others = has_other_models(Chat::get())
        .then(|| view! { <LazyMenu menu=Menu::OtherModel label=thread::other_model(lang) icon_name="swap"/> });
    view! {
        <div class="notice notice-danger failure" role="group" aria-label=thread::this_failed(lang)>
            <p><strong>{label}</strong>{cause}{again}{free}</p>
            {refusal}
            <div class="failure-actions needs-script">
                <button type="button" class="button" data-act="retry">{icon("retry")}{common::retry(lang)}</button>
                {others}
                {can_go_on.then(|| continue_button(lang))}
            </div>
            <details class="failure-details">
                <summary>{common::details(lang)}</summary>
                <p>{error.message}</p>
                {request}
            </details>
        </div>
    }
    .into_any()
}
