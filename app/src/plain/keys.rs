//! Keys for programs: a person's own in one tenant, an administrator's view of its services' keys, making one, and the page
//! that shows it once. Works without scripts; a small script of our own adds buttons that copy.

use leptos::{html, prelude::*};

use super::frame::{PlainFrame, document, page_document};
use crate::{
    model::{Date, Lang, TenantChoice},
    words::{common, keys as words},
};

mod form;

pub use form::{KeyField, KeyForm};

/// What the page of a tenant's keys shows.
#[derive(Clone, Debug)]
pub struct KeysPage {
    pub frame: PlainFrame,
    /// Of this response's scripts.
    pub nonce: String,
    /// The tenant's short name and its full one.
    pub tenant: (String, String),
    pub notice: Option<KeyNotice>,
    /// Newest first.
    pub own: Vec<KeyRow>,
    /// `None`: not an administrator.
    pub services: Option<Vec<KeyRow>>,
    /// Where older keys are.
    pub older: Option<String>,
    pub form: KeyForm,
    /// Whether the password is asked again for what makes a secret.
    pub asks_password: bool,
    /// Where people reach this server, without a slash at the end.
    pub origin: String,
}

/// A key as listed. Days are the tenant's.
#[derive(Clone, Debug)]
pub struct KeyRow {
    pub id: String,
    /// Names it, opens nothing.
    pub public_id: String,
    pub name: String,
    pub state: KeyState,
    pub created: Date,
    pub last_used: Option<Date>,
    pub ends: Option<Date>,
    pub requests_per_minute: Option<i64>,
    pub tokens_per_minute: Option<i64>,
    pub concurrent: Option<i64>,
    pub is_front_end: bool,
    pub administers: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    Active,
    Expired,
    Revoked,
}

/// What was just done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyNotice {
    Revoked,
    /// The form was sent before.
    MadeBefore,
    /// A refusal in words that belongs to no field.
    Refused(String),
}

/// A key that was just made.
#[derive(Clone, Debug)]
pub struct KeyShownPage {
    pub frame: PlainFrame,
    pub nonce: String,
    pub tenant: String,
    pub name: String,
    /// The whole key.
    pub key: String,
    pub origin: String,
}

/// A tenant's keys.
#[must_use]
pub fn keys(page: &KeysPage) -> String {
    let lang = page.frame.lang;
    let (code, tenant) = &page.tenant;
    let list = |rows: &[KeyRow]| list(lang, code, rows, page.asks_password);
    let services = page.services.as_deref().map(|rows| {
        view! {
            <section class="card section" aria-labelledby="keys-services">
                <h2 id="keys-services">{words::services(lang)}</h2>
                <p class="meta">{words::services_hint(lang)}</p>
                {list(rows)}
            </section>
        }
    });
    let older = page.older.clone().map(|href| view! { <p><a href=href>{words::older(lang)}</a></p> });
    let content = view! {
        <a class="page-back" href="/settings">{words::back(lang)}</a>
        <h1>{words::title(lang)}</h1>
        <p class="muted"><strong>{tenant.clone()}</strong>" · "{words::what_for(lang)}</p>
        {page.notice.as_ref().map(|notice| notice_view(lang, notice))}
        <section class="card section" aria-labelledby="keys-own">
            <h2 id="keys-own">{words::yours(lang)}</h2>
            {list(&page.own)}
            {older}
        </section>
        {services}
        {form::view(lang, code, &page.form, page.services.is_some(), page.asks_password)}
        {using(lang, &page.origin, "stw_…")}
    };
    page_document(&page.frame, words::title(lang), Some(&page.nonce), content)
}

/// A key that was just made: the one time it is shown.
#[must_use]
pub fn key_shown(page: &KeyShownPage) -> String {
    let lang = page.frame.lang;
    let content = view! {
        <a class="page-back" href=["/t/", &page.tenant, "/keys"].concat()>{words::to_keys(lang)}</a>
        <h1>{words::made(lang)}</h1>
        <section class="card section" aria-labelledby="key-name">
            <h2 id="key-name">{page.name.clone()}</h2>
            <p class="notice notice-warn" role="status">{words::made_once(lang)}</p>
            {line(lang, "the-key", words::the_key(lang), page.key.clone())}
        </section>
        {using(lang, &page.origin, &page.key)}
    };
    page_document(&page.frame, words::made(lang), Some(&page.nonce), content)
}

/// For people with several tenants: whose keys?
#[must_use]
pub fn choose_keys(frame: &PlainFrame, tenants: &[TenantChoice]) -> String {
    let lang = frame.lang;
    let links: Vec<AnyView> = tenants
        .iter()
        .map(|tenant| {
            view! {
                <li><a href=["/t/", tenant.code.as_str(), "/keys"].concat()>
                    <span class="plain-choice-name">{tenant.name.clone()}</span>
                    <span class="meta">{tenant.code.to_string()}</span>
                </a></li>
            }
            .into_any()
        })
        .collect();
    document(
        frame,
        words::choose(lang),
        view! {
            <h1>{words::choose(lang)}</h1>
            <ul class="plain-choices">{links}</ul>
            <p><a class="button" href="/settings">{words::back(lang)}</a></p>
        },
    )
}

fn notice_view(lang: Lang, notice: &KeyNotice) -> AnyView {
    match notice {
        KeyNotice::Revoked => {
            view! { <p class="notice notice-ok" role="status">{words::was_revoked(lang)}</p> }.into_any()
        }
        KeyNotice::MadeBefore => {
            view! { <p class="notice notice-warn" role="status">{words::was_made(lang)}</p> }.into_any()
        }
        KeyNotice::Refused(message) => {
            view! { <p class="notice notice-danger" role="alert">{message.clone()}</p> }.into_any()
        }
    }
}

fn list(lang: Lang, tenant: &str, rows: &[KeyRow], asks_password: bool) -> AnyView {
    if rows.is_empty() {
        return view! { <p class="muted">{words::none(lang)}</p> }.into_any();
    }
    let rows: Vec<AnyView> = rows.iter().map(|row| entry(lang, tenant, row, asks_password)).collect();
    view! { <ul class="keys">{rows}</ul> }.into_any()
}

fn entry(lang: Lang, tenant: &str, row: &KeyRow, asks_password: bool) -> AnyView {
    let (class, state) = match row.state {
        KeyState::Active => ("badge ok", words::active(lang)),
        KeyState::Expired => ("badge", words::expired(lang)),
        KeyState::Revoked => ("badge danger", words::revoked(lang)),
    };
    let is_active = row.state == KeyState::Active;
    let mut facts = vec![words::on(lang, words::created(lang), row.created)];
    facts.push(match row.last_used {
        Some(date) => words::on(lang, words::last_used(lang), date),
        None => words::never_used(lang).to_owned(),
    });
    facts.push(match row.ends {
        Some(date) => words::on(lang, if is_active { words::ends(lang) } else { words::ended(lang) }, date),
        None => words::endless(lang).to_owned(),
    });
    facts.extend(row.requests_per_minute.map(|limit| words::requests_limit(lang, limit)));
    facts.extend(row.tokens_per_minute.map(|limit| words::tokens_limit(lang, limit)));
    facts.extend(row.concurrent.map(|limit| words::concurrent_limit(lang, limit)));
    let special = [(row.is_front_end, words::front_end(lang)), (row.administers, words::administers(lang))];
    let special: Vec<AnyView> = special
        .into_iter()
        .filter(|(is_so, _)| *is_so)
        .map(|(_, word)| view! { <span class="badge">{word}</span> }.into_any())
        .collect();
    let actions = is_active.then(|| actions(lang, tenant, row, asks_password));
    view! {
        <li>
            <p class="session-device">
                <span>{row.name.clone()}</span>
                <span class=class>{state}</span>
                {special}
            </p>
            <p class="meta"><code>{["stw_", &row.public_id, "_…"].concat()}</code></p>
            <p class="meta">{facts.join(" · ")}</p>
            {actions}
        </li>
    }
    .into_any()
}

/// Revoking and renewing, each behind a disclosure that asks once more.
fn actions(lang: Lang, tenant: &str, row: &KeyRow, asks_password: bool) -> AnyView {
    let address = |what: &str| ["/t/", tenant, "/keys/", &row.id, "/", what].concat();
    let graces = [
        ("0", words::grace_none(lang)),
        ("1", words::grace_hour(lang)),
        ("24", words::grace_day(lang)),
        ("168", words::grace_week(lang)),
    ];
    let graces: Vec<AnyView> = graces
        .into_iter()
        .map(|(hours, word)| view! { <option value=hours selected={hours == "24"}>{word}</option> }.into_any())
        .collect();
    let grace_id = ["grace-", &row.id].concat();
    let password = asks_password.then(|| form::password(lang, ["password-", &row.id].concat(), None));
    let named = |words: &str| [words, &row.name].concat();
    view! {
        <div class="key-actions">
            <details>
                <summary class="button">
                    {words::rotate(lang)}<span class="visually-hidden">{named(words::rotate_which(lang))}</span>
                </summary>
                <form class="settings-form" method="post" action=address("rotate")>
                    <p>{words::rotate_what(lang)}</p>
                    <div class="field">
                        <label for=grace_id.clone()>{words::rotate_grace(lang)}</label>
                        <select class="input" id=grace_id.clone() name="grace_hours">{graces}</select>
                    </div>
                    {password}
                    <button type="submit" class="button button-primary">{words::rotate_now(lang)}</button>
                </form>
            </details>
            <details>
                <summary class="button button-danger">
                    {words::revoke(lang)}<span class="visually-hidden">{named(words::revoke_which(lang))}</span>
                </summary>
                <form class="settings-form" method="post" action=address("revoke")>
                    <p>{words::revoke_sure(lang)}</p>
                    <button type="submit" class="button button-danger">{words::revoke_now(lang)}</button>
                </form>
            </details>
        </div>
    }
    .into_any()
}

/// The addresses of each kind of client, ready to be copied.
fn using(lang: Lang, origin: &str, key: &str) -> AnyView {
    let openai = ["export OPENAI_BASE_URL=", origin, "/v1\nexport OPENAI_API_KEY=", key].concat();
    let anthropic = ["export ANTHROPIC_BASE_URL=", origin, "\nexport ANTHROPIC_API_KEY=", key].concat();
    let ollama = ["Client(host=\"", origin, "/ollama\", headers={\"Authorization\": \"Bearer ", key, "\"})"].concat();
    view! {
        <section class="card section" aria-labelledby="keys-using">
            <h2 id="keys-using">{words::using(lang)}</h2>
            <p class="meta">{words::using_hint(lang)}</p>
            {line(lang, "use-openai", words::for_openai(lang), openai)}
            {line(lang, "use-anthropic", words::for_anthropic(lang), anthropic)}
            {line(lang, "use-ollama", words::for_ollama(lang), ollama)}
        </section>
    }
    .into_any()
}

/// Something to copy, with the button for it, which a script shows.
fn line(lang: Lang, id: &'static str, label: &'static str, text: String) -> AnyView {
    let label_id = [id, "-label"].concat();
    let button = html::button()
        .r#type("button")
        .class("button")
        .hidden(true)
        .attr("data-copies", id)
        .attr("data-done", common::copied(lang))
        .child((common::copy(lang), view! { <span class="visually-hidden">{[" ", label].concat()}</span> }));
    view! {
        <div class="copy-line">
            <p class="label" id=label_id.clone()>{label}</p>
            <pre class="copy-text" id=id tabindex="0" role="group" aria-labelledby=label_id><code>{text}</code></pre>
            {button}
        </div>
    }
    .into_any()
}
