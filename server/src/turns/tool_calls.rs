//! Running the tools a model asks for: together, in order of the asking, each shown from start to end. Those that ask
//! their person are asked about first and wait; what is allowed begins to run once, whatever happens.

use std::panic::AssertUnwindSafe;

use app::model::{Decision, Question, Timestamp, ToolCallStatus, ToolCallView, ToolOutput, TurnEvent, Wish};
use futures::{FutureExt as _, StreamExt as _, stream};
use serde_json::Value;
use tokio::time::{Instant, sleep_until};

use super::{
    Inner,
    batch::{Batch, Entry, Outcome},
    engine::Cut,
    live::Live,
};
use crate::{
    db::{
        turn_grant::grant_list,
        turn_question::{NewQuestion, QuestionRecord, QuestionState, question_ask, question_move, questions_of_turn},
    },
    error::Error,
    models::Content,
    tools::{Called, ToolContext, ToolOutcome},
};

/// Tools running at once in a turn.
const AT_ONCE: usize = 8;
/// Tool calls taken from one step; the model is told about the rest.
const MAX_CALLS: usize = 24;
/// How often one call may ask: once whether it may run, and for what it needs to know.
const MAX_ROUNDS: i64 = 4;

/// Runs what can run. Afterwards the batch is done, or [waits](Batch::waits) for a person.
pub(super) async fn run(inner: &Inner, live: &Live, batch: &mut Batch, deadline: Instant) -> Result<(), Cut> {
    let began = Instant::now();
    if !batch.is_begun {
        begin(inner, live, batch).await?;
        batch.is_begun = true;
    }
    let questions = if batch.entries.iter().any(|entry| entry.asks && entry.result.is_none()) {
        let mut tx = inner.db.read(&live.scope).await?;
        questions_of_turn(&live.scope, &mut tx, live.turn()).await?
    } else {
        Vec::new()
    };
    let questions = &questions;
    let running = std::mem::take(&mut batch.entries).into_iter().map(|mut entry| async move {
        let question = questions.iter().find(|question| entry.asks && question.call_id == entry.call.id);
        let ended = match entry.result {
            Some(_) => Ok(()),
            None => advance(inner, live, &mut entry, question, deadline).await,
        };
        (entry, ended)
    });
    let ended = stream::iter(running).buffered(AT_ONCE).collect::<Vec<_>>().boxed().await;
    live.add_tool_time(began.elapsed());
    let mut cut = Ok(());
    for (entry, ended) in ended {
        batch.entries.push(entry);
        cut = cut.and(ended);
    }
    cut
}

/// Shows the calls, and asks about those that ask.
async fn begin(inner: &Inner, live: &Live, batch: &mut Batch) -> Result<(), Cut> {
    let scope = &live.scope;
    let wishes: Vec<Option<Wish>> = batch
        .entries
        .iter()
        .take(MAX_CALLS)
        .map(|entry| {
            let (risk, effect) = inner.tools.asks(&entry.call.name, &entry.call.input, scope.locale())?;
            Some(Wish::Approval { risk, effect })
        })
        .collect();
    if wishes.iter().any(Option::is_some) {
        let mut tx = inner.db.begin(scope).await?;
        let granted = grant_list(scope, &mut tx, live.ids.conversation).await?;
        for (entry, wish) in batch.entries.iter_mut().zip(wishes) {
            let Some(wish) = wish else { continue };
            if granted.contains(&entry.call.name) {
                entry.view.ran_as.push_str(" · allowed for this chat");
                continue;
            }
            ask(inner, live, &mut tx, entry, 1, wish, &entry.call.input.clone()).await?;
        }
        tx.commit().await?;
    }
    for entry in &batch.entries {
        live.publish(TurnEvent::ToolStarted { call: entry.view.clone() });
    }
    Ok(())
}

/// Asks the person; the call waits from the commit on.
async fn ask(
    inner: &Inner,
    live: &Live,
    tx: &mut crate::db::Tx,
    entry: &mut Entry,
    round: i64,
    wish: Wish,
    arguments: &Value,
) -> Result<(), Cut> {
    let now = inner.world.now();
    let expires_at = Timestamp(now.0.saturating_add(inner.config.question_ms));
    let arguments = arguments.to_string();
    let question = NewQuestion {
        turn: live.turn(),
        call_id: &entry.call.id,
        tool: &entry.call.name,
        round,
        wish: &wish,
        arguments: &arguments,
        expires_at,
    };
    if !question_ask(&live.scope, tx, question, now).await? {
        return Err(Cut::internal("a call asked twice"));
    }
    entry.asks = true;
    entry.view.status = ToolCallStatus::Waiting(Question { wish, expires_at });
    Ok(())
}

/// A call as first shown.
pub(super) fn entry(inner: &Inner, live: &Live, call: super::call::ToolUse) -> Entry {
    let scope = &live.scope;
    let is_readable = call.input.is_object();
    let view = ToolCallView {
        call_id: call.id.clone(),
        name: call.name.clone(),
        title: inner.tools.title(&call.name, scope.locale()),
        arguments: serde_json::to_string_pretty(&call.input).unwrap_or_default(),
        summary: if is_readable { inner.tools.summary(&call.name, &call.input, scope.locale()) } else { String::new() },
        status: ToolCallStatus::Running,
        output: None,
        duration_ms: None,
        ran_as: format!("{} · {} · built-in", scope.tenant_name(), scope.user_name()),
    };
    Entry { call, view, asks: false, result: None }
}

/// Takes a call as far as it goes.
async fn advance(
    inner: &Inner,
    live: &Live,
    entry: &mut Entry,
    question: Option<&QuestionRecord>,
    deadline: Instant,
) -> Result<(), Cut> {
    let Some(question) = question else {
        if entry.asks {
            return Err(Cut::internal("a call that asks without its question"));
        }
        return run_freely(inner, live, entry, deadline).await;
    };
    match question.state {
        QuestionState::Asked => return Ok(()),
        QuestionState::Allowed => return run_allowed(inner, live, entry, question).await,
        QuestionState::Denied => {
            let reason = format!("{} did not allow this; it was not run.", live.scope.user_name());
            entry.end(
                ToolCallStatus::Denied(reason),
                "Not run: the person did not allow this call. Do not make it again unless they ask for it.",
                true,
            );
        }
        QuestionState::Expired => entry.end(
            ToolCallStatus::Denied("Nobody answered in time, so it was not run.".to_owned()),
            "Not run: nobody allowed this call in time. Do not make it again unless the person asks for it.",
            true,
        ),
        QuestionState::Running | QuestionState::Lost => {
            // Its process is gone. It may have run, so it never runs again.
            move_on(inner, live, entry, QuestionState::Running, QuestionState::Lost, None).await?;
            lost(entry);
        }
        QuestionState::Done => {
            let stored: Option<Outcome> =
                question.outcome.as_deref().map(serde_json::from_str).transpose().map_err(Error::internal)?;
            let Some(outcome) = stored else { return Err(Cut::internal("a call that is done without its outcome")) };
            entry.view = outcome.view;
            entry.result = Some(outcome.result);
        }
    }
    live.publish(TurnEvent::ToolFinished { call: entry.view.clone() });
    Ok(())
}

/// What is said of a call of which nobody knows whether it ran.
fn lost(entry: &mut Entry) {
    entry.end(
        ToolCallStatus::Failed("It is not known whether this ran: the server stopped while it was running.".to_owned()),
        "It is not known whether this ran: the server stopped while it was running. Do not make this call again by \
         yourself; tell the person.",
        true,
    );
}

/// `false`: it was not in that state.
async fn move_on(
    inner: &Inner,
    live: &Live,
    entry: &Entry,
    from: QuestionState,
    to: QuestionState,
    outcome: Option<&str>,
) -> Result<bool, Cut> {
    let mut tx = inner.db.begin(&live.scope).await?;
    let place = (live.turn(), entry.call.id.as_str());
    let is_moved = question_move(&live.scope, &mut tx, place, (from, to), outcome).await?;
    tx.commit().await?;
    Ok(is_moved)
}

/// Runs a call that need not ask; whoever stops the turn stops it, too.
async fn run_freely(inner: &Inner, live: &Live, entry: &mut Entry, deadline: Instant) -> Result<(), Cut> {
    let arguments = entry.call.input.clone();
    let began = Instant::now();
    let called = tokio::select! {
        biased;
        halt = live.halted() => return Err(Cut::Halted(halt)),
        () = sleep_until(deadline) => return Err(Cut::TooSlow),
        called = call(inner, live, &entry.call.name, arguments.clone()) => called,
    };
    match called {
        Called::Ended(outcome) => conclude(entry, outcome, began),
        Called::NeedsInput { message, fields } => {
            return ask_form(inner, live, entry, 1, Wish::Form { message, fields }, &arguments).await;
        }
    }
    live.publish(TurnEvent::ToolFinished { call: entry.view.clone() });
    Ok(())
}

/// Runs a call the person allowed. Once it has begun it is not stopped any more: half a change is worse than a whole
/// one, and the registry bounds how long it takes.
async fn run_allowed(inner: &Inner, live: &Live, entry: &mut Entry, question: &QuestionRecord) -> Result<(), Cut> {
    let arguments: Value = serde_json::from_str(&question.arguments).map_err(Error::internal)?;
    if !move_on(inner, live, entry, QuestionState::Allowed, QuestionState::Running, None).await? {
        return Err(Cut::Halted(super::live::Halt::Lost));
    }
    entry.view.status = ToolCallStatus::Running;
    entry.view.arguments = serde_json::to_string_pretty(&arguments).unwrap_or_default();
    entry.view.ran_as = format!(
        "{} · {} · built-in · {}",
        live.scope.tenant_name(),
        live.scope.user_name(),
        match question.decision {
            Some(Decision::AllowForChat) => "allowed for this chat",
            _ => "allowed once",
        }
    );
    live.publish(TurnEvent::ToolChanged { call: entry.view.clone() });
    let began = Instant::now();
    match call(inner, live, &entry.call.name, arguments.clone()).await {
        Called::Ended(outcome) => conclude(entry, outcome, began),
        Called::NeedsInput { message, .. } if question.round >= MAX_ROUNDS => {
            conclude(entry, failed(format!("It asked too often and was ended: {message}")), began);
        }
        Called::NeedsInput { message, fields } => {
            let wish = Wish::Form { message, fields };
            return ask_form(inner, live, entry, question.round + 1, wish, &arguments).await;
        }
    }
    live.publish(TurnEvent::ToolFinished { call: entry.view.clone() });
    let Some(result) = entry.result.clone() else { return Ok(()) };
    let outcome = serde_json::to_string(&Outcome { view: entry.view.clone(), result }).map_err(Error::internal)?;
    // It has run: when this cannot be noted, only a crash before the answer's end makes it "not known".
    if let Err(cut) = move_on(inner, live, entry, QuestionState::Running, QuestionState::Done, Some(&outcome)).await {
        tracing::warn!(request_id = live.request_id, ?cut, "the end of a tool call was not noted");
    }
    Ok(())
}

async fn ask_form(
    inner: &Inner,
    live: &Live,
    entry: &mut Entry,
    round: i64,
    wish: Wish,
    arguments: &Value,
) -> Result<(), Cut> {
    let mut tx = inner.db.begin(&live.scope).await?;
    ask(inner, live, &mut tx, entry, round, wish, arguments).await?;
    tx.commit().await?;
    live.publish(TurnEvent::ToolChanged { call: entry.view.clone() });
    Ok(())
}

async fn call(inner: &Inner, live: &Live, name: &str, arguments: Value) -> Called {
    if !arguments.is_object() {
        let reason = "Not run: the arguments are not a complete JSON object. Send the call again.";
        return Called::Ended(failed(reason.to_owned()));
    }
    let context = ToolContext { scope: live.scope.clone(), db: inner.db.clone(), world: inner.world.clone() };
    match AssertUnwindSafe(inner.tools.run(&context, name, arguments)).catch_unwind().await {
        Ok(called) => called,
        Err(_) => {
            tracing::error!(request_id = live.request_id, tool = name, "a tool panicked");
            Called::Ended(failed("The tool failed on our side.".to_owned()))
        }
    }
}

fn conclude(entry: &mut Entry, outcome: ToolOutcome, began: Instant) {
    entry.view.duration_ms = Some(i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX));
    entry.view.status = match (outcome.is_error, outcome.failure) {
        (false, _) => ToolCallStatus::Done,
        (true, Some(reason)) => ToolCallStatus::Failed(reason),
        (true, None) => ToolCallStatus::Failed("The tool failed.".to_owned()),
    };
    entry.view.output = Some(outcome.output);
    entry.result =
        Some(Content::ToolResult { id: entry.call.id.clone(), text: outcome.model_text, is_error: outcome.is_error });
}

/// The calls of a step, those beyond the limit refused.
pub(super) fn batch(inner: &Inner, live: &Live, calls: Vec<super::call::ToolUse>) -> Batch {
    let mut batch = Batch::default();
    for (at, call) in calls.into_iter().enumerate() {
        let mut entry = entry(inner, live, call);
        if at >= MAX_CALLS {
            let reason = format!("Not run: more than {MAX_CALLS} calls at once. Ask for fewer at a time.");
            conclude(&mut entry, failed(reason), Instant::now());
        }
        batch.entries.push(entry);
    }
    batch
}

fn failed(reason: String) -> ToolOutcome {
    ToolOutcome {
        model_text: reason.clone(),
        is_error: true,
        failure: Some(reason.clone()),
        output: ToolOutput { text: reason, ..ToolOutput::default() },
    }
}
