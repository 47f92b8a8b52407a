-- Prices: versions that an administrator brings in and approves, tiers by length, what a tenant pays on top, and rules
-- that send what is easy to a cheaper model.

-- A version as it was read from a provider's page. It never changes; it is effective once it is approved. Money: pico-
-- dollars, tokens by the token.
CREATE TABLE price_versions (
    -- As `steward prices` shows it.
    number BIGINT NOT NULL PRIMARY KEY,
    -- Exact id.
    model TEXT NOT NULL,
    source TEXT NOT NULL,
    -- The day the source was read, YYYY-MM-DD.
    read_on TEXT NOT NULL,
    -- From when it is to hold; NULL: from its approval.
    wanted_from BIGINT,
    input BIGINT NOT NULL CHECK (input >= 0),
    cache_read BIGINT NOT NULL CHECK (cache_read >= 0),
    cache_write_5m BIGINT NOT NULL CHECK (cache_write_5m >= 0),
    cache_write_1h BIGINT NOT NULL CHECK (cache_write_1h >= 0),
    output BIGINT NOT NULL CHECK (output >= 0),
    per_request BIGINT NOT NULL CHECK (per_request >= 0),
    -- One search on the web by the provider; NULL: unknown.
    web_search BIGINT CHECK (web_search >= 0),
    -- What the reader of the source had to assume; empty: nothing.
    note TEXT NOT NULL,
    imported_at BIGINT NOT NULL
);

-- What holds instead when a request's input, cached or not, is longer than so many tokens.
CREATE TABLE price_tiers (
    number BIGINT NOT NULL REFERENCES price_versions (number),
    above_input_tokens BIGINT NOT NULL CHECK (above_input_tokens > 0),
    input BIGINT NOT NULL CHECK (input >= 0),
    cache_read BIGINT NOT NULL CHECK (cache_read >= 0),
    cache_write_5m BIGINT NOT NULL CHECK (cache_write_5m >= 0),
    cache_write_1h BIGINT NOT NULL CHECK (cache_write_1h >= 0),
    output BIGINT NOT NULL CHECK (output >= 0),
    PRIMARY KEY (number, above_input_tokens)
);

-- A version that is effective.
CREATE TABLE price_approvals (
    number BIGINT NOT NULL PRIMARY KEY REFERENCES price_versions (number),
    -- Stored with each call, e.g. `gpt-5.4@2026-12-01`.
    id TEXT NOT NULL,
    valid_from BIGINT NOT NULL,
    approved_by TEXT NOT NULL,
    approved_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX price_approvals_by_id ON price_approvals (id);

SELECT protect_append_only('price_versions');
SELECT protect_append_only('price_tiers');
SELECT protect_append_only('price_approvals');

-- What a tenant pays on top of the provider's price, hundredths of a percent.
ALTER TABLE tenants ADD COLUMN markup_bp BIGINT NOT NULL DEFAULT 0 CHECK (markup_bp BETWEEN 0 AND 100000);

-- The price of a call as it was at admission, continued: JSON of its tiers (NULL: one price), and the markup that is in
-- it. Of a settled call the price columns are those of the tier that applied.
ALTER TABLE model_calls ADD COLUMN price_tiers TEXT;
ALTER TABLE model_calls ADD COLUMN markup_bp BIGINT NOT NULL DEFAULT 0 CHECK (markup_bp >= 0);
-- What the provider charges; cost_pico_usd is what the tenant is charged.
ALTER TABLE model_calls ADD COLUMN list_cost_pico BIGINT NOT NULL DEFAULT 0 CHECK (list_cost_pico >= 0);
-- The rule that sent it to a cheaper model: short, budget; NULL: none did.
ALTER TABLE model_calls ADD COLUMN rule TEXT;
-- The model it would have gone to, the price there as it was at admission (JSON), and what the same tokens cost there.
ALTER TABLE model_calls ADD COLUMN baseline_model TEXT;
ALTER TABLE model_calls ADD COLUMN baseline_price TEXT;
ALTER TABLE model_calls ADD COLUMN baseline_cost_pico BIGINT CHECK (baseline_cost_pico >= 0);
SELECT set_config('app.system', 'on', true);
UPDATE model_calls SET list_cost_pico = cost_pico_usd WHERE state = 'settled';
SELECT set_config('app.system', '', true);

-- Cost rules of a profile: the model that easy requests go to (empty: no rules); requests without tools whose input is
-- bounded below so many tokens; all requests while the tightest budget has less than so many percent left.
ALTER TABLE profiles ADD COLUMN cheaper_model TEXT NOT NULL DEFAULT '';
ALTER TABLE profiles ADD COLUMN cheaper_below_tokens BIGINT CHECK (cheaper_below_tokens > 0);
ALTER TABLE profiles ADD COLUMN cheaper_when_budget_below BIGINT CHECK (cheaper_when_budget_below BETWEEN 1 AND 100);
