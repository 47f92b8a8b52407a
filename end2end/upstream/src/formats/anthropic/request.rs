//! Reading and checking a request the way Anthropic does: what the real one refuses is refused here.

use std::collections::HashSet;

use axum::http::{HeaderMap, header::AUTHORIZATION};
use serde_json::Value;

use super::messages::check_messages;
use crate::{
    formats::Format,
    request::{Images, Kind, Request, input_tokens, invalid, kind_of, last_user_text},
    script::ApiError,
};

/// Versions of the API, the newest last.
const VERSIONS: [&str; 2] = ["2023-06-01", "2026-10-21"];
/// Gone since the newest version.
const REMOVED: [&str; 3] = ["temperature", "top_p", "top_k"];
const FIELDS: [&str; 22] = [
    "model",
    "max_tokens",
    "system",
    "tools",
    "messages",
    "stream",
    "tool_choice",
    "temperature",
    "top_p",
    "top_k",
    "stop_sequences",
    "metadata",
    "thinking",
    "service_tier",
    "container",
    "context_management",
    "mcp_servers",
    "output_config",
    "cache_control",
    "diagnostics",
    "inference_geo",
    "speed",
];

/// Checks the headers of a request with a body.
pub(crate) fn check_headers(headers: &HeaderMap) -> Result<(), ApiError> {
    check_key(headers)?;
    match headers.get("anthropic-version") {
        None => return Err(invalid("anthropic-version: header is required")),
        Some(version) if !VERSIONS.iter().any(|known| version == known) => {
            return Err(invalid("anthropic-version: is not a valid version"));
        }
        Some(_) => {}
    }
    let is_json = headers
        .get("content-type")
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("application/json"));
    if is_json { Ok(()) } else { Err(invalid("content-type: application/json is required")) }
}

/// What the newest version of the API refuses in a body (platform.claude.com, "Migrating to API version 2026-10-21").
/// Answers are the same in both.
pub(crate) fn check_version(headers: &HeaderMap, body: &Value) -> Result<(), ApiError> {
    if headers.get("anthropic-version").is_none_or(|version| version != VERSIONS[1]) {
        return Ok(());
    }
    if let Some(removed) = REMOVED.iter().find(|name| !body[**name].is_null()) {
        return Err(invalid(format!("{removed}: Extra inputs are not permitted")));
    }
    let messages = body["messages"].as_array().into_iter().flatten();
    let blocks = messages.filter(|message| message["role"] == "user").filter_map(|m| m["content"].as_array()).flatten();
    let is_cited = |block: &Value| block["citations"].as_array().is_some_and(|citations| !citations.is_empty());
    if blocks.filter(|block| block["type"] == "text").any(is_cited) {
        return Err(invalid("messages: citations are not permitted in text blocks of user messages"));
    }
    Ok(())
}

/// Any key will do but `invalid`.
pub(crate) fn check_key(headers: &HeaderMap) -> Result<(), ApiError> {
    if !headers.contains_key("x-api-key") && !headers.contains_key(AUTHORIZATION) {
        return Err(ApiError::new(401, "authentication_error", "x-api-key header is required"));
    }
    let is_invalid = headers.get("x-api-key").is_some_and(|key| key == "invalid")
        || headers.get(AUTHORIZATION).is_some_and(|value| value == "Bearer invalid");
    if is_invalid { Err(ApiError::new(401, "authentication_error", "invalid x-api-key")) } else { Ok(()) }
}

/// Reads and checks the body of `POST /v1/messages`.
pub(crate) fn read(body: &Value) -> Result<Request, ApiError> {
    let max_tokens = body["max_tokens"].as_i64().filter(|max| *max >= 0);
    let is_stream = match &body["stream"] {
        Value::Null => false,
        Value::Bool(is_stream) => *is_stream,
        _ => return Err(invalid("stream: Input should be a valid boolean")),
    };
    let (request, tools) = read_prompt(body)?;
    let max_tokens = max_tokens.ok_or_else(|| invalid("max_tokens: Field required"))?;
    Ok(Request { max_tokens, is_stream, kind: kind_of(tools, max_tokens), ..request })
}

/// Reads and checks the body of `POST /v1/messages/count_tokens`.
pub(crate) fn read_count(body: &Value) -> Result<Request, ApiError> {
    for field in ["max_tokens", "stream"] {
        if !body[field].is_null() {
            return Err(invalid(format!("{field}: Extra inputs are not permitted")));
        }
    }
    let (request, _) = read_prompt(body)?;
    Ok(Request { kind: Kind::Count, is_stream: false, ..request })
}

/// What is common to both, and the number of tools.
fn read_prompt(body: &Value) -> Result<(Request, usize), ApiError> {
    let fields = body.as_object().ok_or_else(|| invalid("the body must be a JSON object"))?;
    if let Some(extra) = fields.keys().find(|key| !FIELDS.contains(&key.as_str())) {
        return Err(invalid(format!("{extra}: Extra inputs are not permitted")));
    }
    let model =
        body["model"].as_str().filter(|model| !model.is_empty()).ok_or_else(|| invalid("model: Field required"))?;
    let system = read_system(&body["system"])?;
    let tools = check_tools(&body["tools"])?;
    check_cache_control(body)?;
    let messages = body["messages"].as_array().ok_or_else(|| invalid("messages: Field required"))?;
    check_messages(messages)?;
    let (user_text, step) = last_user_text(messages);
    let input_tokens = input_tokens(&[&body["system"], &body["tools"], &body["messages"]], images(messages)?);
    Ok((Request { system, step, input_tokens, ..Request::about(Format::Anthropic, model, &user_text) }, tools))
}

fn images(messages: &[Value]) -> Result<Images, ApiError> {
    let mut images = Images::default();
    let blocks = messages.iter().filter_map(|message| message["content"].as_array()).flatten();
    for block in blocks.filter(|block| block["type"] == "image") {
        let source = &block["source"];
        if source["type"] != "base64" {
            return Err(invalid("image.source.type: only base64 is taken here"));
        }
        images.add(
            source["data"].as_str().unwrap_or_default(),
            Some(source["media_type"].as_str().unwrap_or_default()),
        )?;
    }
    Ok(images)
}

fn read_system(system: &Value) -> Result<String, ApiError> {
    match system {
        Value::Null => Ok(String::new()),
        Value::String(text) => Ok(text.clone()),
        Value::Array(blocks) => {
            let mut text = String::new();
            for block in blocks {
                text.push_str(text_of(block, "system")?);
            }
            Ok(text)
        }
        _ => Err(invalid("system: a string or a list of text blocks")),
    }
}

/// The text of a text block, which must not be empty.
pub(super) fn text_of<'a>(block: &'a Value, place: &str) -> Result<&'a str, ApiError> {
    if block["type"] != "text" {
        return Err(invalid(format!("{place}: only text blocks are allowed here")));
    }
    let text = block["text"].as_str().ok_or_else(|| invalid(format!("{place}.text: Field required")))?;
    if text.is_empty() {
        return Err(invalid(format!("{place}: text content blocks must be non-empty")));
    }
    Ok(text)
}

fn check_tools(tools: &Value) -> Result<usize, ApiError> {
    let tools = match tools {
        Value::Null => return Ok(0),
        Value::Array(tools) => tools,
        _ => return Err(invalid("tools: a list is required")),
    };
    let mut names = HashSet::new();
    for tool in tools {
        let name = tool["name"].as_str().unwrap_or_default();
        if !is_name(name) {
            return Err(invalid("tools.name: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'"));
        }
        if !names.insert(name) {
            return Err(invalid("tools: Tool names must be unique."));
        }
        // A tool of the provider's own, such as its search, brings no schema.
        let is_own = tool["type"].as_str().is_some_and(|kind| kind != "custom");
        if !is_own && tool["input_schema"]["type"] != "object" {
            return Err(invalid(format!("tools.{name}.input_schema.type: Field required")));
        }
    }
    Ok(tools.len())
}

fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

fn check_cache_control(body: &Value) -> Result<(), ApiError> {
    let marks = body.to_string().matches("\"cache_control\":{").count();
    if marks > 4 {
        return Err(invalid(format!("A maximum of 4 blocks with cache_control may be provided. Found {marks}.")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn body(messages: Value) -> Value {
        json!({"model": "claude-haiku-4-5", "max_tokens": 100, "stream": true, "messages": messages})
    }

    fn why(messages: Value) -> String {
        read(&body(messages)).err().map(|error| error.message).unwrap_or_default()
    }

    #[test]
    fn a_tool_loop_is_read() {
        let request = read(&body(json!([
            {"role": "user", "content": "How much?"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "t", "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": "5"}]}
        ])))
        .expect("valid");
        assert_eq!((request.user_text.as_str(), request.step, request.kind), ("How much?", 1, Kind::Answer));
    }

    #[test]
    fn what_the_real_one_refuses_is_refused() {
        assert!(why(json!([])).contains("at least one"));
        assert!(why(json!([{"role": "assistant", "content": "x"}])).contains("alternate"));
        assert!(why(json!([{"role": "user", "content": ""}])).contains("non-empty"));
        let call = json!({"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "t", "input": {}}]});
        let ask = json!({"role": "user", "content": "x"});
        assert!(why(json!([ask, call])).contains("without `tool_result`"));
        assert!(why(json!([ask, call, ask])).contains("non-empty content is required"));
        let other = json!({"role": "user", "content": [{"type": "tool_result", "tool_use_id": "b", "content": ""}]});
        assert!(why(json!([ask, call, other])).contains("unexpected `tool_use_id`"));
        let late = json!({"role": "user", "content": [
            {"type": "text", "text": "x"}, {"type": "tool_result", "tool_use_id": "a", "content": ""}]});
        assert!(why(json!([ask, call, late])).contains("must come first"));
        assert!(read(&json!({"model": "m", "max_tokens": 1, "messages": [], "x": 1})).is_err());
        assert!(read(&json!({"model": "m", "messages": [ask], "stream": true})).is_err());
    }
}
