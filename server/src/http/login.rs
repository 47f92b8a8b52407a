//! Signing in and out in a browser, and the way from `/` to a tenant. Plain pages: no scripts.

use app::{
    error::AppError,
    model::TenantChoice,
    plain::{ChooseTenantPage, LoginError, LoginNotice, LoginPage, PlainFrame, WaitingPage},
};
use axum::{
    Form, Router,
    extract::{
        FromRef, Query, Request, State,
        rejection::{FormRejection, QueryRejection},
    },
    http::{Extensions, HeaderMap, HeaderValue, StatusCode, header},
    response::{AppendHeaders, Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use serde::Deserialize;

use super::{answer, session};
use crate::identity::{
    self, AuthState, Secret,
    sign_in::{self, Credentials, SignInError},
};

/// Longer ways back are not ours.
const MAX_NEXT_BYTES: usize = 2048;

/// `/`, `/login`, `/logout`.
pub fn routes<S>() -> Router<S>
where
    AuthState: FromRef<S>,
    S: Clone + Send + Sync + 'static,
{
    Router::new().route("/", get(home)).route("/login", get(login_page).post(login)).route("/logout", post(logout))
}

#[derive(Deserialize)]
struct LoginQuery {
    #[serde(default)]
    next: String,
    #[serde(default)]
    notice: String,
}

#[derive(Deserialize)]
struct LoginForm {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

async fn login_page(
    State(auth): State<AuthState>,
    query: Result<Query<LoginQuery>, QueryRejection>,
    request: Request,
) -> Response {
    let (next, notice) = query.map(|Query(query)| (query.next, query.notice)).unwrap_or_default();
    if session::caller_of(request.extensions()).is_some() {
        return Redirect::to(local_path(&next).unwrap_or("/")).into_response();
    }
    let notice = match notice.as_str() {
        "signed-out" => Some(LoginNotice::SignedOut),
        "session-ended" => Some(LoginNotice::SessionEnded),
        "password-changed" => Some(LoginNotice::PasswordChanged),
        _ => None,
    };
    let page = LoginPage {
        frame: frame(&auth, request.extensions(), request.headers()),
        error: None,
        notice,
        email: String::new(),
        next: local_path(&next).unwrap_or_default().to_owned(),
    };
    html(StatusCode::OK, app::plain::login(&page))
}

async fn login(
    State(auth): State<AuthState>,
    parts: axum::http::request::Parts,
    form: Result<Form<LoginForm>, FormRejection>,
) -> Response {
    let origin = session::origin_of(&parts.extensions, &parts.headers);
    let frame = frame(&auth, &parts.extensions, &parts.headers);
    let form = match form {
        Ok(Form(form)) => form,
        Err(rejection) => return unreadable(frame, &origin.request_id, &rejection),
    };
    let refuse = |status: StatusCode, error: LoginError| {
        let page = LoginPage {
            frame: frame.clone(),
            error: Some(error),
            notice: None,
            email: shown_email(&form.email),
            next: local_path(&form.next).unwrap_or_default().to_owned(),
        };
        html(status, app::plain::login(&page))
    };
    if form.email.trim().is_empty() || form.password.is_empty() {
        return refuse(StatusCode::UNPROCESSABLE_ENTITY, LoginError::Missing);
    }
    let credentials = Credentials { email: &form.email, password: &form.password };
    let old = session::caller_of(&parts.extensions);
    let signed_in = sign_in::browser(&auth, credentials, &origin, old.as_ref()).await;
    let cookies = match signed_in {
        Ok(signed_in) => cookies(&auth, &signed_in.cookie, &form.email),
        Err(SignInError::Blocked(blocked)) => {
            let retry_after_s = blocked.retry_after_s;
            let mut response = refuse(StatusCode::TOO_MANY_REQUESTS, LoginError::RateLimited { retry_after_s });
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_after_s));
            return response;
        }
        Err(SignInError::Failed(error)) => {
            let error = error.into_app(&origin.request_id);
            return refuse(answer::status_of(&error), LoginError::Unavailable);
        }
        Err(SignInError::Wrong | SignInError::ChooseTenant(_) | SignInError::NoTenant) => {
            return refuse(StatusCode::UNAUTHORIZED, LoginError::Credentials);
        }
    };
    match cookies {
        Ok([session, device]) => {
            let next = local_path(&form.next).unwrap_or("/");
            let cookies = AppendHeaders([(header::SET_COOKIE, session), (header::SET_COOKIE, device)]);
            (cookies, Redirect::to(next)).into_response()
        }
        Err(error) => failed(frame, "/login", &origin.request_id, error),
    }
}

/// The session, and that this browser has signed in to the account.
fn cookies(auth: &AuthState, secret: &Secret, email: &str) -> crate::error::Result<[HeaderValue; 2]> {
    let device = auth.tokens.sign_device(email)?;
    Ok([session::set_cookie(&auth.config, secret)?, session::set_device_cookie(&auth.config, &device)?])
}

async fn logout(State(auth): State<AuthState>, request: Request) -> Response {
    let origin = session::origin_of(request.extensions(), request.headers());
    let ended = match session::caller_of(request.extensions()) {
        Some(caller) => sign_in::out(&auth, &caller, &origin).await,
        None => Ok(()),
    };
    match ended.and_then(|()| session::clear_cookie(&auth.config)) {
        Ok(cookie) => ([(header::SET_COOKIE, cookie)], Redirect::to("/login?notice=signed-out")).into_response(),
        Err(error) => {
            let frame = frame(&auth, request.extensions(), request.headers());
            failed(frame, "/logout", &origin.request_id, error)
        }
    }
}

/// To the one tenant, to the choice of several, or to the page of those who wait for access.
async fn home(
    State(auth): State<AuthState>,
    signed: Result<session::Signed, Response>,
    request: Request,
) -> Result<Response, Response> {
    let signed = signed?;
    let frame = frame(&auth, request.extensions(), request.headers());
    let me = identity::me(&auth.db, &signed.caller).await;
    let me = me.map_err(|error| failed(frame.clone(), "/", &signed.caller.request_id, error))?;
    Ok(match me.tenants.as_slice() {
        [] => {
            let page = WaitingPage { frame, email: me.email, contact: String::new() };
            html(StatusCode::OK, app::plain::waiting(&page))
        }
        [TenantChoice { code, .. }] => Redirect::to(&format!("/t/{code}")).into_response(),
        _ => {
            let page = ChooseTenantPage { frame, email: me.email, tenants: me.tenants };
            html(StatusCode::OK, app::plain::choose_tenant(&page))
        }
    })
}

fn frame(auth: &AuthState, extensions: &Extensions, headers: &HeaderMap) -> PlainFrame {
    session::frame_of(&auth.config.css_href, extensions, headers)
}

/// These pages show what somebody typed or who is signed in: no cache keeps them.
fn html(status: StatusCode, page: String) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], Html(page)).into_response()
}

fn failed(frame: PlainFrame, path: &str, request_id: &str, error: crate::error::Error) -> Response {
    let error = error.into_app(request_id);
    if error == AppError::SignedOut {
        return Redirect::to("/login").into_response();
    }
    answer::error(path, frame, request_id, answer::status_of(&error), &error)
}

fn unreadable(frame: PlainFrame, request_id: &str, rejection: &FormRejection) -> Response {
    let status = match rejection.status() {
        StatusCode::UNSUPPORTED_MEDIA_TYPE | StatusCode::PAYLOAD_TOO_LARGE => rejection.status(),
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let error = AppError::invalid("", "This form could not be read. Go back and try again.");
    answer::error("/login", frame, request_id, status, &error)
}

/// What was typed, as far as a page can show it again.
fn shown_email(typed: &str) -> String {
    typed.chars().filter(|c| !c.is_control()).take(identity::MAX_EMAIL_BYTES).collect()
}

/// A path on this server, or nothing: browsers read `//x`, `/\x` and a tab after the slash as another host.
fn local_path(next: &str) -> Option<&str> {
    let is_absolute = next.starts_with('/') && !next.starts_with("//");
    let is_plain = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let is_loop = next.starts_with("/login") || next.starts_with("/logout");
    (is_absolute && is_plain && !is_loop && next.len() <= MAX_NEXT_BYTES).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_stays_here() {
        for fine in ["/", "/t/prs", "/t/prs/c/1?leaf=2", "/settings#x", "/t/prs?next=//evil.example"] {
            assert_eq!(local_path(fine), Some(fine));
        }
        let long = format!("/{}", "a".repeat(MAX_NEXT_BYTES));
        for evil in [
            "",
            "t",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "/\t/evil.example",
            "/\n/evil.example",
            " //evil.example",
            "/a b",
            "/\u{202E}",
            "/login",
            "/login?next=/",
            "/logout",
            &long,
        ] {
            assert_eq!(local_path(evil), None, "{evil:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_way_back_leaves_this_host(text in "[/\\\\a-z:.@\t\n%?#]{0,12}") {
            if let Some(path) = local_path(&text) {
                let uri: axum::http::Uri = path.split('#').next().unwrap_or_default().parse().expect("a path");
                proptest::prop_assert!(uri.host().is_none() && uri.scheme().is_none());
                proptest::prop_assert!(!path.starts_with("//") && !path.contains('\\'));
            }
        }
    }
}
