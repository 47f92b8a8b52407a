-- How a tenant looks and speaks, and in which language a person reads.

-- BCP 47; NULL: what the browser asks for.
ALTER TABLE users ADD COLUMN language TEXT CHECK (language IN ('en', 'id'));

-- How dates, numbers and money are written.
ALTER TABLE tenants ADD COLUMN locale TEXT NOT NULL DEFAULT 'en' CHECK (locale IN ('en', 'id'));
-- Greeting of the empty page; empty: the built-in one.
ALTER TABLE tenants ADD COLUMN welcome TEXT NOT NULL DEFAULT '';
-- `#rrggbb`, its contrast checked before it is stored; empty: Steward's own.
ALTER TABLE tenants ADD COLUMN accent TEXT NOT NULL DEFAULT '';
-- JSON array of {name, title, text}: what the composer offers behind `/`.
ALTER TABLE tenants ADD COLUMN commands TEXT NOT NULL DEFAULT '[]';
-- Members see money, not only percent.
ALTER TABLE tenants ADD COLUMN shows_cost INTEGER NOT NULL DEFAULT FALSE;

-- The logos, apart, so that no list reads them. Decoded and written anew before they are stored.
CREATE TABLE tenant_logos (
    tenant_id BLOB NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    media_type TEXT NOT NULL,
    -- Hexadecimal, of the content: its address changes with it.
    hash TEXT NOT NULL,
    content BLOB NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id)
) STRICT;
