-- People, tenants, memberships.
CREATE TABLE users (
    id UUID NOT NULL PRIMARY KEY,
    -- Lower case, trimmed: the login name.
    email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    -- PHC string (argon2id) or a legacy bcrypt hash; NULL: cannot sign in with a password.
    password_hash TEXT,
    theme TEXT NOT NULL DEFAULT 'system',
    is_disabled BOOLEAN NOT NULL DEFAULT FALSE,
    created_at BIGINT NOT NULL,
    password_changed_at BIGINT
);

CREATE TABLE tenants (
    id UUID NOT NULL PRIMARY KEY,
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
    is_disabled BOOLEAN NOT NULL DEFAULT FALSE,
    created_at BIGINT NOT NULL
);

CREATE TABLE memberships (
    tenant_id UUID NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role TEXT NOT NULL CHECK (role IN ('member', 'admin')),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, user_id)
);
CREATE INDEX memberships_by_user ON memberships (user_id);

-- A person may read the own memberships, and the tenants they lead to; all else needs the tenant's scope.
SELECT protect_tenant_table('memberships');
CREATE POLICY own ON memberships FOR SELECT USING (user_id = app_user());
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON tenants USING (id = app_tenant() OR app_system()) WITH CHECK (id = app_tenant() OR app_system());
CREATE POLICY own ON tenants FOR SELECT
    USING (EXISTS (SELECT 1 FROM memberships m WHERE m.tenant_id = tenants.id AND m.user_id = app_user()));
