//! The document that describes the REST interface: `GET /api/openapi.json`.

use axum::Json;
use utoipa::{
    Modify, OpenApi,
    openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};

use super::{calls, chat, conversations, search, usage};
use crate::http::rest_auth;

#[derive(OpenApi)]
#[openapi(
    info(title = "Steward", description = "Multi-tenant AI chat. Sign in with POST /api/auth/login and send the access token as a bearer."),
    paths(
        rest_auth::login, rest_auth::refresh_tokens, rest_auth::logout, rest_auth::me,
        chat::chat, conversations::list, conversations::get, conversations::change, conversations::delete, search::search,
        usage::usage, calls::decide,
    ),
    modifiers(&Bearer)
)]
struct Document;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        document
            .components
            .get_or_insert_with(Default::default)
            .add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// `GET /api/openapi.json`.
pub async fn openapi() -> Json<utoipa::openapi::OpenApi> {
    Json(Document::openapi())
}
