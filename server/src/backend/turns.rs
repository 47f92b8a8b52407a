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
        _caller: &Caller,
        _tenant: &TenantCode,
        _conversation: ConversationId,
        _again: Again,
        _model: Option<String>,
        _key: TurnKey,
    ) -> Answer<TurnStarted> {
        unimplemented!("written by turns")
    }
    async fn stop_turn(&self, caller: &Caller, tenant: &TenantCode, turn: TurnId) -> Answer<()> {
        self.stop(caller, tenant, turn).await.for_people(caller)
    }
    async fn decide_tool_call(
        &self,
        _caller: &Caller,
        _tenant: &TenantCode,
        _turn: TurnId,
        _call_id: String,
        _decision: Decision,
    ) -> Answer<()> {
        unimplemented!("written by turns")
    }
}
