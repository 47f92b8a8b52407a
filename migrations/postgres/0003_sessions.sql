-- Sessions and what protects signing in. These belong to people, not to tenants: the directory.
CREATE TABLE sessions (
    id UUID NOT NULL PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('browser', 'api')),
    -- SHA-256 of the cookie's token. NULL for API clients, which hold signed tokens instead.
    token_hash BYTEA UNIQUE,
    -- The tenant an API client signed in to. Membership is re-read at every use; this is only a name.
    api_tenant TEXT,
    ip TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    -- The absolute end. The idle end follows from last_seen_at.
    expires_at BIGINT NOT NULL,
    CHECK ((kind = 'browser') = (token_hash IS NOT NULL))
);
CREATE INDEX sessions_by_user ON sessions (user_id, created_at);
CREATE INDEX sessions_by_end ON sessions (expires_at);

-- One family of refresh tokens per API session. Used ones stay: presenting one again is a replay.
CREATE TABLE refresh_tokens (
    -- SHA-256 of the token.
    hash BYTEA NOT NULL PRIMARY KEY,
    session_id UUID NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    used_at BIGINT,
    -- The token that replaced it.
    successor BYTEA
);
CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id);

-- Ed25519 keys that sign access tokens. The highest number signs, all verify.
CREATE TABLE signing_keys (
    id UUID NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL UNIQUE,
    -- PKCS #8 DER.
    private_key BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);

-- Attempts to sign in per account, address and pair of both, so that they count across restarts and replicas.
CREATE TABLE sign_in_throttles (
    -- Kind and SHA-256 of what is counted: no e-mail of a stranger is stored.
    bucket TEXT NOT NULL PRIMARY KEY,
    -- Thousandths of an attempt; it drains with time.
    level_milli BIGINT NOT NULL,
    last_attempt_at BIGINT NOT NULL,
    blocked_until BIGINT NOT NULL
);
CREATE INDEX sign_in_throttles_by_age ON sign_in_throttles (last_attempt_at);

-- What happened around signing in (append-only). Outlives the person, therefore no foreign key.
CREATE TABLE auth_events (
    id UUID NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    event TEXT NOT NULL,
    user_id UUID,
    session_id UUID,
    ip TEXT NOT NULL,
    request_id TEXT NOT NULL
);
CREATE INDEX auth_events_by_user ON auth_events (user_id, at);
SELECT protect_append_only('auth_events');
