-- Front ends that name their people, what a key may do, rotation that keeps the key, and teams for LiteLLM's administration.

-- What a key may do, words with spaces between them (as in RFC 6749 §3.3): ask (models), admin (LiteLLM's administration).
ALTER TABLE api_keys ADD COLUMN scopes TEXT NOT NULL DEFAULT 'ask';
-- What happens to somebody a trusted front end names who has no account here.
ALTER TABLE api_keys ADD COLUMN unknown_person TEXT NOT NULL DEFAULT 'refuse' CHECK (unknown_person IN ('refuse', 'provision'));
-- What the front end signs its people with (HS256). It cannot be a hash, as it is needed to check; like the signing keys
-- it is as secret as the database.
ALTER TABLE api_keys ADD COLUMN jwt_secret BLOB;
-- The team it was made for, if any.
ALTER TABLE api_keys ADD COLUMN group_id BLOB;

-- Secrets that a key had before it was rotated. They open it until they end; budgets, rates and people stay the key's.
CREATE TABLE api_key_former (
    tenant_id BLOB NOT NULL,
    public_id TEXT NOT NULL,
    key_id BLOB NOT NULL,
    secret_sha256 BLOB NOT NULL,
    ends_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, public_id),
    FOREIGN KEY (tenant_id, key_id) REFERENCES api_keys (tenant_id, id) ON DELETE CASCADE
) STRICT;
-- A key names no tenant.
CREATE INDEX api_key_former_of_all ON api_key_former (public_id);

-- Who a front end means by its own ids.
CREATE TABLE front_end_people (
    tenant_id BLOB NOT NULL,
    key_id BLOB NOT NULL,
    -- `openwebui:…` or `archestra:…`.
    external_id TEXT NOT NULL,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, key_id, external_id),
    FOREIGN KEY (tenant_id, key_id) REFERENCES api_keys (tenant_id, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX front_end_people_by_user ON front_end_people (tenant_id, key_id, user_id);

-- Accounts that were made because a front end named somebody unknown.
CREATE TABLE provisioned_people (
    tenant_id BLOB NOT NULL,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    key_id BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, user_id)
) STRICT;
CREATE INDEX provisioned_people_by_key ON provisioned_people (tenant_id, key_id, created_at);

-- What LiteLLM's clients say of a group beyond its name and its budget.
CREATE TABLE teams (
    tenant_id BLOB NOT NULL,
    group_id BLOB NOT NULL,
    -- Chosen by the client, or the group's id.
    team_id TEXT NOT NULL,
    -- Of each key made for the team.
    requests_per_minute INTEGER CHECK (requests_per_minute > 0),
    tokens_per_minute INTEGER CHECK (tokens_per_minute > 0),
    -- JSON array of exact model ids for such keys; empty: all.
    models TEXT NOT NULL DEFAULT '[]',
    -- JSON object, the client's own.
    metadata TEXT NOT NULL DEFAULT '{}',
    PRIMARY KEY (tenant_id, group_id),
    FOREIGN KEY (tenant_id, group_id) REFERENCES groups (tenant_id, id) ON DELETE CASCADE
) STRICT;
CREATE UNIQUE INDEX teams_by_team_id ON teams (tenant_id, team_id);
