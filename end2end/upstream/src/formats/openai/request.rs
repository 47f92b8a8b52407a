//! Reading and checking a request the way `OpenAI` does.

use axum::http::{HeaderMap, header::AUTHORIZATION};
use serde_json::Value;

use crate::{
    formats::Format,
    request::{Images, Request, input_tokens, invalid, kind_of, last_user_text, text_in},
    script::ApiError,
};

const FIELDS: [&str; 36] = [
    "model",
    "messages",
    "stream",
    "stream_options",
    "max_tokens",
    "max_completion_tokens",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "functions",
    "function_call",
    "temperature",
    "top_p",
    "n",
    "stop",
    "presence_penalty",
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "top_logprobs",
    "response_format",
    "seed",
    "service_tier",
    "store",
    "metadata",
    "user",
    "safety_identifier",
    "prompt_cache_key",
    "prompt_cache_retention",
    "reasoning_effort",
    "verbosity",
    "modalities",
    "audio",
    "prediction",
    "web_search_options",
    "moderation",
];
/// An image that is not in the request (a URL) costs this much: what the real one takes at low detail.
const REMOTE_IMAGE_TOKENS: i64 = 85;

/// Checks the headers of a request with a body.
pub(crate) fn check_headers(headers: &HeaderMap) -> Result<(), ApiError> {
    check_key(headers)?;
    let is_json = headers
        .get("content-type")
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("application/json"));
    if is_json { Ok(()) } else { Err(ApiError { status: 415, ..invalid("application/json is required") }) }
}

/// Any bearer token will do but `invalid`.
pub(crate) fn check_key(headers: &HeaderMap) -> Result<(), ApiError> {
    let value = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let refuse = |message: &str| ApiError { status: 401, ..invalid(message) };
    match value.strip_prefix("Bearer ").unwrap_or_default() {
        "" => Err(refuse("You didn't provide an API key.")),
        "invalid" => Err(refuse("Incorrect API key provided: invalid.").code("invalid_api_key")),
        _ => Ok(()),
    }
}

/// Reads and checks the body.
pub(crate) fn read(body: &Value) -> Result<Request, ApiError> {
    let fields = body.as_object().ok_or_else(|| invalid("We could not parse the JSON body of your request."))?;
    if let Some(extra) = fields.keys().find(|key| !FIELDS.contains(&key.as_str())) {
        return Err(invalid(format!("Unrecognized request argument supplied: {extra}")));
    }
    let model = body["model"].as_str().filter(|model| !model.is_empty());
    let model = model.ok_or_else(|| invalid("you must provide a model parameter"))?;
    if body["n"].as_i64().unwrap_or(1) != 1 {
        return Err(invalid("n: this provider gives one choice"));
    }
    let is_stream = body["stream"].as_bool().unwrap_or(false);
    if !is_stream && !body["stream_options"].is_null() {
        return Err(invalid("The 'stream_options' parameter is only allowed when 'stream' is enabled."));
    }
    let max_tokens = read_cap(body)?;
    let tools = check_tools(&body["tools"])?;
    let messages = body["messages"].as_array().filter(|messages| !messages.is_empty());
    let messages = messages.ok_or_else(|| invalid("Missing required parameter: 'messages'."))?;
    check_messages(messages)?;
    let (user_text, step) = last_user_text(messages);
    let is_system = |message: &&Value| message["role"] == "system" || message["role"] == "developer";
    let system = messages.iter().filter(is_system).map(|message| text_in(&message["content"]));
    Ok(Request {
        kind: kind_of(tools, max_tokens),
        max_tokens,
        is_stream,
        wants_usage: body["stream_options"]["include_usage"] == true,
        system: system.collect::<Vec<_>>().join("\n"),
        step,
        input_tokens: input_tokens(&[&body["tools"], &body["messages"]], images(messages)?),
        ..Request::about(Format::OpenAi, model, &user_text)
    })
}

fn read_cap(body: &Value) -> Result<i64, ApiError> {
    let caps = ["max_completion_tokens", "max_tokens"].map(|name| (name, &body[name]));
    let mut given = caps.into_iter().filter(|(_, value)| !value.is_null());
    let Some((name, value)) = given.next() else { return Ok(i64::MAX) };
    if given.next().is_some() {
        return Err(invalid("Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported."));
    }
    let cap = value.as_i64().filter(|cap| *cap >= 1);
    cap.ok_or_else(|| invalid(format!("Invalid '{name}': an integer of at least 1 is expected")))
}

fn check_tools(tools: &Value) -> Result<usize, ApiError> {
    let tools = match tools {
        Value::Null => return Ok(0),
        Value::Array(tools) if tools.is_empty() => return Err(invalid("[] is too short - 'tools'")),
        Value::Array(tools) => tools,
        _ => return Err(invalid("Invalid type for 'tools': expected an array")),
    };
    for (index, tool) in tools.iter().enumerate() {
        let name = tool["function"]["name"].as_str().unwrap_or_default();
        let is_name = (1..=64).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
        if tool["type"] != "function" || !is_name {
            return Err(invalid(format!("Invalid 'tools[{index}]': a function with a name is expected")));
        }
        let parameters = &tool["function"]["parameters"];
        if !parameters.is_null() && parameters["type"] != "object" {
            return Err(invalid(format!(
                "Invalid schema for function '{name}': schema must be a JSON Schema of 'type: \"object\"'"
            )));
        }
    }
    Ok(tools.len())
}

/// Known roles; every tool call is answered before anybody else speaks, and nothing else is.
fn check_messages(messages: &[Value]) -> Result<(), ApiError> {
    let mut open: Vec<&str> = Vec::new();
    for (index, message) in messages.iter().enumerate() {
        let role = message["role"].as_str().unwrap_or_default();
        if role == "tool" {
            let id = message["tool_call_id"].as_str().unwrap_or_default();
            let Some(at) = open.iter().position(|call| *call == id) else {
                return Err(invalid(
                    "messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.",
                ));
            };
            open.remove(at);
            check_content(index, &message["content"])?;
            continue;
        }
        if let Some(id) = open.first() {
            return Err(unanswered(id));
        }
        match role {
            "system" | "developer" | "user" => check_content(index, &message["content"])?,
            "assistant" => open = check_assistant(index, message)?,
            _ => return Err(invalid(format!("Invalid value: '{role}' for 'messages[{index}].role'"))),
        }
    }
    open.first().map_or(Ok(()), |id| Err(unanswered(id)))
}

fn unanswered(id: &str) -> ApiError {
    invalid(format!(
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. \
         The following tool_call_ids did not have response messages: {id}"
    ))
}

fn check_content(index: usize, content: &Value) -> Result<(), ApiError> {
    let is_part =
        |part: &Value| matches!(part["type"].as_str(), Some("text" | "image_url" | "input_audio" | "file" | "refusal"));
    match content {
        Value::String(_) => Ok(()),
        Value::Array(parts) if !parts.is_empty() && parts.iter().all(is_part) => Ok(()),
        _ => Err(invalid(format!("Invalid value for 'content' of messages[{index}]: a string or a list of parts"))),
    }
}

/// The ids of the tool calls of an assistant's message.
fn check_assistant(index: usize, message: &Value) -> Result<Vec<&str>, ApiError> {
    let Some(calls) = message["tool_calls"].as_array() else {
        check_content(index, &message["content"])?;
        return Ok(Vec::new());
    };
    if calls.is_empty() {
        return Err(invalid(format!("[] is too short - 'messages.{index}.tool_calls'")));
    }
    let id_of = |call: &'_ Value| call["id"].as_str().is_some_and(|id| !id.is_empty());
    for call in calls {
        let function = &call["function"];
        let is_call = id_of(call) && call["type"] == "function" && function["name"].is_string();
        if !is_call || !function["arguments"].is_string() {
            return Err(invalid(format!(
                "Invalid 'messages[{index}].tool_calls': id, type, name and an arguments string"
            )));
        }
    }
    Ok(calls.iter().filter_map(|call| call["id"].as_str()).collect())
}

fn images(messages: &[Value]) -> Result<Images, ApiError> {
    let mut images = Images::default();
    let parts = messages.iter().filter_map(|message| message["content"].as_array()).flatten();
    for part in parts.filter(|part| part["type"] == "image_url") {
        let url = part["image_url"]["url"].as_str().ok_or_else(|| invalid("image_url.url: a string is expected"))?;
        match url.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,")) {
            Some((media_type, data)) => images.add(data, Some(media_type))?,
            None => images.tokens += REMOTE_IMAGE_TOKENS,
        }
    }
    Ok(images)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::request::Kind;

    fn body(messages: Value) -> Value {
        json!({"model": "gpt-5.4", "messages": messages})
    }

    fn why(body: &Value) -> String {
        read(body).err().map(|error| error.message).unwrap_or_default()
    }

    #[test]
    fn a_tool_loop_is_read() {
        let mut body = body(json!([
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "How much?"}]},
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "a", "type": "function", "function": {"name": "t", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "a", "content": "5"}
        ]));
        body["stream"] = true.into();
        body["stream_options"] = json!({"include_usage": true});
        body["max_completion_tokens"] = 100.into();
        let request = read(&body).expect("valid");
        assert_eq!((request.user_text.as_str(), request.step, request.kind), ("How much?", 1, Kind::Answer));
        assert_eq!((request.system.as_str(), request.max_tokens), ("Be brief.", 100));
        assert!(request.is_stream && request.wants_usage);
    }

    #[test]
    fn what_the_real_one_refuses_is_refused() {
        let ask = json!({"role": "user", "content": "x"});
        let call = json!({"role": "assistant", "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "t", "arguments": "{}"}}]});
        assert!(why(&body(json!([]))).contains("messages"));
        assert!(why(&body(json!([ask, call, ask]))).contains("did not have response messages: a"));
        assert!(why(&body(json!([ask, call]))).contains("did not have response messages: a"));
        let stray = json!({"role": "tool", "tool_call_id": "b", "content": ""});
        assert!(why(&body(json!([ask, stray]))).contains("must be a response"));
        let with = |name: &str, value: Value| {
            let mut body = body(json!([ask]));
            body[name] = value;
            why(&body)
        };
        assert!(with("max_tokens", 0.into()).contains("at least 1"));
        assert!(with("max_completion_tokens", json!(9_223_372_036_854_775_808_u64)).contains("at least 1"));
        assert!(with("thinking", json!({})).contains("thinking"));
        assert!(with("stream_options", json!({})).contains("stream_options"));
        assert!(with("tools", json!([{"type": "function", "function": {"name": "a b"}}])).contains("tools[0]"));
        assert_eq!(with("max_tokens", 1.into()), "");
    }
}
