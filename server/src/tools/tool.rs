//! The words every tool speaks.

use app::model::{Chart, FormField, Lang, Risk, Table, ToolOutput};
use async_trait::async_trait;
use serde_json::Value;

use crate::{
    db::{Db, TenantScope},
    world::World,
};

/// As whom, on what and when a tool runs: filled in by the server.
#[derive(Clone)]
pub struct ToolContext {
    pub scope: TenantScope,
    pub db: Db,
    pub world: World,
}

/// A tool's own description.
#[derive(Clone, Debug)]
pub struct ToolDefinition {
    /// `snake_case`, unique.
    pub name: &'static str,
    /// As people see it, e.g. "Energy and cost".
    pub title: &'static str,
    /// For the model.
    pub description: &'static str,
    /// JSON Schema of the arguments, an object with `additionalProperties: false`; has no tenant.
    pub input_schema: Value,
    /// JSON Schema of `structured`.
    pub output_schema: Value,
}

/// What a tool gives back.
#[derive(Clone, Debug)]
pub struct ToolResult {
    /// Short text for model and person.
    pub text: String,
    /// The structured result (`structuredContent`), valid against the output schema.
    pub structured: Value,
    /// The same, as tables to show.
    pub tables: Vec<Table>,
    /// And as charts, where a picture says more.
    pub charts: Vec<Chart>,
}

/// A tool's failure, in words the model can act on and a person can read.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// The arguments are well-formed but make no sense here, e.g. an unknown device: says what would.
    #[error("{0}")]
    Refused(String),
    /// It has changed nothing yet and needs to know more: the person is asked, and it is run again with the answers among
    /// its arguments, by the fields' names.
    #[error("{message}")]
    NeedsInput { message: String, fields: Vec<FormField> },
    #[error("the data could not be read")]
    Db(#[from] crate::db::Error),
}

/// A tool.
#[async_trait]
pub trait Tool: Send + Sync + 'static {
    fn definition(&self) -> &ToolDefinition;
    /// As people see it, in the tenant's language.
    fn title(&self, _lang: Lang) -> &'static str {
        self.definition().title
    }
    /// ≤ 60 characters for the folded row, from valid arguments, in the tenant's language.
    fn summary(&self, arguments: &Value, lang: Lang) -> String;
    /// How much a call can change.
    fn risk(&self) -> Risk {
        Risk::Read
    }
    /// Whether the person is asked before each call.
    fn asks(&self) -> bool {
        self.risk() != Risk::Read
    }
    /// What a call with these arguments would do, in words for the person, e.g. "Add the note “bearing noise” to
    /// Compressor 3". Of tools that ask.
    fn effect(&self, arguments: &Value, lang: Lang) -> String {
        self.summary(arguments, lang)
    }
    /// Runs with arguments that passed the schema.
    async fn run(&self, context: &ToolContext, arguments: Value) -> Result<ToolResult, ToolError>;
}

/// How a call ended, for the model and for the transcript. Never an `Err`: a failed tool does not end a turn.
#[derive(Clone, Debug)]
pub struct ToolOutcome {
    /// What the model is told, capped. When it went well: the text, then on a last line of its own the structured
    /// result as JSON (see [`ToolOutcome::structured`]); otherwise the reason.
    pub model_text: String,
    pub is_error: bool,
    /// The reason when `is_error`, for the person.
    pub failure: Option<String>,
    pub output: ToolOutput,
}

impl ToolOutcome {
    /// The structured result in the text a model is told; `None`: that text is a refusal.
    #[must_use]
    pub fn structured(model_text: &str) -> Option<Value> {
        let last_line = model_text.lines().last()?;
        serde_json::from_str(last_line).ok().filter(Value::is_object)
    }
}

/// What came of running a tool.
#[derive(Clone, Debug)]
pub enum Called {
    Ended(ToolOutcome),
    /// Nothing was changed: see [`ToolError::NeedsInput`].
    NeedsInput {
        message: String,
        fields: Vec<FormField>,
    },
}
