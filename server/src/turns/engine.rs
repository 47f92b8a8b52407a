//! The engine: model, tools, model, … until the answer is done, halted, or at its limit.

use std::{panic::AssertUnwindSafe, sync::Arc};

use app::model::{MessageText, TurnError};
use futures::FutureExt as _;
use serde_json::Value;
use tokio::time::Instant;

use super::{
    Inner, call,
    call::ToolUse,
    finish,
    live::{Halt, Live},
    prompt, title, tool_calls, words,
};
use crate::{
    db,
    error::Error,
    models::{Content, Message, MessageRole, ModelRequest, StopReason},
};

/// How a turn ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Finished,
    Stopped,
    Failed(TurnError),
    /// Somebody else ended it.
    Lost,
}

/// Why an answer ends before the model is done.
#[derive(Debug)]
pub(super) enum Cut {
    Halted(Halt),
    TooSlow,
    Failed(TurnError),
    Broken(Error),
}

impl Cut {
    pub(super) fn internal(message: &'static str) -> Self {
        Self::Broken(Error::internal(message))
    }
}

impl From<db::Error> for Cut {
    fn from(error: db::Error) -> Self {
        Self::Broken(error.into())
    }
}

/// What was said and done, as the model must see it again.
#[derive(Debug, Default)]
pub(super) struct Exchange {
    messages: Vec<Message>,
    /// The text of the call that is open.
    pub(super) text: String,
}

impl Exchange {
    /// The open call is complete: its text and its tool calls become a message.
    fn close(&mut self, calls: &[ToolUse]) -> Message {
        let mut content = Vec::with_capacity(calls.len() + 1);
        let text = std::mem::take(&mut self.text);
        if !text.trim().is_empty() {
            content.push(Content::Text { text });
        }
        content.extend(calls.iter().map(|call| Content::ToolUse {
            id: call.id.clone(),
            name: call.name.clone(),
            // What could not be read is not repeated; providers want an object here.
            input: if call.input.is_object() { call.input.clone() } else { Value::Object(serde_json::Map::new()) },
        }));
        Message { role: MessageRole::Assistant, content }
    }

    /// Everything, without tool calls that never got a result, and with the text of a call that broke off.
    pub(super) fn into_messages(mut self) -> Vec<Message> {
        if self.messages.last().is_some_and(|last| last.role == MessageRole::Assistant)
            && let Some(last) = self.messages.last_mut()
        {
            last.content.retain(|content| !matches!(content, Content::ToolUse { .. }));
        }
        let rest = self.close(&[]);
        self.messages.push(rest);
        self.messages.retain(|message| !message.content.is_empty());
        self.messages
    }
}

/// Runs a turn to its end, whatever happens. `untitled`: the first message of a conversation that needs a title.
pub(super) async fn run(inner: Arc<Inner>, live: Arc<Live>, request: ModelRequest, untitled: Option<MessageText>) {
    let titling = untitled.map(|text| title::begin(&inner, &live, text));
    let mut exchange = Exchange::default();
    let ending = match AssertUnwindSafe(answer(&inner, &live, request, &mut exchange)).catch_unwind().await {
        Ok(ending) => ending,
        Err(panic) => {
            let message = panic.downcast_ref::<String>().map(String::as_str);
            let message = message.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("(no message)");
            tracing::error!(request_id = live.request_id, turn = %live.turn(), message, "a turn panicked");
            Ending::Failed(words::internal(&live.request_id))
        }
    };
    if let Some(titling) = titling {
        title::wait(&inner, &live, titling).await;
    }
    finish::finish(&inner, &live, ending, exchange.into_messages()).await;
}

async fn answer(inner: &Inner, live: &Live, request: ModelRequest, exchange: &mut Exchange) -> Ending {
    let request_id = &live.request_id;
    match steps(inner, live, request, exchange).await {
        Ok(ending) => ending,
        Err(Cut::Halted(Halt::Stop)) => Ending::Stopped,
        Err(Cut::Halted(Halt::Shutdown)) => Ending::Failed(words::interrupted(request_id)),
        Err(Cut::Halted(Halt::Lost)) => Ending::Lost,
        Err(Cut::TooSlow) => {
            Ending::Failed(words::too_slow(inner.config.max_duration.as_secs().div_ceil(60), request_id))
        }
        Err(Cut::Failed(error)) => Ending::Failed(error),
        Err(Cut::Broken(error)) => {
            tracing::error!(request_id, turn = %live.turn(), error = &error as &dyn std::error::Error, "a turn broke");
            Ending::Failed(words::internal(request_id))
        }
    }
}

async fn steps(inner: &Inner, live: &Live, mut request: ModelRequest, exchange: &mut Exchange) -> Result<Ending, Cut> {
    let request_id = &live.request_id;
    let deadline = Instant::now() + inner.config.max_duration;
    let mut names = tool_calls::CallNames::default();
    for step in 1..=inner.config.max_steps {
        let mut reply = call::ask(inner, live, &request, step, deadline, exchange).await?;
        let refused = matches!(reply.stop, StopReason::Refusal | StopReason::ContextWindow);
        if reply.calls.is_empty() || refused {
            let is_silent = live.parts().is_empty();
            let ending = match reply.stop {
                StopReason::Refusal => Ending::Failed(words::declined(request_id)),
                StopReason::ContextWindow => Ending::Failed(words::context_full(request_id)),
                StopReason::MaxTokens => Ending::Failed(words::cut_off(reply.clamped, request_id)),
                _ if is_silent => Ending::Failed(words::silent(request_id)),
                StopReason::EndTurn | StopReason::ToolUse | StopReason::Other => Ending::Finished,
            };
            return Ok(ending);
        }
        // The step is billed whatever becomes of its tools.
        call::settle(inner, live).await?;
        names.make_unique(&mut reply.calls);
        let said = exchange.close(&reply.calls);
        exchange.messages.push(said.clone());
        request.messages.push(said);
        let results = tool_calls::run(inner, live, reply.calls, deadline).await?;
        let results = Message { role: MessageRole::User, content: results };
        exchange.messages.push(results.clone());
        request.messages.push(results);
        request.messages = prompt::alternating(request.messages);
    }
    Ok(Ending::Failed(words::too_many_steps(inner.config.max_steps, request_id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(id: &str, input: Value) -> ToolUse {
        ToolUse { id: id.into(), name: "t".into(), input }
    }

    fn text(text: &str) -> Content {
        Content::Text { text: text.into() }
    }

    #[test]
    fn a_call_without_a_result_is_not_remembered() {
        let mut exchange = Exchange { text: "Let me look.".into(), ..Exchange::default() };
        let said = exchange.close(&[call("a", Value::Null)]);
        assert_eq!(said.content.len(), 2);
        exchange.messages.push(said);
        let remembered = exchange.into_messages();
        assert_eq!(remembered, vec![Message { role: MessageRole::Assistant, content: vec![text("Let me look.")] }]);
    }

    #[test]
    fn a_broken_off_answer_keeps_its_text() {
        let mut exchange = Exchange::default();
        let said = exchange.close(&[call("a", serde_json::json!({"x": 1}))]);
        exchange.messages.push(said);
        let result = Content::ToolResult { id: "a".into(), text: "42".into(), is_error: false };
        exchange.messages.push(Message { role: MessageRole::User, content: vec![result] });
        exchange.text.push_str("It is 4");
        let remembered = exchange.into_messages();
        assert_eq!(remembered.len(), 3);
        assert_eq!(remembered[2].content, vec![text("It is 4")]);
    }
}
