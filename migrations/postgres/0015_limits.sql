-- Limits on all tokens together, soft thresholds, budgets that are put aside, and more for one window.

-- Input, cache and output together; NULL is unlimited.
ALTER TABLE budgets ADD COLUMN limit_tokens BIGINT CHECK (limit_tokens >= 0);
-- From this share of a limit on people are told; NULL: they are not.
ALTER TABLE budgets ADD COLUMN soft_percent BIGINT DEFAULT 80 CHECK (soft_percent BETWEEN 1 AND 100);
-- FALSE: it limits nobody; its windows stay.
ALTER TABLE budgets ADD COLUMN is_active BOOLEAN NOT NULL DEFAULT TRUE;

-- As the other ceilings. There is no counter: it is the sum of input and output.
-- What is there was held under no such limit: NULL. (An UPDATE would see no row here, for row-level security.)
ALTER TABLE budget_windows ADD COLUMN ceiling_tokens BIGINT CHECK (ceiling_tokens >= 0);
ALTER TABLE budget_windows ALTER COLUMN ceiling_tokens SET DEFAULT 0;
-- What administrators granted on top of the limits, for this window: the sums of budget_grants.
ALTER TABLE budget_windows ADD COLUMN granted_input_tokens BIGINT NOT NULL DEFAULT 0 CHECK (granted_input_tokens >= 0);
ALTER TABLE budget_windows ADD COLUMN granted_output_tokens BIGINT NOT NULL DEFAULT 0 CHECK (granted_output_tokens >= 0);
ALTER TABLE budget_windows ADD COLUMN granted_tokens BIGINT NOT NULL DEFAULT 0 CHECK (granted_tokens >= 0);
ALTER TABLE budget_windows ADD COLUMN granted_requests BIGINT NOT NULL DEFAULT 0 CHECK (granted_requests >= 0);
ALTER TABLE budget_windows ADD COLUMN granted_pico_usd BIGINT NOT NULL DEFAULT 0 CHECK (granted_pico_usd >= 0);

-- What people are told about a window, each kind once.
CREATE TABLE budget_notices (
    tenant_id UUID NOT NULL,
    budget_id UUID NOT NULL,
    window_start BIGINT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('soft', 'hard', 'overrun')),
    at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, budget_id, window_start, kind),
    FOREIGN KEY (tenant_id, budget_id, window_start) REFERENCES budget_windows (tenant_id, budget_id, window_start)
);

-- Who has put which notice away.
CREATE TABLE budget_notices_seen (
    tenant_id UUID NOT NULL,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    budget_id UUID NOT NULL,
    window_start BIGINT NOT NULL,
    kind TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, user_id, budget_id, window_start, kind),
    FOREIGN KEY (tenant_id, budget_id, window_start, kind)
        REFERENCES budget_notices (tenant_id, budget_id, window_start, kind)
);

-- People who ask for more than a budget gives them in a window.
CREATE TABLE budget_requests (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    budget_id UUID NOT NULL,
    window_start BIGINT NOT NULL,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    reason TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'granted', 'declined')),
    -- What the administrator said.
    answer TEXT NOT NULL DEFAULT '',
    -- Who decided, as written in the books: an e-mail, or the command line.
    decided_by TEXT NOT NULL DEFAULT '',
    decided_at BIGINT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, budget_id, window_start) REFERENCES budget_windows (tenant_id, budget_id, window_start)
);
CREATE UNIQUE INDEX budget_requests_open ON budget_requests (tenant_id, budget_id, window_start, user_id)
    WHERE state = 'open';

-- Append-only. More for one window; it ends with it.
CREATE TABLE budget_grants (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    budget_id UUID NOT NULL,
    window_start BIGINT NOT NULL,
    -- The request it answers; NULL: nobody asked. No foreign key: the books outlive people.
    request_id UUID,
    input_tokens BIGINT NOT NULL CHECK (input_tokens >= 0),
    output_tokens BIGINT NOT NULL CHECK (output_tokens >= 0),
    tokens BIGINT NOT NULL CHECK (tokens >= 0),
    requests BIGINT NOT NULL CHECK (requests >= 0),
    pico_usd BIGINT NOT NULL CHECK (pico_usd >= 0),
    reason TEXT NOT NULL,
    granted_by TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, budget_id, window_start) REFERENCES budget_windows (tenant_id, budget_id, window_start)
);
CREATE INDEX budget_grants_by_window ON budget_grants (tenant_id, budget_id, window_start);

SELECT protect_tenant_table('budget_notices');
SELECT protect_tenant_table('budget_notices_seen');
SELECT protect_tenant_table('budget_requests');
SELECT protect_tenant_table('budget_grants');
SELECT protect_append_only('budget_grants');
