//! Tool calls that ask their person. The state moves by compare-and-set alone: the first decision counts, and what is
//! allowed begins to run once.

use app::model::{Decision, Timestamp, TurnId, Wish};

use super::{Error, Result, TenantScope, Tx};

/// How far a question is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuestionState {
    Asked,
    /// To be run.
    Allowed,
    Denied,
    /// Nobody decided in time.
    Expired,
    /// The call has begun; found so after a crash, it is lost.
    Running,
    Done,
    /// It is not known whether it ran.
    Lost,
}

impl QuestionState {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Allowed => "allowed",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Running => "running",
            Self::Done => "done",
            Self::Lost => "lost",
        }
    }
}

/// A question to ask.
#[derive(Clone, Debug)]
pub struct NewQuestion<'a> {
    pub turn: TurnId,
    pub call_id: &'a str,
    pub tool: &'a str,
    /// From 1.
    pub round: i64,
    pub wish: &'a Wish,
    /// JSON: what the call is run with when it is allowed.
    pub arguments: &'a str,
    pub expires_at: Timestamp,
}

/// A question as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct QuestionRecord {
    pub call_id: String,
    pub tool: String,
    pub round: i64,
    pub state: QuestionState,
    pub wish: Wish,
    /// JSON.
    pub arguments: String,
    pub decision: Option<Decision>,
    /// JSON; what came of it, once done.
    pub outcome: Option<String>,
    pub expires_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct QuestionRow {
    call_id: String,
    tool: String,
    round: i64,
    state: String,
    wish: String,
    arguments: String,
    decision: Option<String>,
    outcome: Option<String>,
    expires_at: i64,
}

/// More questions than a step can have.
const MAX_QUESTIONS: i64 = 1_000;

fn to_json<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::Misuse(format!("this cannot be written as JSON: {error}")))
}

impl QuestionRow {
    fn record(self) -> Result<QuestionRecord> {
        let row = self.call_id.clone();
        let corrupt = |column: &'static str, problem: String| Error::Corrupt {
            table: "tool_questions",
            column,
            row: row.clone(),
            problem,
        };
        let state = match self.state.as_str() {
            "asked" => QuestionState::Asked,
            "allowed" => QuestionState::Allowed,
            "denied" => QuestionState::Denied,
            "expired" => QuestionState::Expired,
            "running" => QuestionState::Running,
            "done" => QuestionState::Done,
            "lost" => QuestionState::Lost,
            other => return Err(corrupt("state", other.to_owned())),
        };
        let decision = self.decision.map(|text| serde_json::from_str(&text)).transpose();
        Ok(QuestionRecord {
            wish: serde_json::from_str(&self.wish).map_err(|error| corrupt("wish", error.to_string()))?,
            decision: decision.map_err(|error| corrupt("decision", error.to_string()))?,
            call_id: self.call_id,
            tool: self.tool,
            round: self.round,
            state,
            arguments: self.arguments,
            outcome: self.outcome,
            expires_at: Timestamp(self.expires_at),
        })
    }
}

/// Asks, or asks again what is running (a form). `false`: this call was asked about before and is not running.
///
/// # Errors
/// Database errors.
pub async fn question_ask(scope: &TenantScope, tx: &mut Tx, new: NewQuestion<'_>, now: Timestamp) -> Result<bool> {
    let changed = tx
        .query(
            "INSERT INTO tool_questions (tenant_id, turn_id, call_id, tool, round, state, wish, arguments, asked_at, \
             expires_at) VALUES ($1, $2, $3, $4, $5, 'asked', $6, $7, $8, $9) \
             ON CONFLICT (tenant_id, turn_id, call_id) DO UPDATE SET round = excluded.round, state = 'asked', \
             wish = excluded.wish, arguments = excluded.arguments, asked_at = excluded.asked_at, \
             expires_at = excluded.expires_at, decision = NULL, decided_at = NULL, decided_by = NULL \
             WHERE tool_questions.state = 'running'",
        )
        .bind(scope.tenant())
        .bind(new.turn)
        .bind(new.call_id)
        .bind(new.tool)
        .bind(new.round)
        .bind(to_json(new.wish)?)
        .bind(new.arguments)
        .bind(now)
        .bind(new.expires_at)
        .execute()
        .await?;
    Ok(changed == 1)
}

/// What a turn asks or asked; the caller has found the turn first.
///
/// # Errors
/// Database errors.
pub async fn questions_of_turn(scope: &TenantScope, tx: &mut Tx, turn: TurnId) -> Result<Vec<QuestionRecord>> {
    tx.query(
        "SELECT call_id, tool, round, state, wish, arguments, decision, outcome, expires_at FROM tool_questions \
         WHERE tenant_id = $1 AND turn_id = $2 ORDER BY call_id LIMIT $3",
    )
    .bind(scope.tenant())
    .bind(turn)
    .bind(MAX_QUESTIONS)
    .all::<QuestionRow>()
    .await?
    .into_iter()
    .map(QuestionRow::record)
    .collect()
}

/// What one call asks; the caller has found the turn first.
///
/// # Errors
/// Database errors.
pub async fn question_find(
    scope: &TenantScope,
    tx: &mut Tx,
    turn: TurnId,
    call_id: &str,
) -> Result<Option<QuestionRecord>> {
    tx.query(
        "SELECT call_id, tool, round, state, wish, arguments, decision, outcome, expires_at FROM tool_questions \
         WHERE tenant_id = $1 AND turn_id = $2 AND call_id = $3",
    )
    .bind(scope.tenant())
    .bind(turn)
    .bind(call_id)
    .optional::<QuestionRow>()
    .await?
    .map(QuestionRow::record)
    .transpose()
}

/// A decision to write.
#[derive(Clone, Debug)]
pub struct Decided<'a> {
    pub call_id: &'a str,
    pub decision: &'a Decision,
    /// [`QuestionState::Allowed`] or [`QuestionState::Denied`].
    pub state: QuestionState,
    /// JSON: what the call is run with.
    pub arguments: &'a str,
}

/// Decides what is asked and not expired. `false`: somebody was first, or it is too late.
///
/// # Errors
/// Database errors.
pub async fn question_decide(
    scope: &TenantScope,
    tx: &mut Tx,
    turn: TurnId,
    decided: Decided<'_>,
    now: Timestamp,
) -> Result<bool> {
    let changed = tx
        .query(
            "UPDATE tool_questions SET state = $4, decision = $5, arguments = $6, decided_at = $7, decided_by = $8 \
             WHERE tenant_id = $1 AND turn_id = $2 AND call_id = $3 AND state = 'asked' AND expires_at > $7",
        )
        .bind(scope.tenant())
        .bind(turn)
        .bind(decided.call_id)
        .bind(decided.state.as_str())
        .bind(to_json(decided.decision)?)
        .bind(decided.arguments)
        .bind(now)
        .bind(scope.user())
        .execute()
        .await?;
    Ok(changed == 1)
}

/// What a turn asks and nobody answered in time expires.
///
/// # Errors
/// Database errors.
pub async fn questions_expire(scope: &TenantScope, tx: &mut Tx, turn: TurnId, now: Timestamp) -> Result<u64> {
    tx.query(
        "UPDATE tool_questions SET state = 'expired', decided_at = $3 \
         WHERE tenant_id = $1 AND turn_id = $2 AND state = 'asked' AND expires_at <= $3",
    )
    .bind(scope.tenant())
    .bind(turn)
    .bind(now)
    .execute()
    .await
}

/// Moves a question on. `false`: it is not in the state it must come from.
///
/// # Errors
/// Database errors.
pub async fn question_move(
    scope: &TenantScope,
    tx: &mut Tx,
    (turn, call_id): (TurnId, &str),
    (from, to): (QuestionState, QuestionState),
    outcome: Option<&str>,
) -> Result<bool> {
    let changed = tx
        .query(
            "UPDATE tool_questions SET state = $5, outcome = $6 \
             WHERE tenant_id = $1 AND turn_id = $2 AND call_id = $3 AND state = $4",
        )
        .bind(scope.tenant())
        .bind(turn)
        .bind(call_id)
        .bind(from.as_str())
        .bind(to.as_str())
        .bind(outcome)
        .execute()
        .await?;
    Ok(changed == 1)
}
