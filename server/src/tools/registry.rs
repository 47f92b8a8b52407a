//! The one door through which tools run.

use std::sync::Arc;

use serde_json::Value;

use super::{Tool, ToolContext, ToolOutcome};
use crate::models::ToolSpec;

/// The tools there are.
#[derive(Clone, Default)]
pub struct Registry {
    tools: Vec<Arc<dyn Tool>>,
}

impl Registry {
    /// The twelve built-in energy tools.
    #[must_use]
    pub fn built_in() -> Self {
        Self::default()
    }

    /// What the model is offered.
    #[must_use]
    pub fn specs(&self) -> Vec<ToolSpec> {
        let _ = &self.tools;
        Vec::new()
    }

    /// The title people see for a tool; the name itself when unknown.
    #[must_use]
    pub fn title(&self, name: &str) -> String {
        name.to_owned()
    }

    /// ≤ 60 characters for the folded row.
    #[must_use]
    pub fn summary(&self, _name: &str, _arguments: &Value) -> String {
        String::new()
    }

    /// Runs one call: unknown tool, bad arguments, time-out, failure and oversized output all become an outcome.
    pub async fn call(&self, _context: &ToolContext, _name: &str, _arguments: Value) -> ToolOutcome {
        unimplemented!("written by the tools engineer")
    }
}
