-- Files that go along with messages.
CREATE TABLE attachments (
    tenant_id BLOB NOT NULL REFERENCES tenants (id),
    id BLOB NOT NULL,
    user_id BLOB NOT NULL REFERENCES users (id),
    -- Cleaned: one line, no path.
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('image', 'text', 'csv', 'pdf')),
    -- Of what is stored, not of what was sent.
    media_type TEXT NOT NULL,
    bytes INTEGER NOT NULL CHECK (bytes > 0),
    -- Images only.
    width INTEGER,
    height INTEGER,
    -- PDF only.
    pages INTEGER,
    -- The most input tokens it adds to a prompt.
    max_tokens INTEGER NOT NULL,
    -- SHA-256 of what was sent: the same file sent again is the same attachment.
    sent_sha256 BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    -- Sent last; what belongs to no message is removed some time after it.
    touched_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT;
CREATE INDEX attachments_by_content ON attachments (tenant_id, user_id, sent_sha256);
CREATE INDEX attachments_by_touch ON attachments (touched_at);

-- What is in them, apart, so that lists never read it.
CREATE TABLE attachment_contents (
    tenant_id BLOB NOT NULL,
    attachment_id BLOB NOT NULL,
    -- NULL: a file in the directory of attachments.
    content BLOB,
    -- What a model reads of a text, a CSV or a PDF; NULL for images.
    text TEXT,
    PRIMARY KEY (tenant_id, attachment_id),
    FOREIGN KEY (tenant_id, attachment_id) REFERENCES attachments (tenant_id, id) ON DELETE CASCADE
) STRICT;

-- Which messages carry which files. A file lives as long as one of its messages.
CREATE TABLE message_attachments (
    tenant_id BLOB NOT NULL,
    message_id BLOB NOT NULL,
    attachment_id BLOB NOT NULL,
    PRIMARY KEY (tenant_id, message_id, attachment_id),
    FOREIGN KEY (tenant_id, message_id) REFERENCES messages (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, attachment_id) REFERENCES attachments (tenant_id, id)
) STRICT;
CREATE INDEX message_attachments_by_attachment ON message_attachments (tenant_id, attachment_id);

-- How much a tenant stores, kept with every change.
CREATE TABLE attachment_quotas (
    tenant_id BLOB NOT NULL REFERENCES tenants (id),
    used_bytes INTEGER NOT NULL DEFAULT 0 CHECK (used_bytes >= 0),
    PRIMARY KEY (tenant_id)
) STRICT;
