//! The ports of the fake: what a test needs answers from its state, the rest refuses.

use app::{
    backend::{AccountPort, Caller, ConversationPort, SharingPort, TenantPort, TurnPort},
    error::AppError,
    model::{
        Again, Audience, ConversationId, ConversationSummary, ConversationView, Cursor, Date, Decision, DisplayName,
        Feedback, Folder, Lang, Me, MessageId, MessageText, ModelBadge, Money, Page, PasswordChange, Rich, RichSource,
        SearchHit, SessionId, SessionView, ShareId, ShareView, StartTurn, TenantCode, TenantHome, TenantView, Theme,
        Title, ToolUse, TurnId, TurnKey, TurnStarted, UsageBreakdown, UsageBy, UsageMeter, UsageReport, UsageRow,
    },
};
use async_trait::async_trait;
use uuid::Uuid;

use super::{FakeBackend, NEXT_KEY, NOW, message_id};

#[async_trait]
impl AccountPort for FakeBackend {
    async fn me(&self, _: &Caller) -> Result<Me, AppError> {
        self.state().me.clone()
    }

    async fn set_name(&self, _: &Caller, _: DisplayName) -> Result<(), AppError> {
        Ok(())
    }

    async fn set_theme(&self, _: &Caller, _: Theme) -> Result<(), AppError> {
        Ok(())
    }

    async fn set_language(&self, _: &Caller, _: Option<Lang>) -> Result<(), AppError> {
        Ok(())
    }

    async fn change_password(&self, _: &Caller, change: PasswordChange) -> Result<(), AppError> {
        if change.current == "right" {
            return Ok(());
        }
        Err(AppError::invalid("current", "This is not your current password."))
    }

    async fn list_sessions(&self, _: &Caller) -> Result<Vec<SessionView>, AppError> {
        Ok(self.state().sessions.clone())
    }

    async fn end_session(&self, _: &Caller, _: SessionId) -> Result<(), AppError> {
        Ok(())
    }
}

#[async_trait]
impl TenantPort for FakeBackend {
    async fn tenant_home(&self, _: &Caller, tenant: &TenantCode) -> Result<TenantHome, AppError> {
        if tenant.as_str() != "prs" {
            return Err(AppError::NotFound);
        }
        let state = self.state();
        Ok(TenantHome {
            tenant: TenantView {
                code: tenant.clone(),
                name: "PRS Textile".into(),
                assistant: "Wira".into(),
                time_zone: "Asia/Jakarta".into(),
                utc_offset_minutes: 420,
                currency: "IDR".into(),
                prompts: ["What did compressor 3 cost us last week?".into(), "When was our peak?".into()]
                    .into_iter()
                    .chain(state.example.clone())
                    .collect(),
                contact: "energy@prs.example".into(),
                commands: state.commands.clone(),
                welcome: if state.branded { "Selamat datang di pabrik.".into() } else { String::new() },
                logo: state.branded.then(|| "/t/prs/brand/logo".into()),
                brand_css: state.branded.then(|| "/t/prs/brand/style.css".into()),
                locale: state.locale,
                shows_cost: state.shows_cost,
                allows_public_links: false,
            },
            role: state.role,
            model: ModelBadge {
                id: "demo-1".into(),
                name: "Claude".into(),
                demo: state.demo,
                context_tokens: 200_000,
                sees_images: true,
            },
            models: state.models.clone(),
            setup: state.setup.clone(),
            usage: state.meter.clone(),
            next_key: NEXT_KEY,
            today: NOW.date_at(420),
        })
    }

    async fn dismiss_setup(&self, _: &Caller, _: &TenantCode) -> Result<(), AppError> {
        Ok(())
    }

    fn live_place(&self) -> String {
        "0190-7".into()
    }

    async fn usage_meter(&self, _: &Caller, _: &TenantCode) -> Result<UsageMeter, AppError> {
        Ok(self.state().meter.clone())
    }

    async fn usage_report(
        &self,
        _: &Caller,
        _: &TenantCode,
        month: Option<Date>,
        by: UsageBy,
    ) -> Result<UsageReport, AppError> {
        let mut report = self.state().report.clone()?;
        report.breakdown.by = by;
        if by == UsageBy::Tool {
            report.breakdown.rows.clear();
            report.breakdown.tools.push(ToolUse {
                tool: "energy_and_cost".to_owned(),
                calls: 42,
                failed_calls: 2,
                denied_calls: 0,
                duration_ms: 8_400,
                turns: 20,
                turns_cost: Some(Money(1_250_000_000_000)),
            });
        }
        let Some(month) = month else { return Ok(report) };
        // Another month than the one there is data for is empty.
        let breakdown = UsageBreakdown { total: UsageRow::default(), rows: Vec::new(), ..report.breakdown };
        Ok(UsageReport { month, by_day: Vec::new(), breakdown, ..report })
    }
}

#[async_trait]
impl ConversationPort for FakeBackend {
    async fn list_conversations(
        &self,
        _: &Caller,
        _: &TenantCode,
        folder: Folder,
        _: Option<Cursor>,
    ) -> Result<Page<ConversationSummary>, AppError> {
        let state = self.state();
        let rows = state.conversations.iter().map(|(summary, _)| summary.clone());
        let items = rows.filter(|row| row.archived == (folder == Folder::Archive)).collect();
        Ok(Page { items, next: state.next_page.clone() })
    }

    async fn open_conversation(
        &self,
        _: &Caller,
        _: &TenantCode,
        id: ConversationId,
        leaf: Option<MessageId>,
    ) -> Result<ConversationView, AppError> {
        let mut state = self.state();
        state.opened.push((id, leaf));
        let found = state.conversations.iter().find(|(summary, _)| summary.id == id);
        found.map(|(_, view)| view.clone()).ok_or(AppError::NotFound)
    }

    async fn earlier_messages(
        &self,
        _: &Caller,
        _: &TenantCode,
        _: ConversationId,
        _: Cursor,
    ) -> Result<ConversationView, AppError> {
        Err(AppError::NotFound)
    }

    async fn rename_conversation(
        &self,
        _: &Caller,
        _: &TenantCode,
        id: ConversationId,
        title: Title,
    ) -> Result<(), AppError> {
        self.state().renamed.push((id, title.to_string()));
        Ok(())
    }

    async fn delete_conversation(&self, _: &Caller, _: &TenantCode, id: ConversationId) -> Result<(), AppError> {
        self.state().deleted.push(id);
        Ok(())
    }

    async fn restore_conversation(&self, _: &Caller, _: &TenantCode, id: ConversationId) -> Result<(), AppError> {
        self.state().restored.push(id);
        Ok(())
    }

    async fn pin_conversation(&self, _: &Caller, _: &TenantCode, _: ConversationId, _: bool) -> Result<(), AppError> {
        Err(AppError::Forbidden)
    }

    async fn archive_conversations(
        &self,
        _: &Caller,
        _: &TenantCode,
        _: Vec<ConversationId>,
        _: bool,
    ) -> Result<(), AppError> {
        Err(AppError::Forbidden)
    }

    async fn delete_conversations(&self, _: &Caller, _: &TenantCode, _: Vec<ConversationId>) -> Result<(), AppError> {
        Err(AppError::Forbidden)
    }

    async fn search_conversations(
        &self,
        _: &Caller,
        _: &TenantCode,
        _: String,
        _: Option<Cursor>,
    ) -> Result<Page<SearchHit>, AppError> {
        Ok(Page::whole(self.state().hits.clone()))
    }

    async fn fork_conversation(
        &self,
        _: &Caller,
        _: &TenantCode,
        _: ConversationId,
        _: MessageId,
    ) -> Result<ConversationId, AppError> {
        Err(AppError::Forbidden)
    }

    async fn edit_answer(
        &self,
        _: &Caller,
        _: &TenantCode,
        _: ConversationId,
        _: MessageId,
        _: MessageText,
    ) -> Result<MessageId, AppError> {
        Err(AppError::Forbidden)
    }

    async fn rate_answer(
        &self,
        _: &Caller,
        _: &TenantCode,
        _: ConversationId,
        _: MessageId,
        _: Option<Feedback>,
    ) -> Result<(), AppError> {
        Err(AppError::Forbidden)
    }

    async fn enrich(&self, _: &Caller, _: Vec<RichSource>) -> Result<Vec<Rich>, AppError> {
        Err(AppError::Forbidden)
    }
}

#[async_trait]
impl SharingPort for FakeBackend {
    async fn list_shares(&self, _: &Caller, _: &TenantCode, _: ConversationId) -> Result<Vec<ShareView>, AppError> {
        Err(AppError::Forbidden)
    }

    async fn share_conversation(
        &self,
        _: &Caller,
        _: &TenantCode,
        _: ConversationId,
        _: MessageId,
        _: Audience,
    ) -> Result<ShareView, AppError> {
        Err(AppError::Forbidden)
    }

    async fn revoke_share(&self, _: &Caller, _: &TenantCode, _: ShareId) -> Result<(), AppError> {
        Err(AppError::Forbidden)
    }
}

#[async_trait]
impl TurnPort for FakeBackend {
    async fn start_turn(&self, _: &Caller, _: &TenantCode, start: StartTurn) -> Result<TurnStarted, AppError> {
        let mut state = self.state();
        if let Some(refusal) = state.refusal.clone() {
            return Err(refusal);
        }
        let started = TurnStarted {
            conversation: start.conversation.unwrap_or(ConversationId(Uuid::from_u128(0xc0de))),
            turn: TurnId(Uuid::from_u128(0x70)),
            user_message: message_id(901),
            assistant_message: message_id(902),
        };
        state.started.push(start);
        Ok(started)
    }

    async fn answer_again(
        &self,
        _: &Caller,
        _: &TenantCode,
        _: ConversationId,
        _: Again,
        _: Option<String>,
        _: TurnKey,
    ) -> Result<TurnStarted, AppError> {
        Err(AppError::Forbidden)
    }

    async fn stop_turn(&self, _: &Caller, _: &TenantCode, turn: TurnId) -> Result<(), AppError> {
        self.state().stopped.push(turn);
        Ok(())
    }

    async fn decide_tool_call(
        &self,
        _: &Caller,
        _: &TenantCode,
        _: TurnId,
        _: String,
        _: Decision,
    ) -> Result<(), AppError> {
        Err(AppError::Forbidden)
    }
}
