-- Turns that wait for a person, models chosen per turn, notes on devices.

-- Until when a turn waits for its person; NULL: it does not. A waiting turn is nobody's: no process holds its lease.
ALTER TABLE turns ADD COLUMN waiting_until INTEGER;
CREATE INDEX turns_waiting ON turns (waiting_until) WHERE waiting_until IS NOT NULL;
-- The name of the model that wrote an answer, as people see it.
ALTER TABLE messages ADD COLUMN model TEXT;

-- Where a turn goes on that waited: whoever takes it continues from here. Gone when the turn has gone on or ended.
CREATE TABLE turn_checkpoints (
    tenant_id BLOB NOT NULL,
    turn_id BLOB NOT NULL,
    -- JSON of turns::park::Checkpoint.
    state TEXT NOT NULL,
    PRIMARY KEY (tenant_id, turn_id),
    FOREIGN KEY (tenant_id, turn_id) REFERENCES turns (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Tool calls that ask. `allowed` to `running` happens once, before the call: what was running when a process died is
-- `lost` and never run again.
CREATE TABLE tool_questions (
    tenant_id BLOB NOT NULL,
    turn_id BLOB NOT NULL,
    -- The model's id of the call.
    call_id TEXT NOT NULL,
    tool TEXT NOT NULL,
    -- How often this call has asked, from 1.
    round INTEGER NOT NULL CHECK (round >= 1),
    state TEXT NOT NULL CHECK (state IN ('asked', 'allowed', 'denied', 'expired', 'running', 'done', 'lost')),
    -- JSON of app::model::Wish.
    wish TEXT NOT NULL,
    -- JSON: what it is run with, answers included.
    arguments TEXT NOT NULL,
    -- JSON of app::model::Decision.
    decision TEXT,
    -- JSON of turns::batch::Outcome, once done.
    outcome TEXT,
    asked_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    decided_at INTEGER,
    decided_by BLOB,
    PRIMARY KEY (tenant_id, turn_id, call_id),
    FOREIGN KEY (tenant_id, turn_id) REFERENCES turns (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Tools that need not ask again in a conversation.
CREATE TABLE tool_grants (
    tenant_id BLOB NOT NULL,
    conversation_id BLOB NOT NULL,
    tool TEXT NOT NULL,
    granted_by BLOB NOT NULL,
    granted_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, conversation_id, tool),
    FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversations (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Operators' notes on devices.
CREATE TABLE device_notes (
    tenant_id BLOB NOT NULL,
    -- As people name it; never used twice at the same time.
    number INTEGER NOT NULL CHECK (number > 0),
    device_id INTEGER NOT NULL,
    -- The instant it is about.
    at INTEGER NOT NULL,
    text TEXT NOT NULL,
    author TEXT NOT NULL,
    created_by BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, number),
    FOREIGN KEY (tenant_id, device_id) REFERENCES en_device (tenant_id, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX device_notes_by_device ON device_notes (tenant_id, device_id, at);
