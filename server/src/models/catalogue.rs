//! The models that can be asked, by exact id.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A provider's exact model id, e.g. `claude-haiku-4-5`. Aliases are resolved before this type is made.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ModelId(pub String);

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who answers for a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProviderKind {
    /// Built in and scripted.
    Demo,
    Anthropic,
}

impl ProviderKind {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Demo => "demo",
            Self::Anthropic => "anthropic",
        }
    }
}

/// A model and its bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    pub id: ModelId,
    /// As people see it.
    pub name: String,
    pub provider: ProviderKind,
    /// Input and output together, tokens.
    pub context_tokens: i64,
    pub max_output_tokens: i64,
}

/// Every model known.
#[derive(Clone, Debug, Default)]
pub struct Catalogue;
