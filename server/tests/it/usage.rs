//! Budgets and books, as stories on both engines. Every story ends with the audit of the books.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod calendar;
mod concurrency;
mod desk;
mod endings;
mod isolation;
mod lifecycle;
mod limits;
mod machine;
mod reconcile;
mod reports;
mod requests;
mod scopes;
mod spill;
mod thresholds;
mod time;

use std::sync::Arc;

use app::model::{BudgetLimits, BudgetRefusal, Money, Role, Timestamp, TurnId};
use server::{
    db::{
        Db, SystemReason, TenantScope,
        budget::{BudgetKey, Period, ScopeKind, budget_put},
        ledger::Books,
    },
    models::{Model, ModelId, PriceVersion, ProviderKind, ReportedUsage},
    usage::{self, CallOutcome, Ending, Hold, Purpose, Rates, ReserveError, ReserveRequest, Settled, Via, Wish},
};

use crate::support::db::TestDb;

/// A model for tests: a large window, 1,000 output tokens at most.
pub fn model() -> Model {
    Model {
        id: ModelId("test-model".into()),
        name: "Test".into(),
        provider: ProviderKind::Demo,
        context_tokens: 1_000_000,
        max_output_tokens: 1_000,
        sees_images: false,
    }
}

/// $1 and $5 a million, writes and reads of the cache at 1.25, 2 and 0.1 of the input.
pub fn price() -> PriceVersion {
    PriceVersion {
        id: "test-model@2026-01-01".into(),
        valid_from: Timestamp(0),
        input: 1_000_000,
        cache_read: 100_000,
        cache_write_5m: 1_250_000,
        cache_write_1h: 2_000_000,
        output: 5_000_000,
        per_request: 0,
        per_search: None,
        tiers: vec![],
        markup_bp: 0,
    }
}

/// One call: what it asks for.
#[derive(Clone)]
pub struct Ask {
    pub turn: Option<TurnId>,
    pub input_bound: i64,
    pub output_wanted: i64,
    pub output_floor: i64,
    pub searches: i64,
    pub price: Option<PriceVersion>,
}

impl Ask {
    pub fn of(input_bound: i64, output_wanted: i64) -> Self {
        Self { turn: None, input_bound, output_wanted, output_floor: output_wanted, searches: 0, price: Some(price()) }
    }
}

pub fn limits(input: Option<i64>, output: Option<i64>, requests: Option<i64>, cost: Option<i64>) -> BudgetLimits {
    BudgetLimits { input_tokens: input, output_tokens: output, requests, cost: cost.map(Money), tokens: None }
}

pub fn reported(input: i64, output: i64, is_final: bool) -> ReportedUsage {
    ReportedUsage { input: Some(input), output: Some(output), is_final, ..ReportedUsage::default() }
}

pub fn completed(input: i64, output: i64) -> CallOutcome {
    CallOutcome {
        ending: Ending::Completed,
        reported: reported(input, output, true),
        received_bytes: output.saturating_mul(4),
    }
}

pub fn utc(text: &str) -> Timestamp {
    Timestamp(chrono::DateTime::parse_from_rfc3339(text).expect("a test instant").timestamp_millis())
}

/// The same person in the same tenant after its zone was changed.
pub async fn move_tenant(t: &TestDb, scope: &TenantScope, zone: &'static str) -> TenantScope {
    let mut tx = t.db.begin_system(SystemReason::Administration).await.unwrap();
    tx.query("UPDATE tenants SET time_zone = $2 WHERE id = $1")
        .bind(scope.tenant())
        .bind(zone)
        .execute()
        .await
        .unwrap();
    tx.commit(t.world.id(), t.world.now(), "test").await.unwrap();
    let caller = app::backend::Caller { user: scope.user(), session: t.world.id(), request_id: "test".into() };
    server::tenancy::enter(&t.db, &caller, scope.code()).await.unwrap()
}

/// How a call comes through the gateway, with a key that nobody has.
pub fn via(t: &TestDb) -> Via {
    Via {
        key: t.world.id(),
        rates: Rates::default(),
        profile: None,
        format: "openai",
        request_id: "req".to_owned(),
        cheaper: None,
    }
}

/// A call for the desk: 100 output tokens.
pub fn wish(scope: &TenantScope, via: Via, input_bound: i64) -> Wish {
    Wish {
        scope: scope.clone(),
        via,
        attempt: 1,
        model: Arc::new(model()),
        price: Some(price()),
        input_bound,
        output_wanted: 100,
        output_floor: 100,
        searches: 0,
    }
}

/// Gives the person a daily budget of their own.
pub async fn set_own_daily_limit(t: &TestDb, scope: &TenantScope, input_tokens: i64) {
    let mut tx = t.db.begin(scope).await.expect("a transaction");
    let key = BudgetKey { scope: ScopeKind::User, scope_id: scope.user().0, period: Period::Day };
    let given = limits(Some(input_tokens), None, None, None);
    budget_put(Books::of(scope), &mut tx, t.world.id(), key, given, t.world.now()).await.expect("a budget");
    tx.commit().await.expect("a commit");
}

pub async fn set_limits(t: &TestDb, scope: &TenantScope, limits: BudgetLimits) {
    let mut tx = t.db.begin_system(SystemReason::Administration).await.expect("a transaction");
    usage::set_budget(&mut tx, &t.world, scope.tenant(), limits).await.expect("a budget");
    tx.commit(t.world.id(), t.world.now(), "test").await.expect("a commit");
}

/// Reserves in a transaction of its own; a refusal rolls it back.
pub async fn try_reserve(t: &TestDb, scope: &TenantScope, ask: &Ask) -> Result<Hold, BudgetRefusal> {
    try_reserve_on(&t.db, t, scope, ask).await
}

/// As [`try_reserve`], through the connections of another server on the same database.
pub async fn try_reserve_on(db: &Db, t: &TestDb, scope: &TenantScope, ask: &Ask) -> Result<Hold, BudgetRefusal> {
    let model = model();
    let request = ReserveRequest {
        turn: ask.turn,
        step: 1,
        attempt: 1,
        purpose: Purpose::Answer,
        model: &model,
        price: ask.price.as_ref(),
        input_bound: ask.input_bound,
        output_wanted: ask.output_wanted,
        output_floor: ask.output_floor,
        searches: ask.searches,
        via: None,
    };
    let mut tx = db.begin(scope).await.expect("a transaction");
    match usage::reserve(scope, &mut tx, &t.world, request).await {
        Ok(hold) => {
            tx.commit().await.expect("a commit");
            Ok(hold)
        }
        Err(ReserveError::Refused(refusal)) => Err(refusal),
        Err(ReserveError::TooFast(refusal)) => panic!("no rates were set: {refusal:?}"),
        Err(ReserveError::Db(error)) => panic!("the database failed: {error:?}"),
    }
}

pub async fn reserve(t: &TestDb, scope: &TenantScope, ask: &Ask) -> Hold {
    try_reserve(t, scope, ask).await.expect("the call fits")
}

pub async fn settle(t: &TestDb, scope: &TenantScope, hold: Hold, outcome: CallOutcome) -> Settled {
    let mut tx = t.db.begin(scope).await.expect("a transaction");
    let settled = usage::settle(scope, &mut tx, &t.world, &hold, outcome).await.expect("it settles");
    tx.commit().await.expect("a commit");
    hold.discharge();
    settled
}

pub async fn checkpoint(t: &TestDb, scope: &TenantScope, hold: &Hold, reported: ReportedUsage, received_bytes: i64) {
    let mut tx = t.db.begin(scope).await.expect("a transaction");
    usage::checkpoint(scope, &mut tx, &t.world, hold, reported, received_bytes).await.expect("a checkpoint");
    tx.commit().await.expect("a commit");
}

pub async fn sweep(t: &TestDb) -> u64 {
    let mut tx = t.db.begin_system(SystemReason::Sweeper).await.expect("a transaction");
    let swept = usage::sweep(&mut tx, &t.world, &[]).await.expect("it sweeps");
    tx.commit(t.world.id(), t.world.now(), "test").await.expect("a commit");
    swept
}

/// What a command prints.
pub async fn command(t: &TestDb, line: &[&str]) -> Result<String, server::error::Error> {
    use clap::Parser as _;
    let cli = server::cli::Cli::parse_from([&["steward"], line].concat());
    match cli.command {
        server::cli::Command::Budget { args, .. } => args.execute(&t.db, &t.world).await,
        server::cli::Command::Group { command, .. } => command.execute(&t.db, &t.world).await,
        _ => panic!("no command of these stories: {line:?}"),
    }
}

/// The e-mail of a scope's person.
pub async fn email(t: &TestDb, scope: &TenantScope) -> String {
    let mut tx = t.db.read_directory().await.unwrap();
    server::db::user::user_find(&mut tx, scope.user()).await.unwrap().expect("a person").email
}

pub async fn meter(t: &TestDb, scope: &TenantScope) -> app::model::UsageMeter {
    let mut tx = t.db.read(scope).await.expect("a transaction");
    usage::meter(scope, &mut tx, &t.world).await.expect("a meter")
}

/// The books balance.
pub async fn assert_balanced(t: &TestDb) {
    let violations = usage::audit_books(&t.db).await.expect("an audit");
    assert!(violations.is_empty(), "{violations:#?}");
}

/// Begins it, so that what it wants is handed in; at once, however many were begun before (a task of tokio's would be asked
/// to make way after 128).
pub async fn begun<F: Future>(mut future: std::pin::Pin<Box<F>>) -> std::pin::Pin<Box<F>> {
    std::future::poll_fn(|context| {
        let polled = std::pin::pin!(tokio::task::unconstrained(future.as_mut())).poll(context);
        assert!(polled.is_pending(), "it must wait");
        std::task::Poll::Ready(())
    })
    .await;
    future
}
