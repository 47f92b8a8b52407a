//! A backend that answers from memory, for tests of pages. It knows one person, one tenant and the conversations a test
//! puts into it, and remembers what it was asked to do.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use app::{
    backend::{AccountPort, Caller, ConversationPort, SharingPort, TenantPort, TurnPort},
    error::AppError,
    model::{
        Again, Audience, BudgetLimits, ConversationId, ConversationSummary, ConversationView, Cursor, Date, Decision,
        DisplayName, Feedback, Folder, Lang, Me, MessageAuthor, MessageId, MessageStatus, MessageText, MessageView,
        ModelBadge, Money, Page, Part, PasswordChange, Prompt, Quality, Rich, RichSource, Role, SearchHit, SessionId,
        SessionView, SetupStep, ShareId, ShareView, Siblings, StartTurn, TenantChoice, TenantCode, TenantHome,
        TenantView, Theme, Timestamp, Title, Tokens, TurnId, TurnKey, TurnStarted, UsageBy, UsageMeter, UsageReport,
        UserId,
    },
};
use async_trait::async_trait;
use uuid::Uuid;

/// 2026-11-21 09:00 in Jakarta.
pub const NOW: Timestamp = Timestamp(1_795_226_400_000);
pub const NEXT_KEY: TurnKey = TurnKey(Uuid::from_u128(0x99));

/// What the fake holds; tests change it before they ask for a page.
pub struct State {
    pub role: Role,
    pub demo: bool,
    pub percent: Option<u32>,
    pub shows_cost: bool,
    pub models: Vec<ModelBadge>,
    /// The tenant's prompts.
    pub commands: Vec<Prompt>,
    /// An example of the empty page beside the usual ones.
    pub example: Option<String>,
    pub conversations: Vec<(ConversationSummary, ConversationView)>,
    pub next_page: Option<Cursor>,
    /// What every search finds.
    pub hits: Vec<SearchHit>,
    pub setup: Vec<SetupStep>,
    /// The tenant has its own logo, accent and welcome.
    pub branded: bool,
    pub refusal: Option<AppError>,
    pub started: Vec<StartTurn>,
    pub stopped: Vec<TurnId>,
    pub deleted: Vec<ConversationId>,
    pub restored: Vec<ConversationId>,
    pub renamed: Vec<(ConversationId, String)>,
    pub opened: Vec<(ConversationId, Option<MessageId>)>,
}

#[derive(Clone)]
pub struct FakeBackend(Arc<Mutex<State>>);

impl Default for FakeBackend {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(State {
            role: Role::Member,
            demo: true,
            percent: Some(42),
            shows_cost: false,
            models: vec![],
            commands: vec![],
            example: None,
            conversations: vec![],
            next_page: None,
            hits: vec![],
            setup: vec![],
            branded: false,
            refusal: None,
            started: vec![],
            stopped: vec![],
            deleted: vec![],
            restored: vec![],
            renamed: vec![],
            opened: vec![],
        })))
    }
}

impl FakeBackend {
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a conversation and returns its id.
    pub fn add(&self, title: &str, updated_at: Timestamp, messages: Vec<MessageView>) -> ConversationId {
        let mut state = self.state();
        let id = ConversationId(Uuid::from_u128(0xc000 + state.conversations.len() as u128));
        let running = messages
            .last()
            .filter(|message| message.status == MessageStatus::Running)
            .and_then(|message| Some((message.turn?, 3)));
        let summary = ConversationSummary {
            id,
            title: title.into(),
            updated_at,
            running: running.is_some(),
            waiting: false,
            pinned: false,
            archived: false,
        };
        let view = ConversationView { id, title: title.into(), archived: false, messages, earlier: None, running };
        state.conversations.push((summary, view));
        id
    }
}

pub fn message_id(number: u128) -> MessageId {
    MessageId(Uuid::from_u128(0xa000 + number))
}

/// A message; the one before it in a test's list is its parent.
pub fn message(number: u128, author: MessageAuthor, parts: Vec<Part>, status: MessageStatus) -> MessageView {
    MessageView {
        id: message_id(number),
        parent: (number > 1).then(|| message_id(number - 1)),
        author,
        parts,
        status,
        created_at: NOW,
        turn: Some(TurnId(Uuid::from_u128(0x7000 + number))),
        siblings: Siblings::only(),
        usage: None,
        model: None,
        feedback: None,
        edited: false,
        rich: vec![],
    }
}

pub fn question(number: u128, text: &str) -> MessageView {
    message(number, MessageAuthor::User, vec![Part::Text { text: text.into() }], MessageStatus::Complete)
}

pub fn answer(number: u128, text: &str) -> MessageView {
    message(number, MessageAuthor::Assistant, vec![Part::Text { text: text.into() }], MessageStatus::Complete)
}

fn tenant_code() -> TenantCode {
    "prs".parse().expect("a valid code")
}

#[async_trait]
impl AccountPort for FakeBackend {
    async fn me(&self, caller: &Caller) -> Result<Me, AppError> {
        let choice = |code: &str, name: &str| TenantChoice {
            code: code.parse().expect("a valid code"),
            name: name.into(),
            role: Role::Member,
        };
        Ok(Me {
            id: caller.user,
            name: "Ana Wijaya".into(),
            email: "ana@prs.example".into(),
            theme: Theme::System,
            lang: None,
            tenants: vec![choice("prs", "PRS Textile"), choice("mill", "Mill & Co")],
        })
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

    async fn change_password(&self, _: &Caller, _: PasswordChange) -> Result<(), AppError> {
        Ok(())
    }

    async fn list_sessions(&self, _: &Caller) -> Result<Vec<SessionView>, AppError> {
        Ok(vec![])
    }

    async fn end_session(&self, _: &Caller, _: SessionId) -> Result<(), AppError> {
        Ok(())
    }
}

#[async_trait]
impl TenantPort for FakeBackend {
    async fn tenant_home(&self, caller: &Caller, tenant: &TenantCode) -> Result<TenantHome, AppError> {
        if *tenant != tenant_code() {
            return Err(AppError::NotFound);
        }
        let usage = self.usage_meter(caller, tenant).await?;
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
                locale: Lang::English,
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
            usage,
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
        Ok(UsageMeter {
            percent: self.state().percent,
            used: Tokens::default(),
            requests: 7,
            cost: Money(0),
            limits: BudgetLimits::default(),
            resets_at: Timestamp(1_796_058_000_000),
            quality: Quality::Exact,
            notice: None,
        })
    }

    async fn usage_report(
        &self,
        _: &Caller,
        _: &TenantCode,
        _: Option<Date>,
        _: UsageBy,
    ) -> Result<UsageReport, AppError> {
        Err(AppError::Forbidden)
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

/// The person every test is signed in as.
pub fn caller() -> Caller {
    Caller { user: UserId(Uuid::from_u128(1)), session: SessionId(Uuid::from_u128(2)), request_id: "req-1".into() }
}
