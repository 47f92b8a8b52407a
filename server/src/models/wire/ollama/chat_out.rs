//! A chat in common words as a request of `/api/chat`.

use serde_json::{Map, Value, json};

use crate::models::wire::{
    Untranslatable,
    chat::{
        Chat, ChatImage, ChatMessage, ChatRole, ChatTool, Effort, OutputFormat, Part, ResultPart, ToolChoice, cannot,
        put,
    },
};

/// Writes the request.
///
/// # Errors
/// What `/api/chat` cannot say.
pub(in crate::models::wire) fn write(chat: &Chat) -> Result<Map<String, Value>, Untranslatable> {
    let mut body = Map::new();
    put(&mut body, "model", Some(chat.model.clone()));
    let mut messages = Vec::new();
    for (index, message) in chat.messages.iter().enumerate() {
        write_message(chat, message, &format!("messages[{index}]"), &mut messages)?;
    }
    put(&mut body, "messages", Some(messages));
    if !chat.tools.is_empty() {
        match &chat.tool_choice {
            None | Some(ToolChoice::Auto) => {
                put(&mut body, "tools", Some(chat.tools.iter().map(write_tool).collect::<Vec<_>>()));
            }
            // Tools that must not be called need not be told.
            Some(ToolChoice::None) => {}
            Some(_) => return cannot("tool_choice", "Ollama cannot be made to call a tool"),
        }
        if chat.one_tool_at_a_time && chat.tool_choice != Some(ToolChoice::None) {
            return cannot("parallel_tool_calls", "Ollama cannot be kept from calling several tools");
        }
    }
    put(
        &mut body,
        "format",
        match &chat.output {
            None => None,
            Some(OutputFormat::Json) => Some(Value::from("json")),
            Some(OutputFormat::Schema { schema, .. }) => Some(schema.clone()),
        },
    );
    put(&mut body, "think", think(chat.effort)?);
    let options = options(chat);
    if !options.is_empty() {
        put(&mut body, "options", Some(options));
    }
    put(&mut body, "stream", Some(chat.is_streaming));
    Ok(body)
}

fn options(chat: &Chat) -> Map<String, Value> {
    let mut options = Map::new();
    put(&mut options, "num_predict", chat.max_output);
    let sampling = &chat.sampling;
    for (name, value) in [
        ("temperature", &sampling.temperature),
        ("top_p", &sampling.top_p),
        ("top_k", &sampling.top_k),
        ("seed", &sampling.seed),
        ("frequency_penalty", &sampling.frequency_penalty),
        ("presence_penalty", &sampling.presence_penalty),
    ] {
        put(&mut options, name, value.clone().map(Value::Number));
    }
    if !chat.stop.is_empty() {
        put(&mut options, "stop", Some(chat.stop.clone()));
    }
    options
}

fn think(effort: Option<Effort>) -> Result<Option<Value>, Untranslatable> {
    match effort {
        None => Ok(None),
        Some(Effort::Off) => Ok(Some(false.into())),
        Some(Effort::On) => Ok(Some(true.into())),
        Some(level @ (Effort::Low | Effort::Medium | Effort::High)) => Ok(level.name().map(Value::from)),
        Some(_) => cannot("reasoning_effort", "Ollama only knows low, medium and high"),
    }
}

fn write_tool(tool: &ChatTool) -> Value {
    let mut function = Map::new();
    put(&mut function, "name", Some(tool.name.clone()));
    put(&mut function, "description", tool.description.clone());
    put(&mut function, "parameters", Some(tool.schema.clone()));
    json!({"type": "function", "function": function})
}

/// Results of tools are messages of their own, before the rest.
fn write_message(chat: &Chat, message: &ChatMessage, place: &str, out: &mut Vec<Value>) -> Result<(), Untranslatable> {
    let (mut texts, mut thinking) = (Vec::new(), Vec::new());
    let (mut images, mut calls) = (Vec::new(), Vec::new());
    for part in &message.parts {
        match part {
            Part::Text(text) => texts.push(text.as_str()),
            Part::Reasoning(text) => thinking.push(text.as_str()),
            Part::Image(ChatImage::Data { data, .. }) => images.push(data.as_str()),
            Part::Image(ChatImage::Url(_)) => {
                return cannot(format!("{place}.content"), "Ollama fetches no images; send its data");
            }
            Part::ToolCall { id, name, arguments } => {
                calls.push(json!({"id": id, "function": {"name": name, "arguments": arguments}}));
            }
            Part::ToolResult { id, name, content, .. } => {
                let mut result = Map::new();
                put(&mut result, "role", Some("tool"));
                put(&mut result, "content", Some(result_text(content, place)?));
                put(&mut result, "tool_name", name.as_deref().or(chat.tool_of_call(id)));
                put(&mut result, "tool_call_id", Some(id.as_str()));
                out.push(Value::Object(result));
            }
        }
    }
    if texts.is_empty() && images.is_empty() && calls.is_empty() {
        return Ok(());
    }
    let role = match message.role {
        ChatRole::System => "system",
        ChatRole::User => "user",
        ChatRole::Assistant => "assistant",
    };
    let mut written = Map::new();
    put(&mut written, "role", Some(role));
    put(&mut written, "content", Some(texts.join("\n\n")));
    put(&mut written, "thinking", Some(thinking.concat()).filter(|text| !text.is_empty()));
    if !images.is_empty() {
        put(&mut written, "images", Some(images));
    }
    if !calls.is_empty() {
        put(&mut written, "tool_calls", Some(calls));
    }
    out.push(Value::Object(written));
    Ok(())
}

fn result_text(content: &[ResultPart], place: &str) -> Result<String, Untranslatable> {
    let mut texts = Vec::new();
    for part in content {
        match part {
            ResultPart::Text(text) => texts.push(text.as_str()),
            ResultPart::Image(_) => {
                return cannot(format!("{place}.content"), "an image cannot be the result of a tool");
            }
        }
    }
    Ok(texts.join("\n\n"))
}
