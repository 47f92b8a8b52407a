//! Tool calls, by day, person and tool. They have no tokens: how often, how they ended, how long they took, and what the
//! turns cost that called them. Written with the end of a turn; a turn that is deleted later stays counted.

use app::model::UserId;
use uuid::Uuid;

use super::{
    DbValue, Result, Tx,
    ledger::Books,
    usage_day::sums::{DayRange, Part},
};

/// What a tool's calls come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct ToolSums {
    pub calls: i64,
    pub failed_calls: i64,
    /// Not run: the person said no, or did not answer.
    pub denied_calls: i64,
    /// Wall time of all calls together.
    pub duration_ms: i64,
    /// Turns that called it; a turn with two tools counts for both.
    pub turns: i64,
    /// Those of them whose cost is exact, and what they cost.
    pub exact_turns: i64,
    pub exact_turns_pico_usd: i64,
}

/// Adds what a turn called, each tool once.
///
/// # Errors
/// Database errors.
pub async fn tool_days_add(
    books: Books,
    tx: &mut Tx,
    local_day: i64,
    user: UserId,
    tools: &[(String, ToolSums)],
) -> Result<()> {
    let mut values = Vec::with_capacity(tools.len() * 11);
    for (tool, sums) in tools {
        values.extend([DbValue::Id(books.tenant().0), DbValue::Int(local_day), DbValue::Id(user.0)]);
        values.push(DbValue::Text(tool.clone()));
        values.extend(
            [
                sums.calls,
                sums.failed_calls,
                sums.denied_calls,
                sums.duration_ms,
                sums.turns,
                sums.exact_turns,
                sums.exact_turns_pico_usd,
            ]
            .map(DbValue::Int),
        );
    }
    tx.insert_many(
        "INSERT INTO tool_days (tenant_id, local_day, user_id, tool, calls, failed_calls, denied_calls, duration_ms, \
         turns, exact_turns, exact_turns_pico_usd)",
        11,
        values,
        "ON CONFLICT (tenant_id, local_day, user_id, tool) DO UPDATE SET calls = tool_days.calls + excluded.calls, \
         failed_calls = tool_days.failed_calls + excluded.failed_calls, \
         denied_calls = tool_days.denied_calls + excluded.denied_calls, \
         duration_ms = tool_days.duration_ms + excluded.duration_ms, turns = tool_days.turns + excluded.turns, \
         exact_turns = tool_days.exact_turns + excluded.exact_turns, \
         exact_turns_pico_usd = tool_days.exact_turns_pico_usd + excluded.exact_turns_pico_usd",
    )
    .await?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct ToolRow {
    tool: String,
    #[sqlx(flatten)]
    sums: ToolSums,
}

/// Tools by name, or those called most first.
///
/// # Errors
/// Database errors.
pub async fn tool_sums(tx: &mut Tx, range: &DayRange, part: &Part<String>) -> Result<Vec<(String, ToolSums)>> {
    let rows: Vec<ToolRow> = tx
        .query(
            "SELECT s.* FROM (SELECT tool, CAST(SUM(calls) AS BIGINT) AS calls, \
             CAST(SUM(failed_calls) AS BIGINT) AS failed_calls, CAST(SUM(denied_calls) AS BIGINT) AS denied_calls, \
             CAST(SUM(duration_ms) AS BIGINT) AS duration_ms, CAST(SUM(turns) AS BIGINT) AS turns, \
             CAST(SUM(exact_turns) AS BIGINT) AS exact_turns, \
             CAST(SUM(exact_turns_pico_usd) AS BIGINT) AS exact_turns_pico_usd FROM tool_days \
             WHERE tenant_id = $1 AND local_day BETWEEN $2 AND $3 AND ($4 IS NULL OR user_id = $4) GROUP BY tool) s \
             WHERE ($5 IS NULL OR s.tool > $5) ORDER BY CASE WHEN $6 THEN s.calls ELSE 0 END DESC, s.tool LIMIT $7",
        )
        .bind(range.books.tenant())
        .bind(range.first.to_days())
        .bind(range.last.to_days())
        .bind(range.user.map(|user| -> Uuid { user.0 }))
        .bind(part.after.as_deref())
        .bind(part.dearest_first)
        .bind(part.limit)
        .all()
        .await?;
    Ok(rows.into_iter().map(|row| (row.tool, row.sums)).collect())
}
