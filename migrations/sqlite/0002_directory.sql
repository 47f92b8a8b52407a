-- People, tenants, memberships.
CREATE TABLE users (
    id BLOB NOT NULL PRIMARY KEY,
    -- Lower case, trimmed: the login name.
    email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    -- PHC string (argon2id) or a legacy bcrypt hash; NULL: cannot sign in with a password.
    password_hash TEXT,
    theme TEXT NOT NULL DEFAULT 'system',
    is_disabled INTEGER NOT NULL DEFAULT FALSE,
    created_at INTEGER NOT NULL,
    password_changed_at INTEGER
) STRICT;

CREATE TABLE tenants (
    id BLOB NOT NULL PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    assistant TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    currency TEXT NOT NULL,
    -- JSON array of example questions.
    prompts TEXT NOT NULL DEFAULT '[]',
    contact TEXT NOT NULL DEFAULT '',
    -- Replaces the built-in system prompt's closing part when not empty.
    instructions TEXT NOT NULL DEFAULT '',
    is_disabled INTEGER NOT NULL DEFAULT FALSE,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE memberships (
    tenant_id BLOB NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role TEXT NOT NULL CHECK (role IN ('member', 'admin')),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX memberships_by_user ON memberships (user_id);
