//! Checks of the list of messages.

use std::collections::HashSet;

use serde_json::Value;

use super::{SIGNATURE, request::text_of};
use crate::{request::invalid, script::ApiError};

/// Roles alternate; every tool call is answered, and nothing else is.
pub(super) fn check_messages(messages: &[Value]) -> Result<(), ApiError> {
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
            Some("thinking") => {
                // A signature belongs to its thoughts: who changes or drops it is refused.
                let is_whole = block["thinking"].is_string() && block["signature"] == SIGNATURE;
                if !is_whole {
                    return Err(invalid(format!("messages.{index}: Invalid `signature` in `thinking` block")));
                }
            }
            Some("redacted_thinking" | "server_tool_use" | "web_search_tool_result") => {}
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
            Some("image" | "document" | "search_result") => text_began = true,
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
