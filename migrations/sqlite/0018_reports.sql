-- Reports: sums of what was settled, by day and by everything a report asks for. Written in the transaction that settles, so
-- that they cannot differ from the calls (the audit compares them); they outlive people, keys and profiles.

-- Ids of zeros: no key, no profile. client_format '': the chat.
CREATE TABLE usage_days (
    tenant_id BLOB NOT NULL,
    -- The day of admission in the tenant's zone, days since 1970-01-01.
    local_day INTEGER NOT NULL,
    user_id BLOB NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    purpose TEXT NOT NULL,
    key_id BLOB NOT NULL,
    profile_id BLOB NOT NULL,
    client_format TEXT NOT NULL,
    requests INTEGER NOT NULL CHECK (requests >= 0),
    estimated_calls INTEGER NOT NULL CHECK (estimated_calls >= 0),
    unknown_calls INTEGER NOT NULL CHECK (unknown_calls >= 0),
    input_tokens INTEGER NOT NULL CHECK (input_tokens >= 0),
    cache_read_tokens INTEGER NOT NULL CHECK (cache_read_tokens >= 0),
    cache_write_5m_tokens INTEGER NOT NULL CHECK (cache_write_5m_tokens >= 0),
    cache_write_1h_tokens INTEGER NOT NULL CHECK (cache_write_1h_tokens >= 0),
    output_tokens INTEGER NOT NULL CHECK (output_tokens >= 0),
    cost_pico_usd INTEGER NOT NULL CHECK (cost_pico_usd >= 0),
    -- What the provider asks for it.
    list_cost_pico INTEGER NOT NULL CHECK (list_cost_pico >= 0),
    -- What it would have cost at the model that was asked for; the same as the cost where no rule chose another.
    baseline_cost_pico INTEGER NOT NULL CHECK (baseline_cost_pico >= 0),
    -- Corrections from reconciliation, booked later; may be negative.
    adjusted_pico_usd INTEGER NOT NULL DEFAULT 0,
    adjusted_list_pico INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, local_day, user_id, provider, model, purpose, key_id, profile_id, client_format)
) STRICT, WITHOUT ROWID;

-- What is there already.
INSERT INTO usage_days (tenant_id, local_day, user_id, provider, model, purpose, key_id, profile_id, client_format, requests,
    estimated_calls, unknown_calls, input_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens,
    output_tokens, cost_pico_usd, list_cost_pico, baseline_cost_pico)
SELECT tenant_id, local_day, user_id, provider, model, purpose, COALESCE(key_id, zeroblob(16)),
    COALESCE(profile_id, zeroblob(16)), COALESCE(client_format, ''), COUNT(*),
    SUM(CASE WHEN quality = 'estimated' THEN 1 ELSE 0 END), SUM(CASE WHEN quality = 'unknown' THEN 1 ELSE 0 END),
    SUM(input_tokens), SUM(cache_read_tokens), SUM(cache_write_5m_tokens), SUM(cache_write_1h_tokens), SUM(output_tokens),
    SUM(cost_pico_usd), SUM(list_cost_pico), SUM(COALESCE(baseline_cost_pico, cost_pico_usd))
FROM model_calls WHERE state = 'settled'
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9;

-- Tool calls have no tokens: how often, how they ended, how long they took. Written with the end of their turn.
CREATE TABLE tool_days (
    tenant_id BLOB NOT NULL,
    -- The day the turn began on, in the tenant's zone.
    local_day INTEGER NOT NULL,
    user_id BLOB NOT NULL,
    tool TEXT NOT NULL,
    calls INTEGER NOT NULL CHECK (calls >= 0),
    failed_calls INTEGER NOT NULL CHECK (failed_calls >= 0),
    -- Not run, because the person said no or did not answer.
    denied_calls INTEGER NOT NULL CHECK (denied_calls >= 0),
    duration_ms INTEGER NOT NULL CHECK (duration_ms >= 0),
    -- Turns that called it, those of them whose cost is exact, and what these cost.
    turns INTEGER NOT NULL CHECK (turns >= 0),
    exact_turns INTEGER NOT NULL CHECK (exact_turns >= 0),
    exact_turns_pico_usd INTEGER NOT NULL CHECK (exact_turns_pico_usd >= 0),
    PRIMARY KEY (tenant_id, local_day, user_id, tool)
) STRICT, WITHOUT ROWID;

-- Who corrected what and why: one row for each corrected call, beside its `adjust` lines in the ledger. Append-only.
CREATE TABLE ledger_adjustments (
    tenant_id BLOB NOT NULL,
    call_id BLOB NOT NULL,
    -- As in the ledger: from 1.
    number INTEGER NOT NULL CHECK (number >= 1),
    -- What the tenant is charged more (or, negative, less), and what the provider billed more than was booked.
    pico_usd INTEGER NOT NULL,
    list_pico INTEGER NOT NULL,
    author TEXT NOT NULL,
    reason TEXT NOT NULL,
    -- The invoice: its name and the SHA-256 of its bytes, in hexadecimal.
    source TEXT NOT NULL,
    source_sha256 TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, call_id, number),
    FOREIGN KEY (tenant_id, call_id) REFERENCES model_calls (tenant_id, id)
) STRICT;

CREATE TRIGGER ledger_adjustments_no_update BEFORE UPDATE ON ledger_adjustments BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER ledger_adjustments_no_delete BEFORE DELETE ON ledger_adjustments BEGIN SELECT RAISE(ABORT, 'append-only'); END;
