//! Running the tools a model asks for: together, in order of the asking, each shown from start to end.

use std::{collections::HashSet, panic::AssertUnwindSafe};

use app::model::{ToolCallStatus, ToolCallView, ToolOutput, TurnEvent};
use futures::{FutureExt as _, StreamExt as _, stream};
use tokio::time::{Instant, sleep_until};

use super::{Inner, call::ToolUse, engine::Cut, live::Live};
use crate::{
    models::Content,
    tools::{ToolContext, ToolOutcome},
};

/// Tools running at once in a turn.
const AT_ONCE: usize = 8;
/// Tool calls taken from one step; the model is told about the rest.
const MAX_CALLS: usize = 24;

/// The ids of a turn's tool calls: a call is found by its id, so no two may share one.
#[derive(Default)]
pub(super) struct CallNames(HashSet<String>);

impl CallNames {
    /// Renames calls whose id was used before in this turn (providers promise unique ids; not all keep it).
    pub(super) fn make_unique(&mut self, calls: &mut [ToolUse]) {
        for call in calls {
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

/// Runs them, at most [`AT_ONCE`] at a time; the results come in the order of the calls.
pub(super) async fn run(
    inner: &Inner,
    live: &Live,
    calls: Vec<ToolUse>,
    deadline: Instant,
) -> Result<Vec<Content>, Cut> {
    let context = ToolContext { scope: live.scope.clone(), db: inner.db.clone(), world: inner.world.clone() };
    let context = &context;
    let running = calls
        .into_iter()
        .enumerate()
        .map(|(at, call)| async move { run_one(inner, live, context, call, at < MAX_CALLS).await });
    let mut results = stream::iter(running).buffered(AT_ONCE).collect::<Vec<_>>().boxed();
    tokio::select! {
        biased;
        halt = live.halted() => Err(Cut::Halted(halt)),
        () = sleep_until(deadline) => Err(Cut::TooSlow),
        results = &mut results => Ok(results),
    }
}

async fn run_one(inner: &Inner, live: &Live, context: &ToolContext, call: ToolUse, is_allowed: bool) -> Content {
    let ToolUse { id, name, input } = call;
    let scope = &live.scope;
    let is_readable = input.is_object();
    let mut view = ToolCallView {
        call_id: id.clone(),
        name: name.clone(),
        title: inner.tools.title(&name),
        arguments: serde_json::to_string_pretty(&input).unwrap_or_default(),
        summary: if is_readable { inner.tools.summary(&name, &input) } else { String::new() },
        status: ToolCallStatus::Running,
        output: None,
        duration_ms: None,
        ran_as: format!("{} · {} · built-in", scope.tenant_name(), scope.user_name()),
    };
    live.publish(TurnEvent::ToolStarted { call: view.clone() });
    let began = Instant::now();
    let outcome = if !is_allowed {
        failed(format!("Not run: more than {MAX_CALLS} calls at once. Ask for fewer at a time."))
    } else if !is_readable {
        failed("Not run: the arguments are not a complete JSON object. Send the call again.".to_owned())
    } else {
        match AssertUnwindSafe(inner.tools.call(context, &name, input)).catch_unwind().await {
            Ok(outcome) => outcome,
            Err(_) => {
                tracing::error!(request_id = live.request_id, tool = name, "a tool panicked");
                failed("The tool failed on our side.".to_owned())
            }
        }
    };
    view.duration_ms = Some(i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX));
    view.status = match (outcome.is_error, outcome.failure) {
        (false, _) => ToolCallStatus::Done,
        (true, Some(reason)) => ToolCallStatus::Failed(reason),
        (true, None) => ToolCallStatus::Failed("The tool failed.".to_owned()),
    };
    view.output = Some(outcome.output);
    live.publish(TurnEvent::ToolFinished { call: view });
    Content::ToolResult { id, text: outcome.model_text, is_error: outcome.is_error }
}

fn failed(reason: String) -> ToolOutcome {
    ToolOutcome {
        model_text: reason.clone(),
        is_error: true,
        failure: Some(reason.clone()),
        output: ToolOutput { text: reason, ..ToolOutput::default() },
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
        let mut second = vec![call("a"), call("b")];
        names.make_unique(&mut second);
        let ids: Vec<String> = first.into_iter().chain(second).map(|call| call.id).collect();
        assert_eq!(ids, ["a", "a_2", "_2", "a_3", "b"]);
    }
}
