-- Budgets and books. Nothing here refers to people, conversations or turns by foreign key, and nothing cascades: what was
-- spent stays booked when they are gone. Amounts: tokens, requests, pico-dollars (1e-12 USD); see accounting.md of the design.

-- A limit on a scope; NULL is unlimited, zero is zero. Any number of budgets can lie on a call's path.
CREATE TABLE budgets (
    tenant_id BLOB NOT NULL REFERENCES tenants (id),
    id BLOB NOT NULL,
    scope_kind TEXT NOT NULL CHECK (scope_kind IN ('tenant', 'user')),
    -- The tenant or the user, by scope_kind.
    scope_id BLOB NOT NULL,
    -- Calendar periods in the tenant's time zone.
    period TEXT NOT NULL CHECK (period IN ('month', 'week', 'day', 'none')),
    limit_input_tokens INTEGER CHECK (limit_input_tokens >= 0),
    limit_output_tokens INTEGER CHECK (limit_output_tokens >= 0),
    limit_requests INTEGER CHECK (limit_requests >= 0),
    limit_pico_usd INTEGER CHECK (limit_pico_usd >= 0),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT;
CREATE UNIQUE INDEX budgets_by_scope ON budgets (tenant_id, scope_kind, scope_id, period);

-- What is held and spent of a budget in one period. Windows are keyed by their start, so nothing has to be reset.
CREATE TABLE budget_windows (
    tenant_id BLOB NOT NULL,
    budget_id BLOB NOT NULL,
    window_start INTEGER NOT NULL,
    window_end INTEGER NOT NULL,
    reserved_input_tokens INTEGER NOT NULL DEFAULT 0 CHECK (reserved_input_tokens >= 0),
    reserved_output_tokens INTEGER NOT NULL DEFAULT 0 CHECK (reserved_output_tokens >= 0),
    reserved_requests INTEGER NOT NULL DEFAULT 0 CHECK (reserved_requests >= 0),
    reserved_pico_usd INTEGER NOT NULL DEFAULT 0 CHECK (reserved_pico_usd >= 0),
    settled_input_tokens INTEGER NOT NULL DEFAULT 0 CHECK (settled_input_tokens >= 0),
    settled_output_tokens INTEGER NOT NULL DEFAULT 0 CHECK (settled_output_tokens >= 0),
    settled_requests INTEGER NOT NULL DEFAULT 0 CHECK (settled_requests >= 0),
    settled_pico_usd INTEGER NOT NULL DEFAULT 0 CHECK (settled_pico_usd >= 0),
    -- What was billed beyond the holds: part of settled, never dropped.
    overrun_input_tokens INTEGER NOT NULL DEFAULT 0 CHECK (overrun_input_tokens >= 0),
    overrun_output_tokens INTEGER NOT NULL DEFAULT 0 CHECK (overrun_output_tokens >= 0),
    overrun_requests INTEGER NOT NULL DEFAULT 0 CHECK (overrun_requests >= 0),
    overrun_pico_usd INTEGER NOT NULL DEFAULT 0 CHECK (overrun_pico_usd >= 0),
    -- The highest limit under which a hold of this window was admitted (limits can be lowered later); NULL: unlimited once.
    ceiling_input_tokens INTEGER DEFAULT 0 CHECK (ceiling_input_tokens >= 0),
    ceiling_output_tokens INTEGER DEFAULT 0 CHECK (ceiling_output_tokens >= 0),
    ceiling_requests INTEGER DEFAULT 0 CHECK (ceiling_requests >= 0),
    ceiling_pico_usd INTEGER DEFAULT 0 CHECK (ceiling_pico_usd >= 0),
    -- Parts of settled_input_tokens, by class.
    cache_read_tokens INTEGER NOT NULL DEFAULT 0 CHECK (cache_read_tokens >= 0),
    cache_write_5m_tokens INTEGER NOT NULL DEFAULT 0 CHECK (cache_write_5m_tokens >= 0),
    cache_write_1h_tokens INTEGER NOT NULL DEFAULT 0 CHECK (cache_write_1h_tokens >= 0),
    -- Settled calls whose figures are not the provider's own.
    estimated_calls INTEGER NOT NULL DEFAULT 0 CHECK (estimated_calls >= 0),
    unknown_calls INTEGER NOT NULL DEFAULT 0 CHECK (unknown_calls >= 0),
    PRIMARY KEY (tenant_id, budget_id, window_start),
    FOREIGN KEY (tenant_id, budget_id) REFERENCES budgets (tenant_id, id),
    CHECK (window_start < window_end)
) STRICT;

-- One per attempt at a model call.
CREATE TABLE model_calls (
    tenant_id BLOB NOT NULL REFERENCES tenants (id),
    id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    turn_id BLOB,
    step INTEGER NOT NULL CHECK (step >= 0),
    attempt INTEGER NOT NULL CHECK (attempt >= 1),
    purpose TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    -- The price as it was at admission; NULL: unknown.
    price_version TEXT,
    price_input INTEGER CHECK (price_input >= 0),
    price_cache_read INTEGER CHECK (price_cache_read >= 0),
    price_cache_write_5m INTEGER CHECK (price_cache_write_5m >= 0),
    price_cache_write_1h INTEGER CHECK (price_cache_write_1h >= 0),
    price_output INTEGER CHECK (price_output >= 0),
    price_request INTEGER CHECK (price_request >= 0),
    -- The hold: upper bounds.
    input_bound INTEGER NOT NULL CHECK (input_bound >= 0),
    output_cap INTEGER NOT NULL CHECK (output_cap >= 0),
    state TEXT NOT NULL CHECK (state IN ('open', 'settled', 'released')),
    -- While open: who lets this pass without a checkpoint is taken for dead.
    lease_until INTEGER NOT NULL,
    -- The last checkpoint of an open call.
    seen_input INTEGER,
    seen_cache_read INTEGER,
    seen_cache_write_5m INTEGER,
    seen_cache_write_1h INTEGER,
    seen_output INTEGER,
    seen_final INTEGER NOT NULL DEFAULT FALSE,
    received_bytes INTEGER NOT NULL DEFAULT 0,
    -- What was booked.
    input_tokens INTEGER NOT NULL DEFAULT 0 CHECK (input_tokens >= 0),
    cache_read_tokens INTEGER NOT NULL DEFAULT 0 CHECK (cache_read_tokens >= 0),
    cache_write_5m_tokens INTEGER NOT NULL DEFAULT 0 CHECK (cache_write_5m_tokens >= 0),
    cache_write_1h_tokens INTEGER NOT NULL DEFAULT 0 CHECK (cache_write_1h_tokens >= 0),
    output_tokens INTEGER NOT NULL DEFAULT 0 CHECK (output_tokens >= 0),
    cost_pico_usd INTEGER NOT NULL DEFAULT 0 CHECK (cost_pico_usd >= 0),
    quality TEXT CHECK (quality IN ('exact', 'estimated', 'unknown')),
    is_overrun INTEGER NOT NULL DEFAULT FALSE,
    -- The day of admission in the tenant's zone, days since 1970-01-01.
    local_day INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    settled_at INTEGER,
    PRIMARY KEY (tenant_id, id)
) STRICT;
CREATE INDEX model_calls_by_day ON model_calls (tenant_id, local_day);
CREATE INDEX model_calls_by_turn ON model_calls (tenant_id, turn_id);
CREATE INDEX model_calls_open ON model_calls (lease_until) WHERE state = 'open';

-- What open calls hold; the row goes when the call is settled (the ledger keeps its story).
CREATE TABLE holds (
    tenant_id BLOB NOT NULL,
    call_id BLOB NOT NULL,
    budget_id BLOB NOT NULL,
    window_start INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL CHECK (input_tokens >= 0),
    output_tokens INTEGER NOT NULL CHECK (output_tokens >= 0),
    requests INTEGER NOT NULL CHECK (requests >= 0),
    pico_usd INTEGER NOT NULL CHECK (pico_usd >= 0),
    PRIMARY KEY (tenant_id, call_id, budget_id),
    FOREIGN KEY (tenant_id, call_id) REFERENCES model_calls (tenant_id, id),
    FOREIGN KEY (tenant_id, budget_id, window_start) REFERENCES budget_windows (tenant_id, budget_id, window_start)
) STRICT;
CREATE INDEX holds_by_window ON holds (tenant_id, budget_id, window_start);

-- Append-only. reserve: held; release: the hold given back, whole; settle: billed; adjust: a correction (may be negative).
CREATE TABLE ledger (
    tenant_id BLOB NOT NULL,
    call_id BLOB NOT NULL,
    budget_id BLOB NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('reserve', 'release', 'settle', 'adjust')),
    -- 0, and counting for adjustments.
    number INTEGER NOT NULL,
    window_start INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    pico_usd INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, call_id, budget_id, kind, number),
    FOREIGN KEY (tenant_id, call_id) REFERENCES model_calls (tenant_id, id),
    FOREIGN KEY (tenant_id, budget_id, window_start) REFERENCES budget_windows (tenant_id, budget_id, window_start),
    CHECK (kind = 'adjust' OR (number = 0 AND input_tokens >= 0 AND output_tokens >= 0 AND requests >= 0 AND pico_usd >= 0))
) STRICT;
CREATE INDEX ledger_by_window ON ledger (tenant_id, budget_id, window_start);

CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'append-only'); END;
