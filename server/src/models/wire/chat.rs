//! A request in common words: what every format can say, in one shape. Each format reads into it and writes from it.

use serde_json::{Map, Number, Value};

use super::{Untranslatable, request::given};

/// A chat that a model is asked to continue.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chat {
    pub model: String,
    /// In their order; neighbours may have the same role.
    pub messages: Vec<ChatMessage>,
    pub tools: Vec<ChatTool>,
    pub tool_choice: Option<ToolChoice>,
    /// At most one tool call per answer.
    pub one_tool_at_a_time: bool,
    pub max_output: Option<i64>,
    pub stop: Vec<String>,
    pub sampling: Sampling,
    /// The person behind the request, as the client calls them.
    pub user: Option<String>,
    pub effort: Option<Effort>,
    pub output: Option<OutputFormat>,
    pub is_streaming: bool,
}

/// How the next token is drawn; numbers stay as they were written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sampling {
    pub temperature: Option<Number>,
    pub top_p: Option<Number>,
    pub top_k: Option<Number>,
    /// Best effort everywhere, so a format without it leaves it out.
    pub seed: Option<Number>,
    pub frequency_penalty: Option<Number>,
    pub presence_penalty: Option<Number>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ChatMessage {
    pub role: ChatRole,
    pub parts: Vec<Part>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChatRole {
    /// Instructions, also in the midst of a chat.
    System,
    /// Results of tools are theirs.
    User,
    Assistant,
}

/// A piece of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    Text(String),
    Image(ChatImage),
    /// What the model thought, as text without a signature.
    Reasoning(String),
    ToolCall {
        id: String,
        name: String,
        arguments: Map<String, Value>,
    },
    ToolResult {
        id: String,
        /// The tool that was called, where the format tells it or the chat has the call.
        name: Option<String>,
        content: Vec<ResultPart>,
        is_error: bool,
    },
}

/// A piece of what a tool gave back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResultPart {
    Text(String),
    Image(ChatImage),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChatImage {
    /// Base64.
    Data {
        media_type: String,
        data: String,
    },
    Url(String),
}

#[derive(Clone, Debug, PartialEq)]
pub struct ChatTool {
    pub name: String,
    pub description: Option<String>,
    /// JSON Schema of an object.
    pub schema: Value,
    /// The arguments must match the schema.
    pub is_strict: Option<bool>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolChoice {
    Auto,
    None,
    /// Some tool.
    Required,
    Tool(String),
}

/// How much the model is to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    Off,
    /// As it sees fit.
    On,
    Minimal,
    Low,
    Medium,
    High,
    XHigh,
    Max,
}

impl Effort {
    /// By the name both OpenAI and Anthropic use for a level.
    pub(super) fn level(name: &str) -> Option<Self> {
        Some(match name {
            "minimal" => Self::Minimal,
            "low" => Self::Low,
            "medium" => Self::Medium,
            "high" => Self::High,
            "xhigh" => Self::XHigh,
            "max" => Self::Max,
            _ => return None,
        })
    }

    /// `None` for on and off.
    pub(super) fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::Off | Self::On => return None,
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::XHigh => "xhigh",
            Self::Max => "max",
        })
    }
}

/// The answer must be JSON.
#[derive(Clone, Debug, PartialEq)]
pub enum OutputFormat {
    Json,
    Schema { name: Option<String>, schema: Value, is_strict: Option<bool> },
}

pub(super) fn cannot<T>(field: impl Into<String>, why: impl Into<String>) -> Result<T, Untranslatable> {
    Err(Untranslatable { field: field.into(), why: why.into() })
}

/// Refuses every field that is given and neither `known` nor only a `hint`.
pub(super) fn refuse_others(
    fields: &Map<String, Value>,
    place: &str,
    known: &[&str],
    hints: &[&str],
) -> Result<(), Untranslatable> {
    let is_other = |name: &str| !known.contains(&name) && !hints.contains(&name);
    match fields.iter().find(|(name, value)| !value.is_null() && is_other(name)) {
        Some((name, _)) => {
            let name: String = name.chars().take(80).collect();
            cannot(format!("{place}{name}"), "the other format has nothing that means the same")
        }
        None => Ok(()),
    }
}

/// The string in `field`; absent and `null` are none.
pub(super) fn text(fields: &Map<String, Value>, place: &str, field: &str) -> Result<Option<String>, Untranslatable> {
    match given(fields, field) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => cannot(format!("{place}{field}"), "it must be a string"),
    }
}

/// As [`text`], of a field that must be there.
pub(super) fn required(fields: &Map<String, Value>, place: &str, field: &str) -> Result<String, Untranslatable> {
    match text(fields, place, field)? {
        Some(text) => Ok(text),
        None => cannot(format!("{place}{field}"), "it is required"),
    }
}

pub(super) fn number(fields: &Map<String, Value>, place: &str, field: &str) -> Result<Option<Number>, Untranslatable> {
    match given(fields, field) {
        None => Ok(None),
        Some(Value::Number(number)) => Ok(Some(number.clone())),
        Some(_) => cannot(format!("{place}{field}"), "it must be a number"),
    }
}

/// The list in `field`; absent and `null` are empty.
pub(super) fn list<'a>(
    fields: &'a Map<String, Value>,
    place: &str,
    field: &str,
) -> Result<&'a [Value], Untranslatable> {
    match given(fields, field) {
        None => Ok(&[]),
        Some(Value::Array(values)) => Ok(values),
        Some(_) => cannot(format!("{place}{field}"), "it must be a list"),
    }
}

pub(super) fn object<'a>(value: &'a Value, place: &str) -> Result<&'a Map<String, Value>, Untranslatable> {
    match value {
        Value::Object(fields) => Ok(fields),
        _ => cannot(place, "it must be an object"),
    }
}

/// Strings, or one.
pub(super) fn texts(fields: &Map<String, Value>, field: &str) -> Result<Vec<String>, Untranslatable> {
    let one = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        _ => cannot(field, "it must be a string or a list of strings"),
    };
    match given(fields, field) {
        None => Ok(Vec::new()),
        Some(Value::Array(values)) => values.iter().map(one).collect(),
        Some(value) => Ok(vec![one(value)?]),
    }
}

/// Writes what is given into an object.
pub(super) fn put(fields: &mut Map<String, Value>, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        fields.insert(name.to_owned(), value.into());
    }
}

/// An empty object schema, for a tool without arguments.
pub(super) fn no_arguments() -> Value {
    serde_json::json!({"type": "object", "properties": {}})
}

impl Chat {
    /// The name of the tool whose call has this id.
    pub(super) fn tool_of_call(&self, call: &str) -> Option<&str> {
        self.messages.iter().flat_map(|message| &message.parts).find_map(|part| match part {
            Part::ToolCall { id, name, .. } if id == call => Some(name.as_str()),
            _ => None,
        })
    }
}
