-- Files that go along with messages.
CREATE TABLE attachments (
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    id UUID NOT NULL,
    user_id UUID NOT NULL REFERENCES users (id),
    -- Cleaned: one line, no path.
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('image', 'text', 'csv', 'pdf')),
    -- Of what is stored, not of what was sent.
    media_type TEXT NOT NULL,
    bytes BIGINT NOT NULL CHECK (bytes > 0),
    -- Images only.
    width BIGINT,
    height BIGINT,
    -- PDF only.
    pages BIGINT,
    -- The most input tokens it adds to a prompt.
    max_tokens BIGINT NOT NULL,
    -- SHA-256 of what was sent: the same file sent again is the same attachment.
    sent_sha256 BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    -- Sent last; what belongs to no message is removed some time after it.
    touched_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX attachments_by_content ON attachments (tenant_id, user_id, sent_sha256);
CREATE INDEX attachments_by_touch ON attachments (touched_at);

-- What is in them, apart, so that lists never read it.
CREATE TABLE attachment_contents (
    tenant_id UUID NOT NULL,
    attachment_id UUID NOT NULL,
    -- NULL: a file in the directory of attachments.
    content BYTEA,
    -- What a model reads of a text, a CSV or a PDF; NULL for images.
    text TEXT,
    PRIMARY KEY (tenant_id, attachment_id),
    FOREIGN KEY (tenant_id, attachment_id) REFERENCES attachments (tenant_id, id) ON DELETE CASCADE
);

-- Which messages carry which files. A file lives as long as one of its messages.
CREATE TABLE message_attachments (
    tenant_id UUID NOT NULL,
    message_id UUID NOT NULL,
    attachment_id UUID NOT NULL,
    PRIMARY KEY (tenant_id, message_id, attachment_id),
    FOREIGN KEY (tenant_id, message_id) REFERENCES messages (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, attachment_id) REFERENCES attachments (tenant_id, id)
);
CREATE INDEX message_attachments_by_attachment ON message_attachments (tenant_id, attachment_id);

-- How much a tenant stores, kept with every change.
CREATE TABLE attachment_quotas (
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    used_bytes BIGINT NOT NULL DEFAULT 0 CHECK (used_bytes >= 0),
    PRIMARY KEY (tenant_id)
);

SELECT protect_tenant_table('attachments');
SELECT protect_tenant_table('attachment_contents');
SELECT protect_tenant_table('message_attachments');
SELECT protect_tenant_table('attachment_quotas');
