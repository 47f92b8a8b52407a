//! The engine: model, tools, model, … until the answer is done, halted, or at its limit.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use app::model::{MessageText, TurnError};
use futures::FutureExt as _;
use serde_json::Value;
use tokio::time::Instant;

use super::{
    Inner,
    batch::{Batch, CallNames},
    call,
    call::ToolUse,
    finish,
    live::{Halt, Live},
    park, prompt, title, tool_calls, words,
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
    /// It does not end yet: it waits for its person, and whoever takes it then goes on.
    Parked,
    /// Somebody else ended it.
    Lost,
}

/// What a turn works on; a checkpoint holds what cannot be worked out again.
pub(super) struct Work {
    /// The next model call.
    pub(super) request: ModelRequest,
    /// What of the request came after the message to answer.
    pub(super) tail: Vec<Message>,
    pub(super) exchange: Exchange,
    pub(super) names: CallNames,
    /// Model calls made, retries left out.
    pub(super) steps: i64,
    /// The calls of the last step, until all have ended.
    pub(super) batch: Option<Batch>,
    /// How long it has worked before; waiting does not count.
    pub(super) worked: Duration,
    /// It goes on from a checkpoint, which is still there.
    pub(super) is_resumed: bool,
}

impl Work {
    /// A turn that begins with this request.
    pub(super) fn new(request: ModelRequest) -> Self {
        Self {
            request,
            tail: Vec::new(),
            exchange: Exchange::default(),
            names: CallNames::default(),
            steps: 0,
            batch: None,
            worked: Duration::ZERO,
            is_resumed: false,
        }
    }

    /// What came before in this answer, with what the model is told about it (which is not remembered).
    pub(super) fn going_on(mut self, before: Vec<Message>, nudge: Option<Message>) -> Self {
        self.exchange.messages.clone_from(&before);
        self.follow(before);
        self.follow(nudge);
        self
    }

    /// Adds what the model must see next.
    pub(super) fn follow(&mut self, messages: impl IntoIterator<Item = Message>) {
        for message in messages {
            self.tail.push(message.clone());
            self.request.messages.push(message);
        }
        self.request.messages = prompt::alternating(std::mem::take(&mut self.request.messages));
    }
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

impl From<Error> for Cut {
    fn from(error: Error) -> Self {
        Self::Broken(error)
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
    pub(super) messages: Vec<Message>,
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

/// Runs a turn to its end or until it waits, whatever happens. `untitled`: the first message of a conversation that needs
/// a title.
pub(super) async fn run(inner: Arc<Inner>, live: Arc<Live>, mut work: Work, untitled: Option<MessageText>) {
    let began = Instant::now();
    let titling = untitled.map(|text| title::begin(&inner, &live, text));
    let mut ending = match AssertUnwindSafe(answer(&inner, &live, &mut work)).catch_unwind().await {
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
    if ending == Ending::Parked {
        work.worked += began.elapsed();
        ending = match park::park(&inner, &live, &work).await {
            Ok(()) => return,
            Err(ending) => ending,
        };
    }
    finish::finish(&inner, &live, ending, work.exchange.into_messages()).await;
}

async fn answer(inner: &Inner, live: &Live, work: &mut Work) -> Ending {
    let request_id = &live.request_id;
    match steps(inner, live, work).await {
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

async fn steps(inner: &Inner, live: &Live, work: &mut Work) -> Result<Ending, Cut> {
    let deadline = Instant::now() + inner.config.max_duration.saturating_sub(work.worked);
    loop {
        if work.is_resumed && live.is_shut_down() {
            // Nothing has begun here: the next process takes it up.
            return Ok(Ending::Parked);
        }
        if let Some(mut batch) = work.batch.take() {
            let ran = tool_calls::run(inner, live, &mut batch, deadline).await;
            if ran.is_ok() && batch.waits() {
                work.batch = Some(batch);
                return Ok(Ending::Parked);
            }
            ran?;
            if std::mem::take(&mut work.is_resumed) {
                park::leave(inner, live).await?;
            }
            let results = Message { role: MessageRole::User, content: batch.into_results() };
            work.exchange.messages.push(results.clone());
            work.follow([results]);
        }
        if work.steps >= inner.config.max_steps {
            return Ok(Ending::Failed(words::too_many_steps(inner.config.max_steps, &live.request_id)));
        }
        work.steps += 1;
        if let Some(ending) = step(inner, live, work, deadline).await? {
            return Ok(ending);
        }
    }
}

/// One model call; `None`: it asks for tools, which are the next batch.
async fn step(inner: &Inner, live: &Live, work: &mut Work, deadline: Instant) -> Result<Option<Ending>, Cut> {
    let request_id = &live.request_id;
    let mut reply = call::ask(inner, live, &work.request, work.steps, deadline, &mut work.exchange).await?;
    let refused = matches!(reply.stop, StopReason::Refusal | StopReason::ContextWindow);
    if reply.calls.is_empty() || refused {
        let is_silent = live.parts().is_empty();
        return Ok(Some(match reply.stop {
            StopReason::Refusal => Ending::Failed(words::declined(request_id)),
            StopReason::ContextWindow => Ending::Failed(words::context_full(request_id)),
            StopReason::MaxTokens => Ending::Failed(words::cut_off(reply.clamped, request_id)),
            _ if is_silent => Ending::Failed(words::silent(request_id)),
            StopReason::EndTurn | StopReason::ToolUse | StopReason::Other => Ending::Finished,
        }));
    }
    // The step is billed whatever becomes of its tools.
    call::settle(inner, live).await?;
    work.names.make_unique(&mut reply.calls);
    let said = work.exchange.close(&reply.calls);
    work.exchange.messages.push(said.clone());
    work.follow([said]);
    work.batch = Some(tool_calls::batch(inner, live, reply.calls));
    Ok(None)
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
