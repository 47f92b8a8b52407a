-- Reports: sums of what was settled, by day and by everything a report asks for. Written in the transaction that settles, so
-- that they cannot differ from the calls (the audit compares them); they outlive people, keys and profiles.

-- Ids of zeros: no key, no profile. client_format '': the chat.
CREATE TABLE usage_days (
    tenant_id UUID NOT NULL,
    -- The day of admission in the tenant's zone, days since 1970-01-01.
    local_day BIGINT NOT NULL,
    user_id UUID NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    purpose TEXT NOT NULL,
    key_id UUID NOT NULL,
    profile_id UUID NOT NULL,
    client_format TEXT NOT NULL,
    requests BIGINT NOT NULL CHECK (requests >= 0),
    estimated_calls BIGINT NOT NULL CHECK (estimated_calls >= 0),
    unknown_calls BIGINT NOT NULL CHECK (unknown_calls >= 0),
    input_tokens BIGINT NOT NULL CHECK (input_tokens >= 0),
    cache_read_tokens BIGINT NOT NULL CHECK (cache_read_tokens >= 0),
    cache_write_5m_tokens BIGINT NOT NULL CHECK (cache_write_5m_tokens >= 0),
    cache_write_1h_tokens BIGINT NOT NULL CHECK (cache_write_1h_tokens >= 0),
    output_tokens BIGINT NOT NULL CHECK (output_tokens >= 0),
    cost_pico_usd BIGINT NOT NULL CHECK (cost_pico_usd >= 0),
    -- What the provider asks for it.
    list_cost_pico BIGINT NOT NULL CHECK (list_cost_pico >= 0),
    -- What it would have cost at the model that was asked for; the same as the cost where no rule chose another.
    baseline_cost_pico BIGINT NOT NULL CHECK (baseline_cost_pico >= 0),
    -- Corrections from reconciliation, booked later; may be negative.
    adjusted_pico_usd BIGINT NOT NULL DEFAULT 0,
    adjusted_list_pico BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, local_day, user_id, provider, model, purpose, key_id, profile_id, client_format)
);

-- What is there already, of all tenants: row-level security binds the owner, too.
SELECT set_config('app.system', 'on', true);
INSERT INTO usage_days (tenant_id, local_day, user_id, provider, model, purpose, key_id, profile_id, client_format, requests,
    estimated_calls, unknown_calls, input_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens,
    output_tokens, cost_pico_usd, list_cost_pico, baseline_cost_pico)
SELECT tenant_id, local_day, user_id, provider, model, purpose, COALESCE(key_id, '00000000-0000-0000-0000-000000000000'::uuid),
    COALESCE(profile_id, '00000000-0000-0000-0000-000000000000'::uuid), COALESCE(client_format, ''), COUNT(*),
    SUM(CASE WHEN quality = 'estimated' THEN 1 ELSE 0 END), SUM(CASE WHEN quality = 'unknown' THEN 1 ELSE 0 END),
    SUM(input_tokens), SUM(cache_read_tokens), SUM(cache_write_5m_tokens), SUM(cache_write_1h_tokens), SUM(output_tokens),
    SUM(cost_pico_usd), SUM(list_cost_pico), SUM(COALESCE(baseline_cost_pico, cost_pico_usd))
FROM model_calls WHERE state = 'settled'
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9;

-- Tool calls have no tokens: how often, how they ended, how long they took. Written with the end of their turn.
CREATE TABLE tool_days (
    tenant_id UUID NOT NULL,
    -- The day the turn began on, in the tenant's zone.
    local_day BIGINT NOT NULL,
    user_id UUID NOT NULL,
    tool TEXT NOT NULL,
    calls BIGINT NOT NULL CHECK (calls >= 0),
    failed_calls BIGINT NOT NULL CHECK (failed_calls >= 0),
    -- Not run, because the person said no or did not answer.
    denied_calls BIGINT NOT NULL CHECK (denied_calls >= 0),
    duration_ms BIGINT NOT NULL CHECK (duration_ms >= 0),
    -- Turns that called it, those of them whose cost is exact, and what these cost.
    turns BIGINT NOT NULL CHECK (turns >= 0),
    exact_turns BIGINT NOT NULL CHECK (exact_turns >= 0),
    exact_turns_pico_usd BIGINT NOT NULL CHECK (exact_turns_pico_usd >= 0),
    PRIMARY KEY (tenant_id, local_day, user_id, tool)
);

-- Who corrected what and why: one row for each corrected call, beside its `adjust` lines in the ledger. Append-only.
CREATE TABLE ledger_adjustments (
    tenant_id UUID NOT NULL,
    call_id UUID NOT NULL,
    -- As in the ledger: from 1.
    number BIGINT NOT NULL CHECK (number >= 1),
    -- What the tenant is charged more (or, negative, less), and what the provider billed more than was booked.
    pico_usd BIGINT NOT NULL,
    list_pico BIGINT NOT NULL,
    author TEXT NOT NULL,
    reason TEXT NOT NULL,
    -- The invoice: its name and the SHA-256 of its bytes, in hexadecimal.
    source TEXT NOT NULL,
    source_sha256 TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, call_id, number),
    FOREIGN KEY (tenant_id, call_id) REFERENCES model_calls (tenant_id, id)
);

SELECT protect_tenant_table('usage_days');
SELECT protect_tenant_table('tool_days');
SELECT protect_tenant_table('ledger_adjustments');
SELECT protect_append_only('ledger_adjustments');
