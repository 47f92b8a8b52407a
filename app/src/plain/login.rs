//! Signing in with e-mail and password.

use leptos::prelude::*;

use super::frame::{PlainFrame, document};
use crate::{
    model::Lang,
    words::{common, plain},
};

/// What the sign-in page shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginPage {
    pub frame: PlainFrame,
    pub error: Option<LoginError>,
    pub notice: Option<LoginNotice>,
    /// As typed before; empty the first time.
    pub email: String,
    /// The local path to go to afterwards; empty: the default.
    pub next: String,
}

/// Why signing in did not work. Unknown account, wrong password and locked account look the same on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginError {
    /// E-mail or password is wrong.
    Credentials,
    /// Nothing was typed into one of the fields.
    Missing,
    /// Too many attempts.
    RateLimited { retry_after_s: u32 },
    /// The session store is away.
    Unavailable,
    /// The form came from somewhere else or is too old.
    Stale,
}

/// Why the person is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginNotice {
    SignedOut,
    SessionEnded,
    PasswordChanged,
}

impl LoginError {
    fn message(self, lang: Lang) -> String {
        match self {
            Self::Credentials => plain::wrong(lang).to_owned(),
            Self::Missing => plain::missing(lang).to_owned(),
            Self::RateLimited { retry_after_s } => plain::rate_limited(lang, retry_after_s),
            Self::Unavailable => plain::unavailable_now(lang).to_owned(),
            Self::Stale => plain::stale(lang).to_owned(),
        }
    }

    /// Whether the typed values are at fault, so the fields are marked.
    fn is_about_fields(self) -> bool {
        matches!(self, Self::Credentials | Self::Missing)
    }
}

impl LoginNotice {
    fn message(self, lang: Lang) -> &'static str {
        match self {
            Self::SignedOut => plain::signed_out(lang),
            Self::SessionEnded => plain::session_ended(lang),
            Self::PasswordChanged => plain::password_changed(lang),
        }
    }
}

/// The sign-in page.
#[must_use]
pub fn login(page: &LoginPage) -> String {
    let lang = page.frame.lang;
    // An error is newer than the reason for coming here.
    let notice = page.notice.filter(|_| page.error.is_none());
    let error = page.error;
    let is_invalid = error.is_some_and(LoginError::is_about_fields);
    let invalid = is_invalid.then_some("true");
    let described_by = error.map(|_| "login-error");
    // Whoever comes back with an error has typed the e-mail already.
    let focus_password = !page.email.is_empty();
    document(
        &page.frame,
        common::sign_in(lang),
        view! {
            <h1>{common::sign_in(lang)}</h1>
            {notice.map(|notice| view! { <p class="notice" role="status">{notice.message(lang)}</p> })}
            {error.map(|error| view! { <p class="notice notice-danger" role="alert" id="login-error">{error.message(lang)}</p> })}
            <form class="plain-form" method="post" action="/login">
                <div class="field">
                    <label for="email">{plain::email(lang)}</label>
                    <input
                        class="input"
                        id="email"
                        name="email"
                        type="email"
                        autocomplete="username"
                        inputmode="email"
                        autocapitalize="none"
                        spellcheck="false"
                        maxlength="254"
                        required=true
                        autofocus=!focus_password
                        value=page.email.clone()
                        aria-invalid=invalid
                        aria-describedby=described_by
                    />
                </div>
                <div class="field">
                    <label for="password">{plain::password(lang)}</label>
                    <input
                        class="input"
                        id="password"
                        name="password"
                        type="password"
                        autocomplete="current-password"
                        maxlength="256"
                        required=true
                        autofocus=focus_password
                        aria-invalid=invalid
                        aria-describedby=described_by
                    />
                </div>
                <input type="hidden" name="next" value=page.next.clone()/>
                <button type="submit" class="button button-primary">{common::sign_in(lang)}</button>
            </form>
        },
    )
}
