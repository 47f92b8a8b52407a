//! What plays the other side in stories about turns: a scripted provider, gates it waits at, a tool, and a house with
//! everything wired together.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use app::{
    backend::Caller,
    model::{
        ConversationId, ConversationView, FieldKind, FormField, MessageId, MessageText, Part, Risk, Role, StartTurn,
        ToolCallView, TurnEnvelope, TurnEvent, TurnId, TurnStarted,
    },
};
use async_trait::async_trait;
use futures::StreamExt as _;
use serde_json::{Value, json};
use server::{
    conversations,
    db::{Db, SystemReason, TenantScope, tenant::membership_put, turn::turn_find, user::user_insert},
    models::{
        Billed, Catalogue, Delta, DeltaStream, Model, ModelRequest, Permit, Provider, ProviderError, ProviderErrorKind,
        ReportedUsage, StopReason, demo::TITLE_MARKER,
    },
    tenancy,
    tools::{Registry, Tool, ToolContext, ToolDefinition, ToolError, ToolResult},
    turns::{Models, Turns, TurnsConfig, fold},
    usage::{Spill, audit_books},
    world::World,
};
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::support::db::TestDb;

/// Nothing in a story takes this long unless it hangs.
const PATIENCE: Duration = Duration::from_secs(30);

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

/// A point a script waits at until the story opens it; the story can wait until the script is there.
#[derive(Clone)]
pub struct Gate(Arc<(watch::Sender<bool>, watch::Sender<bool>)>);

impl Gate {
    pub fn new() -> Self {
        Self(Arc::new((watch::Sender::new(false), watch::Sender::new(false))))
    }
    pub fn open(&self) {
        self.0.1.send_replace(true);
    }
    /// Waits until a script stands at the gate.
    pub async fn reached(&self) {
        let mut at = self.0.0.subscribe();
        patiently(at.wait_for(|there| *there)).await.expect("the sender is ours");
    }
    async fn pass(&self) {
        self.0.0.send_replace(true);
        let mut open = self.0.1.subscribe();
        open.wait_for(|open| *open).await.expect("the sender is ours");
    }
}

/// What a scripted answer does, in order.
#[derive(Clone)]
pub enum Act {
    Text(String),
    Reasoning(String),
    /// So many bytes that are not shown.
    Received(usize),
    Usage(ReportedUsage),
    Tool(&'static str, &'static str, Value),
    Wait(Gate),
    Stop(StopReason),
    Fail(ProviderError),
    Panic,
}

pub fn text(text: &str) -> Act {
    Act::Text(text.to_owned())
}

pub fn used(input: i64, output: i64) -> Act {
    Act::Usage(ReportedUsage { input: Some(input), output: Some(output), is_final: true, ..ReportedUsage::default() })
}

/// An answer of one text that ends properly.
pub fn says(what: &str) -> Vec<Act> {
    vec![text(what), used(10, 5), Act::Stop(StopReason::EndTurn)]
}

pub fn provider_error(kind: ProviderErrorKind, billed: Billed) -> ProviderError {
    ProviderError { kind, message: "scripted".into(), billed, retry_after_ms: None }
}

/// How a call begins.
#[derive(Clone)]
pub enum Opening {
    Streams(Vec<Act>),
    Refuses(ProviderError),
    Panics,
}

/// A provider that plays scripts, one per call; titles have their own.
#[derive(Default)]
pub struct Fake {
    scripts: Mutex<VecDeque<Opening>>,
    title: Mutex<Option<Opening>>,
    requests: Mutex<Vec<ModelRequest>>,
    /// What the tool that changes something did, in order.
    pub changes: Arc<Mutex<Vec<String>>>,
    /// Where a change waits that is asked to.
    pub change_gate: Gate,
}

impl Fake {
    pub fn then(&self, acts: Vec<Act>) -> &Self {
        self.then_opening(Opening::Streams(acts))
    }
    pub fn then_opening(&self, opening: Opening) -> &Self {
        self.scripts.lock().expect("a lock").push_back(opening);
        self
    }
    pub fn title(&self, opening: Opening) {
        *self.title.lock().expect("a lock") = Some(opening);
    }
    /// Requests for answers, titles left out.
    pub fn requests(&self) -> Vec<ModelRequest> {
        let requests = self.requests.lock().expect("a lock");
        requests.iter().filter(|request| !request.system.starts_with(TITLE_MARKER)).cloned().collect()
    }
}

#[async_trait]
impl Provider for Fake {
    async fn stream(&self, _: &Permit, request: &ModelRequest) -> Result<DeltaStream, ProviderError> {
        self.requests.lock().expect("a lock").push(request.clone());
        let opening = if request.system.starts_with(TITLE_MARKER) {
            self.title.lock().expect("a lock").clone().unwrap_or_else(|| Opening::Streams(says("A title")))
        } else {
            let next = self.scripts.lock().expect("a lock").pop_front();
            next.unwrap_or_else(|| Opening::Streams(says("Fine.")))
        };
        match opening {
            Opening::Streams(acts) => Ok(play(acts)),
            Opening::Refuses(error) => Err(error),
            Opening::Panics => panic!("scripted panic while opening"),
        }
    }
}

fn play(acts: Vec<Act>) -> DeltaStream {
    Box::pin(async_stream::stream! {
        for act in acts {
            match act {
                Act::Text(text) => yield Ok(Delta::Text(text)),
                Act::Reasoning(text) => yield Ok(Delta::Reasoning(text)),
                Act::Received(bytes) => yield Ok(Delta::Received(bytes)),
                Act::Usage(reported) => yield Ok(Delta::Usage(reported)),
                Act::Tool(id, name, input) => yield Ok(Delta::ToolUse { id: id.into(), name: name.into(), input }),
                Act::Wait(gate) => gate.pass().await,
                Act::Stop(reason) => yield Ok(Delta::Stop(reason)),
                Act::Fail(error) => yield Err(error),
                Act::Panic => panic!("scripted panic in the stream"),
            }
        }
    })
}

/// A tool that answers what it was asked, or panics, hangs or refuses when told to.
struct Echo(ToolDefinition);

impl Echo {
    fn tool() -> Arc<dyn Tool> {
        Arc::new(Self(ToolDefinition {
            name: "echo",
            title: "Echo",
            description: "Says it again.",
            input_schema: json!({"type": "object", "properties": {"say": {"type": "string"}}, "additionalProperties": false}),
            output_schema: json!({"type": "object"}),
        }))
    }
}

#[async_trait]
impl Tool for Echo {
    fn definition(&self) -> &ToolDefinition {
        &self.0
    }
    fn summary(&self, arguments: &Value, _: app::model::Lang) -> String {
        arguments["say"].as_str().unwrap_or_default().to_owned()
    }
    async fn run(&self, context: &ToolContext, arguments: Value) -> Result<ToolResult, ToolError> {
        let said = arguments["say"].as_str().unwrap_or_default();
        assert!(said != "panic", "a scripted panic in a tool");
        if said == "hang" {
            std::future::pending::<()>().await;
        }
        if said == "refuse" {
            return Err(ToolError::Refused("I will not say this".into()));
        }
        let text = format!("{}: {said}", context.scope.tenant_name());
        Ok(ToolResult { text, structured: json!({"said": said}), tables: Vec::new(), charts: Vec::new() })
    }
}

/// A tool that changes something, and so asks first. "form" needs a number, "gate" waits.
struct Change {
    definition: ToolDefinition,
    changes: Arc<Mutex<Vec<String>>>,
    gate: Gate,
}

impl Change {
    fn tool(fake: &Fake) -> Arc<dyn Tool> {
        let properties = json!({"say": {"type": "string"}, "count": {"type": "integer"}});
        let definition = ToolDefinition {
            name: "change",
            title: "Change",
            description: "Changes something.",
            input_schema: json!({"type": "object", "properties": properties, "required": ["say"], "additionalProperties": false}),
            output_schema: json!({"type": "object"}),
        };
        Arc::new(Self { definition, changes: fake.changes.clone(), gate: fake.change_gate.clone() })
    }
}

#[async_trait]
impl Tool for Change {
    fn definition(&self) -> &ToolDefinition {
        &self.definition
    }
    fn summary(&self, arguments: &Value, _: app::model::Lang) -> String {
        arguments["say"].as_str().unwrap_or_default().to_owned()
    }
    fn risk(&self) -> Risk {
        Risk::Write
    }
    fn effect(&self, arguments: &Value, lang: app::model::Lang) -> String {
        format!("Change “{}”", self.summary(arguments, lang))
    }
    async fn run(&self, _: &ToolContext, arguments: Value) -> Result<ToolResult, ToolError> {
        let said = arguments["say"].as_str().unwrap_or_default().to_owned();
        if said == "form" && arguments["count"].is_null() {
            let field = FormField {
                name: "count".into(),
                label: "How many".into(),
                description: String::new(),
                kind: FieldKind::Integer,
                required: true,
            };
            return Err(ToolError::NeedsInput { message: "How many?".into(), fields: vec![field] });
        }
        self.changes.lock().expect("a lock").push(format!("{said}{}", arguments["count"].as_i64().unwrap_or(0)));
        if said == "gate" {
            self.gate.pass().await;
        }
        Ok(ToolResult {
            text: format!("changed {said}"),
            structured: json!({"said": said}),
            tables: Vec::new(),
            charts: Vec::new(),
        })
    }
}

pub fn model() -> Model {
    Catalogue::built_in().find("claude-haiku-4-5").expect("it is in the catalogue").clone()
}

/// Two models to choose from; both play the same scripts.
fn models(fake: &Arc<Fake>) -> Models {
    let other = Catalogue::built_in().find("claude-sonnet-5").expect("it is in the catalogue").clone();
    Models::only(model(), fake.clone()).and(other, fake.clone())
}

/// Bounds with short waits.
pub fn config() -> TurnsConfig {
    TurnsConfig {
        write_every: Duration::from_millis(20),
        text_every: Duration::ZERO,
        final_usage_within: Duration::ZERO,
        poll_every: Duration::from_millis(10),
        retry_after: Duration::from_millis(1),
        ..TurnsConfig::default()
    }
}

/// Turns as one process would have them.
pub fn turns_on(db: &Db, world: &World, fake: &Arc<Fake>, config: TurnsConfig) -> Turns {
    turns_spilling(db, world, fake, config, &Spill::nowhere())
}

/// As [`turns_on`], with a file for bills that the database cannot take.
pub fn turns_spilling(db: &Db, world: &World, fake: &Arc<Fake>, config: TurnsConfig, spill: &Spill) -> Turns {
    Turns::new(
        config,
        db.clone(),
        world.clone(),
        models(fake),
        Catalogue::built_in(),
        Registry::of(vec![Echo::tool(), Change::tool(fake)]),
        spill.clone(),
        TaskTracker::new(),
        &CancellationToken::new(),
    )
}

/// One person in one tenant, a scripted model, and turns.
pub struct House {
    pub t: TestDb,
    pub scope: TenantScope,
    pub fake: Arc<Fake>,
    pub turns: Turns,
}

impl House {
    pub async fn new(t: TestDb) -> Self {
        Self::with(t, config()).await
    }

    pub async fn with(t: TestDb, config: TurnsConfig) -> Self {
        let scope = t.scope("prs", Role::Member).await;
        let fake = Arc::new(Fake::default());
        let turns = turns_on(&t.db, &t.world, &fake, config);
        Self { t, scope, fake, turns }
    }

    pub fn message(&self, text: &str, place: Option<(ConversationId, Option<MessageId>)>) -> StartTurn {
        StartTurn {
            conversation: place.map(|(conversation, _)| conversation),
            parent: place.and_then(|(_, parent)| parent),
            text: Some(MessageText::parse(text).expect("a message")),
            attachments: vec![],
            model: None,
            key: self.t.world.id(),
        }
    }

    /// Starts a turn; the clock moves, so that what is later has a later time.
    pub async fn start(&self, text: &str, place: Option<(ConversationId, Option<MessageId>)>) -> TurnStarted {
        self.t.clock.advance_ms(1_000);
        let start = self.message(text, place);
        self.turns.start(&self.scope, "req-1", start).await.expect("a turn starts")
    }

    /// Starts a turn and waits for its end.
    pub async fn ask(&self, text: &str, place: Option<(ConversationId, Option<MessageId>)>) -> TurnStarted {
        let started = self.start(text, place).await;
        self.events(started.turn, 0).await;
        started
    }

    /// Everything after `after`, up to the end.
    pub async fn events(&self, turn: TurnId, after: u64) -> Vec<TurnEnvelope> {
        follow(&self.turns, &self.scope, turn, after).await
    }

    pub async fn view(&self, id: ConversationId) -> ConversationView {
        self.view_at(id, None).await
    }

    pub async fn view_at(&self, id: ConversationId, leaf: Option<MessageId>) -> ConversationView {
        let mut tx = self.t.db.read(&self.scope).await.expect("a transaction");
        conversations::open(&self.scope, &mut tx, id, leaf).await.expect("a view")
    }

    /// The call of a running or finished answer, as a page that opens now shows it.
    pub async fn call(&self, started: &TurnStarted, call_id: &str) -> ToolCallView {
        let view = self.view(started.conversation).await;
        let answer = view.messages.last().expect("an answer").clone();
        let calls = answer.parts.into_iter().filter_map(|part| match part {
            Part::Tool { call } => Some(call),
            _ => None,
        });
        calls.into_iter().find(|call| call.call_id == call_id).expect("the call is shown")
    }

    /// Waits until the turn waits for its person.
    pub async fn parked(&self, turn: TurnId) {
        patiently(async {
            loop {
                let mut tx = self.t.db.read(&self.scope).await.expect("a transaction");
                let record = turn_find(&self.scope, &mut tx, turn).await.expect("a read").expect("a turn");
                if record.waiting_until.is_some() {
                    return;
                }
                drop(tx);
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
    }

    /// What was changed so far.
    pub fn changes(&self) -> Vec<String> {
        self.fake.changes.lock().expect("a lock").clone()
    }

    /// Another person in the same tenant.
    pub async fn colleague(&self) -> TenantScope {
        let (db, world) = (&self.t.db, &self.t.world);
        let user = world.id();
        let mut tx = db.begin_system(SystemReason::Administration).await.expect("a transaction");
        user_insert(&mut tx, user, &format!("{user}@x.example"), "A colleague", None, world.now()).await.expect("one");
        membership_put(&mut tx, self.scope.tenant(), user, Role::Admin, world.now()).await.expect("a membership");
        tx.commit(world.id(), world.now(), "test").await.expect("a commit");
        let caller = Caller { user, session: world.id(), request_id: "test".into() };
        tenancy::enter(db, &caller, self.scope.code()).await.expect("a scope")
    }

    /// Every story ends here: nothing runs any more and the books balance.
    pub async fn close(self) {
        patiently(async {
            while self.turns.running_here() > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
        assert_eq!(audit_books(&self.t.db).await.expect("an audit"), Vec::<String>::new());
    }
}

/// Follows a turn to its end.
pub async fn follow(turns: &Turns, scope: &TenantScope, turn: TurnId, after: u64) -> Vec<TurnEnvelope> {
    let events = turns.follow(scope, turn, after).await.expect("the turn is followed");
    patiently(events.collect()).await
}

pub async fn patiently<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what).await.expect("this hangs")
}

/// A browser: applies events and insists on their numbers.
#[derive(Clone, Default, Debug)]
pub struct Client {
    pub parts: Vec<Part>,
    pub seen: u64,
    pub ends: Vec<TurnEvent>,
}

impl Client {
    pub fn apply(&mut self, envelopes: &[TurnEnvelope]) {
        for TurnEnvelope { seq, event, .. } in envelopes {
            let is_snapshot = matches!(event, TurnEvent::Snapshot { .. });
            assert!(is_snapshot || *seq == self.seen + 1, "{seq} after {}", self.seen);
            assert!(self.ends.is_empty(), "something came after the end");
            self.seen = *seq;
            self.parts = fold(std::mem::take(&mut self.parts), [event.clone()]);
            if event.is_terminal() {
                self.ends.push(event.clone());
            }
        }
    }

    pub fn text(&self) -> String {
        text_of(&self.parts)
    }
}

pub fn text_of(parts: &[Part]) -> String {
    let texts = parts.iter().filter_map(|part| match part {
        Part::Text { text } => Some(text.as_str()),
        Part::Tool { .. } | Part::Reasoning { .. } | Part::Attachment { .. } => None,
    });
    texts.collect()
}

pub fn played(envelopes: &[TurnEnvelope]) -> Client {
    let mut client = Client::default();
    client.apply(envelopes);
    client
}
