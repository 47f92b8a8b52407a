-- The gateway: keys for programs, profiles, groups, and what a call came with.

-- People within a tenant who share a budget.
CREATE TABLE groups (
    tenant_id BLOB NOT NULL REFERENCES tenants (id),
    id BLOB NOT NULL,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT;
CREATE UNIQUE INDEX groups_by_name ON groups (tenant_id, name);

CREATE TABLE group_members (
    tenant_id BLOB NOT NULL,
    group_id BLOB NOT NULL,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (tenant_id, group_id, user_id),
    FOREIGN KEY (tenant_id, group_id) REFERENCES groups (tenant_id, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX group_members_by_user ON group_members (tenant_id, user_id);

-- A name for model, prompt and limits, used in a client's base URL.
CREATE TABLE profiles (
    tenant_id BLOB NOT NULL REFERENCES tenants (id),
    id BLOB NOT NULL,
    -- As in the URL: lower case letters, digits, hyphens.
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    -- The exact id of the model that answers whatever the request names; empty: the request's own.
    model TEXT NOT NULL DEFAULT '',
    -- Exact ids of what is asked when that model does not answer, JSON array, in order.
    fallbacks TEXT NOT NULL DEFAULT '[]',
    -- Put before the request's own system prompt.
    system_prompt TEXT NOT NULL DEFAULT '',
    -- Whether requests may bring tools.
    allows_tools INTEGER NOT NULL DEFAULT TRUE,
    -- Output tokens of one answer at most; NULL: the model's.
    max_output_tokens INTEGER CHECK (max_output_tokens > 0),
    is_disabled INTEGER NOT NULL DEFAULT FALSE,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT;
CREATE UNIQUE INDEX profiles_by_slug ON profiles (tenant_id, slug);

-- Keys of programs. The secret part is known by its hash alone.
CREATE TABLE api_keys (
    tenant_id BLOB NOT NULL REFERENCES tenants (id),
    id BLOB NOT NULL,
    -- The 12 letters after `stw_`: names the key, opens nothing.
    public_id TEXT NOT NULL,
    -- SHA-256 of the 48 letters after it.
    secret_sha256 BLOB NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('personal', 'service')),
    -- Who it acts as: its person, or the account made for the service.
    user_id BLOB NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    -- The profile it is bound to; NULL: any of the tenant's.
    profile_id BLOB,
    -- Its requests may name the person they are made for, who has to be a member.
    is_trusted_front_end INTEGER NOT NULL DEFAULT FALSE,
    -- Per minute, and at once; NULL: no limit of its own.
    requests_per_minute INTEGER CHECK (requests_per_minute > 0),
    tokens_per_minute INTEGER CHECK (tokens_per_minute > 0),
    max_concurrent INTEGER CHECK (max_concurrent > 0),
    -- JSON array of exact model ids; empty: all.
    models TEXT NOT NULL DEFAULT '[]',
    created_by BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER,
    last_used_at INTEGER,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, profile_id) REFERENCES profiles (tenant_id, id)
) STRICT;
CREATE UNIQUE INDEX api_keys_by_public_id ON api_keys (tenant_id, public_id);
CREATE INDEX api_keys_by_user ON api_keys (tenant_id, user_id, created_at);
-- A key names no tenant.
CREATE INDEX api_keys_of_all ON api_keys (public_id);

-- What a key used in a minute, for its rates. Not part of the books; old rows are removed.
CREATE TABLE key_minutes (
    tenant_id BLOB NOT NULL,
    key_id BLOB NOT NULL,
    -- Minutes since 1970-01-01.
    minute INTEGER NOT NULL,
    requests INTEGER NOT NULL CHECK (requests >= 0),
    tokens INTEGER NOT NULL CHECK (tokens >= 0),
    PRIMARY KEY (tenant_id, key_id, minute)
) STRICT;

-- What came through the gateway, by what. No foreign keys: the books outlive keys and profiles.
ALTER TABLE model_calls ADD COLUMN key_id BLOB;
ALTER TABLE model_calls ADD COLUMN profile_id BLOB;
-- The format the client spoke: openai, anthropic, ollama; NULL: the chat.
ALTER TABLE model_calls ADD COLUMN client_format TEXT;
-- The request it belongs to; its attempts share it.
ALTER TABLE model_calls ADD COLUMN request_id TEXT;
CREATE INDEX model_calls_by_key ON model_calls (tenant_id, key_id, local_day);
CREATE INDEX model_calls_open_by_key ON model_calls (tenant_id, key_id) WHERE state = 'open';
