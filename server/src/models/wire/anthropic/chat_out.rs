//! A chat in common words as a request of messages.

use serde_json::{Map, Number, Value, json};

use crate::models::wire::{
    Untranslatable,
    chat::{
        Chat, ChatImage, ChatMessage, ChatRole, ChatTool, Effort, OutputFormat, Part, ResultPart, ToolChoice, cannot,
        put,
    },
};

/// What Claude sees ("Vision").
const MEDIA_TYPES: [&str; 4] = ["image/jpeg", "image/png", "image/gif", "image/webp"];

/// Writes the request. `max_tokens` is required there and set with the cap of the hold.
///
/// # Errors
/// What messages cannot say.
pub(in crate::models::wire) fn write(chat: &Chat) -> Result<Map<String, Value>, Untranslatable> {
    let mut body = Map::new();
    put(&mut body, "model", Some(chat.model.clone()));
    put(&mut body, "max_tokens", chat.max_output);
    let system = system(chat)?;
    if !system.is_empty() {
        put(&mut body, "system", Some(system));
    }
    put(&mut body, "messages", Some(messages(chat)?));
    if !chat.tools.is_empty() {
        put(&mut body, "tools", Some(chat.tools.iter().map(write_tool).collect::<Vec<_>>()));
        put(&mut body, "tool_choice", tool_choice(chat));
    }
    if let Some(blank) = chat.stop.iter().find(|stop| stop.trim().is_empty()) {
        return cannot("stop", format!("{blank:?} is only white space, which Claude does not stop at"));
    }
    if !chat.stop.is_empty() {
        put(&mut body, "stop_sequences", Some(chat.stop.clone()));
    }
    let sampling = &chat.sampling;
    for (name, value) in
        [("frequency_penalty", &sampling.frequency_penalty), ("presence_penalty", &sampling.presence_penalty)]
    {
        if value.as_ref().and_then(Number::as_f64).is_some_and(|value| value != 0.0) {
            return cannot(name, "there is no such setting");
        }
    }
    if sampling.temperature.as_ref().and_then(Number::as_f64).is_some_and(|value| value > 1.0) {
        return cannot("temperature", "it goes from 0 to 1 there");
    }
    put(&mut body, "temperature", sampling.temperature.clone().map(Value::Number));
    put(&mut body, "top_p", sampling.top_p.clone().map(Value::Number));
    put(&mut body, "top_k", sampling.top_k.clone().map(Value::Number));
    put(&mut body, "metadata", chat.user.as_ref().map(|user| json!({"user_id": user})));
    thinking_and_output(chat, &mut body)?;
    put(&mut body, "stream", chat.is_streaming.then_some(true));
    Ok(body)
}

/// All instructions, as they stand before the messages only.
fn system(chat: &Chat) -> Result<Vec<Value>, Untranslatable> {
    let mut system = Vec::new();
    for part in
        chat.messages.iter().filter(|message| message.role == ChatRole::System).flat_map(|message| &message.parts)
    {
        match part {
            Part::Text(text) if text.trim().is_empty() => {}
            Part::Text(text) => system.push(json!({"type": "text", "text": text})),
            _ => return cannot("messages", "a system message must be text"),
        }
    }
    Ok(system)
}

/// Neighbours of one role become one message; in it the results of tools come first, as they must.
fn messages(chat: &Chat) -> Result<Vec<Value>, Untranslatable> {
    let mut written: Vec<(&'static str, Vec<Value>, Vec<Value>)> = Vec::new();
    for (index, message) in chat.messages.iter().enumerate() {
        let role = match message.role {
            ChatRole::System => continue,
            ChatRole::User => "user",
            ChatRole::Assistant => "assistant",
        };
        let (results, rest) = blocks(message, &format!("messages[{index}]"))?;
        match written.last_mut() {
            Some((last, results_before, rest_before)) if *last == role => {
                results_before.extend(results);
                rest_before.extend(rest);
            }
            _ if results.is_empty() && rest.is_empty() => {}
            _ => written.push((role, results, rest)),
        }
    }
    let message = |(role, mut blocks, rest): (&str, Vec<Value>, Vec<Value>)| {
        blocks.extend(rest);
        json!({"role": role, "content": blocks})
    };
    Ok(written.into_iter().map(message).collect())
}

fn blocks(message: &ChatMessage, place: &str) -> Result<(Vec<Value>, Vec<Value>), Untranslatable> {
    let (mut results, mut rest) = (Vec::new(), Vec::new());
    for part in &message.parts {
        match part {
            // Empty texts are refused there.
            Part::Text(text) if text.trim().is_empty() => {}
            Part::Text(text) => rest.push(json!({"type": "text", "text": text})),
            Part::Image(image) => rest.push(write_image(image, place)?),
            // Not signed by Claude, so Claude does not take it.
            Part::Reasoning(_) => {}
            Part::ToolCall { id, name, arguments } => {
                rest.push(json!({"type": "tool_use", "id": tool_id(id), "name": name, "input": arguments}));
            }
            Part::ToolResult { id, content, is_error, .. } => {
                let mut result = Map::new();
                put(&mut result, "type", Some("tool_result"));
                put(&mut result, "tool_use_id", Some(tool_id(id)));
                put(&mut result, "content", Some(result_content(content, place)?));
                put(&mut result, "is_error", is_error.then_some(true));
                results.push(Value::Object(result));
            }
        }
    }
    Ok((results, rest))
}

fn result_content(content: &[ResultPart], place: &str) -> Result<Value, Untranslatable> {
    if let [ResultPart::Text(text)] = content {
        return Ok(text.as_str().into());
    }
    let mut blocks = Vec::new();
    for part in content {
        match part {
            ResultPart::Text(text) if text.trim().is_empty() => {}
            ResultPart::Text(text) => blocks.push(json!({"type": "text", "text": text})),
            ResultPart::Image(image) => blocks.push(write_image(image, place)?),
        }
    }
    Ok(if blocks.is_empty() { "".into() } else { Value::Array(blocks) })
}

/// Ids there are letters, digits, `_` and `-`.
fn tool_id(id: &str) -> String {
    id.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c } else { '_' }).collect()
}

fn write_image(image: &ChatImage, place: &str) -> Result<Value, Untranslatable> {
    match image {
        ChatImage::Data { media_type, .. } if !MEDIA_TYPES.contains(&media_type.as_str()) => {
            cannot(format!("{place}.content"), "images must be JPEG, PNG, GIF or WebP")
        }
        ChatImage::Data { media_type, data } => {
            Ok(json!({"type": "image", "source": {"type": "base64", "media_type": media_type, "data": data}}))
        }
        ChatImage::Url(url) => Ok(json!({"type": "image", "source": {"type": "url", "url": url}})),
    }
}

fn write_tool(tool: &ChatTool) -> Value {
    let mut written = Map::new();
    put(&mut written, "name", Some(tool.name.clone()));
    put(&mut written, "description", tool.description.clone());
    put(&mut written, "input_schema", Some(tool.schema.clone()));
    put(&mut written, "strict", tool.is_strict.filter(|is_strict| *is_strict));
    Value::Object(written)
}

fn tool_choice(chat: &Chat) -> Option<Value> {
    let mut choice = match &chat.tool_choice {
        None if !chat.one_tool_at_a_time => return None,
        None | Some(ToolChoice::Auto) => json!({"type": "auto"}),
        Some(ToolChoice::None) => return Some(json!({"type": "none"})),
        Some(ToolChoice::Required) => json!({"type": "any"}),
        Some(ToolChoice::Tool(name)) => json!({"type": "tool", "name": name}),
    };
    if let Some(fields) = choice.as_object_mut() {
        put(fields, "disable_parallel_tool_use", chat.one_tool_at_a_time.then_some(true));
    }
    Some(choice)
}

fn thinking_and_output(chat: &Chat, body: &mut Map<String, Value>) -> Result<(), Untranslatable> {
    let mut config = Map::new();
    match chat.effort {
        None => {}
        Some(Effort::Off) => put(body, "thinking", Some(json!({"type": "disabled"}))),
        Some(Effort::Minimal) => return cannot("reasoning_effort", "there is no level `minimal`"),
        Some(effort) => {
            put(body, "thinking", Some(json!({"type": "adaptive"})));
            put(&mut config, "effort", effort.name());
        }
    }
    match &chat.output {
        None => {}
        Some(OutputFormat::Json) => {
            return cannot("response_format", "JSON can only be asked for with a schema (`json_schema`)");
        }
        Some(OutputFormat::Schema { schema, .. }) => {
            put(&mut config, "format", Some(json!({"type": "json_schema", "schema": schema})));
        }
    }
    if !config.is_empty() {
        put(body, "output_config", Some(config));
    }
    Ok(())
}
