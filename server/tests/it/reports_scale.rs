//! How long a month's report takes over ten million ledger rows: measured, not part of the usual run.
//! `cargo test -p server --test it reports_scale -- --ignored --nocapture --test-threads 1`

use std::time::{Duration, Instant};

use app::model::{Role, UsageBy};
use server::{
    db::{Engine, SystemReason, TenantScope},
    usage,
};

use crate::support::db::TestDb;

/// Three lines each: reserved, released, settled.
const CALLS: i64 = 3_334_000;
/// Written in one transaction.
const AT_ONCE: i64 = 500_000;
/// 2026-03-01, days since 1970-01-01.
const FIRST_DAY: i64 = 20_513;
/// People who use four models each, half of it through a key, on every day of the month.
const PEOPLE: i64 = 200;

const CALLS_SQLITE: &str = "WITH RECURSIVE n(i) AS (SELECT $2 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < $3) \
    INSERT INTO model_calls (tenant_id, id, user_id, step, attempt, purpose, provider, model, price_version, price_input, \
    price_cache_read, price_cache_write_5m, price_cache_write_1h, price_output, price_request, input_bound, output_cap, \
    state, lease_until, input_tokens, output_tokens, cost_pico_usd, list_cost_pico, quality, local_day, created_at, \
    settled_at, key_id, client_format) SELECT $1, unhex(printf('%032x', i)), \
    unhex(printf('%032x', 900000000000 + (i / 31) % $4)), 1, 1, \
    CASE WHEN (i / 24800) % 2 = 0 THEN 'answer' ELSE 'gateway' END, 'anthropic', 'model-' || ((i / 6200) % 4), 'p', 1000000, \
    0, 0, 0, 5000000, 0, 1000, 100, 'settled', 0, 400, 90, 850000000, 850000000, \
    CASE WHEN i % 1000 = 0 THEN 'estimated' ELSE 'exact' END, $5 + i % 31, ($5 + i % 31) * 86400000, \
    ($5 + i % 31) * 86400000, CASE WHEN (i / 24800) % 2 = 0 THEN NULL ELSE unhex(printf('%032x', 7)) END, \
    CASE WHEN (i / 24800) % 2 = 0 THEN NULL ELSE 'openai' END FROM n";

const CALLS_POSTGRES: &str = "INSERT INTO model_calls (tenant_id, id, user_id, step, attempt, purpose, provider, model, \
    price_version, price_input, price_cache_read, price_cache_write_5m, price_cache_write_1h, price_output, price_request, \
    input_bound, output_cap, state, lease_until, input_tokens, output_tokens, cost_pico_usd, list_cost_pico, quality, \
    local_day, created_at, settled_at, key_id, client_format) SELECT $1, lpad(to_hex(i), 32, '0')::uuid, \
    lpad(to_hex(900000000000 + (i / 31) % $4), 32, '0')::uuid, 1, 1, \
    CASE WHEN (i / 24800) % 2 = 0 THEN 'answer' ELSE 'gateway' END, 'anthropic', 'model-' || ((i / 6200) % 4), 'p', 1000000, \
    0, 0, 0, 5000000, 0, 1000, 100, 'settled', 0, 400, 90, 850000000, 850000000, \
    CASE WHEN i % 1000 = 0 THEN 'estimated' ELSE 'exact' END, $5 + i % 31, ($5 + i % 31) * 86400000, \
    ($5 + i % 31) * 86400000, CASE WHEN (i / 24800) % 2 = 0 THEN NULL ELSE lpad('7', 32, '0')::uuid END, \
    CASE WHEN (i / 24800) % 2 = 0 THEN NULL ELSE 'openai' END FROM generate_series($2, $3 - 1) AS i";

/// The lines of the calls that were just written; their ids are as long as their numbers.
const LINES: [&str; 3] = ["reserve", "release", "settle"];

async fn write(t: &TestDb, scope: &TenantScope) {
    for first in (0..CALLS).step_by(usize::try_from(AT_ONCE).expect("small")) {
        let past = (first + AT_ONCE).min(CALLS);
        let mut tx = t.db.begin_system(SystemReason::Administration).await.expect("a transaction");
        let sql = if t.db.engine() == Engine::Sqlite { CALLS_SQLITE } else { CALLS_POSTGRES };
        tx.query(sql)
            .bind(scope.tenant())
            .bind(first)
            .bind(past)
            .bind(PEOPLE)
            .bind(FIRST_DAY)
            .execute()
            .await
            .expect("calls");
        for kind in LINES {
            tx.query(
                "INSERT INTO ledger (tenant_id, call_id, budget_id, kind, number, window_start, input_tokens, \
                 output_tokens, requests, pico_usd, at) SELECT c.tenant_id, c.id, w.budget_id, $2, 0, w.window_start, \
                 400, 90, 1, 850000000, c.created_at FROM model_calls c JOIN budget_windows w ON w.tenant_id = c.tenant_id \
                 WHERE c.tenant_id = $1 AND c.id >= $3 AND c.id < $4",
            )
            .bind(scope.tenant())
            .bind(kind)
            .bind(number(first))
            .bind(number(past))
            .execute()
            .await
            .expect("lines");
        }
        tx.commit(t.world.id(), t.world.now(), "bench").await.expect("a commit");
    }
}

/// The id of the call of this number.
fn number(at: i64) -> uuid::Uuid {
    uuid::Uuid::from_u128(u128::try_from(at).expect("not negative"))
}

/// As the migration does it.
async fn sum_up(t: &TestDb, scope: &TenantScope) {
    let mut tx = t.db.begin_system(SystemReason::Administration).await.expect("a transaction");
    tx.query("DELETE FROM usage_days WHERE tenant_id = $1").bind(scope.tenant()).execute().await.expect("none");
    tx.query(
        "INSERT INTO usage_days (tenant_id, local_day, user_id, provider, model, purpose, key_id, profile_id, client_format, \
         requests, estimated_calls, unknown_calls, input_tokens, cache_read_tokens, cache_write_5m_tokens, \
         cache_write_1h_tokens, output_tokens, cost_pico_usd, list_cost_pico, baseline_cost_pico) \
         SELECT tenant_id, local_day, user_id, provider, model, purpose, COALESCE(key_id, $2), COALESCE(profile_id, $2), \
         COALESCE(client_format, ''), COUNT(*), SUM(CASE WHEN quality = 'estimated' THEN 1 ELSE 0 END), 0, \
         SUM(input_tokens), 0, 0, 0, SUM(output_tokens), SUM(cost_pico_usd), SUM(cost_pico_usd), SUM(cost_pico_usd) \
         FROM model_calls WHERE tenant_id = $1 AND state = 'settled' GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9",
    )
    .bind(scope.tenant())
    .bind(uuid::Uuid::nil())
    .execute()
    .await
    .expect("sums");
    tx.commit(t.world.id(), t.world.now(), "bench").await.expect("a commit");
}

async fn a_month_of_ten_million_lines_is_reported_in_a_twentieth_of_a_second(t: TestDb) {
    let scope = t.scope("prs", Role::Admin).await;
    // A window for the lines to stand in.
    let hold = crate::usage::reserve(&t, &scope, &crate::usage::Ask::of(1, 1)).await;
    crate::usage::settle(&t, &scope, hold, crate::usage::completed(1, 1)).await;
    let start = Instant::now();
    write(&t, &scope).await;
    println!("{:?}: {} ledger rows written in {:?}", t.db.engine(), CALLS * 3, start.elapsed());
    sum_up(&t, &scope).await;
    let mut slowest = Duration::ZERO;
    for by in UsageBy::ALL {
        let mut times = Vec::new();
        for _ in 0..20 {
            let start = Instant::now();
            let mut tx = t.db.read(&scope).await.expect("a transaction");
            let report = usage::report(&scope, &mut tx, &t.world, None, by).await.expect("a report");
            assert!(report.breakdown.total.requests >= CALLS, "all of it is in there");
            times.push(start.elapsed());
        }
        times.sort();
        println!("{:?}: report by {:8} p50 {:6.1?}  p95 {:6.1?}", t.db.engine(), by.as_str(), times[10], times[18]);
        slowest = slowest.max(times[10]);
    }
    assert!(slowest < Duration::from_millis(50), "{slowest:?}");
}

#[tokio::test]
#[ignore = "a measurement of several minutes"]
async fn report_on_sqlite() {
    a_month_of_ten_million_lines_is_reported_in_a_twentieth_of_a_second(TestDb::sqlite().await).await;
}

#[tokio::test]
#[ignore = "a measurement of several minutes"]
async fn report_on_postgres() {
    a_month_of_ten_million_lines_is_reported_in_a_twentieth_of_a_second(TestDb::postgres().await).await;
}
