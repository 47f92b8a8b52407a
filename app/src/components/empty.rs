//! A new chat: whose it is, a greeting, examples to begin with, and for the first administrator what is left to set up.

use leptos::{ev, prelude::*, server_fn::ServerFn, task::spawn_local};

use super::{format::first_name, icon::icon, sidebar::tenant_mark};
use crate::{
    api::{self, SendMessage},
    chat::{browser, prompts, state::Chat},
    model::SetupStep,
    words::shell,
};

/// Where the list of steps is hidden; the browser posts the form itself.
const DISMISS_SETUP: &str = "/fn/tenant/dismiss_setup";

#[component]
pub fn EmptyState() -> impl IntoView {
    let chat = Chat::get();
    let lang = chat.lang;
    let name = chat.me.with_value(|me| first_name(&me.name).to_owned());
    let (tenant, setup) = chat.home.with_value(|home| (home.tenant.clone(), home.setup.clone()));
    let welcome = match tenant.welcome.as_str() {
        "" => shell::what_about(lang, &tenant.assistant, &tenant.name),
        welcome => welcome.to_owned(),
    };
    let logo = tenant.logo.is_some().then(|| tenant_mark(&tenant));
    let prompts = tenant.prompts.into_iter().map(|prompt| view! { <li><Example prompt/></li> }).collect_view();
    view! {
        <section class="empty">
            {logo}
            <h2>{shell::hello(lang, &name)}</h2>
            <p class="muted">{welcome}</p>
            <ul class="prompts" aria-label=shell::examples(lang)>{prompts}</ul>
            {(!setup.is_empty()).then(|| setup_list(chat, setup))}
        </section>
    }
    .into_any()
}

/// What is left to set up. The ticks are fetched again when the person comes back from doing one of the steps.
fn setup_list(chat: Chat, setup: Vec<SetupStep>) -> AnyView {
    let lang = chat.lang;
    let steps = RwSignal::new(setup);
    Effect::new(move |_| {
        let back = window_event_listener(ev::visibilitychange, move |_| {
            if !browser::tab_hidden() {
                refresh_setup(chat, steps);
            }
        });
        on_cleanup(move || back.remove());
    });
    let step = move |step: SetupStep| {
        let (symbol, state) =
            if step.done { ("check", shell::step_done(lang)) } else { ("right", shell::step_open(lang)) };
        view! {
            <li class:done=step.done>
                {icon(symbol)}
                <span class="visually-hidden">{state}</span>
                <strong>{step.title}</strong>
                {(!step.done).then(|| view! { <span class="meta">{step.how}</span> })}
            </li>
        }
    };
    let list = move || {
        let steps = steps.get();
        let open = steps.iter().any(|step| !step.done);
        open.then(|| {
            view! {
                <h3 id="setup-title">{shell::setup(lang)}</h3>
                <ol aria-labelledby="setup-title">{steps.into_iter().map(step).collect_view()}</ol>
                <form method="post" action=DISMISS_SETUP>
                    <input type="hidden" name="tenant" value=chat.tenant().to_string()/>
                    <button type="submit" class="button button-quiet">{shell::hide_setup(lang)}</button>
                </form>
            }
        })
    };
    view! { <div class="setup">{list}</div> }.into_any()
}

fn refresh_setup(chat: Chat, steps: RwSignal<Vec<SetupStep>>) {
    spawn_local(async move {
        if let Ok(home) = api::tenant_home(chat.tenant()).await {
            let _gone_if_not = steps.try_set(home.setup);
        }
    });
}

/// An example question; a form of its own, so that it works without scripts.
#[component]
fn Example(prompt: String) -> impl IntoView {
    let chat = Chat::get();
    let text = prompt.clone();
    // Without scripts nobody replaces the name of a prompt by what it stands for.
    let posted =
        chat.home.with_value(|home| prompts::named(&home.tenant.commands, &prompt).map(|named| named.text.clone()));
    let posted = posted.unwrap_or_else(|| prompt.clone());
    let on_submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        chat.send_example(text.clone());
    };
    view! {
        <form method="post" action=SendMessage::url() on:submit=on_submit>
            <input type="hidden" name="tenant" value=chat.tenant().to_string()/>
            <input type="hidden" name="key" value=chat.home.with_value(|home| home.next_key.to_string())/>
            <input type="hidden" name="text" value=posted/>
            <button type="submit" class="chip prompt">{prompt}</button>
        </form>
    }
    .into_any()
}
