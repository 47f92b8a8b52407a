-- Conversations, their message trees, turns and their event logs. The books (0005) never hang on these rows.
CREATE TABLE conversations (
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    id UUID NOT NULL,
    user_id UUID NOT NULL REFERENCES users (id),
    title TEXT NOT NULL,
    -- A person's title is never overwritten by the automatic one.
    title_source TEXT NOT NULL DEFAULT 'auto' CHECK (title_source IN ('auto', 'person')),
    -- The message written last: where the conversation opens. No foreign key: it would be a circle.
    current_leaf UUID,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    -- Hidden; removed for good after the time to undo.
    deleted_at BIGINT,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX conversations_by_person ON conversations (tenant_id, user_id, updated_at, id);
CREATE INDEX conversations_deleted ON conversations (deleted_at) WHERE deleted_at IS NOT NULL;

CREATE TABLE messages (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    conversation_id UUID NOT NULL,
    -- NULL: a first message. Messages with the same parent are alternatives.
    parent_id UUID,
    author TEXT NOT NULL CHECK (author IN ('user', 'assistant')),
    status TEXT NOT NULL CHECK (status IN ('complete', 'running', 'stopped', 'failed')),
    -- JSON array of app::model::Part: what people see.
    parts TEXT NOT NULL DEFAULT '[]',
    -- JSON array of models::Message: what the model must see again. NULL: the text of the parts.
    model_content TEXT,
    -- Size of what the model must see again, so that a prompt is cut to size without reading what does not fit.
    model_bytes BIGINT NOT NULL DEFAULT 0,
    -- JSON of app::model::TurnError; failed ones only.
    error TEXT,
    -- JSON of app::model::TurnUsage: what writing it cost, once it is over.
    usage TEXT,
    -- The turn that wrote this or was started by it. No foreign key: it would be a circle.
    turn_id UUID NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversations (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, parent_id) REFERENCES messages (tenant_id, id)
);
-- The newest child is one look-up.
CREATE INDEX messages_by_parent ON messages (tenant_id, parent_id, created_at, id);
CREATE INDEX messages_by_conversation ON messages (tenant_id, conversation_id);

CREATE TABLE turns (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    conversation_id UUID NOT NULL,
    user_id UUID NOT NULL REFERENCES users (id),
    -- The client's idempotency key.
    key UUID NOT NULL,
    user_message_id UUID NOT NULL,
    assistant_message_id UUID NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('running', 'finished', 'stopped', 'failed')),
    -- Who writes it, and until when nobody else may: the fence of every write to a running turn.
    lease_token UUID NOT NULL,
    lease_until BIGINT NOT NULL,
    stop_requested BOOLEAN NOT NULL DEFAULT FALSE,
    model TEXT NOT NULL,
    request_id TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    finished_at BIGINT,
    -- Sequence number of the last event written; of the terminal one when it is over.
    last_seq BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, user_id, key),
    FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversations (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX turns_running ON turns (tenant_id, user_id, conversation_id) WHERE status = 'running';
CREATE INDEX turns_leased ON turns (lease_until) WHERE status = 'running';
CREATE INDEX turns_by_conversation ON turns (tenant_id, conversation_id);

-- The log of a running turn; folded into its message when it ends.
CREATE TABLE turn_events (
    tenant_id UUID NOT NULL,
    turn_id UUID NOT NULL,
    seq BIGINT NOT NULL,
    -- JSON of app::model::TurnEvent.
    payload TEXT NOT NULL,
    PRIMARY KEY (tenant_id, turn_id, seq),
    FOREIGN KEY (tenant_id, turn_id) REFERENCES turns (tenant_id, id) ON DELETE CASCADE
);

SELECT protect_tenant_table('conversations');
SELECT protect_tenant_table('messages');
SELECT protect_tenant_table('turns');
SELECT protect_tenant_table('turn_events');
