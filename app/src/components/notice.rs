//! Why the last thing the person asked for was not done, beside the text they wrote. The text itself stays.

use std::time::Duration;

use leptos::{ev, leptos_dom::helpers::TimeoutHandle, prelude::*, task::spawn_local};

use super::{icon::icon, local_time::budget_resets};
use crate::{
    chat::{
        browser,
        feed::Connection,
        post,
        state::{Chat, Dialog},
    },
    error::AppError,
    model::BudgetNotice,
    wire::Form,
    words::{budget, common, composer, dates, errors, shell},
};

/// A short loss of the network is nobody's business.
const OFFLINE_AFTER: Duration = Duration::from_secs(2);

/// Above the composer: the refusal, the interrupted connection.
#[component]
pub fn ComposerNotices() -> impl IntoView {
    let chat = Chat::get();
    let offline = watch_network();
    // That the session ended is said once: by the dialog that asks to sign in, and here when that was put away. Then the
    // stream is closed, too, which is no news.
    let is_signed_out = Memo::new(move |_| chat.notice.with(|notice| *notice == Some(AppError::SignedOut)));
    let is_asked = Memo::new(move |_| chat.dialog.get() == Some(Dialog::SignIn));
    let connection = move || {
        let connection = if is_signed_out.get() { Connection::Fine } else { chat.connection.get() };
        connection_banner(chat, offline.get(), connection)
    };
    let notice = move || {
        let error = chat.notice.get()?;
        (!(is_signed_out.get() && is_asked.get())).then(|| refusal(chat, error))
    };
    let budget = move || chat.meter.with(|meter| meter.notice.clone()).map(|notice| budget_line(chat, &notice));
    view! {
        {budget}
        {connection}
        {notice}
    }
    .into_any()
}

/// A budget is nearly used up. It goes by itself when the budget begins anew; putting it away is a plain form.
fn budget_line(chat: Chat, notice: &BudgetNotice) -> AnyView {
    let lang = chat.lang;
    let offset = chat.home.with_value(|home| i64::from(home.tenant.utc_offset_minutes));
    let resets =
        notice.resets_at.map(|at| [budget::resets_on(lang), &dates::day(lang, at.date_at(offset)), "."].concat());
    let mut href = chat.new_url();
    href.push_str("/budget");
    let mut seen = href.clone();
    seen.push_str("/seen");
    let (action, key) = (seen.clone(), notice.key.clone());
    let put_away = move |ev: ev::SubmitEvent| {
        ev.prevent_default();
        chat.meter.update(|meter| meter.notice = None);
        let (action, fields) = (action.clone(), Form::default().with("key", &key.as_str()));
        spawn_local(async move {
            // Where it does not arrive the line comes back with the next page.
            let _not_heard = post::post(&action, fields).await;
        });
    };
    view! {
        <form class="notice budget-line" method="post" action=seen on:submit=put_away>
            <input type="hidden" name="key" value=notice.key.clone()/>
            <p role="status">
                {budget::nearly(lang, notice.percent, &notice.budget)}
                {resets}
                " "
                <a href=href rel="external">{budget::ask(lang)}</a>
            </p>
            <button type="submit" class="button button-quiet button-icon" aria-label=budget::put_away(lang)>
                {icon("x")}
            </button>
        </form>
    }
    .into_any()
}

/// Whether the device has had no network for a while.
fn watch_network() -> RwSignal<bool> {
    let offline = RwSignal::new(false);
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let stop_timer = move || {
        if let Some(timer) = timer.try_update_value(Option::take).flatten() {
            timer.clear();
        }
    };
    let gone = move || {
        stop_timer();
        let tell = move || {
            let _gone_if_not = offline.try_set(true);
        };
        timer.set_value(set_timeout_with_handle(tell, OFFLINE_AFTER).ok());
    };
    Effect::new(move |_| {
        let away = window_event_listener(ev::offline, move |_| gone());
        let back = window_event_listener(ev::online, move |_| {
            stop_timer();
            offline.set(false);
        });
        on_cleanup(move || {
            away.remove();
            back.remove();
        });
        if browser::offline() {
            gone();
        }
    });
    offline
}

fn connection_banner(chat: Chat, offline: bool, connection: Connection) -> Option<AnyView> {
    let lang = chat.lang;
    let banner = |text: &'static str| view! { <p class="notice notice-warn" role="status">{text}</p> }.into_any();
    match (offline, connection) {
        (true, _) => Some(banner(shell::offline(lang))),
        (false, Connection::Fine) => None,
        (false, Connection::Reconnecting) => Some(banner(shell::reconnecting(lang))),
        (false, Connection::Lost) => Some(
            view! {
                <p class="notice notice-warn" role="status">
                    {shell::connection_lost(lang)}
                    <a href="" rel="external">{shell::load_again(lang)}</a>
                    {shell::to_see_the_rest(lang)}
                </p>
            }
            .into_any(),
        ),
    }
}

fn refusal(chat: Chat, error: AppError) -> AnyView {
    let lang = chat.lang;
    let explained = match error {
        AppError::OverBudget(refusal) => {
            let mut more = chat.new_url();
            more.push_str("/budget");
            view! {
                <p>
                    <strong>{budget::refused(lang, &refusal)}</strong>
                    {budget_resets(lang, refusal.resets_at)}
                    {budget::whom_to_ask(lang, &refusal.contact)}
                </p>
                <p>
                    {shell::message_kept(lang)}
                    " "
                    <a href=more rel="external">{budget::ask(lang)}</a>
                </p>
            }
            .into_any()
        }
        AppError::SignedOut => view! {
            <p>{shell::session_ended(lang)}</p>
            <button type="button" class="button" on:click=move |_| chat.dialog.set(Some(Dialog::SignIn))>
                {common::sign_in(lang)}
            </button>
        }
        .into_any(),
        AppError::RateLimited { retry_after_s } => view! { <Countdown seconds=retry_after_s/> }.into_any(),
        AppError::Offline => view! { <p>{shell::send_when_back(lang)}</p> }.into_any(),
        error => view! { <p>{errors::text(lang, &error)}</p> }.into_any(),
    };
    view! {
        <div class="notice notice-danger refusal" role="alert">
            <div>{explained}</div>
            <button
                type="button"
                class="button button-quiet button-icon needs-script"
                aria-label=shell::dismiss(lang)
                on:click=move |_| {
                    chat.notice.set(None);
                    chat.focus_composer();
                }
            >
                {icon("x")}
            </button>
        </div>
    }
    .into_any()
}

#[component]
fn Countdown(seconds: u32) -> impl IntoView {
    let chat = Chat::get();
    let lang = chat.lang;
    let left = RwSignal::new(seconds);
    Effect::new(move |_| {
        let tick = move || {
            let _gone_if_not = left.try_update(|left| *left = left.saturating_sub(1));
        };
        if let Ok(handle) = set_interval_with_handle(tick, Duration::from_secs(1)) {
            on_cleanup(move || handle.clear());
        }
    });
    let text = move || match left.get() {
        0 => shell::too_many_now(lang).to_owned(),
        left => shell::try_again_in(lang, left),
    };
    let is_over = Memo::new(move |_| left.get() == 0);
    let again = move || {
        is_over.get().then(|| {
            view! {
                <button type="button" class="button" on:click=move |_| chat.send_again()>{composer::send_again(lang)}</button>
            }
        })
    };
    view! {
        <p>{text}</p>
        {again}
    }
    .into_any()
}
