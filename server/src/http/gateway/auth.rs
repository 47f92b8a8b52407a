//! Who asks: the holder of the key in `Authorization: Bearer …` (RFC 6750) or `x-api-key`. Never in the address.

use std::sync::Arc;

use axum::http::{HeaderMap, header};

use crate::{
    db::TenantScope,
    error::Error,
    identity::api_keys::KeyHolder,
    models::wire::{WireError, WireErrorKind},
    state::AppState,
    tenancy,
};

use super::answer;

/// Headers by which a front end names the person a request is made for. Believed from a trusted front end's key alone.
const PERSON_HEADERS: [&str; 5] = [
    "x-openwebui-user-email",
    "x-openwebui-user-id",
    "x-openwebui-user-name",
    "x-openwebui-user-role",
    "x-archestra-user-id",
];

/// Who asks, and for whom.
pub(super) struct Asking {
    pub holder: Arc<KeyHolder>,
    pub scope: TenantScope,
}

/// Finds out who asks.
pub(super) async fn asking(state: &AppState, headers: &HeaderMap, request_id: &str) -> Result<Asking, WireError> {
    let key = key_of(headers)?;
    let holder = state.api_keys.holder(key).await.map_err(|error| answer::worded(error, request_id))?;
    let named = PERSON_HEADERS.iter().any(|name| headers.contains_key(*name));
    if !holder.key.is_trusted_front_end {
        if named {
            // It changes nothing; somebody may be trying, though, or an operator forgot to trust the key.
            metrics::counter!("steward_gateway_ignored_identity_headers_total").increment(1);
        }
        let scope = holder.scope.clone();
        return Ok(Asking { holder, scope });
    }
    let scope = person_of(state, &holder, headers, request_id).await?;
    Ok(Asking { holder, scope })
}

/// The one key of a request.
fn key_of(headers: &HeaderMap) -> Result<&str, WireError> {
    let refuse = |message: &str| Err(WireError::new(WireErrorKind::Authentication, message));
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default().trim());
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

/// The member a trusted front end names.
async fn person_of(
    state: &AppState,
    holder: &KeyHolder,
    headers: &HeaderMap,
    request_id: &str,
) -> Result<TenantScope, WireError> {
    let email = headers.get("x-openwebui-user-email").and_then(|value| value.to_str().ok());
    let Some(email) = email.map(|email| email.trim().to_lowercase()).filter(|email| !email.is_empty()) else {
        let message = "This key is a front end's: each request has to name its person in X-OpenWebUI-User-Email.";
        return Err(WireError::new(WireErrorKind::Permission, message));
    };
    let found = tenancy::enter_by_email(&state.db, &email, &holder.key.tenant_code).await;
    found.map_err(|error| match error {
        Error::NotFound => {
            let message = "The person this request is made for is not a member of this tenant.";
            WireError::new(WireErrorKind::Permission, message)
        }
        other => answer::worded(other, request_id),
    })
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
