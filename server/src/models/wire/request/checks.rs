//! The fields of a request that we read: their types and ranges, in words.

use serde_json::{Map, Value};

use super::BadRequest;
use crate::models::wire::WireFormat;

/// Longest name of a model, bytes.
const MAX_MODEL_BYTES: usize = 256;
/// Most answers to one request (OpenAI, "Create chat completion": `n` is 1 to 128).
const MAX_CHOICES: i64 = 128;

pub(super) fn wrong<T>(param: &'static str, message: impl Into<String>) -> Result<T, BadRequest> {
    Err(BadRequest { param: Some(param), message: message.into() })
}

/// A field that is there and not `null`.
pub(in crate::models::wire) fn given<'a>(body: &'a Map<String, Value>, field: &str) -> Option<&'a Value> {
    body.get(field).filter(|value| !value.is_null())
}

/// What is read here must not be given a second time in other letters: some servers (all that are written in Go) take
/// `Options` for `options`.
const NAMES: [&str; 9] =
    ["model", "messages", "tools", "stream", "stream_options", "options", "max_tokens", "max_completion_tokens", "n"];

pub(super) fn check_names(body: &Map<String, Value>) -> Result<(), BadRequest> {
    for key in body.keys() {
        // Also ſ and the Kelvin sign, as those servers do.
        let folded = key.to_uppercase().to_lowercase();
        if let Some(name) = NAMES.into_iter().find(|name| *name == folded && name != key) {
            return wrong(name, format!("`{name}` must be written in small letters"));
        }
    }
    Ok(())
}

pub(super) fn check_model(body: &Map<String, Value>) -> Result<(), BadRequest> {
    match given(body, "model") {
        Some(Value::String(model)) if model.trim().is_empty() => wrong("model", "`model` must not be empty"),
        Some(Value::String(model)) if model.len() > MAX_MODEL_BYTES => {
            wrong("model", format!("`model` must not be longer than {MAX_MODEL_BYTES} bytes"))
        }
        Some(Value::String(_)) => Ok(()),
        Some(_) => wrong("model", "`model` must be a string"),
        None => wrong("model", "`model` is required"),
    }
}

pub(super) fn check_messages(format: WireFormat, body: &Map<String, Value>) -> Result<(), BadRequest> {
    let Some(messages) = given(body, "messages") else {
        return wrong("messages", "`messages` is required");
    };
    let Some(messages) = messages.as_array() else {
        return wrong("messages", "`messages` must be a list");
    };
    // Ollama loads a model that is asked nothing.
    if messages.is_empty() && format != WireFormat::Ollama {
        return wrong("messages", "`messages` must not be empty");
    }
    match messages.iter().position(|message| !message.is_object()) {
        Some(index) => wrong("messages", format!("`messages[{index}]` must be an object")),
        None => Ok(()),
    }
}

pub(super) fn boolean(body: &Map<String, Value>, field: &'static str) -> Result<Option<bool>, BadRequest> {
    match given(body, field) {
        None => Ok(None),
        Some(Value::Bool(value)) => Ok(Some(*value)),
        Some(_) => wrong(field, format!("`{field}` must be true or false")),
    }
}

/// A number of tokens.
pub(super) fn count(body: &Map<String, Value>, field: &'static str) -> Result<Option<i64>, BadRequest> {
    let Some(value) = given(body, field) else { return Ok(None) };
    if !value.is_number() {
        return wrong(field, format!("`{field}` must be a number"));
    }
    match value.as_i64() {
        Some(count) if count >= 0 => Ok(Some(count)),
        _ => wrong(field, format!("`{field}` must be a whole number from 0 to {}", i64::MAX)),
    }
}

pub(super) fn openai_cap(body: &Map<String, Value>) -> Result<Option<i64>, BadRequest> {
    let (newer, older) = (count(body, "max_completion_tokens")?, count(body, "max_tokens")?);
    Ok(newer.or(older))
}

pub(super) fn openai_choices(body: &Map<String, Value>) -> Result<i64, BadRequest> {
    let Some(value) = given(body, "n") else { return Ok(1) };
    match value.as_i64() {
        Some(n) if (1..=MAX_CHOICES).contains(&n) => Ok(n),
        _ => wrong("n", format!("`n` must be a whole number from 1 to {MAX_CHOICES}")),
    }
}

pub(super) fn openai_wants_usage(body: &Map<String, Value>) -> Result<bool, BadRequest> {
    match given(body, "stream_options") {
        None => Ok(false),
        Some(Value::Object(options)) => Ok(boolean(options, "include_usage")
            .or_else(|_| wrong("stream_options", "`stream_options.include_usage` must be true or false"))?
            .unwrap_or(false)),
        Some(_) => wrong("stream_options", "`stream_options` must be an object"),
    }
}

/// Negative is Ollama's way to say that there is no cap ("Modelfile": `num_predict`).
pub(super) fn ollama_cap(body: &Map<String, Value>) -> Result<Option<i64>, BadRequest> {
    let options = match given(body, "options") {
        None => return Ok(None),
        Some(Value::Object(options)) => options,
        Some(_) => return wrong("options", "`options` must be an object"),
    };
    let Some(value) = given(options, "num_predict") else { return Ok(None) };
    match value.as_i64() {
        Some(count) => Ok(Some(count).filter(|count| *count >= 0)),
        None => wrong("options", "`options.num_predict` must be a whole number"),
    }
}
