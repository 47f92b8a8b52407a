-- Pins, archive, forks, feedback, edited answers, and what search looks through.
ALTER TABLE conversations ADD COLUMN pinned INTEGER NOT NULL DEFAULT FALSE;
ALTER TABLE conversations ADD COLUMN archived INTEGER NOT NULL DEFAULT FALSE CHECK (NOT (pinned AND archived));
-- The conversation and the message this one was forked from. No foreign keys: it outlives them.
ALTER TABLE conversations ADD COLUMN forked_from BLOB;
ALTER TABLE conversations ADD COLUMN forked_at BLOB;
-- A page of the inbox or of the archive is read in order, whatever else there is.
DROP INDEX conversations_by_person;
CREATE INDEX conversations_in_folder ON conversations (tenant_id, user_id, archived, pinned, updated_at, id)
    WHERE deleted_at IS NULL;

-- What the person thinks of an answer.
ALTER TABLE messages ADD COLUMN feedback TEXT CHECK (feedback IN ('up', 'down'));
-- The person's own words in the place of an answer.
ALTER TABLE messages ADD COLUMN edited INTEGER NOT NULL DEFAULT FALSE;
-- Search knows its words. FALSE: it is being written, or older than search (indexed little by little after a start).
ALTER TABLE messages ADD COLUMN searchable INTEGER NOT NULL DEFAULT FALSE;
CREATE INDEX messages_unsearchable ON messages (tenant_id, id) WHERE searchable = FALSE;

-- One row per title and per message with text.
CREATE TABLE search_entries (
    tenant_id BLOB NOT NULL,
    -- The message, or the conversation for its title.
    id BLOB NOT NULL,
    -- The row of the full-text index; explicit, so that VACUUM keeps it.
    doc INTEGER PRIMARY KEY,
    conversation_id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    is_title INTEGER NOT NULL,
    written_at INTEGER NOT NULL,
    -- Made by db::search: each word behind its person's mark, so one person's words are a part of the index of its own.
    words TEXT NOT NULL,
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversations (tenant_id, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX search_entries_by_conversation ON search_entries (tenant_id, conversation_id);

-- The words are folded and cut before they come here: nothing is left to do for a tokenizer.
CREATE VIRTUAL TABLE search_index USING fts5(words, content='search_entries', content_rowid='doc', tokenize='ascii');
CREATE TRIGGER search_entries_added AFTER INSERT ON search_entries BEGIN
    INSERT INTO search_index (rowid, words) VALUES (NEW.doc, NEW.words);
END;
CREATE TRIGGER search_entries_removed AFTER DELETE ON search_entries BEGIN
    INSERT INTO search_index (search_index, rowid, words) VALUES ('delete', OLD.doc, OLD.words);
END;
