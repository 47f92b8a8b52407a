//! The tool calls of one step, from the asking to the last result. A batch can be put down in a checkpoint and taken up
//! again in another process.

use std::collections::HashSet;

use app::model::{ToolCallStatus, ToolCallView};
use serde::{Deserialize, Serialize};

use super::call::ToolUse;
use crate::models::Content;

/// The ids of a turn's tool calls: a call is found by its id, so no two may share one.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct CallNames(HashSet<String>);

/// The longest id of a call, characters.
const MAX_ID_CHARS: usize = 120;

impl CallNames {
    /// Renames calls whose id was used before in this turn (providers promise unique ids; not all keep it).
    pub(super) fn make_unique(&mut self, calls: &mut [ToolUse]) {
        for call in calls {
            call.id = call.id.chars().filter(|c| !c.is_control()).take(MAX_ID_CHARS).collect();
            let mut id = call.id.clone();
            let mut number = 2;
            while id.is_empty() || !self.0.insert(id.clone()) {
                id = format!("{}_{number}", call.id);
                number += 1;
            }
            call.id = id;
        }
    }
}

/// One call.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) call: ToolUse,
    pub(super) view: ToolCallView,
    /// It has a row in `tool_questions`, which knows how far it is.
    pub(super) asks: bool,
    /// What the model is told, once it is known.
    pub(super) result: Option<Content>,
}

impl Entry {
    /// Ends it: what the person sees and what the model is told.
    pub(super) fn end(&mut self, status: ToolCallStatus, told: &str, is_error: bool) {
        self.view.status = status;
        self.result = Some(Content::ToolResult { id: self.call.id.clone(), text: told.to_owned(), is_error });
    }
}

/// What came of a call that asked, as stored with its question.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Outcome {
    pub(super) view: ToolCallView,
    pub(super) result: Content,
}

/// The calls of a step, in the order of the model's asking.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Batch {
    pub(super) entries: Vec<Entry>,
    /// They have been shown, and those that ask have asked.
    pub(super) is_begun: bool,
}

impl Batch {
    /// Whether a person must decide before it goes on.
    pub(super) fn waits(&self) -> bool {
        self.entries.iter().any(|entry| entry.result.is_none())
    }

    /// What the model is told, in the order of its calls.
    pub(super) fn into_results(self) -> Vec<Content> {
        self.entries.into_iter().filter_map(|entry| entry.result).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_within_a_turn() {
        let call = |id: &str| ToolUse { id: id.into(), name: "t".into(), input: serde_json::json!({}) };
        let mut names = CallNames::default();
        let mut first = vec![call("a"), call("a"), call("")];
        names.make_unique(&mut first);
        let mut second = vec![call("a\0"), call("b")];
        names.make_unique(&mut second);
        let ids: Vec<String> = first.into_iter().chain(second).map(|call| call.id).collect();
        assert_eq!(ids, ["a", "a_2", "_2", "a_3", "b"]);
    }
}
