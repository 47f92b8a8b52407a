-- Budgets and books. Nothing here refers to people, conversations or turns by foreign key, and nothing cascades: what was
-- spent stays booked when they are gone. Amounts: tokens, requests, pico-dollars (1e-12 USD); see accounting.md of the design.

-- A limit on a scope; NULL is unlimited, zero is zero. Any number of budgets can lie on a call's path.
CREATE TABLE budgets (
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    id UUID NOT NULL,
    scope_kind TEXT NOT NULL CHECK (scope_kind IN ('tenant', 'user')),
    -- The tenant or the user, by scope_kind.
    scope_id UUID NOT NULL,
    -- Calendar periods in the tenant's time zone.
    period TEXT NOT NULL CHECK (period IN ('month', 'week', 'day', 'none')),
    limit_input_tokens BIGINT CHECK (limit_input_tokens >= 0),
    limit_output_tokens BIGINT CHECK (limit_output_tokens >= 0),
    limit_requests BIGINT CHECK (limit_requests >= 0),
    limit_pico_usd BIGINT CHECK (limit_pico_usd >= 0),
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX budgets_by_scope ON budgets (tenant_id, scope_kind, scope_id, period);

-- What is held and spent of a budget in one period. Windows are keyed by their start, so nothing has to be reset.
CREATE TABLE budget_windows (
    tenant_id UUID NOT NULL,
    budget_id UUID NOT NULL,
    window_start BIGINT NOT NULL,
    window_end BIGINT NOT NULL,
    reserved_input_tokens BIGINT NOT NULL DEFAULT 0 CHECK (reserved_input_tokens >= 0),
    reserved_output_tokens BIGINT NOT NULL DEFAULT 0 CHECK (reserved_output_tokens >= 0),
    reserved_requests BIGINT NOT NULL DEFAULT 0 CHECK (reserved_requests >= 0),
    reserved_pico_usd BIGINT NOT NULL DEFAULT 0 CHECK (reserved_pico_usd >= 0),
    settled_input_tokens BIGINT NOT NULL DEFAULT 0 CHECK (settled_input_tokens >= 0),
    settled_output_tokens BIGINT NOT NULL DEFAULT 0 CHECK (settled_output_tokens >= 0),
    settled_requests BIGINT NOT NULL DEFAULT 0 CHECK (settled_requests >= 0),
    settled_pico_usd BIGINT NOT NULL DEFAULT 0 CHECK (settled_pico_usd >= 0),
    -- What was billed beyond the holds: part of settled, never dropped.
    overrun_input_tokens BIGINT NOT NULL DEFAULT 0 CHECK (overrun_input_tokens >= 0),
    overrun_output_tokens BIGINT NOT NULL DEFAULT 0 CHECK (overrun_output_tokens >= 0),
    overrun_requests BIGINT NOT NULL DEFAULT 0 CHECK (overrun_requests >= 0),
    overrun_pico_usd BIGINT NOT NULL DEFAULT 0 CHECK (overrun_pico_usd >= 0),
    -- The highest limit under which a hold of this window was admitted (limits can be lowered later); NULL: unlimited once.
    ceiling_input_tokens BIGINT DEFAULT 0 CHECK (ceiling_input_tokens >= 0),
    ceiling_output_tokens BIGINT DEFAULT 0 CHECK (ceiling_output_tokens >= 0),
    ceiling_requests BIGINT DEFAULT 0 CHECK (ceiling_requests >= 0),
    ceiling_pico_usd BIGINT DEFAULT 0 CHECK (ceiling_pico_usd >= 0),
    -- Parts of settled_input_tokens, by class.
    cache_read_tokens BIGINT NOT NULL DEFAULT 0 CHECK (cache_read_tokens >= 0),
    cache_write_5m_tokens BIGINT NOT NULL DEFAULT 0 CHECK (cache_write_5m_tokens >= 0),
    cache_write_1h_tokens BIGINT NOT NULL DEFAULT 0 CHECK (cache_write_1h_tokens >= 0),
    -- Settled calls whose figures are not the provider's own.
    estimated_calls BIGINT NOT NULL DEFAULT 0 CHECK (estimated_calls >= 0),
    unknown_calls BIGINT NOT NULL DEFAULT 0 CHECK (unknown_calls >= 0),
    PRIMARY KEY (tenant_id, budget_id, window_start),
    FOREIGN KEY (tenant_id, budget_id) REFERENCES budgets (tenant_id, id),
    CHECK (window_start < window_end)
);

-- One per attempt at a model call.
CREATE TABLE model_calls (
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    id UUID NOT NULL,
    user_id UUID NOT NULL,
    turn_id UUID,
    step BIGINT NOT NULL CHECK (step >= 0),
    attempt BIGINT NOT NULL CHECK (attempt >= 1),
    purpose TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    -- The price as it was at admission; NULL: unknown.
    price_version TEXT,
    price_input BIGINT CHECK (price_input >= 0),
    price_cache_read BIGINT CHECK (price_cache_read >= 0),
    price_cache_write_5m BIGINT CHECK (price_cache_write_5m >= 0),
    price_cache_write_1h BIGINT CHECK (price_cache_write_1h >= 0),
    price_output BIGINT CHECK (price_output >= 0),
    price_request BIGINT CHECK (price_request >= 0),
    -- The hold: upper bounds.
    input_bound BIGINT NOT NULL CHECK (input_bound >= 0),
    output_cap BIGINT NOT NULL CHECK (output_cap >= 0),
    state TEXT NOT NULL CHECK (state IN ('open', 'settled', 'released')),
    -- While open: who lets this pass without a checkpoint is taken for dead.
    lease_until BIGINT NOT NULL,
    -- The last checkpoint of an open call.
    seen_input BIGINT,
    seen_cache_read BIGINT,
    seen_cache_write_5m BIGINT,
    seen_cache_write_1h BIGINT,
    seen_output BIGINT,
    seen_final BOOLEAN NOT NULL DEFAULT FALSE,
    received_bytes BIGINT NOT NULL DEFAULT 0,
    -- What was booked.
    input_tokens BIGINT NOT NULL DEFAULT 0 CHECK (input_tokens >= 0),
    cache_read_tokens BIGINT NOT NULL DEFAULT 0 CHECK (cache_read_tokens >= 0),
    cache_write_5m_tokens BIGINT NOT NULL DEFAULT 0 CHECK (cache_write_5m_tokens >= 0),
    cache_write_1h_tokens BIGINT NOT NULL DEFAULT 0 CHECK (cache_write_1h_tokens >= 0),
    output_tokens BIGINT NOT NULL DEFAULT 0 CHECK (output_tokens >= 0),
    cost_pico_usd BIGINT NOT NULL DEFAULT 0 CHECK (cost_pico_usd >= 0),
    quality TEXT CHECK (quality IN ('exact', 'estimated', 'unknown')),
    is_overrun BOOLEAN NOT NULL DEFAULT FALSE,
    -- The day of admission in the tenant's zone, days since 1970-01-01.
    local_day BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    settled_at BIGINT,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX model_calls_by_day ON model_calls (tenant_id, local_day);
CREATE INDEX model_calls_by_turn ON model_calls (tenant_id, turn_id);
CREATE INDEX model_calls_open ON model_calls (lease_until) WHERE state = 'open';

-- What open calls hold; the row goes when the call is settled (the ledger keeps its story).
CREATE TABLE holds (
    tenant_id UUID NOT NULL,
    call_id UUID NOT NULL,
    budget_id UUID NOT NULL,
    window_start BIGINT NOT NULL,
    input_tokens BIGINT NOT NULL CHECK (input_tokens >= 0),
    output_tokens BIGINT NOT NULL CHECK (output_tokens >= 0),
    requests BIGINT NOT NULL CHECK (requests >= 0),
    pico_usd BIGINT NOT NULL CHECK (pico_usd >= 0),
    PRIMARY KEY (tenant_id, call_id, budget_id),
    FOREIGN KEY (tenant_id, call_id) REFERENCES model_calls (tenant_id, id),
    FOREIGN KEY (tenant_id, budget_id, window_start) REFERENCES budget_windows (tenant_id, budget_id, window_start)
);
CREATE INDEX holds_by_window ON holds (tenant_id, budget_id, window_start);

-- Append-only. reserve: held; release: the hold given back, whole; settle: billed; adjust: a correction (may be negative).
CREATE TABLE ledger (
    tenant_id UUID NOT NULL,
    call_id UUID NOT NULL,
    budget_id UUID NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('reserve', 'release', 'settle', 'adjust')),
    -- 0, and counting for adjustments.
    number BIGINT NOT NULL,
    window_start BIGINT NOT NULL,
    input_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    requests BIGINT NOT NULL,
    pico_usd BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, call_id, budget_id, kind, number),
    FOREIGN KEY (tenant_id, call_id) REFERENCES model_calls (tenant_id, id),
    FOREIGN KEY (tenant_id, budget_id, window_start) REFERENCES budget_windows (tenant_id, budget_id, window_start),
    CHECK (kind = 'adjust' OR (number = 0 AND input_tokens >= 0 AND output_tokens >= 0 AND requests >= 0 AND pico_usd >= 0))
);
CREATE INDEX ledger_by_window ON ledger (tenant_id, budget_id, window_start);

SELECT protect_tenant_table('budgets');
SELECT protect_tenant_table('budget_windows');
SELECT protect_tenant_table('model_calls');
SELECT protect_tenant_table('holds');
SELECT protect_tenant_table('ledger');
SELECT protect_append_only('ledger');
