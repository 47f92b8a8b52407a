//! A request of messages ("Create a Message") in common words.

use serde_json::{Map, Value};

use crate::models::wire::{
    Untranslatable, WireRequest,
    chat::{
        Chat, ChatImage, ChatMessage, ChatRole, ChatTool, Effort, OutputFormat, Part, ResultPart, Sampling, ToolChoice,
        cannot, list, no_arguments, number, object, refuse_others, required, text, texts,
    },
    request::given,
};

const KNOWN: &[&str] = &[
    "model",
    "messages",
    "system",
    "max_tokens",
    "metadata",
    "stop_sequences",
    "stream",
    "temperature",
    "top_p",
    "top_k",
    "tools",
    "tool_choice",
    "thinking",
    "output_config",
];

/// `cache_control` asks for a cache, wherever it stands; `diagnostics` tells how well one works.
const HINTS: &[&str] = &["service_tier", "cache_control", "diagnostics"];

/// Reads the request.
///
/// # Errors
/// What no other format can say.
pub(in crate::models::wire) fn read(request: &WireRequest) -> Result<Chat, Untranslatable> {
    let body = request.body();
    if let Some(tool) = request.server_tool() {
        let tool: String = tool.chars().take(80).collect();
        return cannot("tools", format!("`{tool}` is run by Anthropic itself"));
    }
    refuse_others(body, "", KNOWN, HINTS)?;
    let mut chat = Chat {
        model: request.model().to_owned(),
        messages: system(body)?.into_iter().collect(),
        tools: tools(body)?,
        max_output: request.max_output(),
        stop: texts(body, "stop_sequences")?,
        sampling: Sampling {
            temperature: number(body, "", "temperature")?,
            top_p: number(body, "", "top_p")?,
            top_k: number(body, "", "top_k")?,
            ..Sampling::default()
        },
        user: match given(body, "metadata").and_then(Value::as_object) {
            Some(metadata) => text(metadata, "metadata.", "user_id")?,
            None => None,
        },
        is_streaming: request.is_streaming(),
        ..Chat::default()
    };
    (chat.tool_choice, chat.one_tool_at_a_time) = tool_choice(body)?;
    (chat.effort, chat.output) = thinking_and_output(body)?;
    for (index, message) in list(body, "", "messages")?.iter().enumerate() {
        chat.messages.push(read_message(message, &format!("messages[{index}]"))?);
    }
    Ok(chat)
}

fn system(body: &Map<String, Value>) -> Result<Option<ChatMessage>, Untranslatable> {
    let parts = blocks(body, "system", "")?;
    if parts.iter().any(|part| !matches!(part, Part::Text(_))) {
        return cannot("system", "it must be text");
    }
    Ok((!parts.is_empty()).then_some(ChatMessage { role: ChatRole::System, parts }))
}

fn tools(body: &Map<String, Value>) -> Result<Vec<ChatTool>, Untranslatable> {
    let tool = |(index, tool): (usize, &Value)| {
        let place = format!("tools[{index}]");
        let fields = object(tool, &place)?;
        let inside = format!("{place}.");
        match text(fields, &inside, "type")?.as_deref() {
            None | Some("custom") => {}
            Some(_) => return cannot(format!("{inside}type"), "this tool is only known to Claude"),
        }
        let known = ["type", "name", "description", "input_schema", "strict"];
        refuse_others(fields, &inside, &known, &["cache_control", "eager_input_streaming"])?;
        Ok(ChatTool {
            name: required(fields, &inside, "name")?,
            description: text(fields, &inside, "description")?,
            schema: given(fields, "input_schema").cloned().unwrap_or_else(no_arguments),
            is_strict: given(fields, "strict").and_then(Value::as_bool),
        })
    };
    list(body, "", "tools")?.iter().enumerate().map(tool).collect()
}

fn tool_choice(body: &Map<String, Value>) -> Result<(Option<ToolChoice>, bool), Untranslatable> {
    let Some(choice) = given(body, "tool_choice") else { return Ok((None, false)) };
    let fields = object(choice, "tool_choice")?;
    let is_one_at_a_time = given(fields, "disable_parallel_tool_use") == Some(&Value::Bool(true));
    let choice = match fields.get("type").and_then(Value::as_str) {
        Some("auto") => ToolChoice::Auto,
        Some("any") => ToolChoice::Required,
        Some("none") => ToolChoice::None,
        Some("tool") => ToolChoice::Tool(required(fields, "tool_choice.", "name")?),
        _ => return cannot("tool_choice.type", "it must be auto, any, tool or none"),
    };
    Ok((Some(choice), is_one_at_a_time))
}

/// `thinking` and `output_config` ("Adaptive thinking", "Effort", "Structured outputs").
fn thinking_and_output(body: &Map<String, Value>) -> Result<(Option<Effort>, Option<OutputFormat>), Untranslatable> {
    let none = Map::new();
    let config = match given(body, "output_config") {
        Some(config) => object(config, "output_config")?,
        None => &none,
    };
    refuse_others(config, "output_config.", &["effort", "format"], &[])?;
    let level = match text(config, "output_config.", "effort")? {
        None => None,
        Some(name) => match Effort::level(&name) {
            Some(level) => Some(level),
            None => return cannot("output_config.effort", "it is no level that is known"),
        },
    };
    let effort = match given(body, "thinking").map(|thinking| thinking.get("type").and_then(Value::as_str)) {
        None => level,
        Some(Some("disabled")) => Some(Effort::Off),
        Some(Some("adaptive")) => Some(level.unwrap_or(Effort::On)),
        Some(Some("enabled")) => return cannot("thinking", "a budget for thinking has no counterpart; use `adaptive`"),
        Some(_) => return cannot("thinking.type", "it must be adaptive or disabled"),
    };
    let output = match given(config, "format") {
        None => None,
        Some(format) if format.get("type").and_then(Value::as_str) == Some("json_schema") => {
            Some(OutputFormat::Schema {
                name: None,
                schema: format.get("schema").filter(|schema| !schema.is_null()).cloned().unwrap_or_else(no_arguments),
                is_strict: Some(true),
            })
        }
        Some(_) => return cannot("output_config.format", "it must be a json_schema"),
    };
    Ok((effort, output))
}

fn read_message(message: &Value, place: &str) -> Result<ChatMessage, Untranslatable> {
    let fields = object(message, place)?;
    let inside = format!("{place}.");
    refuse_others(fields, &inside, &["role", "content"], &[])?;
    let role = match required(fields, &inside, "role")?.as_str() {
        "user" => ChatRole::User,
        "assistant" => ChatRole::Assistant,
        "system" => ChatRole::System,
        _ => return cannot(format!("{inside}role"), "it must be user or assistant"),
    };
    Ok(ChatMessage { role, parts: blocks(fields, "content", &inside)? })
}

/// A string, or blocks.
fn blocks(fields: &Map<String, Value>, field: &str, inside: &str) -> Result<Vec<Part>, Untranslatable> {
    match given(fields, field) {
        None => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(vec![Part::Text(text.clone())]),
        Some(Value::Array(blocks)) => {
            let block = |(index, block)| read_block(block, &format!("{inside}{field}[{index}]"));
            blocks.iter().enumerate().map(block).collect()
        }
        Some(_) => cannot(format!("{inside}{field}"), "it must be a string or a list of blocks"),
    }
}

fn read_block(block: &Value, place: &str) -> Result<Part, Untranslatable> {
    let fields = object(block, place)?;
    let inside = format!("{place}.");
    match required(fields, &inside, "type")?.as_str() {
        "text" => Ok(Part::Text(required(fields, &inside, "text")?)),
        "image" => read_image(fields, place).map(Part::Image),
        "tool_use" => {
            let arguments = match given(fields, "input") {
                None => Map::new(),
                Some(input) => object(input, &format!("{inside}input"))?.clone(),
            };
            let (id, name) = (required(fields, &inside, "id")?, required(fields, &inside, "name")?);
            Ok(Part::ToolCall { id, name, arguments })
        }
        "tool_result" => {
            let id = required(fields, &inside, "tool_use_id")?;
            let mut content = Vec::new();
            for part in blocks(fields, "content", &inside)? {
                content.push(match part {
                    Part::Text(text) => ResultPart::Text(text),
                    Part::Image(image) => ResultPart::Image(image),
                    _ => return cannot(format!("{inside}content"), "a tool's result must be text or images"),
                });
            }
            let is_error = given(fields, "is_error") == Some(&Value::Bool(true));
            Ok(Part::ToolResult { id, name: None, content, is_error })
        }
        // Without a signature it came from a model that has none: from our own translation.
        "thinking" if text(fields, &inside, "signature")?.is_none_or(|signature| signature.is_empty()) => {
            Ok(Part::Reasoning(text(fields, &inside, "thinking")?.unwrap_or_default()))
        }
        "thinking" | "redacted_thinking" => {
            cannot(place, "what Claude thought is signed and can only be sent back to Claude; leave it out")
        }
        "document" => cannot(place, "documents cannot be sent to this model; send their text"),
        _ => cannot(format!("{inside}type"), "this kind of content is only known to Claude"),
    }
}

fn read_image(fields: &Map<String, Value>, place: &str) -> Result<ChatImage, Untranslatable> {
    let source = object(fields.get("source").unwrap_or(&Value::Null), &format!("{place}.source"))?;
    let inside = format!("{place}.source.");
    match required(source, &inside, "type")?.as_str() {
        "base64" => Ok(ChatImage::Data {
            media_type: required(source, &inside, "media_type")?,
            data: required(source, &inside, "data")?,
        }),
        "url" => Ok(ChatImage::Url(required(source, &inside, "url")?)),
        _ => cannot(format!("{inside}type"), "the image must be in the request or on the web"),
    }
}
