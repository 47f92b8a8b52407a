//! Signing in with e-mail and password.

use leptos::prelude::*;

use super::frame::{PlainFrame, document};

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
    fn message(self) -> String {
        match self {
            Self::Credentials => "E-mail or password is not right.".to_owned(),
            Self::Missing => "Enter your e-mail and your password.".to_owned(),
            Self::RateLimited { retry_after_s } => {
                format!("Too many attempts. Try again in {}.", waiting_time(retry_after_s))
            }
            Self::Unavailable => "Signing in is not possible right now. Try again in a moment.".to_owned(),
            Self::Stale => "This form was not sent from this page, or it is too old. Try again.".to_owned(),
        }
    }

    /// Whether the typed values are at fault, so the fields are marked.
    fn is_about_fields(self) -> bool {
        matches!(self, Self::Credentials | Self::Missing)
    }
}

fn waiting_time(seconds: u32) -> String {
    match seconds {
        0..=1 => "a second".to_owned(),
        2..=90 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
}

impl LoginNotice {
    fn message(self) -> &'static str {
        match self {
            Self::SignedOut => "You are signed out.",
            Self::SessionEnded => "Your session has ended. Sign in again to go on.",
            Self::PasswordChanged => "Your password is changed. Sign in with the new one.",
        }
    }
}

/// The sign-in page.
#[must_use]
pub fn login(page: &LoginPage) -> String {
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
        "Sign in",
        view! {
            <h1>"Sign in"</h1>
            {notice.map(|notice| view! { <p class="notice" role="status">{notice.message()}</p> })}
            {error.map(|error| view! { <p class="notice notice-danger" role="alert" id="login-error">{error.message()}</p> })}
            <form class="plain-form" method="post" action="/login">
                <div class="field">
                    <label for="email">"E-mail"</label>
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
                    <label for="password">"Password"</label>
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
                <button type="submit" class="button button-primary">"Sign in"</button>
            </form>
        },
    )
}
