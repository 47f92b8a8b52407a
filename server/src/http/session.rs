//! Who is asking: request ids, the session cookie, bearer tokens, and the extractors handlers use.
//!
//! [`resolve`] puts a [`Signed`] and its [`Caller`] into the request's extensions when there is a live session, and nothing
//! otherwise. A bearer token is for the REST interface only, because it is for one tenant, which only that interface
//! enforces: there it wins over a cookie, and a bad one is not replaced by the cookie. Elsewhere it is ignored.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use app::{
    backend::Caller,
    error::AppError,
    model::{Lang, SessionId, TenantCode, Theme},
    plain::PlainFrame,
};
use axum::{
    extract::{ConnectInfo, FromRequestParts, OriginalUri, Request, State},
    http::{Extensions, HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use uuid::Uuid;

use super::answer;
use crate::{
    db::session::Session,
    error::{Error, Result},
    identity::{AuthConfig, AuthState, Origin, Secret, client_ip, sessions, tokens::DEVICE_LIFETIME_S},
    world::World,
};

/// Over https. The prefix makes browsers refuse it from other hosts of the domain and without `Secure` (RFC 6265bis §4.1.3.2).
const SECURE_COOKIE: &str = "__Host-steward";
/// On plain http at a loopback address, for development only.
const PLAIN_COOKIE: &str = "steward-dev";

/// The device cookie, over https and on plain http; see `identity/tokens/device.rs`.
const SECURE_DEVICE: &str = "__Host-device";
const PLAIN_DEVICE: &str = "device-dev";

/// Longer than the database's own time-outs; without it a request could wait here for ever.
const FIND_WITHIN: Duration = Duration::from_secs(30);

/// This request's id: for logs, error messages and the `x-request-id` header. Never taken from outside.
#[derive(Clone, Debug)]
pub struct RequestId(pub Arc<str>);

/// Who is signed in.
#[derive(Clone, Debug)]
pub struct Signed {
    pub caller: Caller,
    pub theme: Theme,
    /// The person's choice, if any; see [`lang_of`].
    pub lang: Option<Lang>,
    /// The tenant a bearer token is for; `None` for browsers, whose tenant is in the path.
    pub tenant: Option<TenantCode>,
}

/// The name of the session cookie.
#[must_use]
pub fn cookie_name(config: &AuthConfig) -> &'static str {
    if config.secure_cookies { SECURE_COOKIE } else { PLAIN_COOKIE }
}

/// `Set-Cookie` for a new session.
///
/// # Errors
/// Never in practice: the text is ASCII.
pub fn set_cookie(config: &AuthConfig, secret: &Secret) -> Result<HeaderValue> {
    cookie_header(config, cookie_name(config), &secret.reveal(), sessions::ABSOLUTE_MS / 1000)
}

/// `Set-Cookie` that removes it.
///
/// # Errors
/// Never in practice: the text is ASCII.
pub fn clear_cookie(config: &AuthConfig) -> Result<HeaderValue> {
    cookie_header(config, cookie_name(config), "", 0)
}

/// `Set-Cookie` that remembers this browser as one of the account's.
///
/// # Errors
/// Never in practice: the text is ASCII.
pub fn set_device_cookie(config: &AuthConfig, device: &str) -> Result<HeaderValue> {
    let name = if config.secure_cookies { SECURE_DEVICE } else { PLAIN_DEVICE };
    cookie_header(config, name, device, DEVICE_LIFETIME_S)
}

fn cookie_header(config: &AuthConfig, name: &str, value: &str, max_age_s: i64) -> Result<HeaderValue> {
    let secure = if config.secure_cookies { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path=/; Max-Age={max_age_s}; HttpOnly; SameSite=Lax{secure}");
    let mut header = HeaderValue::try_from(text).map_err(Error::internal)?;
    header.set_sensitive(true);
    Ok(header)
}

/// A cookie of the request.
#[must_use]
pub fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

/// The token of `Authorization: Bearer …` (RFC 6750 §2.1; the scheme is case-insensitive).
#[must_use]
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The bearer token of a request to the REST interface; on other paths there is none, whatever was sent.
#[must_use]
pub fn api_bearer<'h>(path: &str, headers: &'h HeaderMap) -> Option<&'h str> {
    if path.starts_with("/api/") { bearer(headers) } else { None }
}

/// Gives every request an id, unless an outer layer has, and every response its `x-request-id`. The outermost layer.
pub async fn request_id(State(world): State<World>, mut request: Request, next: Next) -> Response {
    if request.extensions().get::<RequestId>().is_some() {
        return next.run(request).await;
    }
    let id: Arc<str> = world.id::<Uuid>().to_string().into();
    request.extensions_mut().insert(RequestId(Arc::clone(&id)));
    let mut response = next.run(request).await;
    if let Ok(value) = HeaderValue::try_from(&*id) {
        response.headers_mut().insert("x-request-id", value);
    }
    response
}

/// The id [`request_id`] gave; empty without that layer.
#[must_use]
pub fn id_of(extensions: &Extensions) -> String {
    extensions.get::<RequestId>().map(|id| id.0.to_string()).unwrap_or_default()
}

/// The client's address, as [`resolve`] found it.
#[derive(Clone, Copy, Debug)]
struct ClientIp(IpAddr);

/// Where a request came from.
#[must_use]
pub fn origin_of(extensions: &Extensions, headers: &HeaderMap) -> Origin {
    let ip = extensions.get::<ClientIp>().map(|client| client.0);
    let user_agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let device = [SECURE_DEVICE, PLAIN_DEVICE].iter().find_map(|name| cookie(headers, name)).map(str::to_owned);
    Origin { ip, user_agent: user_agent.to_owned(), request_id: id_of(extensions), device }
}

/// The language of whoever asks: the person's choice, else what the browser asks for; `None`: neither is known, the
/// tenant's locale decides.
#[must_use]
pub fn lang_of(extensions: &Extensions, headers: &HeaderMap) -> Option<Lang> {
    let chosen = extensions.get::<Signed>().and_then(|signed| signed.lang);
    let asked = || headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).and_then(Lang::asked);
    chosen.or_else(asked)
}

/// How a page without scripts looks to whoever asks.
#[must_use]
pub fn frame_of(css_href: &str, extensions: &Extensions, headers: &HeaderMap) -> PlainFrame {
    PlainFrame {
        css_href: css_href.to_owned(),
        theme: extensions.get::<Signed>().map_or(Theme::System, |signed| signed.theme),
        lang: lang_of(extensions, headers).unwrap_or_default(),
    }
}

/// Finds the live session of the request. Without the store nobody is let through: 503.
pub async fn resolve(State(auth): State<AuthState>, mut request: Request, next: Next) -> Response {
    let request_id = id_of(request.extensions());
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    if let Some(ip) = client_ip(peer, request.headers(), &auth.proxies) {
        request.extensions_mut().insert(ClientIp(ip));
    }
    let found =
        tokio::time::timeout(FIND_WITHIN, find(&auth, request.uri().path(), request.headers(), &request_id)).await;
    let found = found.unwrap_or_else(|_| Err(Error::Unavailable("the session was not found in time".to_owned())));
    let signed = match found {
        Ok(signed) => signed,
        Err(error) => {
            let error = error.into_app(&request_id);
            let frame = frame_of(&auth.config.css_href, request.extensions(), request.headers());
            return answer::error(request.uri().path(), frame, &request_id, answer::status_of(&error), &error);
        }
    };
    let is_signed_in = signed.is_some();
    if let Some(signed) = signed {
        request.extensions_mut().insert(signed.caller.clone());
        request.extensions_mut().insert(signed);
    }
    let mut response = next.run(request).await;
    if is_signed_in {
        // What was made for one person is not kept for the next.
        response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
    response
}

async fn find(auth: &AuthState, path: &str, headers: &HeaderMap, request_id: &str) -> Result<Option<Signed>> {
    // Other schemes are not for us: a proxy may demand `Basic` in front of everything.
    if let Some(token) = api_bearer(path, headers) {
        let Some(claims) = auth.tokens.verify(token).await? else { return Ok(None) };
        let session = sessions::of_api(auth, claims.sid).await?;
        // The row decides; a token for another person's session would be forged.
        let session = session.filter(|session| session.user == claims.sub);
        return Ok(session.map(|session| signed(&session, request_id, Some(claims.tenant))));
    }
    let Some(value) = cookie(headers, cookie_name(&auth.config)) else { return Ok(None) };
    let session = sessions::of_cookie(auth, value).await?;
    Ok(session.map(|session| signed(&session, request_id, None)))
}

fn signed(session: &Session, request_id: &str, tenant: Option<TenantCode>) -> Signed {
    let caller = Caller { user: session.user, session: session.id, request_id: request_id.to_owned() };
    Signed { caller, theme: session.theme, lang: session.lang, tenant }
}

/// Demands a signed-in caller: pages lead to signing in, everything else is answered 401.
#[derive(Clone, Debug)]
pub struct SignedIn(pub Caller);

impl<S: Send + Sync> FromRequestParts<S> for SignedIn {
    type Rejection = Response;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> std::result::Result<Self, Response> {
        parts.extensions.get::<Caller>().cloned().map(Self).ok_or_else(|| sign_in_first(parts))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Signed {
    type Rejection = Response;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> std::result::Result<Self, Response> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| sign_in_first(parts))
    }
}

/// The session of the caller, where being signed out is fine.
#[must_use]
pub fn caller_of(extensions: &Extensions) -> Option<Caller> {
    extensions.get::<Caller>().cloned()
}

/// The id of the caller's session, for logs.
#[must_use]
pub fn session_of(extensions: &Extensions) -> Option<SessionId> {
    extensions.get::<Caller>().map(|caller| caller.session)
}

fn sign_in_first(parts: &Parts) -> Response {
    let uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |uri| &uri.0);
    if answer::is_for_machines(uri.path()) {
        return answer::json(StatusCode::UNAUTHORIZED, &AppError::SignedOut);
    }
    let had_cookie = [SECURE_COOKIE, PLAIN_COOKIE].iter().any(|name| cookie(&parts.headers, name).is_some());
    let next = if parts.method == Method::GET { uri.path_and_query().map_or("/", |path| path.as_str()) } else { "/" };
    Redirect::to(&login_href(next, had_cookie)).into_response()
}

/// The sign-in page that leads to `next` afterwards. `is_ended`: it says that the session has ended.
#[must_use]
pub fn login_href(next: &str, is_ended: bool) -> String {
    let mut href = String::from("/login");
    let mut separator = '?';
    if next != "/" {
        href.push_str("?next=");
        for byte in next.bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => {
                    href.push(char::from(byte))
                }
                _ => href.push_str(&format!("%{byte:02X}")),
            }
        }
        separator = '&';
    }
    if is_ended {
        href.push(separator);
        href.push_str("notice=session-ended");
    }
    href
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, values: &[&str]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for value in values {
            map.append(&name, HeaderValue::from_str(value).expect("a header"));
        }
        map
    }

    #[test]
    fn one_cookie_is_found_among_others() {
        let map = headers(header::COOKIE, &["a=1; steward-dev=xyz;b=2", "c=3"]);
        assert_eq!(cookie(&map, "steward-dev"), Some("xyz"));
        assert_eq!(cookie(&map, "c"), Some("3"));
        assert_eq!(cookie(&map, "steward"), None);
    }

    #[test]
    fn only_the_bearer_scheme_is_read() {
        assert_eq!(bearer(&headers(header::AUTHORIZATION, &["bearer abc"])), Some("abc"));
        assert_eq!(bearer(&headers(header::AUTHORIZATION, &["Basic abc"])), None);
        assert_eq!(bearer(&headers(header::AUTHORIZATION, &["abc"])), None);
    }

    #[test]
    fn a_token_is_for_the_rest_interface_only() {
        let map = headers(header::AUTHORIZATION, &["Bearer abc"]);
        assert_eq!(api_bearer("/api/chat", &map), Some("abc"));
        for path in ["/fn/account/me", "/t/prs", "/t/prs/turns/1/events", "/api", "/apix", "//api/chat", "/"] {
            assert_eq!(api_bearer(path, &map), None, "{path}");
        }
    }

    #[test]
    fn the_way_back_is_one_parameter() {
        assert_eq!(login_href("/", false), "/login");
        assert_eq!(login_href("/t/prs?a=1&b=2", true), "/login?next=/t/prs%3Fa%3D1%26b%3D2&notice=session-ended");
    }
}
