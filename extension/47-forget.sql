-- Forgetting a row: every trace of its values, in tables, indexes and what is kept of them.
-- Deleting is not enough: dead rows stay in the files until the tables are rewritten. The worker
-- does that as soon as no transaction can see the old rows any more.

-- Statistics keep samples of values, and nothing here is planned by them.
DO $statistics$
DECLARE
    c record;
BEGIN
    FOR c IN SELECT a.attrelid::regclass AS held_by, a.attname
               FROM pg_catalog.pg_attribute a
              WHERE a.attrelid IN ('notion.mappings'::regclass, 'notion.work'::regclass,
                                   'notion.outbox'::regclass, 'notion.snapshots'::regclass,
                                   'notion.log'::regclass, 'notion.conflicts'::regclass,
                                   'notion.appends'::regclass, 'notion.contents'::regclass,
                                   'notion.requests'::regclass, 'notion.jobs'::regclass,
                                   'notion.waits'::regclass, 'notion.arrivals'::regclass)
                AND a.attnum > 0 AND a.atttypid IN ('text'::regtype, 'jsonb'::regtype,
                                                    'text[]'::regtype) LOOP
        EXECUTE pg_catalog.format('ALTER TABLE %s ALTER %I SET STATISTICS 0', c.held_by, c.attname);
    END LOOP;
END
$statistics$;

CREATE TABLE notion.erasures (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    link integer NOT NULL,
    xid xid8,                           -- of the deletion; null: not yet
    asked_at timestamptz NOT NULL DEFAULT now(),
    asked_by name NOT NULL,
    done_at timestamptz,
    reason text
);
COMMENT ON TABLE notion.erasures IS
    'calls of notion.forget; done_at: when no file of the database held the values any more; '
    'reason: what it waits for';
ALTER TABLE notion.erasures ENABLE ROW LEVEL SECURITY;
CREATE POLICY owner ON notion.erasures FOR SELECT USING (notion.sees(link));
GRANT SELECT ON notion.erasures TO PUBLIC;

CREATE FUNCTION notion.is_on_its_way(link integer, key text) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT EXISTS (SELECT FROM notion.mappings m WHERE m.link = is_on_its_way.link
                      AND m.key = is_on_its_way.key AND m.flight <> 'none')
        OR EXISTS (SELECT FROM notion.work w WHERE w.link = is_on_its_way.link
                      AND w.key = is_on_its_way.key AND w.state IN ('new', 'wish', 'sending'))
        OR EXISTS (SELECT FROM notion.mappings m JOIN notion.contents c USING (link, page)
                    WHERE m.link = is_on_its_way.link AND m.key = is_on_its_way.key
                      AND c.flight IN ('sending', 'unknown', 'settled'))
        OR EXISTS (SELECT FROM notion.outbox o WHERE o.link = is_on_its_way.link
                      AND is_on_its_way.key = ANY (o.keys));
END;
REVOKE ALL ON FUNCTION notion.is_on_its_way(integer, text) FROM PUBLIC;
COMMENT ON FUNCTION notion.is_on_its_way(integer, text) IS
    'whether a change of a row is queued, or being written to Notion';

CREATE FUNCTION notion.serve_forget_row(forgotten_link integer, forgotten text) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    mapped notion.mappings;
BEGIN
    SELECT * INTO mapped FROM notion.mappings m
     WHERE m.link = forgotten_link AND m.key = forgotten FOR UPDATE;
    DELETE FROM notion.log g
     WHERE g.link = forgotten_link AND (g.key = forgotten OR g.page = mapped.page)
        OR g.link IS NULL AND g.page = mapped.page; -- through a foreign table
    DELETE FROM notion.appends a WHERE a.link = forgotten_link AND a.state = 'done'
       AND (a.key = forgotten OR a.page = mapped.page);
    DELETE FROM notion.conflicts c WHERE c.link = forgotten_link AND c.key = forgotten
       AND (c.state = 'closed' OR mapped.row_state IS DISTINCT FROM 'present');
    IF mapped.row_state IS NOT DISTINCT FROM 'present' THEN
        RETURN;
    END IF;
    DELETE FROM notion.work w WHERE w.link = forgotten_link AND w.key = forgotten;
    DELETE FROM notion.snapshots s WHERE s.link = forgotten_link AND s.page = mapped.page;
    DELETE FROM notion.due_pages d WHERE d.link = forgotten_link AND d.page = mapped.page;
    DELETE FROM notion.receipts r WHERE r.link = forgotten_link AND r.page = mapped.page;
    DELETE FROM notion.contents c WHERE c.link = forgotten_link AND c.page = mapped.page;
    DELETE FROM notion.inbox i WHERE i.entity = mapped.page::text;
    DELETE FROM notion.jobs j WHERE j.link = forgotten_link AND j.args ->> 'key' = forgotten;
    DELETE FROM notion.waits w WHERE w.link = forgotten_link
       AND w.key IN (forgotten, mapped.page::text);
    DELETE FROM notion.mappings m WHERE m.link = forgotten_link AND m.key = forgotten;
    -- A page that lives on must not come back as a new one: its id is remembered, and no more.
    INSERT INTO notion.mappings (link, key, page, row_state, page_state, held, edited, fence)
    SELECT forgotten_link, 'forgotten:' || mapped.page, mapped.page, 'deleted', mapped.page_state,
           '{"*": "forgotten"}', mapped.edited, mapped.fence
     WHERE mapped.page IS NOT NULL;
END
$$;
REVOKE ALL ON FUNCTION notion.serve_forget_row(integer, text) FROM PUBLIC;
COMMENT ON FUNCTION notion.serve_forget_row(integer, text) IS
    'deletes what is kept of a row''s values';

CREATE FUNCTION notion.serve_erasure(link integer, key text, erasure bigint) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF notion.is_on_its_way(link, key) THEN
        UPDATE notion.erasures e SET reason = 'a change of the row is on its way to Notion'
         WHERE e.id = erasure AND e.reason IS NULL;
        RETURN false;
    END IF;
    PERFORM notion.serve_forget_row(link, key);
    UPDATE notion.erasures e SET xid = pg_current_xact_id(), reason = NULL WHERE e.id = erasure;
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION notion.serve_erasure(integer, text, bigint) FROM PUBLIC;
COMMENT ON FUNCTION notion.serve_erasure(integer, text, bigint) IS
    'carries out notion.forget; false: not yet';

CREATE FUNCTION notion.forget("table" regclass, key text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    linked integer := notion.link_id("table");
    wanted text := notion.key_of(linked, key);
    erasure bigint;
BEGIN
    IF notion.is_on_its_way(linked, wanted) THEN
        RAISE EXCEPTION 'a change of row % of % is on its way to Notion', key, "table"
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'CALL notion.flush(''' || "table"::text || '''), then forget the row.';
    END IF;
    INSERT INTO notion.erasures (link, asked_by) VALUES (linked, notion.invoker())
    RETURNING id INTO erasure;
    PERFORM notion.request(linked, 'forget row',
                           jsonb_build_object('key', wanted, 'erasure', erasure));
    RETURN erasure;
END
$$;
COMMENT ON FUNCTION notion.forget(regclass, text) IS
    'Erases every trace of a row''s values: log, history, conflicts, queue and, once the row was '
    'deleted, its base and its key. key: text, or a JSON object where it has several columns. '
    'Takes effect after the commit. Delete the row first (and empty the trash in Notion): while it '
    'is there, the values that both sides agree on stay with it. The worker then rewrites the '
    'tables, so that no file of the database holds them: notion.erasures.done_at, by the number '
    'returned. Write-ahead log and backups keep theirs until they expire. Errors: 42501 not the '
    'owner, 42704 not linked, 55000 a change of the row is on its way.';
