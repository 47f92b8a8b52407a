-- Limits on all tokens together, soft thresholds, budgets that are put aside, and more for one window.

-- Input, cache and output together; NULL is unlimited.
ALTER TABLE budgets ADD COLUMN limit_tokens INTEGER CHECK (limit_tokens >= 0);
-- From this share of a limit on people are told; NULL: they are not.
ALTER TABLE budgets ADD COLUMN soft_percent INTEGER DEFAULT 80 CHECK (soft_percent BETWEEN 1 AND 100);
-- FALSE: it limits nobody; its windows stay.
ALTER TABLE budgets ADD COLUMN is_active INTEGER NOT NULL DEFAULT TRUE;

-- As the other ceilings. There is no counter: it is the sum of input and output.
ALTER TABLE budget_windows ADD COLUMN ceiling_tokens INTEGER DEFAULT 0 CHECK (ceiling_tokens >= 0);
-- What is there was held under no such limit.
UPDATE budget_windows SET ceiling_tokens = NULL;
-- What administrators granted on top of the limits, for this window: the sums of budget_grants.
ALTER TABLE budget_windows ADD COLUMN granted_input_tokens INTEGER NOT NULL DEFAULT 0 CHECK (granted_input_tokens >= 0);
ALTER TABLE budget_windows ADD COLUMN granted_output_tokens INTEGER NOT NULL DEFAULT 0 CHECK (granted_output_tokens >= 0);
ALTER TABLE budget_windows ADD COLUMN granted_tokens INTEGER NOT NULL DEFAULT 0 CHECK (granted_tokens >= 0);
ALTER TABLE budget_windows ADD COLUMN granted_requests INTEGER NOT NULL DEFAULT 0 CHECK (granted_requests >= 0);
ALTER TABLE budget_windows ADD COLUMN granted_pico_usd INTEGER NOT NULL DEFAULT 0 CHECK (granted_pico_usd >= 0);

-- What people are told about a window, each kind once.
CREATE TABLE budget_notices (
    tenant_id BLOB NOT NULL,
    budget_id BLOB NOT NULL,
    window_start INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('soft', 'hard', 'overrun')),
    at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, budget_id, window_start, kind),
    FOREIGN KEY (tenant_id, budget_id, window_start) REFERENCES budget_windows (tenant_id, budget_id, window_start)
) STRICT;

-- Who has put which notice away.
CREATE TABLE budget_notices_seen (
    tenant_id BLOB NOT NULL,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    budget_id BLOB NOT NULL,
    window_start INTEGER NOT NULL,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, user_id, budget_id, window_start, kind),
    FOREIGN KEY (tenant_id, budget_id, window_start, kind)
        REFERENCES budget_notices (tenant_id, budget_id, window_start, kind)
) STRICT;

-- People who ask for more than a budget gives them in a window.
CREATE TABLE budget_requests (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    budget_id BLOB NOT NULL,
    window_start INTEGER NOT NULL,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    reason TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'granted', 'declined')),
    -- What the administrator said.
    answer TEXT NOT NULL DEFAULT '',
    -- Who decided, as written in the books: an e-mail, or the command line.
    decided_by TEXT NOT NULL DEFAULT '',
    decided_at INTEGER,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, budget_id, window_start) REFERENCES budget_windows (tenant_id, budget_id, window_start)
) STRICT;
CREATE UNIQUE INDEX budget_requests_open ON budget_requests (tenant_id, budget_id, window_start, user_id)
    WHERE state = 'open';

-- Append-only. More for one window; it ends with it.
CREATE TABLE budget_grants (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    budget_id BLOB NOT NULL,
    window_start INTEGER NOT NULL,
    -- The request it answers; NULL: nobody asked. No foreign key: the books outlive people.
    request_id BLOB,
    input_tokens INTEGER NOT NULL CHECK (input_tokens >= 0),
    output_tokens INTEGER NOT NULL CHECK (output_tokens >= 0),
    tokens INTEGER NOT NULL CHECK (tokens >= 0),
    requests INTEGER NOT NULL CHECK (requests >= 0),
    pico_usd INTEGER NOT NULL CHECK (pico_usd >= 0),
    reason TEXT NOT NULL,
    granted_by TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, budget_id, window_start) REFERENCES budget_windows (tenant_id, budget_id, window_start)
) STRICT;
CREATE INDEX budget_grants_by_window ON budget_grants (tenant_id, budget_id, window_start);

CREATE TRIGGER budget_grants_no_update BEFORE UPDATE ON budget_grants BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER budget_grants_no_delete BEFORE DELETE ON budget_grants BEGIN SELECT RAISE(ABORT, 'append-only'); END;
