//! The REST interface of the mission, for scripts and other programs: bearer tokens, JSON, and one document that
//! describes it (`GET /api/openapi.json`). Handlers parse, call the same backend the pages call, and reply.
//!
//! To add one: a handler with `#[utoipa::path]`, its DTOs with `ToSchema`, a row in [`crate::http::router`], a line in
//! [`openapi`].

pub mod chat;
pub mod conversations;
pub mod openapi;
pub mod usage;

use app::{backend::Caller, error::AppError, model::TenantCode};
use axum::{
    Json,
    extract::{FromRequest, FromRequestParts, Request, rejection::JsonRejection},
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, de::DeserializeOwned};

use super::limits::too_deep;

/// An error as JSON with its status: `{"error": "not_found", "message": "…"}`.
#[derive(Debug)]
pub struct ApiError(pub AppError);

impl From<AppError> for ApiError {
    fn from(error: AppError) -> Self {
        Self(error)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status_code()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut body = serde_json::to_value(&self.0).unwrap_or_default();
        if let Some(fields) = body.as_object_mut() {
            fields.insert("message".into(), self.0.to_string().into());
        }
        let mut response = (status, Json(body)).into_response();
        if let AppError::RateLimited { retry_after_s } = self.0 {
            response.headers_mut().insert(header::RETRY_AFTER, retry_after_s.into());
        }
        response
    }
}

/// Who calls, and in which tenant: the token's, or for a browser session the `tenant` of the query.
pub struct ApiCaller {
    pub caller: Caller,
    pub tenant: TenantCode,
}

#[derive(Deserialize)]
struct TenantQuery {
    tenant: Option<TenantCode>,
}

impl<S: Send + Sync> FromRequestParts<S> for ApiCaller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let caller = parts.extensions.get::<Caller>().cloned().ok_or(AppError::SignedOut)?;
        let named = axum::extract::Query::<TenantQuery>::try_from_uri(&parts.uri)
            .map_err(|_| AppError::invalid("tenant", "this is no tenant code"))?
            .0
            .tenant;
        let of_token = parts.extensions.get::<TenantCode>().cloned();
        let tenant = match (of_token, named) {
            // A token is for one tenant; naming another one is asking for what does not exist.
            (Some(token), Some(named)) if token != named => return Err(AppError::NotFound.into()),
            (Some(tenant), _) | (None, Some(tenant)) => tenant,
            (None, None) => return Err(AppError::invalid("tenant", "name the tenant: ?tenant=CODE").into()),
        };
        Ok(Self { caller, tenant })
    }
}

/// A JSON body: the right content type, bounded depth, known fields, or a clear error.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let is_json = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|v| v.to_str().ok())
            .is_some_and(|v| v.split(';').next().is_some_and(|t| t.trim().eq_ignore_ascii_case("application/json")));
        if !is_json {
            return Err(AppError::UnsupportedMediaType.into());
        }
        let bytes = bytes::Bytes::from_request(request, state).await.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => AppError::TooLarge { max_bytes: super::limits::MAX_BODY_BYTES as u64 },
            _ => AppError::invalid("", "the body could not be read"),
        })?;
        if too_deep(&bytes) {
            return Err(AppError::invalid("", "the JSON is nested too deeply").into());
        }
        Json::<T>::from_bytes(&bytes).map(|Json(value)| Self(value)).map_err(|rejection| match rejection {
            JsonRejection::JsonDataError(error) => AppError::invalid("", error.body_text()).into(),
            other => ApiError(AppError::BadRequest { message: other.body_text() }),
        })
    }
}
