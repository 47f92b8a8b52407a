-- Pins, archive, forks, feedback, edited answers, and what search looks through.
ALTER TABLE conversations
    ADD COLUMN pinned BOOLEAN NOT NULL DEFAULT FALSE,
    ADD COLUMN archived BOOLEAN NOT NULL DEFAULT FALSE,
    -- The conversation and the message this one was forked from. No foreign keys: it outlives them.
    ADD COLUMN forked_from UUID,
    ADD COLUMN forked_at UUID,
    ADD CONSTRAINT pinned_or_archived CHECK (NOT (pinned AND archived));
-- A page of the inbox or of the archive is read in order, whatever else there is.
DROP INDEX conversations_by_person;
CREATE INDEX conversations_in_folder ON conversations (tenant_id, user_id, archived, pinned, updated_at, id)
    WHERE deleted_at IS NULL;

ALTER TABLE messages
    -- What the person thinks of an answer.
    ADD COLUMN feedback TEXT CHECK (feedback IN ('up', 'down')),
    -- The person's own words in the place of an answer.
    ADD COLUMN edited BOOLEAN NOT NULL DEFAULT FALSE,
    -- Search knows its words. FALSE: it is being written, or older than search (indexed little by little after a start).
    ADD COLUMN searchable BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX messages_unsearchable ON messages (tenant_id, id) WHERE searchable = FALSE;

-- One row per title and per message with text.
CREATE TABLE search_entries (
    tenant_id UUID NOT NULL,
    -- The message, or the conversation for its title.
    id UUID NOT NULL,
    doc BIGINT GENERATED ALWAYS AS IDENTITY,
    conversation_id UUID NOT NULL,
    user_id UUID NOT NULL,
    is_title BOOLEAN NOT NULL,
    written_at BIGINT NOT NULL,
    -- Made by db::search: each word behind its person's mark, so one person's words are a part of the index of its own.
    words TSVECTOR NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversations (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX search_entries_by_conversation ON search_entries (tenant_id, conversation_id);
-- The newest of a person first.
CREATE UNIQUE INDEX search_entries_by_person ON search_entries (tenant_id, user_id, doc);
-- A short list of words that wait to be sorted in: every search reads all of it.
CREATE INDEX search_entries_words ON search_entries USING gin (words) WITH (gin_pending_list_limit = 256);

SELECT protect_tenant_table('search_entries');
-- Under row-level security PostgreSQL cannot use the index for `@@` (the operator is not "leakproof"), so one function
-- asks as the owner of the table. It lets nobody see more: it says itself whose rows it reads, and the tenant is the
-- transaction's own.
CREATE POLICY for_search ON search_entries TO CURRENT_USER USING (TRUE);
-- First the person's newest rows are looked through one by one: words that are everywhere are found there soon enough,
-- while the index would give all of them. Only what is missing then comes from the index, and those words are rare.
CREATE FUNCTION search_candidates(wanted TEXT, in_tenant UUID, of_user UUID, at_most BIGINT)
RETURNS TABLE (id UUID, conversation_id UUID, is_title BOOLEAN, written_at BIGINT, score DOUBLE PRECISION)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp
-- Whatever the statistics say (a new table has none): by the one index in its order, then by the other, then row by row.
SET enable_sort = off SET enable_seqscan = off SET jit = off AS $$
DECLARE
    query CONSTANT TSQUERY := CAST(wanted AS TSQUERY);
    docs BIGINT[];
    older BIGINT[];
    looked_at_from BIGINT;
BEGIN
    IF in_tenant IS DISTINCT FROM app_tenant() THEN
        RETURN;
    END IF;
    SELECT e.doc INTO looked_at_from FROM search_entries e WHERE e.tenant_id = in_tenant AND e.user_id = of_user
    ORDER BY e.doc DESC OFFSET 3000 LIMIT 1;
    docs := ARRAY(SELECT e.doc FROM search_entries e
        WHERE e.tenant_id = in_tenant AND e.user_id = of_user AND e.doc > COALESCE(looked_at_from, 0) AND e.words @@ query
        ORDER BY e.doc DESC LIMIT at_most);
    IF looked_at_from IS NOT NULL AND cardinality(docs) < at_most THEN
        WITH found AS MATERIALIZED (
            SELECT e.doc, e.tenant_id, e.user_id FROM search_entries e WHERE e.words @@ query)
        SELECT ARRAY(SELECT f.doc FROM found f
            WHERE f.tenant_id = in_tenant AND f.user_id = of_user AND f.doc <= looked_at_from
            ORDER BY f.doc DESC LIMIT at_most - cardinality(docs)) INTO older;
        docs := docs || older;
    END IF;
    RETURN QUERY SELECT e.id, e.conversation_id, e.is_title, e.written_at,
        CAST(ts_rank_cd(e.words, query, 1) AS DOUBLE PRECISION)
    FROM unnest(docs) AS chosen (doc) CROSS JOIN LATERAL (
        SELECT * FROM search_entries f WHERE f.tenant_id = in_tenant AND f.user_id = of_user AND f.doc = chosen.doc LIMIT 1) e
    WHERE (SELECT c.deleted_at IS NULL FROM conversations c WHERE c.tenant_id = in_tenant AND c.id = e.conversation_id);
END $$;
