//! Turns.

use async_trait::async_trait;

use super::Caller;
use crate::{
    error::AppError,
    model::{Again, ConversationId, Decision, StartTurn, TenantCode, TurnId, TurnKey, TurnStarted},
};

#[async_trait]
pub trait TurnPort: Send + Sync + 'static {
    async fn start_turn(&self, caller: &Caller, tenant: &TenantCode, start: StartTurn)
    -> Result<TurnStarted, AppError>;
    /// Another answer, or more of one. `model` as in [`StartTurn`].
    async fn answer_again(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        conversation: ConversationId,
        again: Again,
        model: Option<String>,
        key: TurnKey,
    ) -> Result<TurnStarted, AppError>;
    /// Stops it from anywhere; stopping a finished turn is not an error.
    async fn stop_turn(&self, caller: &Caller, tenant: &TenantCode, turn: TurnId) -> Result<(), AppError>;
    /// Answers what a waiting tool call asks. The first answer counts; the same one again is not an error.
    async fn decide_tool_call(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        turn: TurnId,
        call_id: String,
        decision: Decision,
    ) -> Result<(), AppError>;
}
