-- What is asked of a link: sync, pause, resume, retry, discard. notion.plan has a file of its own.

CREATE FUNCTION notion.sync("table" regclass, match name DEFAULT NULL, prefer text DEFAULT NULL)
    RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    linked integer := notion.link_id("table");
    job bigint;
BEGIN
    IF prefer NOT IN ('postgres', 'notion') THEN
        RAISE EXCEPTION 'prefer must be postgres or notion, not "%"', prefer
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    match := notion.match_column(linked, match);
    -- Calls coalesce: a sync that has not begun does what this one asks.
    SELECT j.id INTO job FROM notion.jobs j
     WHERE j.link = linked AND j.kind = 'sync' AND j.state = 'queued'
       AND j.args = jsonb_build_object('match', match, 'prefer', prefer)
       FOR UPDATE SKIP LOCKED LIMIT 1;
    IF job IS NULL THEN
        INSERT INTO notion.jobs (kind, link, args, asked_by)
        VALUES ('sync', linked, jsonb_build_object('match', match, 'prefer', prefer),
                notion.invoker())
        RETURNING id INTO job;
    END IF;
    PERFORM notion.wake();
    RETURN job;
END
$$;
COMMENT ON FUNCTION notion.sync(regclass, name, text) IS
    'Asks the worker for a first or repairing sync; returns the number of the job '
    '(notion.jobs), which obeys ROLLBACK. match: a linked column, a natural key by which rows'
    ' and pages that know nothing of each other are paired ("email" or "{email}"). prefer: '
    'postgres or notion, whose values win where matched pairs differ; without it the job '
    'fails and says how many do. Errors: 42501, 42704 not linked, 22023, 42703 no such '
    'column.';

CREATE FUNCTION notion.match_column(link integer, match name) RETURNS name
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    wanted name := btrim(match::text, '{} ')::name;
BEGIN
    IF wanted IS NOT NULL AND NOT EXISTS (
        SELECT FROM notion.link_columns c
         WHERE c.link = match_column.link AND c.column_name = wanted AND NOT c.is_marker) THEN
        RAISE EXCEPTION 'column "%" is not linked', wanted USING ERRCODE = 'undefined_column',
            HINT = 'match names a linked column that both sides know, an e-mail address say.';
    END IF;
    RETURN wanted;
END
$$;
COMMENT ON FUNCTION notion.match_column(integer, name) IS
    'the column that match => names, as "email" or "{email}"; raises 42703 where it is not '
    'linked';

CREATE FUNCTION notion.pause("table" regclass) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    UPDATE notion.links l SET state = 'paused', reason = 'paused by ' || notion.invoker()
     WHERE l.id = notion.link_id("table") AND l.state IN ('active', 'resting');
END;
COMMENT ON FUNCTION notion.pause(regclass) IS
    'Nothing is sent or taken until notion.resume; changes are still captured. Errors: 42501,'
    ' 42704.';

CREATE FUNCTION notion.resume("table" regclass, allow_deletes boolean DEFAULT false)
    RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    UPDATE notion.links l SET reason = NULL,
           state = CASE WHEN l.synced_at IS NULL THEN 'new' ELSE 'active' END,
           deletes_allowed_until = CASE WHEN resume.allow_deletes
                                        THEN pg_catalog.now() + interval '1 hour' END
     WHERE l.id = notion.link_id("table") AND l.state IN ('paused', 'resting');
    UPDATE notion.polls p SET next_at = pg_catalog.now(), reason = NULL
     WHERE p.link = notion.link_id("table");
    SELECT notion.wake();
END;
COMMENT ON FUNCTION notion.resume(regclass, boolean) IS
    'Takes a paused or resting link up again. allow_deletes: for an hour the brake lets pass what '
    'it stopped. Errors: 42501, 42704.';

CREATE FUNCTION notion.retry("table" regclass, key text DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    linked integer := notion.link_id("table");
    rows bigint;
    pages bigint;
BEGIN
    UPDATE notion.work w SET state = 'new', due = now(), attempts = 0, version = version + 1
     WHERE w.link = linked AND w.state IN ('failed', 'held') AND w.key = coalesce(retry.key, w.key);
    GET DIAGNOSTICS rows = ROW_COUNT;
    UPDATE notion.snapshots s SET failed = false, due = now(), attempts = 0
      FROM notion.snapshots o LEFT JOIN notion.mappings m ON m.link = o.link AND m.page = o.page
     WHERE o.link = s.link AND o.page = s.page AND s.link = linked AND s.failed
       AND (retry.key IS NULL OR m.key = retry.key OR s.page::text = retry.key);
    GET DIAGNOSTICS pages = ROW_COUNT;
    PERFORM notion.wake();
    RETURN rows + pages;
END
$$;
COMMENT ON FUNCTION notion.retry(regclass, text) IS
    'Tries again what notion.failures lists for the table, or for one key (or page id, where '
    'the page has no row); returns how many. Errors: 42501, 42704.';

CREATE FUNCTION notion.discard("table" regclass, key text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    linked integer := notion.link_id("table");
    rows bigint;
    pages bigint;
BEGIN
    WITH gone AS (
        DELETE FROM notion.work w
         WHERE w.link = linked AND w.key = discard.key AND w.state IN ('failed', 'held')
        RETURNING w.reason)
    INSERT INTO notion.log (link, key, side, action, actor, outcome)
    SELECT linked, discard.key, 'postgres', 'discard', notion.invoker(), gone.reason FROM gone;
    GET DIAGNOSTICS rows = ROW_COUNT;
    WITH gone AS (
        DELETE FROM notion.snapshots s
         WHERE s.link = linked AND s.failed AND s.page::text = discard.key
        RETURNING s.page, s.reason)
    INSERT INTO notion.log (link, page, side, action, actor, outcome)
    SELECT linked, gone.page, 'notion', 'discard', notion.invoker(), gone.reason FROM gone;
    GET DIAGNOSTICS pages = ROW_COUNT;
    RETURN rows + pages;
END
$$;
COMMENT ON FUNCTION notion.discard(regclass, text) IS
    'Gives up one failed change of a row (by key) or of a page without a row (by page id): '
    'the sides stay different until either changes again; the log keeps it. Returns how many.'
    ' Errors: 42501, 42704.';

CREATE FUNCTION notion.pending("table" regclass) RETURNS bigint
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    linked integer := notion.link_id("table");
    kept notion.links;
BEGIN
    SELECT * INTO kept FROM notion.links l WHERE l.id = linked;
    IF kept.state IN ('paused', 'resting') THEN
        RAISE EXCEPTION 'the link of % is %: %', "table", kept.state, kept.reason
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'Mend the cause, then SELECT notion.resume(''' || "table"::text || ''').';
    END IF;
    IF kept.state = 'new' AND NOT EXISTS (
        SELECT FROM notion.jobs j WHERE j.link = linked AND j.finished_at IS NULL) THEN
        RAISE EXCEPTION '% was never synced: nothing is sent before the first sync', "table"
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = coalesce((SELECT 'The last sync failed: ' || j.reason FROM notion.jobs j
                                      WHERE j.link = linked AND j.state = 'failed'
                                      ORDER BY j.id DESC LIMIT 1), 'No sync was asked for.'),
                  HINT = 'SELECT * FROM notion.plan(…) shows what a sync would do; '
                         'SELECT notion.sync(…) does it.';
    END IF;
    RETURN (SELECT coalesce(sum(cardinality(o.keys)), 0) FROM notion.outbox o
             WHERE o.link = linked)
         + (SELECT count(*) FROM notion.work w
             WHERE w.link = linked AND w.state NOT IN ('failed', 'held'))
         + (SELECT count(*) FROM notion.mappings m
             WHERE m.link = linked AND m.flight <> 'none')
         + (SELECT count(*) FROM notion.snapshots s WHERE s.link = linked AND NOT s.failed)
         + (SELECT count(*) FROM notion.jobs j
             WHERE j.link = linked AND j.finished_at IS NULL);
END
$$;
COMMENT ON FUNCTION notion.pending(regclass) IS
    'How much is under way for a link: captured keys, dirty rows, flights, snapshots, jobs; '
    '0: in step, failures apart. Errors: 42501, 42704, 55000 while the link is paused or was '
    'never synced.';

CREATE PROCEDURE notion.flush("table" regclass, timeout interval DEFAULT '5 min')
    LANGUAGE c AS 'MODULE_PATHNAME', 'notion_flush';
COMMENT ON PROCEDURE notion.flush(regclass, interval) IS
    'Waits until everything committed before is in step with Notion, or set aside as a '
    'failure. Holds no transaction while it waits. Errors: 25000 inside a transaction block, '
    '42501, 42704, 55000 when the timeout has passed, or the link is paused or was never '
    'synced.';
