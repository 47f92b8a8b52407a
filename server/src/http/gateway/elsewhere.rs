//! Addresses of the vendors that are not served: programs are told so in their own format, not with a page.

use axum::{
    Extension,
    extract::Request,
    http::{StatusCode, Uri},
    response::Response,
};

use super::answer;
use crate::{
    http::session::{self, RequestId},
    models::wire::{WireError, WireErrorKind, WireFormat},
};

/// Whose address a request that found no route is for; `None`: nobody's, a person's.
pub fn format_of(request: &Request) -> Option<WireFormat> {
    let has_version = request.headers().contains_key("anthropic-version");
    format_at(request.uri()).map(|format| if has_version { WireFormat::Anthropic } else { format })
}

fn format_at(uri: &Uri) -> Option<WireFormat> {
    let path = ["/", uri.path().trim_start_matches('/')].concat();
    let is_under = |root: &str| path == root || path.strip_prefix(root).is_some_and(|rest| rest.starts_with('/'));
    if is_under("/ollama") {
        return Some(WireFormat::Ollama);
    }
    let is_programs = ["/v1", "/team", "/key", "/spend"].iter().any(|root| is_under(root));
    let is_messages = path.starts_with("/v1/messages") || path.starts_with("/v1/anthropic");
    is_programs.then_some(if is_messages { WireFormat::Anthropic } else { WireFormat::OpenAi })
}

/// 404, and what there is instead.
pub fn no_such_address(format: WireFormat, request: &Request) -> Response {
    let served = match format {
        WireFormat::OpenAi => "/v1/chat/completions and /v1/models",
        WireFormat::Anthropic => "/v1/messages, /v1/messages/count_tokens and /v1/models",
        WireFormat::Ollama => "/ollama/api/chat, /ollama/api/tags and /ollama/api/version",
    };
    let message = format!("There is no such address here. In {}'s format there are {served}.", format.name());
    let error = WireError::new(WireErrorKind::NotFound, message);
    answer::refused(format, &session::id_of(request.extensions()), error)
}

/// 405 of an address that is served.
pub async fn wrong_method(uri: Uri, Extension(RequestId(id)): Extension<RequestId>, request: Request) -> Response {
    let format = format_at(&uri).unwrap_or(WireFormat::OpenAi);
    let message = format!("{} is not possible here.", request.method());
    let mut response = answer::refused(format, &id, WireError::new(WireErrorKind::InvalidRequest, message));
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    response
}
