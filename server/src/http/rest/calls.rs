//! `POST /api/conversations/{id}/turns/{turn}/calls/{call}`: answer a tool call that waits for its person.
//!
//! Who follows an answer's events learns of such a call: a `tool_started` event whose call has the status `waiting`, with
//! what is asked.

use std::collections::BTreeMap;

use app::model::{ConversationId, Decision, TurnId};
use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{ApiCaller, ApiError};
use crate::{
    db::turn::turn_find,
    error::{Error, Result},
    http::limits::ApiJson,
    state::AppState,
    tenancy,
};

/// What the person decides.
#[derive(Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "decision", deny_unknown_fields)]
pub enum CallDecision {
    /// It may run this once.
    Approve {},
    /// It may run, and so may further calls of the same tool in this conversation.
    ApproveForChat {},
    /// It does not run.
    Deny {},
    /// The values of the form it asks to be filled in, by the names of its fields, each as text.
    Answer { values: BTreeMap<String, String> },
}

impl From<CallDecision> for Decision {
    fn from(decision: CallDecision) -> Self {
        match decision {
            CallDecision::Approve {} => Self::AllowOnce,
            CallDecision::ApproveForChat {} => Self::AllowForChat,
            CallDecision::Deny {} => Self::Deny,
            CallDecision::Answer { values } => Self::Answer(values.into_iter().collect()),
        }
    }
}

/// Approves, denies or answers a waiting tool call. The first decision counts; the same one again changes nothing.
#[utoipa::path(post, path = "/api/conversations/{id}/turns/{turn}/calls/{call}",
    params(("id" = String, Path), ("turn" = String, Path), ("call" = String, Path)), request_body = CallDecision,
    tag = "chat", security(("bearer" = [])),
    responses(
        (status = 204, description = "Decided"),
        (status = 404, description = "No such call of yours that asks"),
        (status = 409, description = "Decided otherwise before, too late, or the answer is over"),
        (status = 422, description = "The decision does not fit what is asked")))]
pub async fn decide(
    State(state): State<AppState>,
    api: ApiCaller,
    Path((id, turn, call)): Path<(String, String, String)>,
    ApiJson(decision): ApiJson<CallDecision>,
) -> std::result::Result<StatusCode, ApiError> {
    let decided = apply(&state, &api, (&id, &turn, &call), decision.into()).await;
    decided.map_err(|error| error.into_app(&api.caller.request_id))?;
    Ok(StatusCode::NO_CONTENT)
}

async fn apply(
    state: &AppState,
    api: &ApiCaller,
    (id, turn, call): (&str, &str, &str),
    decision: Decision,
) -> Result<()> {
    let scope = tenancy::enter(&state.db, &api.caller, &api.tenant).await?;
    let id: ConversationId = id.parse().map_err(|_| Error::NotFound)?;
    let turn: TurnId = turn.parse().map_err(|_| Error::NotFound)?;
    let mut tx = state.db.read(&scope).await?;
    let record = turn_find(&scope, &mut tx, turn).await?.filter(|record| record.conversation == id);
    drop(tx);
    record.ok_or(Error::NotFound)?;
    state.turns.decide(&scope, turn, call, decision).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decisions_are_read_strictly() {
        let read = |text: &str| serde_json::from_str::<CallDecision>(text).ok().map(Decision::from);
        assert_eq!(read(r#"{"decision":"approve"}"#), Some(Decision::AllowOnce));
        assert_eq!(read(r#"{"decision":"approve_for_chat"}"#), Some(Decision::AllowForChat));
        assert_eq!(read(r#"{"decision":"deny"}"#), Some(Decision::Deny));
        let answers = Decision::Answer(vec![("text".into(), "hot".into())]);
        assert_eq!(read(r#"{"decision":"answer","values":{"text":"hot"}}"#), Some(answers));
        for wrong in [r#"{"decision":"maybe"}"#, r#"{"decision":"deny","why":"x"}"#, r#"{"decision":"answer"}"#, "{}"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
