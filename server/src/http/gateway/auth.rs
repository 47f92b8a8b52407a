//! Who asks: the holder of the key in `Authorization: Bearer …` (RFC 6750) or `x-api-key`, never in the address; and for
//! whom, where the key is a trusted front end's ([`front_end`]).

use std::sync::Arc;

use axum::http::{HeaderMap, header};

use crate::{
    db::TenantScope,
    identity::{
        api_keys::KeyHolder,
        front_end::{self, PERSON_HEADERS, Stranger},
    },
    models::wire::{WireError, WireErrorKind},
    state::AppState,
};

use super::answer;

/// Who asks, and for whom.
pub(super) struct Asking {
    pub holder: Arc<KeyHolder>,
    pub scope: TenantScope,
}

/// Finds out who asks, and that their key may ask models.
pub(super) async fn asking(state: &AppState, headers: &HeaderMap, request_id: &str) -> Result<Asking, WireError> {
    let holder = holder(state, headers, request_id).await?;
    if !holder.key.scopes.asks {
        return Err(WireError::new(
            WireErrorKind::Permission,
            "This key may not ask models: its scope is admin alone.",
        ));
    }
    if !holder.key.is_trusted_front_end {
        count_ignored(headers);
        let scope = holder.scope.clone();
        return Ok(Asking { holder, scope });
    }
    let refuse = |message: String| WireError::new(WireErrorKind::Permission, message);
    let now_s = state.world.now().0.div_euclid(1_000);
    let named = front_end::named(&holder.key, headers, now_s).map_err(|unclear| refuse(unclear.to_string()))?;
    let found = Box::pin(state.api_keys.front_ends.person(&holder, named)).await;
    let scope = found.map_err(|stranger| match stranger {
        Stranger::Failed(error) => answer::worded(error, request_id),
        stranger => refuse(stranger.to_string()),
    })?;
    Ok(Asking { holder, scope })
}

/// Finds out who asks, and that their key may administer its tenant.
pub(super) async fn administrator(
    state: &AppState,
    headers: &HeaderMap,
    request_id: &str,
) -> Result<Arc<KeyHolder>, WireError> {
    let holder = holder(state, headers, request_id).await?;
    count_ignored(headers);
    if !holder.key.scopes.administers {
        let message =
            "This key may not administer: an administrator's key is made with `steward key create … --admin`.";
        return Err(WireError::new(WireErrorKind::Permission, message));
    }
    Ok(holder)
}

async fn holder(state: &AppState, headers: &HeaderMap, request_id: &str) -> Result<Arc<KeyHolder>, WireError> {
    let key = key_of(headers)?;
    state.api_keys.holder(key).await.map_err(|error| answer::worded(error, request_id))
}

/// A header that names a person, with a key that may not name one, changes nothing; somebody may be trying, though, or an
/// operator forgot to trust the key.
fn count_ignored(headers: &HeaderMap) {
    if PERSON_HEADERS.iter().any(|name| headers.contains_key(*name)) {
        metrics::counter!("steward_gateway_ignored_identity_headers_total").increment(1);
    }
}

/// The one key of a request.
fn key_of(headers: &HeaderMap) -> Result<&str, WireError> {
    let refuse = |message: &str| Err(WireError::new(WireErrorKind::Authentication, message));
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default().trim());
    if headers.get_all(header::AUTHORIZATION).iter().count() > 1 || headers.get_all("x-api-key").iter().count() > 1 {
        return refuse("The key came twice in the same header. Send it once.");
    }
    let bearer = text(header::AUTHORIZATION.as_str()).map(|value| {
        let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
        if scheme.eq_ignore_ascii_case("bearer") { token.trim() } else { "" }
    });
    match (bearer, text("x-api-key")) {
        (Some(bearer), Some(key)) if bearer != key => {
            refuse("Two different keys came with this request: in Authorization and in x-api-key. Send one.")
        }
        (Some(key), _) | (None, Some(key)) if !key.is_empty() => Ok(key),
        (None, None) => refuse("A key is needed: send it as Authorization: Bearer stw_… or x-api-key."),
        _ => refuse("The Authorization header is not of the form Bearer stw_…."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn key(pairs: &[(&'static str, &'static str)]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, HeaderValue::from_static(value));
        }
        key_of(&headers).map(str::to_owned).ok()
    }

    #[test]
    fn a_request_has_one_key() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(key(&[("authorization", "Bearer stw_a")]), some("stw_a"));
        assert_eq!(key(&[("authorization", "bearer  stw_a ")]), some("stw_a"));
        assert_eq!(key(&[("x-api-key", "stw_a")]), some("stw_a"));
        assert_eq!(key(&[("x-api-key", "stw_a"), ("authorization", "Bearer stw_a")]), some("stw_a"));
        assert_eq!(key(&[("x-api-key", "stw_a"), ("authorization", "Bearer stw_b")]), None, "whose is it?");
        for wrong in [&[][..], &[("authorization", "Basic abc")], &[("authorization", "stw_a")], &[("x-api-key", "")]] {
            assert_eq!(key(wrong), None, "{wrong:?}");
        }
    }
}
