//! The rollup against the calls it was made from, and corrections against their ledger lines.

use app::model::{Date, TenantId};
use uuid::Uuid;

use crate::db::{Result, SystemTx};

#[derive(sqlx::FromRow)]
struct WrongDayRow {
    local_day: i64,
    model: String,
    purpose: String,
    requests: i64,
    cost: i64,
}

#[derive(sqlx::FromRow)]
struct WrongCallRow {
    call_id: Uuid,
}

/// What does not agree, in words; at most 100 of each kind.
///
/// # Errors
/// Database errors.
pub async fn usage_days_audit(tx: &mut SystemTx, tenant: TenantId) -> Result<Vec<String>> {
    let days: Vec<WrongDayRow> = tx
        .query(
            "SELECT local_day, model, purpose, CAST(SUM(requests) AS BIGINT) AS requests, CAST(SUM(cost) AS BIGINT) AS cost \
             FROM (SELECT local_day, user_id, provider, model, purpose, key_id, profile_id, client_format, requests, \
             estimated_calls AS estimated, unknown_calls AS unheard, input_tokens AS a, cache_read_tokens AS b, \
             cache_write_5m_tokens AS c, cache_write_1h_tokens AS d, output_tokens AS e, cost_pico_usd AS cost, \
             adjusted_pico_usd AS f, adjusted_list_pico AS g, list_cost_pico AS h, baseline_cost_pico AS i FROM usage_days WHERE tenant_id = $1 \
             UNION ALL SELECT local_day, user_id, provider, model, purpose, COALESCE(key_id, $2), \
             COALESCE(profile_id, $2), COALESCE(client_format, ''), -1, \
             CASE WHEN quality = 'estimated' THEN -1 ELSE 0 END, CASE WHEN quality = 'unknown' THEN -1 ELSE 0 END, \
             -input_tokens, -cache_read_tokens, -cache_write_5m_tokens, -cache_write_1h_tokens, -output_tokens, \
             -cost_pico_usd, 0, 0, -list_cost_pico, -COALESCE(baseline_cost_pico, cost_pico_usd) FROM model_calls WHERE tenant_id = $1 AND state = 'settled' \
             UNION ALL SELECT m.local_day, m.user_id, m.provider, m.model, m.purpose, COALESCE(m.key_id, $2), \
             COALESCE(m.profile_id, $2), COALESCE(m.client_format, ''), 0, 0, 0, 0, 0, 0, 0, 0, 0, -x.pico_usd, \
             -x.list_pico, 0, 0 FROM ledger_adjustments x JOIN model_calls m ON m.tenant_id = x.tenant_id AND m.id = x.call_id \
             WHERE x.tenant_id = $1) AS both_sides \
             GROUP BY local_day, user_id, provider, model, purpose, key_id, profile_id, client_format \
             HAVING SUM(requests) <> 0 OR SUM(estimated) <> 0 OR SUM(unheard) <> 0 OR SUM(a) <> 0 OR SUM(b) <> 0 \
             OR SUM(c) <> 0 OR SUM(d) <> 0 OR SUM(e) <> 0 OR SUM(cost) <> 0 OR SUM(f) <> 0 OR SUM(g) <> 0 OR SUM(h) <> 0 OR SUM(i) <> 0 \
             ORDER BY local_day LIMIT 100",
        )
        .bind(tenant)
        .bind(Uuid::nil())
        .all()
        .await?;
    let mut wrong: Vec<String> = days
        .into_iter()
        .map(|row| {
            format!(
                "the day {}, {} ({}): the reports differ from the calls by {} requests and {} pico-dollars, or in a class",
                Date::from_days(row.local_day),
                row.model,
                row.purpose,
                row.requests,
                row.cost
            )
        })
        .collect();
    // A correction stands in every window of its call, once, with the same amount, and is somebody's.
    let calls: Vec<WrongCallRow> = tx
        .query(
            "SELECT l.call_id FROM ledger l LEFT JOIN ledger_adjustments x \
             ON x.tenant_id = l.tenant_id AND x.call_id = l.call_id AND x.number = l.number \
             WHERE l.tenant_id = $1 AND l.kind = 'adjust' AND (x.call_id IS NULL OR x.pico_usd <> l.pico_usd \
             OR l.input_tokens <> 0 OR l.output_tokens <> 0 OR l.requests <> 0) \
             UNION SELECT x.call_id FROM ledger_adjustments x WHERE x.tenant_id = $1 AND \
             (SELECT COUNT(*) FROM ledger l WHERE l.tenant_id = x.tenant_id AND l.call_id = x.call_id \
              AND l.kind = 'adjust' AND l.number = x.number) <> \
             (SELECT COUNT(*) FROM ledger l WHERE l.tenant_id = x.tenant_id AND l.call_id = x.call_id \
              AND l.kind = 'settle') ORDER BY 1 LIMIT 100",
        )
        .bind(tenant)
        .all()
        .await?;
    wrong.extend(calls.into_iter().map(|row| format!("call {}: its corrections do not fit the ledger", row.call_id)));
    Ok(wrong)
}
