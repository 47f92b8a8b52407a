//! A request of `/api/chat` in common words.

use serde_json::{Map, Value};

use crate::models::wire::{
    Untranslatable, WireRequest,
    chat::{
        Chat, ChatImage, ChatMessage, ChatRole, ChatTool, Effort, OutputFormat, Part, ResultPart, Sampling, cannot,
        list, no_arguments, number, object, refuse_others, required, text, texts,
    },
    request::given,
};

const KNOWN: &[&str] = &["model", "messages", "tools", "stream", "format", "options", "think", "logprobs"];

/// How long a model stays loaded means nothing elsewhere.
const HINTS: &[&str] = &["keep_alive"];

const OPTIONS: &[&str] =
    &["num_predict", "temperature", "top_p", "top_k", "seed", "stop", "frequency_penalty", "presence_penalty"];

/// About the machine that runs the model.
const MACHINE: &[&str] = &[
    "num_ctx",
    "num_batch",
    "num_gpu",
    "main_gpu",
    "num_thread",
    "num_keep",
    "numa",
    "low_vram",
    "f16_kv",
    "logits_all",
    "vocab_only",
    "use_mmap",
    "use_mlock",
];

/// Calls have no ids in older clients: results belong to the calls before them, by name, in their order.
#[derive(Default)]
struct Calls {
    made: usize,
    unanswered: Vec<(String, String)>,
}

/// Reads the request.
///
/// # Errors
/// What no other format can say.
pub(in crate::models::wire) fn read(request: &WireRequest) -> Result<Chat, Untranslatable> {
    let body = request.body();
    if given(body, "logprobs").is_some_and(|asked| *asked != Value::Bool(false)) {
        return cannot("logprobs", "probabilities are not told");
    }
    refuse_others(body, "", KNOWN, HINTS)?;
    let none = Map::new();
    let options = given(body, "options").and_then(Value::as_object).unwrap_or(&none);
    refuse_others(options, "options.", OPTIONS, MACHINE)?;
    let option = |name: &str| number(options, "options.", name);
    let mut chat = Chat {
        model: request.model().to_owned(),
        tools: tools(body)?,
        max_output: request.max_output(),
        stop: texts(options, "stop")?,
        sampling: Sampling {
            temperature: option("temperature")?,
            top_p: option("top_p")?,
            top_k: option("top_k")?,
            seed: option("seed")?,
            frequency_penalty: option("frequency_penalty")?,
            presence_penalty: option("presence_penalty")?,
        },
        effort: effort(body)?,
        output: output(body)?,
        is_streaming: request.is_streaming(),
        ..Chat::default()
    };
    let mut calls = Calls::default();
    for (index, message) in list(body, "", "messages")?.iter().enumerate() {
        chat.messages.push(read_message(message, &format!("messages[{index}]"), &mut calls)?);
    }
    Ok(chat)
}

fn tools(body: &Map<String, Value>) -> Result<Vec<ChatTool>, Untranslatable> {
    let tool = |(index, tool): (usize, &Value)| {
        let place = format!("tools[{index}].function");
        let function = object(tool.get("function").unwrap_or(&Value::Null), &place)?;
        let place = format!("{place}.");
        refuse_others(function, &place, &["name", "description", "parameters"], &[])?;
        Ok(ChatTool {
            name: required(function, &place, "name")?,
            description: text(function, &place, "description")?,
            schema: given(function, "parameters").cloned().unwrap_or_else(no_arguments),
            is_strict: None,
        })
    };
    list(body, "", "tools")?.iter().enumerate().map(tool).collect()
}

fn effort(body: &Map<String, Value>) -> Result<Option<Effort>, Untranslatable> {
    match given(body, "think") {
        None => Ok(None),
        Some(Value::Bool(true)) => Ok(Some(Effort::On)),
        Some(Value::Bool(false)) => Ok(Some(Effort::Off)),
        Some(level) => match level.as_str().and_then(Effort::level) {
            Some(level) => Ok(Some(level)),
            None => cannot("think", "it must be true, false, low, medium or high"),
        },
    }
}

fn output(body: &Map<String, Value>) -> Result<Option<OutputFormat>, Untranslatable> {
    match given(body, "format") {
        None => Ok(None),
        Some(Value::String(format)) if format.is_empty() => Ok(None),
        Some(Value::String(format)) if format == "json" => Ok(Some(OutputFormat::Json)),
        Some(Value::Object(schema)) => {
            Ok(Some(OutputFormat::Schema { name: None, schema: Value::Object(schema.clone()), is_strict: None }))
        }
        Some(_) => cannot("format", "it must be `json` or a schema"),
    }
}

fn read_message(message: &Value, place: &str, calls: &mut Calls) -> Result<ChatMessage, Untranslatable> {
    let fields = object(message, place)?;
    let inside = format!("{place}.");
    let known = ["role", "content", "images", "tool_calls", "thinking", "tool_name", "tool_call_id", "name"];
    refuse_others(fields, &inside, &known, &[])?;
    let content = text(fields, &inside, "content")?;
    let role = match required(fields, &inside, "role")?.as_str() {
        "system" => ChatRole::System,
        "user" => ChatRole::User,
        "assistant" => ChatRole::Assistant,
        "tool" => {
            let name = text(fields, &inside, "tool_name")?.or(text(fields, &inside, "name")?);
            let id = calls.answered(text(fields, &inside, "tool_call_id")?, name.as_deref());
            let Some(id) = id else { return cannot(place, "no call of a tool before it has no result yet") };
            let content = content.into_iter().map(ResultPart::Text).collect();
            let result = Part::ToolResult { id, name, content, is_error: false };
            return Ok(ChatMessage { role: ChatRole::User, parts: vec![result] });
        }
        _ => return cannot(format!("{inside}role"), "it must be system, user, assistant or tool"),
    };
    let mut parts = Vec::new();
    parts.extend(text(fields, &inside, "thinking")?.filter(|text| !text.is_empty()).map(Part::Reasoning));
    for image in list(fields, &inside, "images")? {
        parts.push(Part::Image(read_image(image, &format!("{inside}images"))?));
    }
    parts.extend(content.filter(|text| !text.is_empty()).map(Part::Text));
    for (index, call) in list(fields, &inside, "tool_calls")?.iter().enumerate() {
        parts.push(calls.call(call, &format!("{inside}tool_calls[{index}]"))?);
    }
    Ok(ChatMessage { role, parts })
}

impl Calls {
    fn call(&mut self, call: &Value, place: &str) -> Result<Part, Untranslatable> {
        let function = object(call.get("function").unwrap_or(&Value::Null), &format!("{place}.function"))?;
        let name = required(function, &format!("{place}.function."), "name")?;
        let arguments = match given(function, "arguments") {
            None => Map::new(),
            Some(arguments) => object(arguments, &format!("{place}.function.arguments"))?.clone(),
        };
        let told = call.get("id").and_then(Value::as_str).filter(|id| !id.is_empty()).map(str::to_owned);
        let id = told.unwrap_or_else(|| format!("call_{}", self.made));
        self.made += 1;
        self.unanswered.push((id.clone(), name.clone()));
        Ok(Part::ToolCall { id, name, arguments })
    }

    fn answered(&mut self, id: Option<String>, name: Option<&str>) -> Option<String> {
        if let Some(id) = id.filter(|id| !id.is_empty()) {
            self.unanswered.retain(|(known, _)| *known != id);
            return Some(id);
        }
        let is_its = |(_, known): &(String, String)| name.is_none_or(|name| name == known);
        let place = self.unanswered.iter().position(is_its)?;
        Some(self.unanswered.remove(place).0)
    }
}

/// The kind of an image is told by its first bytes.
fn read_image(image: &Value, place: &str) -> Result<ChatImage, Untranslatable> {
    let Some(data) = image.as_str() else { return cannot(place, "an image must be base64") };
    let kinds =
        [("iVBORw0KGgo", "image/png"), ("/9j/", "image/jpeg"), ("R0lGOD", "image/gif"), ("UklGR", "image/webp")];
    match kinds.iter().find(|(head, _)| data.starts_with(head)) {
        Some((_, media_type)) => Ok(ChatImage::Data { media_type: (*media_type).to_owned(), data: data.to_owned() }),
        None => cannot(place, "images must be JPEG, PNG, GIF or WebP"),
    }
}
