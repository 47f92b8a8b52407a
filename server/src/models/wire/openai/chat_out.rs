//! A chat in common words as a chat completion request.

use serde_json::{Map, Value, json};

use crate::models::wire::{
    Untranslatable,
    chat::{
        Chat, ChatImage, ChatMessage, ChatRole, ChatTool, Effort, OutputFormat, Part, ResultPart, ToolChoice, cannot,
        put,
    },
};

/// Writes the request. A stream is always asked for its usage.
///
/// # Errors
/// What chat completions cannot say.
pub(in crate::models::wire) fn write(chat: &Chat) -> Result<Map<String, Value>, Untranslatable> {
    let mut body = Map::new();
    put(&mut body, "model", Some(chat.model.clone()));
    let mut messages = Vec::new();
    for (index, message) in chat.messages.iter().enumerate() {
        write_message(message, &format!("messages[{index}]"), &mut messages)?;
    }
    put(&mut body, "messages", Some(messages));
    if !chat.tools.is_empty() {
        put(&mut body, "tools", Some(chat.tools.iter().map(write_tool).collect::<Vec<_>>()));
        put(&mut body, "tool_choice", chat.tool_choice.as_ref().map(write_choice));
        put(&mut body, "parallel_tool_calls", chat.one_tool_at_a_time.then_some(false));
    }
    put(&mut body, "max_completion_tokens", chat.max_output);
    if !chat.stop.is_empty() {
        put(&mut body, "stop", Some(chat.stop.clone()));
    }
    let sampling = &chat.sampling;
    if sampling.top_k.is_some() {
        return cannot("top_k", "there is no such setting");
    }
    put(&mut body, "temperature", sampling.temperature.clone().map(Value::Number));
    put(&mut body, "top_p", sampling.top_p.clone().map(Value::Number));
    put(&mut body, "seed", sampling.seed.clone().map(Value::Number));
    put(&mut body, "frequency_penalty", sampling.frequency_penalty.clone().map(Value::Number));
    put(&mut body, "presence_penalty", sampling.presence_penalty.clone().map(Value::Number));
    put(&mut body, "user", chat.user.clone());
    put(&mut body, "reasoning_effort", chat.effort.and_then(effort));
    put(&mut body, "response_format", chat.output.as_ref().map(write_output));
    if chat.is_streaming {
        put(&mut body, "stream", Some(true));
        put(&mut body, "stream_options", Some(json!({"include_usage": true})));
    }
    Ok(body)
}

fn write_tool(tool: &ChatTool) -> Value {
    let mut function = Map::new();
    put(&mut function, "name", Some(tool.name.clone()));
    put(&mut function, "description", tool.description.clone());
    put(&mut function, "parameters", Some(tool.schema.clone()));
    put(&mut function, "strict", tool.is_strict);
    json!({"type": "function", "function": function})
}

fn write_choice(choice: &ToolChoice) -> Value {
    match choice {
        ToolChoice::Auto => "auto".into(),
        ToolChoice::None => "none".into(),
        ToolChoice::Required => "required".into(),
        ToolChoice::Tool(name) => json!({"type": "function", "function": {"name": name}}),
    }
}

fn effort(effort: Effort) -> Option<&'static str> {
    match effort {
        Effort::Off => Some("none"),
        // What a model that thinks does unless told otherwise.
        Effort::On => Some("medium"),
        level => level.name(),
    }
}

fn write_output(output: &OutputFormat) -> Value {
    match output {
        OutputFormat::Json => json!({"type": "json_object"}),
        OutputFormat::Schema { name, schema, is_strict } => {
            let mut written = Map::new();
            put(&mut written, "name", Some(name.as_deref().unwrap_or("answer")));
            put(&mut written, "schema", Some(schema.clone()));
            put(&mut written, "strict", *is_strict);
            json!({"type": "json_schema", "json_schema": written})
        }
    }
}

/// One message becomes several when it has results of tools: each is a message of its own, before the rest.
fn write_message(message: &ChatMessage, place: &str, out: &mut Vec<Value>) -> Result<(), Untranslatable> {
    let (mut content, mut calls) = (Vec::new(), Vec::new());
    for part in &message.parts {
        match part {
            Part::Text(text) => content.push(json!({"type": "text", "text": text})),
            Part::Image(image) => content.push(json!({"type": "image_url", "image_url": {"url": image_url(image)}})),
            // Not sent back: the model thinks anew.
            Part::Reasoning(_) => {}
            Part::ToolCall { id, name, arguments } => {
                let arguments = Value::Object(arguments.clone()).to_string();
                calls.push(json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}));
            }
            // That it is an error stands in its words alone.
            Part::ToolResult { id, content, .. } => {
                out.push(json!({"role": "tool", "tool_call_id": id, "content": result_text(content, place)?}));
            }
        }
    }
    if content.is_empty() && calls.is_empty() {
        return Ok(());
    }
    let role = match message.role {
        ChatRole::System => "system",
        ChatRole::User => "user",
        ChatRole::Assistant => "assistant",
    };
    let mut written = Map::new();
    put(&mut written, "role", Some(role));
    put(&mut written, "content", Some(shortest(content)));
    if !calls.is_empty() {
        put(&mut written, "tool_calls", Some(calls));
    }
    out.push(Value::Object(written));
    Ok(())
}

/// One text is a string, as every server reads it.
fn shortest(mut content: Vec<Value>) -> Value {
    match content.as_mut_slice() {
        [] => Value::Null,
        [only] if only.get("type").and_then(Value::as_str) == Some("text") => {
            only.get_mut("text").map(Value::take).unwrap_or_default()
        }
        _ => Value::Array(content),
    }
}

fn result_text(content: &[ResultPart], place: &str) -> Result<Value, Untranslatable> {
    let mut parts = Vec::new();
    for part in content {
        match part {
            ResultPart::Text(text) => parts.push(json!({"type": "text", "text": text})),
            ResultPart::Image(_) => {
                return cannot(format!("{place}.content"), "an image cannot be the result of a tool");
            }
        }
    }
    if parts.is_empty() { Ok("".into()) } else { Ok(shortest(parts)) }
}

fn image_url(image: &ChatImage) -> String {
    match image {
        ChatImage::Data { media_type, data } => format!("data:{media_type};base64,{data}"),
        ChatImage::Url(url) => url.clone(),
    }
}
