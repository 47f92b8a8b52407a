//! A backend that answers from memory, for tests of pages. It knows one person, one tenant and the conversations a test
//! puts into it, and remembers what it was asked to do. How it answers is in [`ports`]: a new method of a port is written
//! there, once for all tests.

#[path = "fake_backend/ports.rs"]
mod ports;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use app::{
    backend::{Backend, Caller},
    error::AppError,
    model::{
        BudgetLimits, ConversationId, ConversationSummary, ConversationView, Cursor, Lang, Me, MessageAuthor,
        MessageId, MessageStatus, MessageView, ModelBadge, Money, Part, Prompt, Quality, Role, SearchHit, SessionId,
        SessionView, SetupStep, Siblings, StartTurn, TenantChoice, Theme, Timestamp, Tokens, TurnId, TurnKey,
        UsageMeter, UsageReport, UserId,
    },
};
use leptos::prelude::provide_context;
use uuid::Uuid;

/// 2026-11-21 09:00 in Jakarta.
pub const NOW: Timestamp = Timestamp(1_795_226_400_000);
pub const NEXT_KEY: TurnKey = TurnKey(Uuid::from_u128(0x99));

/// What the fake holds; tests change it before they ask for a page.
pub struct State {
    /// Who asks.
    pub me: Result<Me, AppError>,
    /// Theirs.
    pub sessions: Vec<SessionView>,
    pub role: Role,
    /// How the tenant writes numbers.
    pub locale: Lang,
    pub demo: bool,
    pub meter: UsageMeter,
    /// Of the one month that there is.
    pub report: Result<UsageReport, AppError>,
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
            me: Ok(ana()),
            sessions: vec![],
            role: Role::Member,
            locale: Lang::English,
            demo: true,
            meter: UsageMeter {
                percent: Some(42),
                used: Tokens::default(),
                requests: 7,
                cost: Money(0),
                limits: BudgetLimits::default(),
                resets_at: Timestamp(1_796_058_000_000),
                quality: Quality::Exact,
                notice: None,
            },
            report: Err(AppError::Forbidden),
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

    /// Makes this the backend of the current owner's pages, with a caller.
    pub fn provide(&self) {
        provide_context::<Arc<dyn Backend>>(Arc::new(self.clone()));
        provide_context(caller());
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

/// A tenant to choose.
pub fn choice(code: &str, name: &str, role: Role) -> TenantChoice {
    TenantChoice { code: code.parse().expect("a valid code"), name: name.into(), role }
}

fn ana() -> Me {
    Me {
        id: caller().user,
        name: "Ana Wijaya".into(),
        email: "ana@prs.example".into(),
        theme: Theme::System,
        lang: None,
        tenants: vec![choice("prs", "PRS Textile", Role::Member), choice("mill", "Mill & Co", Role::Member)],
    }
}

/// The person every test is signed in as.
pub fn caller() -> Caller {
    Caller { user: UserId(Uuid::from_u128(1)), session: SessionId(Uuid::from_u128(2)), request_id: "req-1".into() }
}
