//! A backend for the pages beside the chat: one person, their sessions, one tenant's month.

use std::sync::Arc;

use app::{
    backend::{AccountPort, Backend, Caller, ConversationPort, SharingPort, TenantPort, TurnPort},
    error::AppError,
    model::{
        Again, Audience, BudgetLimits, ConversationId, ConversationSummary, ConversationView, Cursor, Date, Decision,
        DisplayName, Feedback, Folder, Lang, Me, MessageId, MessageText, ModelBadge, Money, Page, PasswordChange,
        Quality, Rich, RichSource, Role, SearchHit, SessionId, SessionView, ShareId, ShareView, StartTurn,
        TenantChoice, TenantCode, TenantHome, TenantView, Theme, Timestamp, Title, Tokens, ToolUse, TurnId, TurnKey,
        TurnStarted, UsageBreakdown, UsageBy, UsageByDay, UsageMeter, UsageReport, UsageRow, UserId,
    },
};
use async_trait::async_trait;
use leptos::prelude::provide_context;
use uuid::Uuid;

pub struct FakeBackend {
    /// How the tenant writes numbers.
    pub locale: Lang,
    pub me: Result<Me, AppError>,
    pub sessions: Vec<SessionView>,
    pub report: Result<UsageReport, AppError>,
}

pub fn tokens(input: i64, output: i64) -> Tokens {
    Tokens { input, output, ..Tokens::default() }
}

pub fn november(day: u8) -> Date {
    Date { year: 2026, month: 11, day }
}

fn session(number: u128, device: &str, current: bool) -> SessionView {
    SessionView {
        id: SessionId(Uuid::from_u128(number)),
        current,
        device: device.to_owned(),
        ip: "192.0.2.7".to_owned(),
        created_at: Timestamp(1_795_000_000_000),
        last_seen_at: Timestamp(1_795_270_000_000),
    }
}

impl Default for FakeBackend {
    fn default() -> Self {
        let limits = BudgetLimits {
            input_tokens: Some(1_000_000),
            output_tokens: None,
            requests: Some(0),
            cost: Some(Money(50_000_000_000_000)),
            tokens: None,
        };
        let meter = UsageMeter {
            percent: Some(41),
            used: tokens(412_300, 88_120),
            requests: 231,
            cost: Money(12_345_000_000_000),
            limits,
            resets_at: Timestamp(1_796_058_000_000),
            quality: Quality::Estimated,
            notice: None,
        };
        let day = |day: u8, pico: i64, quality| UsageByDay {
            day: november(day),
            tokens: tokens(20_000, 4_000),
            requests: 12,
            cost: Money(pico),
            quality,
        };
        let person = |number: u128, name: &str, pico: i64| UsageRow {
            key: Uuid::from_u128(number).to_string(),
            name: Some(name.to_owned()),
            detail: Some(format!("{number}@example.com")),
            tokens: tokens(206_150, 44_060),
            requests: 115,
            cost: Money(pico),
            list_cost: Money(pico),
            ..UsageRow::default()
        };
        let tenant = "prs".parse::<TenantCode>().expect("a tenant code");
        Self {
            locale: Lang::English,
            me: Ok(Me {
                id: UserId(Uuid::from_u128(1)),
                name: "Ana <Wijaya>".to_owned(),
                email: "ana@example.com".to_owned(),
                theme: Theme::Dark,
                lang: None,
                tenants: vec![TenantChoice { code: tenant, name: "PRS Textile".to_owned(), role: Role::Admin }],
            }),
            sessions: vec![session(11, "Firefox on Linux", true), session(12, "Safari on iPhone", false)],
            report: Ok(UsageReport {
                month: november(1),
                meter,
                by_day: vec![
                    day(2, 4_000_000_000_000, Quality::Exact),
                    day(3, 8_340_000_000_000, Quality::Estimated),
                    day(20, 5_000_000_000, Quality::Exact),
                ],
                breakdown: UsageBreakdown {
                    by: UsageBy::Person,
                    total: UsageRow { requests: 230, estimated_calls: 1, ..person(0, "", 12_345_000_000_000) },
                    rows: vec![person(1, "Ana Wijaya", 9_000_000_000_000), person(2, "Budi <b>", 3_345_000_000_000)],
                    tools: Vec::new(),
                    more: false,
                },
            }),
        }
    }
}

impl FakeBackend {
    /// Makes this the backend of the current owner's pages, with a caller.
    pub fn provide(self) {
        let caller = Caller {
            user: UserId(Uuid::from_u128(1)),
            session: SessionId(Uuid::from_u128(11)),
            request_id: "req-1".to_owned(),
        };
        provide_context::<Arc<dyn Backend>>(Arc::new(self));
        provide_context(caller);
    }
}

#[async_trait]
impl AccountPort for FakeBackend {
    async fn me(&self, _: &Caller) -> Result<Me, AppError> {
        self.me.clone()
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
        Ok(self.sessions.clone())
    }

    async fn end_session(&self, _: &Caller, _: SessionId) -> Result<(), AppError> {
        Ok(())
    }
}

#[async_trait]
impl TenantPort for FakeBackend {
    async fn tenant_home(&self, _: &Caller, code: &TenantCode) -> Result<TenantHome, AppError> {
        if code.as_str() != "prs" {
            return Err(AppError::NotFound);
        }
        Ok(TenantHome {
            tenant: TenantView {
                code: code.clone(),
                name: "PRS Textile".to_owned(),
                assistant: "Wira".to_owned(),
                time_zone: "Asia/Jakarta".to_owned(),
                utc_offset_minutes: 420,
                currency: "IDR".to_owned(),
                prompts: Vec::new(),
                contact: "ops@example.com".to_owned(),
                commands: vec![],
                welcome: String::new(),
                logo: None,
                brand_css: None,
                locale: self.locale,
                shows_cost: false,
                allows_public_links: false,
            },
            role: Role::Admin,
            model: ModelBadge {
                id: "demo".to_owned(),
                name: "Demo".to_owned(),
                demo: true,
                context_tokens: 200_000,
                sees_images: true,
            },
            models: vec![],
            setup: vec![],
            usage: self.report.clone().map(|report| report.meter)?,
            next_key: TurnKey(Uuid::from_u128(5)),
            today: november(21),
        })
    }

    async fn dismiss_setup(&self, _: &Caller, _: &TenantCode) -> Result<(), AppError> {
        Ok(())
    }

    fn live_place(&self) -> String {
        "0190-7".into()
    }

    async fn usage_meter(&self, _: &Caller, _: &TenantCode) -> Result<UsageMeter, AppError> {
        Err(AppError::Forbidden)
    }

    async fn usage_report(
        &self,
        _: &Caller,
        _: &TenantCode,
        month: Option<Date>,
        by: UsageBy,
    ) -> Result<UsageReport, AppError> {
        let mut report = self.report.clone()?;
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
        _: Folder,
        _: Option<Cursor>,
    ) -> Result<Page<ConversationSummary>, AppError> {
        Err(AppError::Forbidden)
    }

    async fn open_conversation(
        &self,
        _: &Caller,
        _: &TenantCode,
        _: ConversationId,
        _: Option<MessageId>,
    ) -> Result<ConversationView, AppError> {
        Err(AppError::Forbidden)
    }

    async fn earlier_messages(
        &self,
        _: &Caller,
        _: &TenantCode,
        _: ConversationId,
        _: Cursor,
    ) -> Result<ConversationView, AppError> {
        Err(AppError::Forbidden)
    }

    async fn rename_conversation(
        &self,
        _: &Caller,
        _: &TenantCode,
        _: ConversationId,
        _: Title,
    ) -> Result<(), AppError> {
        Err(AppError::Forbidden)
    }

    async fn delete_conversation(&self, _: &Caller, _: &TenantCode, _: ConversationId) -> Result<(), AppError> {
        Err(AppError::Forbidden)
    }

    async fn restore_conversation(&self, _: &Caller, _: &TenantCode, _: ConversationId) -> Result<(), AppError> {
        Err(AppError::Forbidden)
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
        Err(AppError::Forbidden)
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
    async fn start_turn(&self, _: &Caller, _: &TenantCode, _: StartTurn) -> Result<TurnStarted, AppError> {
        Err(AppError::Forbidden)
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

    async fn stop_turn(&self, _: &Caller, _: &TenantCode, _: TurnId) -> Result<(), AppError> {
        Err(AppError::Forbidden)
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
