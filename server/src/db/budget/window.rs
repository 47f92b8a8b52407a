//! Windows: what is held and spent of a budget in one period.
//!
//! What must hold: a hold enters with [`window_reserve`] alone, whose WHERE is the check itself, so no two calls can both
//! see the last of the headroom.

use app::model::{Quality, Timestamp, Tokens};

use super::grant::{Granted, GrantedRow};
use crate::db::{
    Result, Tx,
    ledger::{Amounts, Books, WindowKey},
};

/// The counters of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowState {
    pub start: Timestamp,
    pub end: Timestamp,
    pub reserved: Amounts,
    pub settled: Amounts,
    /// Parts of the settled input, by class.
    pub cache_read: i64,
    pub cache_write_5m: i64,
    pub cache_write_1h: i64,
    pub estimated_calls: i64,
    pub unknown_calls: i64,
    /// On top of the budget's limits.
    pub granted: Granted,
}

impl WindowState {
    /// A window in which nothing was ever held.
    #[must_use]
    pub fn empty(start: Timestamp, end: Timestamp) -> Self {
        Self {
            start,
            end,
            reserved: Amounts::default(),
            settled: Amounts::default(),
            cache_read: 0,
            cache_write_5m: 0,
            cache_write_1h: 0,
            estimated_calls: 0,
            unknown_calls: 0,
            granted: Granted::default(),
        }
    }
}

#[derive(sqlx::FromRow)]
pub(super) struct WindowCountsRow {
    reserved_input_tokens: i64,
    reserved_output_tokens: i64,
    reserved_requests: i64,
    reserved_pico_usd: i64,
    settled_input_tokens: i64,
    settled_output_tokens: i64,
    settled_requests: i64,
    settled_pico_usd: i64,
    cache_read_tokens: i64,
    cache_write_5m_tokens: i64,
    cache_write_1h_tokens: i64,
    estimated_calls: i64,
    unknown_calls: i64,
    #[sqlx(flatten)]
    granted: GrantedRow,
}

impl WindowCountsRow {
    pub(super) fn state(self, start: Timestamp, end: Timestamp) -> WindowState {
        WindowState {
            start,
            end,
            reserved: Amounts {
                input_tokens: self.reserved_input_tokens,
                output_tokens: self.reserved_output_tokens,
                requests: self.reserved_requests,
                pico_usd: self.reserved_pico_usd,
            },
            settled: Amounts {
                input_tokens: self.settled_input_tokens,
                output_tokens: self.settled_output_tokens,
                requests: self.settled_requests,
                pico_usd: self.settled_pico_usd,
            },
            cache_read: self.cache_read_tokens,
            cache_write_5m: self.cache_write_5m_tokens,
            cache_write_1h: self.cache_write_1h_tokens,
            estimated_calls: self.estimated_calls,
            unknown_calls: self.unknown_calls,
            granted: self.granted.granted(),
        }
    }
}

/// Makes sure that the window is there, empty if it is new.
///
/// # Errors
/// Database errors.
pub async fn window_ensure(books: Books, tx: &mut Tx, window: WindowKey, end: Timestamp) -> Result<()> {
    tx.query(
        "INSERT INTO budget_windows (tenant_id, budget_id, window_start, window_end) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (tenant_id, budget_id, window_start) DO NOTHING",
    )
    .bind(books.tenant())
    .bind(window.budget)
    .bind(window.start)
    .bind(end)
    .execute()
    .await?;
    Ok(())
}

/// Locks the window until the end of the transaction; it changes nothing. (On SQLite there is one writer anyway.)
///
/// # Errors
/// Database errors.
pub async fn window_lock(books: Books, tx: &mut Tx, window: WindowKey) -> Result<()> {
    tx.query(
        "UPDATE budget_windows SET window_end = window_end WHERE tenant_id = $1 AND budget_id = $2 AND window_start = $3",
    )
    .bind(books.tenant())
    .bind(window.budget)
    .bind(window.start)
    .execute()
    .await?;
    Ok(())
}

/// Holds the amounts if every limit of the budget, with what was granted, allows it; whether it did. (What was granted
/// is taken off what is used: added to a limit it could be more than can be counted.)
///
/// # Errors
/// Database errors.
pub async fn window_reserve(books: Books, tx: &mut Tx, window: WindowKey, amounts: Amounts) -> Result<bool> {
    let changed = tx
        .query(
            "UPDATE budget_windows SET \
             reserved_input_tokens = budget_windows.reserved_input_tokens + $4, \
             reserved_output_tokens = budget_windows.reserved_output_tokens + $5, \
             reserved_requests = budget_windows.reserved_requests + $6, \
             reserved_pico_usd = budget_windows.reserved_pico_usd + $7, \
             ceiling_input_tokens = CASE \
              WHEN b.limit_input_tokens IS NULL OR b.is_active = FALSE OR budget_windows.ceiling_input_tokens IS NULL THEN NULL \
              WHEN b.limit_input_tokens > budget_windows.ceiling_input_tokens THEN b.limit_input_tokens \
              ELSE budget_windows.ceiling_input_tokens END, \
             ceiling_output_tokens = CASE \
              WHEN b.limit_output_tokens IS NULL OR b.is_active = FALSE OR budget_windows.ceiling_output_tokens IS NULL THEN NULL \
              WHEN b.limit_output_tokens > budget_windows.ceiling_output_tokens THEN b.limit_output_tokens \
              ELSE budget_windows.ceiling_output_tokens END, \
             ceiling_requests = CASE \
              WHEN b.limit_requests IS NULL OR b.is_active = FALSE OR budget_windows.ceiling_requests IS NULL THEN NULL \
              WHEN b.limit_requests > budget_windows.ceiling_requests THEN b.limit_requests \
              ELSE budget_windows.ceiling_requests END, \
             ceiling_pico_usd = CASE \
              WHEN b.limit_pico_usd IS NULL OR b.is_active = FALSE OR budget_windows.ceiling_pico_usd IS NULL THEN NULL \
              WHEN b.limit_pico_usd > budget_windows.ceiling_pico_usd THEN b.limit_pico_usd \
              ELSE budget_windows.ceiling_pico_usd END, \
             ceiling_tokens = CASE \
              WHEN b.limit_tokens IS NULL OR b.is_active = FALSE OR budget_windows.ceiling_tokens IS NULL THEN NULL \
              WHEN b.limit_tokens > budget_windows.ceiling_tokens THEN b.limit_tokens \
              ELSE budget_windows.ceiling_tokens END \
             FROM budgets b \
             WHERE budget_windows.tenant_id = $1 AND budget_windows.budget_id = $2 AND budget_windows.window_start = $3 \
             AND b.tenant_id = $1 AND b.id = $2 \
             AND (b.is_active = FALSE OR ((b.limit_input_tokens IS NULL OR budget_windows.settled_input_tokens \
              + budget_windows.reserved_input_tokens + $4 - budget_windows.granted_input_tokens <= b.limit_input_tokens) \
             AND (b.limit_output_tokens IS NULL OR budget_windows.settled_output_tokens \
              + budget_windows.reserved_output_tokens + $5 - budget_windows.granted_output_tokens <= b.limit_output_tokens) \
             AND (b.limit_requests IS NULL OR budget_windows.settled_requests \
              + budget_windows.reserved_requests + $6 - budget_windows.granted_requests <= b.limit_requests) \
             AND (b.limit_pico_usd IS NULL OR budget_windows.settled_pico_usd \
              + budget_windows.reserved_pico_usd + $7 - budget_windows.granted_pico_usd <= b.limit_pico_usd) \
             AND (b.limit_tokens IS NULL OR budget_windows.settled_input_tokens \
              + budget_windows.settled_output_tokens + budget_windows.reserved_input_tokens \
              + budget_windows.reserved_output_tokens + $4 + $5 - budget_windows.granted_tokens <= b.limit_tokens)))",
        )
        .bind(books.tenant())
        .bind(window.budget)
        .bind(window.start)
        .bind_each(amounts.each())
        .execute()
        .await?;
    Ok(changed == 1)
}

/// Takes back what [`window_reserve`] held in the same transaction, when another budget on the path had no room.
///
/// # Errors
/// Database errors.
pub async fn window_unreserve(books: Books, tx: &mut Tx, window: WindowKey, amounts: Amounts) -> Result<()> {
    tx.query(
        "UPDATE budget_windows SET reserved_input_tokens = reserved_input_tokens - $4, \
         reserved_output_tokens = reserved_output_tokens - $5, reserved_requests = reserved_requests - $6, \
         reserved_pico_usd = reserved_pico_usd - $7 WHERE tenant_id = $1 AND budget_id = $2 AND window_start = $3",
    )
    .bind(books.tenant())
    .bind(window.budget)
    .bind(window.start)
    .bind_each(amounts.each())
    .execute()
    .await?;
    Ok(())
}

/// What settling adds to a window: of one call or of several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settling {
    /// Given back.
    pub held: Amounts,
    /// Billed.
    pub actual: Amounts,
    /// Billed beyond the holds, call by call.
    pub overrun: Amounts,
    pub cache_read: i64,
    pub cache_write_5m: i64,
    pub cache_write_1h: i64,
    pub estimated_calls: i64,
    pub unknown_calls: i64,
}

impl Settling {
    /// One more call.
    pub fn add(&mut self, held: &Amounts, actual: &Amounts, tokens: &Tokens, quality: Quality) {
        self.held = self.held.and(held);
        self.actual = self.actual.and(actual);
        self.overrun = self.overrun.and(&actual.beyond(held));
        self.cache_read = self.cache_read.saturating_add(tokens.cache_read);
        self.cache_write_5m = self.cache_write_5m.saturating_add(tokens.cache_write_5m);
        self.cache_write_1h = self.cache_write_1h.saturating_add(tokens.cache_write_1h);
        self.estimated_calls += i64::from(quality == Quality::Estimated);
        self.unknown_calls += i64::from(quality == Quality::Unknown);
    }
}

/// Gives holds back and books what was billed in their place.
///
/// # Errors
/// Database errors.
pub async fn window_settle(books: Books, tx: &mut Tx, window: WindowKey, settling: &Settling) -> Result<()> {
    let Settling { held, actual, overrun, .. } = settling;
    tx.query(
        "UPDATE budget_windows SET \
         reserved_input_tokens = reserved_input_tokens - $4, reserved_output_tokens = reserved_output_tokens - $5, \
         reserved_requests = reserved_requests - $6, reserved_pico_usd = reserved_pico_usd - $7, \
         settled_input_tokens = settled_input_tokens + $8, settled_output_tokens = settled_output_tokens + $9, \
         settled_requests = settled_requests + $10, settled_pico_usd = settled_pico_usd + $11, \
         overrun_input_tokens = overrun_input_tokens + $12, overrun_output_tokens = overrun_output_tokens + $13, \
         overrun_requests = overrun_requests + $14, overrun_pico_usd = overrun_pico_usd + $15, \
         cache_read_tokens = cache_read_tokens + $16, cache_write_5m_tokens = cache_write_5m_tokens + $17, \
         cache_write_1h_tokens = cache_write_1h_tokens + $18, \
         estimated_calls = estimated_calls + $19, unknown_calls = unknown_calls + $20 \
         WHERE tenant_id = $1 AND budget_id = $2 AND window_start = $3",
    )
    .bind(books.tenant())
    .bind(window.budget)
    .bind(window.start)
    .bind_each(held.each())
    .bind_each(actual.each())
    .bind_each(overrun.each())
    .bind(settling.cache_read)
    .bind(settling.cache_write_5m)
    .bind(settling.cache_write_1h)
    .bind(settling.estimated_calls)
    .bind(settling.unknown_calls)
    .execute()
    .await?;
    Ok(())
}
