//! A person's answer to a tool call that waits.

use app::model::{Decision, TurnId, Wish};
use serde_json::Value;

use super::{
    Turns, forms,
    park::{self, Reason},
};
use crate::{
    db::{
        TenantScope,
        turn::{TurnStatus, turn_find},
        turn_grant::grant_put,
        turn_question::{Decided, QuestionRecord, QuestionState, question_decide, question_find},
    },
    error::{Error, Result},
};

/// No call has a longer id.
const MAX_CALL_ID_BYTES: usize = 1_000;

impl Turns {
    /// Decides what a tool call asks. The first decision counts; the same one again changes nothing.
    ///
    /// # Errors
    /// - [`Error::NotFound`]: no such turn of the caller, or no such question in it.
    /// - [`Error::Conflict`]: decided otherwise, too late, or the answer is over.
    /// - [`Error::Invalid`]: the decision does not fit the question, or the answers do not fit the form.
    pub async fn decide(&self, scope: &TenantScope, turn: TurnId, call_id: &str, decision: Decision) -> Result<()> {
        if call_id.len() > MAX_CALL_ID_BYTES || call_id.contains('\0') {
            return Err(Error::NotFound);
        }
        let inner = &self.0;
        let now = inner.world.now();
        let mut tx = inner.db.begin(scope).await?;
        let record = turn_find(scope, &mut tx, turn).await?.ok_or(Error::NotFound)?;
        let question = question_find(scope, &mut tx, turn, call_id).await?.ok_or(Error::NotFound)?;
        if question.decision.as_ref() == Some(&decision) {
            return Ok(());
        }
        if question.state != QuestionState::Asked {
            return Err(decided_before(&question));
        }
        if record.status != TurnStatus::Running || record.stop_requested {
            return Err(Error::Conflict("The answer has ended meanwhile, so this was not run.".to_owned()));
        }
        if question.expires_at <= now {
            return Err(too_late());
        }
        let (state, arguments) = read(&question, &decision)?;
        let decided = Decided { call_id, decision: &decision, state, arguments: &arguments };
        if !question_decide(scope, &mut tx, turn, decided, now).await? {
            // Somebody was first, at this very moment.
            let question = question_find(scope, &mut tx, turn, call_id).await?.ok_or(Error::NotFound)?;
            let is_same = question.decision.as_ref() == Some(&decision);
            return if is_same { Ok(()) } else { Err(decided_before(&question)) };
        }
        if decision == Decision::AllowForChat {
            grant_put(scope, &mut tx, record.conversation, &question.tool, now).await?;
        }
        tx.commit().await?;
        metrics::counter!("steward_tool_questions_decided_total", "state" => state.as_str()).increment(1);
        park::look_soon(inner, scope.clone(), turn, Reason::Look);
        Ok(())
    }
}

fn too_late() -> Error {
    Error::Conflict("The time to answer is over, so this was not run.".to_owned())
}

fn decided_before(question: &QuestionRecord) -> Error {
    let message = match question.state {
        QuestionState::Expired => return too_late(),
        QuestionState::Denied => "This was denied already.",
        QuestionState::Asked
        | QuestionState::Allowed
        | QuestionState::Running
        | QuestionState::Done
        | QuestionState::Lost => "This was allowed already.",
    };
    Error::Conflict(message.to_owned())
}

/// What a decision comes to: the question's next state, and what the call is run with.
fn read(question: &QuestionRecord, decision: &Decision) -> Result<(QuestionState, String)> {
    match (&question.wish, decision) {
        (_, Decision::Deny) => Ok((QuestionState::Denied, question.arguments.clone())),
        (Wish::Approval { .. }, Decision::AllowOnce | Decision::AllowForChat) => {
            Ok((QuestionState::Allowed, question.arguments.clone()))
        }
        (Wish::Approval { .. }, Decision::Answer(_)) => {
            Err(Error::invalid("decision", "This asks whether it may run: allow it or deny it."))
        }
        (Wish::Form { .. }, Decision::AllowOnce | Decision::AllowForChat) => {
            Err(Error::invalid("decision", "This asks for more: fill in the form or deny it."))
        }
        (Wish::Form { fields, .. }, Decision::Answer(answers)) => {
            let values = forms::read(fields, answers).map_err(|problem| Error::invalid("answers", problem))?;
            let mut arguments: Value = serde_json::from_str(&question.arguments).map_err(Error::internal)?;
            let Some(object) = arguments.as_object_mut() else {
                return Err(Error::internal("the arguments of a call are no object"));
            };
            object.extend(values);
            Ok((QuestionState::Allowed, arguments.to_string()))
        }
    }
}
