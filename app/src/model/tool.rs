//! Tool calls as shown: what was asked, what came back, how long it took and as whom it ran.

use serde::{Deserialize, Serialize};

use super::{Chart, Timestamp};

/// One tool call in a transcript.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolCallView {
    /// The model's id for the call; parallel calls are matched by it. Unique within a turn.
    pub call_id: String,
    /// e.g. `energy_and_cost`.
    pub name: String,
    /// e.g. "Energy and cost".
    pub title: String,
    /// The arguments as pretty-printed JSON, as they were run.
    pub arguments: String,
    /// ≤ 60 characters for the folded row, e.g. "Compressor 3, 9–15 Nov".
    pub summary: String,
    pub status: ToolCallStatus,
    pub output: Option<ToolOutput>,
    /// Wall time; absent while running.
    pub duration_ms: Option<i64>,
    /// "PRS Textile · Ana Wijaya · built-in": the identity the server injected.
    pub ran_as: String,
}

/// How far a call is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "reason")]
pub enum ToolCallStatus {
    Running,
    Done,
    /// Waits for the person.
    Waiting(Question),
    /// The person said no, or did not answer in time; it was not run.
    Denied(String),
    /// The reason, in words for the person reading.
    Failed(String),
}

/// What a waiting tool call asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    pub wish: Wish,
    /// Unanswered until then, the call is denied.
    pub expires_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// May it run?
    Approval {
        risk: Risk,
        /// What it would do, in words for the person, e.g. "Add the note “bearing noise” to Compressor 3".
        effect: String,
    },
    /// It needs to know more.
    Form { message: String, fields: Vec<FormField> },
}

/// How much a tool can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    Read,
    Write,
    Destructive,
}

/// A question of a form (the flat subset of JSON Schema that MCP elicitation allows).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormField {
    pub name: String,
    pub label: String,
    pub description: String,
    pub kind: FieldKind,
    pub required: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    Text { max_chars: u32 },
    Number,
    Integer,
    Flag,
    Choice(Vec<String>),
}

/// The person's answer to a [`Question`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    Deny,
    AllowOnce,
    /// Also further calls of the same tool in this conversation.
    AllowForChat,
    /// The form's fields by name, as typed; checked against the field's kind on the server.
    Answer(Vec<(String, String)>),
}

/// What a tool gave back, ready to show.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ToolOutput {
    /// The short text the model also sees.
    pub text: String,
    /// Tables made from the structured result.
    pub tables: Vec<Table>,
    /// Charts made from the structured result.
    #[serde(default)]
    pub charts: Vec<Chart>,
    /// The structured result as pretty-printed JSON, capped.
    pub json: String,
    /// Size of the whole structured result in bytes.
    pub bytes: i64,
}

/// A table of a structured result.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    pub caption: String,
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<Cell>>,
    /// Rows that were left out of `rows` to bound its size.
    pub omitted: u32,
}

/// A column's heading.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    pub label: String,
    /// e.g. `kWh`; empty: none.
    pub unit: String,
    /// Right-aligned with tabular figures.
    pub numeric: bool,
}

/// A cell: the text as shown (already formatted) and, for numbers, the value for sorting, CSV and charts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    pub text: String,
    pub value: Option<f64>,
}
