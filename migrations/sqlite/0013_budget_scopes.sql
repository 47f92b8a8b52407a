-- no-transaction
-- Budgets may also limit a group, a profile, a key. SQLite cannot change a CHECK: the table is written again. Its
-- references stay by name, which takes both settings outside of a transaction; run twice it does the same.
PRAGMA foreign_keys = OFF;
PRAGMA legacy_alter_table = ON;
BEGIN IMMEDIATE;
DROP INDEX IF EXISTS budgets_by_scope;
ALTER TABLE budgets RENAME TO budgets_before;
CREATE TABLE budgets (
    tenant_id BLOB NOT NULL REFERENCES tenants (id),
    id BLOB NOT NULL,
    scope_kind TEXT NOT NULL CHECK (scope_kind IN ('tenant', 'user', 'group', 'profile', 'key')),
    -- The tenant, user, group, profile or key, by scope_kind.
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
INSERT INTO budgets SELECT * FROM budgets_before;
DROP TABLE budgets_before;
CREATE UNIQUE INDEX budgets_by_scope ON budgets (tenant_id, scope_kind, scope_id, period);
COMMIT;
PRAGMA legacy_alter_table = OFF;
PRAGMA foreign_keys = ON;
