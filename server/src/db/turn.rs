//! Turns. Writes to a running one ask for its lease: [`super::turn_lease`].

use app::model::{ConversationId, MessageId, Timestamp, TurnId, TurnKey};
use uuid::Uuid;

use super::{Error, Result, TenantScope, Tx, changes::Change};

/// A turn to insert.
#[derive(Clone, Debug)]
pub struct NewTurn<'a> {
    pub id: TurnId,
    pub conversation: ConversationId,
    pub key: TurnKey,
    pub user_message: MessageId,
    pub assistant_message: MessageId,
    pub lease_token: Uuid,
    pub lease_until: Timestamp,
    pub model: &'a str,
    pub request_id: &'a str,
}

/// How far a turn is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnStatus {
    Running,
    Finished,
    Stopped,
    Failed,
}

impl TurnStatus {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
        }
    }
}

/// A turn as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TurnRecord {
    pub id: TurnId,
    pub conversation: ConversationId,
    pub user_message: MessageId,
    pub assistant_message: MessageId,
    pub status: TurnStatus,
    pub stop_requested: bool,
    pub request_id: String,
    pub started_at: Timestamp,
    /// Of the last event in the log; of the terminal one when it is over.
    pub last_seq: u64,
    /// It waits for the person until then; still [`TurnStatus::Running`].
    pub waiting_until: Option<Timestamp>,
    /// The model's id.
    pub model: String,
    /// Of whoever writes it.
    pub lease_token: Uuid,
}

/// What the tenant adds to the system prompt.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct TurnProfile {
    /// The assistant's name.
    pub assistant: String,
    /// ISO 4217.
    pub currency: String,
    /// Replaces the closing part when not empty.
    pub instructions: String,
}

#[derive(sqlx::FromRow)]
struct TurnRow {
    id: Uuid,
    conversation_id: Uuid,
    user_message_id: Uuid,
    assistant_message_id: Uuid,
    status: String,
    stop_requested: bool,
    request_id: String,
    started_at: i64,
    last_seq: i64,
    waiting_until: Option<i64>,
    model: String,
    lease_token: Uuid,
}

#[derive(sqlx::FromRow)]
struct IdRow {
    id: Uuid,
}

#[derive(sqlx::FromRow)]
struct CountRow {
    count: i64,
}

impl TurnRow {
    fn record(self) -> Result<TurnRecord> {
        let corrupt = |column: &'static str, problem: String| Error::Corrupt {
            table: "turns",
            column,
            row: self.id.to_string(),
            problem,
        };
        let status = match self.status.as_str() {
            "running" => TurnStatus::Running,
            "finished" => TurnStatus::Finished,
            "stopped" => TurnStatus::Stopped,
            "failed" => TurnStatus::Failed,
            other => return Err(corrupt("status", other.to_owned())),
        };
        let last_seq = u64::try_from(self.last_seq).map_err(|error| corrupt("last_seq", error.to_string()))?;
        Ok(TurnRecord {
            id: TurnId(self.id),
            conversation: ConversationId(self.conversation_id),
            user_message: MessageId(self.user_message_id),
            assistant_message: MessageId(self.assistant_message_id),
            status,
            stop_requested: self.stop_requested,
            request_id: self.request_id,
            started_at: Timestamp(self.started_at),
            last_seq,
            waiting_until: self.waiting_until.map(Timestamp),
            model: self.model,
            lease_token: self.lease_token,
        })
    }
}

/// Sequence numbers are small; one beyond `i64` cannot come from us.
pub(super) fn seq_raw(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

/// Adds a running turn of the caller.
///
/// # Errors
/// [`Error::Duplicate`]: the key was used already.
pub async fn turn_insert(scope: &TenantScope, tx: &mut Tx, new: NewTurn<'_>, now: Timestamp) -> Result<()> {
    tx.query(
        "INSERT INTO turns (tenant_id, id, conversation_id, user_id, key, user_message_id, assistant_message_id, status, \
         lease_token, lease_until, model, request_id, started_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, 'running', $8, $9, $10, $11, $12)",
    )
    .bind(scope.tenant())
    .bind(new.id)
    .bind(new.conversation)
    .bind(scope.user())
    .bind(new.key)
    .bind(new.user_message)
    .bind(new.assistant_message)
    .bind(new.lease_token)
    .bind(new.lease_until)
    .bind(new.model)
    .bind(new.request_id)
    .bind(now)
    .execute()
    .await?;
    tx.announce(scope, Change::TurnStarted(new.id));
    Ok(())
}

/// The columns of the caller's turns, and which of them.
macro_rules! select_turns {
    ($which:literal) => {
        concat!(
            "SELECT id, conversation_id, user_message_id, assistant_message_id, status, stop_requested, request_id, \
             started_at, last_seq, waiting_until, model, lease_token FROM turns WHERE tenant_id = $1 AND user_id = $2 AND ",
            $which
        )
    };
}

/// The caller's turn with this id.
///
/// # Errors
/// Database errors.
pub async fn turn_find(scope: &TenantScope, tx: &mut Tx, id: TurnId) -> Result<Option<TurnRecord>> {
    tx.query(select_turns!("id = $3"))
        .bind(scope.tenant())
        .bind(scope.user())
        .bind(id)
        .optional::<TurnRow>()
        .await?
        .map(TurnRow::record)
        .transpose()
}

/// The caller's turn that was started with this key.
///
/// # Errors
/// Database errors.
pub async fn turn_by_key(scope: &TenantScope, tx: &mut Tx, key: TurnKey) -> Result<Option<TurnRecord>> {
    tx.query(select_turns!("key = $3"))
        .bind(scope.tenant())
        .bind(scope.user())
        .bind(key)
        .optional::<TurnRow>()
        .await?
        .map(TurnRow::record)
        .transpose()
}

/// How many turns of the caller run right now; those that wait for the caller do not count.
///
/// # Errors
/// Database errors.
pub async fn turns_running(scope: &TenantScope, tx: &mut Tx) -> Result<i64> {
    let row = tx
        .query(
            "SELECT COUNT(*) AS count FROM turns \
             WHERE tenant_id = $1 AND user_id = $2 AND status = 'running' AND waiting_until IS NULL",
        )
        .bind(scope.tenant())
        .bind(scope.user())
        .one::<CountRow>()
        .await?;
    Ok(row.count)
}

/// Asks to stop the caller's turn, wherever it runs; one that is over stays as it is.
///
/// # Errors
/// Database errors.
pub async fn turn_request_stop(scope: &TenantScope, tx: &mut Tx, id: TurnId) -> Result<()> {
    tx.query(
        "UPDATE turns SET stop_requested = TRUE \
         WHERE tenant_id = $1 AND user_id = $2 AND id = $3 AND status = 'running'",
    )
    .bind(scope.tenant())
    .bind(scope.user())
    .bind(id)
    .execute()
    .await?;
    Ok(())
}

/// Asks to stop whatever runs in the caller's conversation; which turns that were.
///
/// # Errors
/// Database errors.
pub async fn turns_request_stop(scope: &TenantScope, tx: &mut Tx, conversation: ConversationId) -> Result<Vec<TurnId>> {
    let rows = tx
        .query(
            "UPDATE turns SET stop_requested = TRUE \
             WHERE tenant_id = $1 AND user_id = $2 AND conversation_id = $3 AND status = 'running' RETURNING id",
        )
        .bind(scope.tenant())
        .bind(scope.user())
        .bind(conversation)
        .all::<IdRow>()
        .await?;
    Ok(rows.into_iter().map(|row| TurnId(row.id)).collect())
}

/// What the tenant adds to the system prompt.
///
/// # Errors
/// Database errors.
pub async fn turn_profile(scope: &TenantScope, tx: &mut Tx) -> Result<TurnProfile> {
    tx.query("SELECT assistant, currency, instructions FROM tenants WHERE id = $1").bind(scope.tenant()).one().await
}
