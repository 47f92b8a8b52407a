//! A chat completion request ("Create chat completion") in common words.

use serde_json::{Map, Value};

use crate::models::wire::{
    Untranslatable, WireRequest,
    chat::{
        Chat, ChatImage, ChatMessage, ChatRole, ChatTool, Effort, OutputFormat, Part, ResultPart, Sampling, ToolChoice,
        cannot, list, no_arguments, number, object, refuse_others, required, text, texts,
    },
    image_size::data_url,
    request::given,
};

/// What is read here; some of it only to be refused in words of its own.
const KNOWN: &[&str] = &[
    "model",
    "messages",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "max_tokens",
    "max_completion_tokens",
    "stop",
    "temperature",
    "top_p",
    "seed",
    "frequency_penalty",
    "presence_penalty",
    "user",
    "safety_identifier",
    "reasoning_effort",
    "response_format",
    "stream",
    "stream_options",
    "n",
    "logprobs",
    "logit_bias",
    "modalities",
    "verbosity",
];

/// What may be left out: the answer means the same without.
const HINTS: &[&str] = &[
    "metadata",
    "store",
    "service_tier",
    "prediction",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
];

/// Reads the request.
///
/// # Errors
/// What no other format can say.
pub(in crate::models::wire) fn read(request: &WireRequest) -> Result<Chat, Untranslatable> {
    let body = request.body();
    if request.choices() > 1 {
        return cannot("n", "only one answer can be asked for");
    }
    refuse_unless_plain(body)?;
    refuse_others(body, "", KNOWN, HINTS)?;
    let user = match text(body, "", "safety_identifier")? {
        Some(user) => Some(user),
        None => text(body, "", "user")?,
    };
    let mut chat = Chat {
        model: request.model().to_owned(),
        messages: Vec::new(),
        tools: tools(body)?,
        tool_choice: tool_choice(body)?,
        one_tool_at_a_time: given(body, "parallel_tool_calls") == Some(&Value::Bool(false)),
        max_output: request.max_output(),
        stop: texts(body, "stop")?,
        sampling: Sampling {
            temperature: number(body, "", "temperature")?,
            top_p: number(body, "", "top_p")?,
            top_k: None,
            seed: number(body, "", "seed")?,
            frequency_penalty: number(body, "", "frequency_penalty")?,
            presence_penalty: number(body, "", "presence_penalty")?,
        },
        user,
        effort: effort(body)?,
        output: output(body)?,
        is_streaming: request.is_streaming(),
    };
    for (index, message) in list(body, "", "messages")?.iter().enumerate() {
        chat.messages.push(read_message(message, &format!("messages[{index}]"))?);
    }
    Ok(chat)
}

/// Fields that are fine as long as they say nothing special.
fn refuse_unless_plain(body: &Map<String, Value>) -> Result<(), Untranslatable> {
    if given(body, "logprobs").is_some_and(|asked| *asked != Value::Bool(false)) {
        return cannot("logprobs", "probabilities are not told");
    }
    if given(body, "logit_bias").is_some_and(|bias| bias.as_object().is_none_or(|bias| !bias.is_empty())) {
        return cannot("logit_bias", "tokens are counted differently");
    }
    if given(body, "modalities").is_some_and(|modalities| *modalities != serde_json::json!(["text"])) {
        return cannot("modalities", "only text can be answered");
    }
    if given(body, "verbosity").is_some_and(|verbosity| verbosity != "medium") {
        return cannot("verbosity", "there is no such setting");
    }
    Ok(())
}

fn tools(body: &Map<String, Value>) -> Result<Vec<ChatTool>, Untranslatable> {
    let tool = |(index, tool): (usize, &Value)| {
        let place = format!("tools[{index}]");
        let fields = object(tool, &place)?;
        let kind = required(fields, &format!("{place}."), "type")?;
        if kind != "function" {
            return cannot(format!("{place}.type"), "only functions can be given as tools");
        }
        let place = format!("{place}.function");
        let function = object(fields.get("function").unwrap_or(&Value::Null), &place)?;
        let place = format!("{place}.");
        refuse_others(function, &place, &["name", "description", "parameters", "strict"], &[])?;
        Ok(ChatTool {
            name: required(function, &place, "name")?,
            description: text(function, &place, "description")?,
            schema: given(function, "parameters").cloned().unwrap_or_else(no_arguments),
            is_strict: given(function, "strict").and_then(Value::as_bool),
        })
    };
    list(body, "", "tools")?.iter().enumerate().map(tool).collect()
}

fn tool_choice(body: &Map<String, Value>) -> Result<Option<ToolChoice>, Untranslatable> {
    Ok(Some(match given(body, "tool_choice") {
        None => return Ok(None),
        Some(Value::String(choice)) => match choice.as_str() {
            "none" => ToolChoice::None,
            "auto" => ToolChoice::Auto,
            "required" => ToolChoice::Required,
            _ => return cannot("tool_choice", "it must be none, auto, required or a function"),
        },
        Some(choice) => match choice.get("function").and_then(|function| function.get("name")?.as_str()) {
            Some(name) => ToolChoice::Tool(name.to_owned()),
            None => return cannot("tool_choice", "only one function can be chosen"),
        },
    }))
}

fn effort(body: &Map<String, Value>) -> Result<Option<Effort>, Untranslatable> {
    match text(body, "", "reasoning_effort")?.as_deref() {
        None => Ok(None),
        Some("none") => Ok(Some(Effort::Off)),
        Some(name) => match Effort::level(name) {
            Some(effort) => Ok(Some(effort)),
            None => cannot("reasoning_effort", "it is no level that is known"),
        },
    }
}

fn output(body: &Map<String, Value>) -> Result<Option<OutputFormat>, Untranslatable> {
    let Some(format) = given(body, "response_format") else { return Ok(None) };
    match format.get("type").and_then(Value::as_str) {
        Some("text") => Ok(None),
        Some("json_object") => Ok(Some(OutputFormat::Json)),
        Some("json_schema") => {
            let place = "response_format.json_schema";
            let schema = object(format.get("json_schema").unwrap_or(&Value::Null), place)?;
            Ok(Some(OutputFormat::Schema {
                name: text(schema, "response_format.json_schema.", "name")?,
                schema: given(schema, "schema").cloned().unwrap_or_else(no_arguments),
                is_strict: given(schema, "strict").and_then(Value::as_bool),
            }))
        }
        _ => cannot("response_format.type", "it must be text, json_object or json_schema"),
    }
}

fn read_message(message: &Value, place: &str) -> Result<ChatMessage, Untranslatable> {
    let fields = object(message, place)?;
    let inside = format!("{place}.");
    let role = required(fields, &inside, "role")?;
    // `name` tells speakers of one role apart; no other format has it.
    let hints = &["name", "annotations", "reasoning_content", "reasoning"];
    match role.as_str() {
        "system" | "developer" | "user" => {
            refuse_others(fields, &inside, &["role", "content"], hints)?;
            let role = if role == "user" { ChatRole::User } else { ChatRole::System };
            Ok(ChatMessage { role, parts: content(fields, place)? })
        }
        "assistant" => {
            refuse_others(fields, &inside, &["role", "content", "refusal", "tool_calls"], hints)?;
            let mut parts = content(fields, place)?;
            parts.extend(text(fields, &inside, "refusal")?.map(Part::Text));
            for (index, call) in list(fields, &inside, "tool_calls")?.iter().enumerate() {
                parts.push(tool_call(call, &format!("{place}.tool_calls[{index}]"))?);
            }
            Ok(ChatMessage { role: ChatRole::Assistant, parts })
        }
        "tool" => {
            refuse_others(fields, &inside, &["role", "content", "tool_call_id"], hints)?;
            let id = required(fields, &inside, "tool_call_id")?;
            let name = text(fields, &inside, "name")?;
            let mut results = Vec::new();
            for part in content(fields, place)? {
                match part {
                    Part::Text(text) => results.push(ResultPart::Text(text)),
                    _ => return cannot(format!("{place}.content"), "a tool's result must be text"),
                }
            }
            let result = Part::ToolResult { id, name, content: results, is_error: false };
            Ok(ChatMessage { role: ChatRole::User, parts: vec![result] })
        }
        _ => cannot(format!("{place}.role"), "it must be system, developer, user, assistant or tool"),
    }
}

fn content(fields: &Map<String, Value>, place: &str) -> Result<Vec<Part>, Untranslatable> {
    match given(fields, "content") {
        None => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(vec![Part::Text(text.clone())]),
        Some(Value::Array(parts)) => {
            let part = |(index, part)| read_part(part, &format!("{place}.content[{index}]"));
            parts.iter().enumerate().map(part).collect()
        }
        Some(_) => cannot(format!("{place}.content"), "it must be a string or a list of parts"),
    }
}

fn read_part(part: &Value, place: &str) -> Result<Part, Untranslatable> {
    let fields = object(part, place)?;
    let inside = format!("{place}.");
    match fields.get("type").and_then(Value::as_str) {
        Some("text") => Ok(Part::Text(required(fields, &inside, "text")?)),
        Some("refusal") => Ok(Part::Text(required(fields, &inside, "refusal")?)),
        Some("image_url") => {
            let image = fields.get("image_url");
            match image.and_then(|image| image.get("url").unwrap_or(image).as_str()) {
                Some(url) => read_image(url, place).map(Part::Image),
                None => cannot(place, "the image has no URL"),
            }
        }
        Some("input_audio") => cannot(place, "sound cannot be sent to this model"),
        Some("file") => cannot(place, "files cannot be sent to this model; send their text"),
        _ => cannot(format!("{place}.type"), "it must be text or image_url"),
    }
}

fn read_image(url: &str, place: &str) -> Result<ChatImage, Untranslatable> {
    match data_url(url) {
        Some((media_type, data)) => {
            Ok(ChatImage::Data { media_type: media_type.to_ascii_lowercase(), data: data.to_owned() })
        }
        None if url.starts_with("https://") || url.starts_with("http://") => Ok(ChatImage::Url(url.to_owned())),
        None => cannot(place, "the image must be a data URL in base64 or an address on the web"),
    }
}

fn tool_call(call: &Value, place: &str) -> Result<Part, Untranslatable> {
    let fields = object(call, place)?;
    let id = required(fields, &format!("{place}."), "id")?;
    let function = object(fields.get("function").unwrap_or(&Value::Null), &format!("{place}.function"))?;
    let inside = format!("{place}.function.");
    let name = required(function, &inside, "name")?;
    let written = text(function, &inside, "arguments")?.unwrap_or_default();
    let arguments = match serde_json::from_str(if written.trim().is_empty() { "{}" } else { &written }) {
        Ok(arguments) => arguments,
        Err(_) => return cannot(format!("{inside}arguments"), "they must be the JSON of an object"),
    };
    Ok(Part::ToolCall { id, name, arguments })
}
