//! Reading and checking a request the way Anthropic does: what the real one refuses is refused here.

use std::collections::HashSet;

use axum::http::{HeaderMap, header::AUTHORIZATION};
use serde_json::Value;

use crate::{image, script::ApiError};

/// A call without tools that asks for no more than this is a side call (an automatic title).
pub const SIDE_CALL_MAX_TOKENS: i64 = 64;

/// What the scripts need to know of a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub model: String,
    pub max_tokens: i64,
    pub system: String,
    /// The last text a user wrote (tool results are no text).
    pub user_text: String,
    /// Model calls already made for that text.
    pub step: usize,
    pub side: bool,
    /// A quarter of the bytes of system, tools and messages, rounded up; images by their size.
    pub input_tokens: i64,
}

const FIELDS: [&str; 14] = [
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
];

pub(crate) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new(400, "invalid_request_error", &message.into())
}

/// Checks the headers.
pub(crate) fn check_headers(headers: &HeaderMap) -> Result<(), ApiError> {
    if !headers.contains_key("x-api-key") && !headers.contains_key(AUTHORIZATION) {
        return Err(ApiError::new(401, "authentication_error", "x-api-key header is required"));
    }
    if headers.get("x-api-key").is_some_and(|key| key == "invalid") {
        return Err(ApiError::new(401, "authentication_error", "invalid x-api-key"));
    }
    match headers.get("anthropic-version") {
        None => return Err(invalid("anthropic-version: header is required")),
        Some(version) if version != "2023-06-01" => {
            return Err(invalid("anthropic-version: \"2023-06-01\" is the one version"));
        }
        Some(_) => {}
    }
    let is_json = headers
        .get("content-type")
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("application/json"));
    if is_json { Ok(()) } else { Err(invalid("content-type: application/json is required")) }
}

/// Reads and checks the body.
pub(crate) fn read(body: &Value) -> Result<Request, ApiError> {
    let fields = body.as_object().ok_or_else(|| invalid("the body must be a JSON object"))?;
    if let Some(extra) = fields.keys().find(|key| !FIELDS.contains(&key.as_str())) {
        return Err(invalid(format!("{extra}: Extra inputs are not permitted")));
    }
    let model =
        body["model"].as_str().filter(|model| !model.is_empty()).ok_or_else(|| invalid("model: Field required"))?;
    let max_tokens =
        body["max_tokens"].as_i64().filter(|max| *max >= 0).ok_or_else(|| invalid("max_tokens: Field required"))?;
    if body["stream"] != true {
        return Err(invalid("stream: this provider only plays streams"));
    }
    let system = read_system(&body["system"])?;
    let tools = check_tools(&body["tools"])?;
    check_cache_control(body)?;
    let messages = body["messages"].as_array().ok_or_else(|| invalid("messages: Field required"))?;
    check_messages(messages)?;
    let (image_tokens, image_bytes) = charge_images(messages)?;
    let (user_text, step) = last_user_text(messages);
    let bytes = [&body["system"], &body["tools"], &body["messages"]]
        .into_iter()
        .filter(|part| !part.is_null())
        .map(|part| part.to_string().len())
        .sum::<usize>();
    Ok(Request {
        model: model.to_owned(),
        max_tokens,
        system,
        user_text,
        step,
        side: tools == 0 && max_tokens <= SIDE_CALL_MAX_TOKENS,
        input_tokens: tokens(bytes.saturating_sub(image_bytes)).saturating_add(image_tokens),
    })
}

fn charge_images(messages: &[Value]) -> Result<(i64, usize), ApiError> {
    let blocks = messages.iter().filter_map(|message| message["content"].as_array()).flatten();
    let mut charged = (0, 0);
    for block in blocks.filter(|block| block["type"] == "image") {
        let (tokens, bytes) = image::charge(block)?;
        charged = (charged.0 + tokens, charged.1 + bytes);
    }
    Ok(charged)
}

/// The tokens this provider makes of so many bytes.
pub(crate) fn tokens(bytes: usize) -> i64 {
    i64::try_from(bytes.div_ceil(4)).unwrap_or(i64::MAX)
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

fn text_of<'a>(block: &'a Value, place: &str) -> Result<&'a str, ApiError> {
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
        if tool["input_schema"]["type"] != "object" {
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

fn check_messages(messages: &[Value]) -> Result<(), ApiError> {
    if messages.is_empty() {
        return Err(invalid("messages: at least one message is required"));
    }
    let mut expected = "user";
    let mut open: Vec<&str> = Vec::new();
    for (index, message) in messages.iter().enumerate() {
        if message["role"] != expected {
            return Err(invalid(format!("messages.{index}: roles must alternate, starting with \"user\"")));
        }
        open = match (&message["content"], expected) {
            (Value::String(text), _) if !text.is_empty() && open.is_empty() => Vec::new(),
            (Value::Array(blocks), "user") if !blocks.is_empty() => {
                check_user(index, blocks, &open)?;
                Vec::new()
            }
            (Value::Array(blocks), _) if !blocks.is_empty() => check_assistant(index, blocks)?,
            _ => return Err(invalid(format!("messages.{index}.content: non-empty content is required"))),
        };
        expected = if expected == "user" { "assistant" } else { "user" };
    }
    if open.is_empty() {
        Ok(())
    } else {
        Err(invalid("messages: `tool_use` ids were found without `tool_result` blocks immediately after"))
    }
}

/// The ids of the tool calls of an assistant's message.
fn check_assistant(index: usize, blocks: &[Value]) -> Result<Vec<&str>, ApiError> {
    let mut calls = Vec::new();
    for block in blocks {
        match block["type"].as_str() {
            Some("text") => {
                text_of(block, &format!("messages.{index}"))?;
            }
            Some("tool_use") => {
                let id = block["id"].as_str().filter(|id| !id.is_empty());
                let id = id.ok_or_else(|| invalid(format!("messages.{index}: tool_use.id: Field required")))?;
                if calls.contains(&id) {
                    return Err(invalid(format!("messages.{index}: `tool_use` ids must be unique")));
                }
                if !block["input"].is_object() {
                    return Err(invalid(format!(
                        "messages.{index}: tool_use.input: Input should be a valid dictionary"
                    )));
                }
                calls.push(id);
            }
            _ => return Err(invalid(format!("messages.{index}: unknown block type"))),
        }
    }
    Ok(calls)
}

fn check_user(index: usize, blocks: &[Value], open: &[&str]) -> Result<(), ApiError> {
    let mut answered = HashSet::new();
    let mut text_began = false;
    for block in blocks {
        match block["type"].as_str() {
            Some("text") => {
                text_of(block, &format!("messages.{index}"))?;
                text_began = true;
            }
            Some("image") => text_began = true,
            Some("tool_result") => {
                let id = block["tool_use_id"].as_str().unwrap_or_default();
                if !open.contains(&id) || !answered.insert(id) {
                    return Err(invalid(format!(
                        "messages.{index}: unexpected `tool_use_id` found in `tool_result` blocks: {id}"
                    )));
                }
                if text_began {
                    return Err(invalid(format!("messages.{index}: `tool_result` blocks must come first")));
                }
            }
            _ => return Err(invalid(format!("messages.{index}: unknown block type"))),
        }
    }
    if let Some(id) = open.iter().find(|id| !answered.contains(*id)) {
        return Err(invalid(format!(
            "messages.{index}: `tool_use` ids were found without `tool_result` blocks immediately after: {id}"
        )));
    }
    Ok(())
}

/// The last text of a user, and how many assistant messages follow it.
fn last_user_text(messages: &[Value]) -> (String, usize) {
    let mut step = 0;
    for message in messages.iter().rev() {
        if message["role"] == "assistant" {
            step += 1;
            continue;
        }
        let text = match &message["content"] {
            Value::String(text) => text.clone(),
            Value::Array(blocks) => {
                blocks.iter().filter_map(|block| block["text"].as_str()).collect::<Vec<_>>().join("\n")
            }
            _ => String::new(),
        };
        if !text.is_empty() {
            return (text, step);
        }
    }
    (String::new(), step)
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
        assert_eq!((request.user_text.as_str(), request.step, request.side), ("How much?", 1, false));
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
