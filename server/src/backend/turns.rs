//! Turns.

use app::{
    backend::{Caller, TurnPort},
    model::{Again, ConversationId, Decision, StartTurn, TenantCode, TurnId, TurnKey, TurnStarted},
};
use async_trait::async_trait;

use super::{Answer, ForPeople as _, ServerBackend};
use crate::error::Result;

impl ServerBackend {
    async fn start(&self, caller: &Caller, tenant: &TenantCode, start: StartTurn) -> Result<TurnStarted> {
        let scope = self.enter(caller, tenant).await?;
        self.turns.start(&scope, &caller.request_id, start).await
    }

    async fn again(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        conversation: ConversationId,
        again: Again,
        model: Option<String>,
        key: TurnKey,
    ) -> Result<TurnStarted> {
        let scope = self.enter(caller, tenant).await?;
        self.turns.again(&scope, &caller.request_id, conversation, again, model, key).await
    }

    async fn decide(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        turn: TurnId,
        call_id: &str,
        decision: Decision,
    ) -> Result<()> {
        let scope = self.enter(caller, tenant).await?;
        self.turns.decide(&scope, turn, call_id, decision).await
    }

    async fn stop(&self, caller: &Caller, tenant: &TenantCode, turn: TurnId) -> Result<()> {
        let scope = self.enter(caller, tenant).await?;
        self.turns.stop(&scope, turn).await
    }
}

#[async_trait]
impl TurnPort for ServerBackend {
    async fn start_turn(&self, caller: &Caller, tenant: &TenantCode, start: StartTurn) -> Answer<TurnStarted> {
        self.start(caller, tenant, start).await.for_people(caller)
    }
    async fn answer_again(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        conversation: ConversationId,
        again: Again,
        model: Option<String>,
        key: TurnKey,
    ) -> Answer<TurnStarted> {
        self.again(caller, tenant, conversation, again, model, key).await.for_people(caller)
    }
    async fn stop_turn(&self, caller: &Caller, tenant: &TenantCode, turn: TurnId) -> Answer<()> {
        self.stop(caller, tenant, turn).await.for_people(caller)
    }
    async fn decide_tool_call(
        &self,
        caller: &Caller,
        tenant: &TenantCode,
        turn: TurnId,
        call_id: String,
        decision: Decision,
    ) -> Answer<()> {
        self.decide(caller, tenant, turn, &call_id, decision).await.for_people(caller)
    }
}
