//! The REST interface of the mission, for scripts and other programs: bearer tokens, JSON, and one document that
//! describes it (`GET /api/openapi.json`). Handlers parse, call the same backend the pages call, and reply.
//!
//! To add one: a handler with `#[utoipa::path]`, its DTOs with `ToSchema`, a row in [`crate::http::router`], a line in
//! [`openapi`].

pub mod calls;
pub mod chat;
pub mod conversations;
pub mod openapi;
pub mod search;
pub mod usage;

use app::{backend::Caller, error::AppError, model::TenantCode};
use axum::{
    extract::FromRequestParts,
    http::request::Parts,
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use super::{answer, session::Signed};

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
        answer::json(answer::status_of(&self.0), &self.0)
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
        let signed = parts.extensions.get::<Signed>().cloned().ok_or(AppError::SignedOut)?;
        let named = axum::extract::Query::<TenantQuery>::try_from_uri(&parts.uri)
            .map_err(|_| AppError::invalid("tenant", "this is no tenant code"))?
            .0
            .tenant;
        let tenant = match (signed.tenant, named) {
            // A token is for one tenant; naming another one is asking for what does not exist.
            (Some(token), Some(named)) if token != named => return Err(AppError::NotFound.into()),
            (Some(tenant), _) | (None, Some(tenant)) => tenant,
            (None, None) => return Err(AppError::invalid("tenant", "name the tenant: ?tenant=CODE").into()),
        };
        Ok(Self { caller: signed.caller, tenant })
    }
}
