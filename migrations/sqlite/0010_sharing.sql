-- Links to shared conversations, and where imported ones came from.

-- Whether people may share with anybody who has the link.
ALTER TABLE tenants ADD COLUMN allows_public_links INTEGER NOT NULL DEFAULT FALSE;

-- A read-only copy of a branch under a link. It lives as long as its conversation.
CREATE TABLE shares (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    conversation_id BLOB NOT NULL,
    user_id BLOB NOT NULL REFERENCES users (id),
    audience TEXT NOT NULL CHECK (audience IN ('tenant', 'public')),
    -- SHA-256 of the secret in the link.
    secret_sha256 BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    title TEXT NOT NULL,
    -- JSON of conversations::share::Snapshot.
    snapshot TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, secret_sha256),
    FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversations (tenant_id, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX shares_by_conversation ON shares (tenant_id, conversation_id, created_at, id);
-- A public link names no tenant.
CREATE INDEX shares_by_secret ON shares (secret_sha256);

-- What a person brought in, so that bringing it in again adds nothing.
CREATE TABLE imported_conversations (
    tenant_id BLOB NOT NULL,
    user_id BLOB NOT NULL REFERENCES users (id),
    -- SHA-256 of the product it comes from and its id there.
    origin_sha256 BLOB NOT NULL,
    conversation_id BLOB NOT NULL,
    PRIMARY KEY (tenant_id, user_id, origin_sha256),
    FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversations (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX imported_conversations_by_conversation ON imported_conversations (tenant_id, conversation_id);
