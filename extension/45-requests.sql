-- What people ask of a link: written down here, in their own transaction, and carried out by net
-- after the commit. They only add rows: a transaction that is left open after notion.pause holds
-- nothing that the worker, its webhooks included, would have to wait for.

CREATE FUNCTION notion.request(link integer, kind text, args jsonb) RETURNS bigint
    LANGUAGE sql
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT notion.wake();
    INSERT INTO notion.requests (link, kind, args, asked_by)
    VALUES (request.link, request.kind, request.args, session_user)
    RETURNING requests.id;
END;
COMMENT ON FUNCTION notion.request(integer, text, jsonb) IS
    'writes down what was asked of a link; net carries it out after the commit';
REVOKE ALL ON FUNCTION notion.request(integer, text, jsonb) FROM PUBLIC;

-- A view, since views read with their owner's rights what pg_monitor may not read by itself.
CREATE VIEW notion.wished_states AS
SELECT l.id AS link,
       CASE r.kind WHEN 'pause' THEN 'paused'
                   WHEN 'resume' THEN CASE WHEN l.synced_at IS NULL THEN 'new' ELSE 'active' END
                   ELSE l.state END AS state,
       CASE r.kind WHEN 'pause' THEN r.args ->> 'why'
                   WHEN 'resume' THEN NULL ELSE l.reason END AS reason
  FROM notion.links l
  LEFT JOIN LATERAL (SELECT q.kind, q.args FROM notion.requests q
                      WHERE q.link = l.id AND q.kind IN ('pause', 'resume')
                      ORDER BY q.id DESC LIMIT 1) r ON true;
COMMENT ON VIEW notion.wished_states IS
    'state and reason of each link once net has carried out what was asked';

CREATE FUNCTION notion.serve_pause(link integer, why text) RETURNS void
    LANGUAGE sql
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    UPDATE notion.links l SET state = 'paused', reason = serve_pause.why
     WHERE l.id = serve_pause.link AND l.state IN ('new', 'active', 'resting');
END;
REVOKE ALL ON FUNCTION notion.serve_pause(integer, text) FROM PUBLIC;
COMMENT ON FUNCTION notion.serve_pause(integer, text) IS
    'carries out notion.pause';

CREATE FUNCTION notion.serve_resume(link integer, allow_deletes boolean) RETURNS void
    LANGUAGE sql
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    UPDATE notion.links l SET reason = NULL,
           state = CASE WHEN l.synced_at IS NULL THEN 'new' ELSE 'active' END,
           deletes_allowed_until = CASE WHEN serve_resume.allow_deletes
                                        THEN pg_catalog.now() + interval '1 hour' END
     WHERE l.id = serve_resume.link
       AND (l.state IN ('paused', 'resting') OR serve_resume.allow_deletes); -- also beforehand
    UPDATE notion.polls p SET next_at = pg_catalog.now(), reason = NULL
     WHERE p.link = serve_resume.link;
END;
REVOKE ALL ON FUNCTION notion.serve_resume(integer, boolean) FROM PUBLIC;
COMMENT ON FUNCTION notion.serve_resume(integer, boolean) IS
    'carries out notion.resume';

CREATE FUNCTION notion.judge_again(link integer, key text) RETURNS void
    LANGUAGE sql
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    -- Read before the row is sent: what its page shows in that field was not taken.
    INSERT INTO notion.due_pages AS d (link, page, why)
    SELECT m.link, m.page, 'what did not fit may fit now' FROM notion.mappings m
     WHERE m.link = judge_again.link AND m.key = coalesce(judge_again.key, m.key)
       AND m.page_state = 'live' AND m.held <> '{}' AND m.held::text LIKE '%"misfit: %'
        ON CONFLICT (link, page) DO UPDATE SET due = pg_catalog.now(), attempts = 0,
           why = excluded.why;
    -- Where no value of the page was ever taken, its half is no base either: it is news.
    UPDATE notion.mappings m
       SET held = m.held - j.fields,
           base = m.base || (SELECT pg_catalog.jsonb_object_agg(b.key,
                       b.value - CASE WHEN b.value ? 'p' THEN '{seen}'::text[]
                                      ELSE '{seen,n}' END)
                               FROM pg_catalog.jsonb_each(m.base) b WHERE b.key = ANY (j.fields))
      FROM (SELECT o.key, pg_catalog.array_agg(h.key) AS fields
              FROM notion.mappings o, LATERAL pg_catalog.jsonb_each_text(o.held) h
             WHERE o.link = judge_again.link AND o.held <> '{}' AND o.page_state = 'live'
               AND o.key = coalesce(judge_again.key, o.key) AND h.value LIKE 'misfit: %'
             GROUP BY o.key) j
     WHERE m.link = judge_again.link AND m.key = j.key;
END;
REVOKE ALL ON FUNCTION notion.judge_again(integer, text) FROM PUBLIC;
COMMENT ON FUNCTION notion.judge_again(integer, text) IS
    'fields of a row, or of all, that are held because what the page shows did not fit their '
    'columns: the page is read again, and judged by what the columns are now';

CREATE FUNCTION notion.serve_retry(link integer, key text) RETURNS void
    LANGUAGE sql
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    UPDATE notion.work w
       SET state = 'new', due = pg_catalog.now(), attempts = 0, refusals = 0,
           version = w.version + 1
     WHERE w.link = serve_retry.link AND w.state IN ('failed', 'held')
       AND w.key = coalesce(serve_retry.key, w.key);
    UPDATE notion.contents c SET failed = false, attempts = 0, reason = NULL,
           apply_at = pg_catalog.now(), since = pg_catalog.now(),
           due = CASE WHEN c.arrived IS NULL THEN pg_catalog.now() END
      FROM notion.mappings m
     WHERE c.link = serve_retry.link AND c.failed AND m.link = c.link AND m.page = c.page
       AND m.key = coalesce(serve_retry.key, m.key);
    UPDATE notion.snapshots s SET failed = false, due = pg_catalog.now(), attempts = 0,
           refused_at = NULL
      FROM notion.snapshots o LEFT JOIN notion.mappings m ON m.link = o.link AND m.page = o.page
     WHERE o.link = s.link AND o.page = s.page AND s.link = serve_retry.link
       AND s.reason IS NOT NULL
       AND (serve_retry.key IS NULL OR m.key = serve_retry.key OR s.page::text = serve_retry.key);
    UPDATE notion.schemas s SET next_at = pg_catalog.now()
     WHERE s.link = serve_retry.link AND EXISTS (
           SELECT FROM notion.link_columns c WHERE c.link = s.link AND c.aside IS NOT NULL);
    SELECT notion.judge_again(serve_retry.link, serve_retry.key);
END;
REVOKE ALL ON FUNCTION notion.serve_retry(integer, text) FROM PUBLIC;
COMMENT ON FUNCTION notion.serve_retry(integer, text) IS
    'carries out notion.retry';

CREATE FUNCTION notion.serve_discard(link integer, key text, actor name) RETURNS void
    LANGUAGE sql
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH gone AS (
        DELETE FROM notion.work w
         WHERE w.link = serve_discard.link AND w.key = serve_discard.key
           AND w.state IN ('failed', 'held')
        RETURNING w.reason)
    INSERT INTO notion.log (link, key, side, action, actor, outcome)
    SELECT serve_discard.link, serve_discard.key, 'postgres', 'discard', serve_discard.actor,
           coalesce(gone.reason, 'done') FROM gone;
    -- A content: the sides are left different, as if they had agreed on it.
    WITH gone AS (
        UPDATE notion.contents c SET base_row = notion.fingerprint(c.wish), wish = NULL,
               failed = false, attempts = 0
          FROM notion.mappings m
         WHERE m.link = serve_discard.link AND m.key = serve_discard.key AND c.link = m.link
           AND c.page = m.page AND c.failed AND c.wish IS NOT NULL
        RETURNING c.page, c.reason)
    INSERT INTO notion.log (link, key, page, side, action, actor, outcome)
    SELECT serve_discard.link, serve_discard.key, gone.page, 'postgres', 'discard',
           serve_discard.actor, coalesce(gone.reason, 'done') FROM gone;
    WITH gone AS (
        DELETE FROM notion.snapshots s
         WHERE s.link = serve_discard.link AND (s.failed OR s.refused_at IS NOT NULL)
           AND (s.page::text = serve_discard.key OR s.page = (
                SELECT m.page FROM notion.mappings m
                 WHERE m.link = serve_discard.link AND m.key = serve_discard.key))
        RETURNING s.page, s.reason)
    INSERT INTO notion.log (link, page, side, action, actor, outcome)
    SELECT serve_discard.link, gone.page, 'notion', 'discard', serve_discard.actor,
           coalesce(gone.reason, 'done') FROM gone;
END;
REVOKE ALL ON FUNCTION notion.serve_discard(integer, text, name) FROM PUBLIC;
COMMENT ON FUNCTION notion.serve_discard(integer, text, name) IS
    'carries out notion.discard';

CREATE FUNCTION notion.serve_touch(link integer, key text, job bigint) RETURNS void
    LANGUAGE sql
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    INSERT INTO notion.due_pages AS d (link, page, why)
    SELECT m.link, m.page, 'sync of one row' FROM notion.mappings m
     WHERE m.link = serve_touch.link AND m.key = serve_touch.key AND m.page IS NOT NULL
        ON CONFLICT (link, page) DO UPDATE SET due = pg_catalog.now(), attempts = 0,
           why = excluded.why;
    UPDATE notion.contents c SET due = pg_catalog.now(), failed = false, attempts = 0
      FROM notion.mappings m
     WHERE m.link = serve_touch.link AND m.key = serve_touch.key AND c.link = m.link
       AND c.page = m.page;
    INSERT INTO notion.work AS w (link, key) VALUES (serve_touch.link, serve_touch.key)
        ON CONFLICT (link, key) DO UPDATE
       SET version = w.version + 1, due = pg_catalog.now(), attempts = 0, reason = NULL,
           state = CASE w.state WHEN 'sending' THEN 'sending' ELSE 'new' END;
    SELECT notion.judge_again(serve_touch.link, serve_touch.key);
    UPDATE notion.jobs j SET state = 'done', done = 1, finished_at = pg_catalog.clock_timestamp()
     WHERE j.id = serve_touch.job;
END;
REVOKE ALL ON FUNCTION notion.serve_touch(integer, text, bigint) FROM PUBLIC;
COMMENT ON FUNCTION notion.serve_touch(integer, text, bigint) IS
    'carries out notion.sync of one row';

CREATE FUNCTION notion.serve_pair(link integer, key text, page uuid) RETURNS void
    LANGUAGE sql
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    -- Without a base: where the sides differ, the rule decides, and the loser is kept.
    WITH paired AS (
        INSERT INTO notion.mappings AS m (link, key, page, page_state)
        SELECT serve_pair.link, serve_pair.key, serve_pair.page, 'live'
         WHERE NOT EXISTS (SELECT FROM notion.mappings o
                            WHERE o.link = serve_pair.link AND o.page = serve_pair.page)
            ON CONFLICT (link, key) DO UPDATE
           SET page = excluded.page, page_state = 'live', base = '{}', held = '{}', reason = NULL
         WHERE m.flight = 'none' AND (m.page IS NULL OR m.page_state IN ('trashed', 'gone'))
        RETURNING m.page),
    due AS (
        INSERT INTO notion.due_pages AS d (link, page, why)
        SELECT serve_pair.link, p.page, 'paired by hand' FROM paired p
            ON CONFLICT (link, page) DO UPDATE SET due = pg_catalog.now(), attempts = 0,
               why = excluded.why),
    snapshot AS (
        DELETE FROM notion.snapshots s USING paired p
         WHERE s.link = serve_pair.link AND s.page = p.page)
    INSERT INTO notion.log (link, key, page, side, action, actor, outcome)
    SELECT serve_pair.link, serve_pair.key, serve_pair.page, 'postgres', 'pair', 'notion.pair',
           CASE WHEN EXISTS (SELECT FROM paired) THEN 'done'
                ELSE 'refused: the row or the page has another partner, or is being written' END;
END;
REVOKE ALL ON FUNCTION notion.serve_pair(integer, text, uuid) FROM PUBLIC;
COMMENT ON FUNCTION notion.serve_pair(integer, text, uuid) IS
    'carries out notion.pair';

CREATE FUNCTION notion.serve_unseen(link integer, why text) RETURNS void
    LANGUAGE sql
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    UPDATE notion.links l SET needs_sync = coalesce(serve_unseen.why, l.needs_sync)
     WHERE l.id = serve_unseen.link;
    INSERT INTO notion.jobs (kind, link, asked_by)
    SELECT 'sync', l.id, 'pg_notion' FROM notion.links l
     WHERE l.id = serve_unseen.link AND l.synced_at IS NOT NULL
       AND NOT EXISTS (SELECT FROM notion.jobs j WHERE j.link = l.id AND j.state = 'queued'
                          AND j.args ->> 'key' IS NULL);
    SELECT notion.judge_again(serve_unseen.link, NULL);
END;
REVOKE ALL ON FUNCTION notion.serve_unseen(integer, text) FROM PUBLIC;
COMMENT ON FUNCTION notion.serve_unseen(integer, text) IS
    'rows changed that no trigger saw: a sync finds them';

CREATE FUNCTION notion.serve_altered(link integer, stale text[], content boolean) RETURNS void
    LANGUAGE sql
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    UPDATE notion.mappings m SET base = m.base - coalesce(stale, '{}'),
                                 held = m.held - coalesce(stale, '{}')
     WHERE m.link = serve_altered.link
       AND (m.base ?| coalesce(stale, '{}') OR m.held ?| coalesce(stale, '{}'));
    -- Another column: its contents have not met those of the pages.
    UPDATE notion.contents c SET wish = NULL, guarded_at = NULL, due = pg_catalog.now(),
           failed = false, attempts = 0
     WHERE c.link = serve_altered.link AND serve_altered.content;
    UPDATE notion.conflicts o
       SET state = 'closed', closed_at = pg_catalog.clock_timestamp(),
           note = 'the column is not linked any more'
     WHERE o.link = serve_altered.link AND o.state = 'open' AND o.column_name IS NOT NULL
       AND notion.field_id(o.link, o.column_name) IS NULL
       AND NOT notion.is_content(o.link, o.column_name);
    SELECT notion.serve_unseen(serve_altered.link, NULL);
END;
REVOKE ALL ON FUNCTION notion.serve_altered(integer, text[], boolean) FROM PUBLIC;
COMMENT ON FUNCTION notion.serve_altered(integer, text[], boolean) IS
    'carries out what notion.alter_link left to do';

CREATE FUNCTION notion.serve_forget(link integer) RETURNS void
    LANGUAGE sql
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    DELETE FROM notion.work w WHERE w.link = serve_forget.link;
    DELETE FROM notion.snapshots s WHERE s.link = serve_forget.link;
    DELETE FROM notion.due_pages d WHERE d.link = serve_forget.link;
    DELETE FROM notion.receipts r WHERE r.link = serve_forget.link;
    DELETE FROM notion.appends a WHERE a.link = serve_forget.link;
    DELETE FROM notion.contents c WHERE c.link = serve_forget.link;
    DELETE FROM notion.mappings m WHERE m.link = serve_forget.link;
    DELETE FROM notion.polls p WHERE p.link = serve_forget.link;
    DELETE FROM notion.waits w WHERE w.link = serve_forget.link;
    DELETE FROM notion.conflicts c WHERE c.link = serve_forget.link AND c.state = 'open';
    DELETE FROM notion.jobs j WHERE j.link = serve_forget.link AND j.finished_at IS NULL;
END;
REVOKE ALL ON FUNCTION notion.serve_forget(integer) FROM PUBLIC;
COMMENT ON FUNCTION notion.serve_forget(integer) IS
    'deletes what was kept of a link that is gone';

CREATE FUNCTION notion.serve_renamed(link integer, was name, is_now name) RETURNS void
    LANGUAGE sql
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    UPDATE notion.conflicts o SET column_name = serve_renamed.is_now
     WHERE o.link = serve_renamed.link AND o.state = 'open'
       AND o.column_name = serve_renamed.was;
END;
REVOKE ALL ON FUNCTION notion.serve_renamed(integer, name, name) FROM PUBLIC;
COMMENT ON FUNCTION notion.serve_renamed(integer, name, name) IS
    'open conflicts of a column follow its name';

CREATE FUNCTION notion.serve_request(asked notion.requests) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    CASE asked.kind
        WHEN 'pause' THEN PERFORM notion.serve_pause(asked.link, asked.args ->> 'why');
        WHEN 'resume' THEN
            PERFORM notion.serve_resume(asked.link, (asked.args ->> 'allow_deletes')::boolean);
        WHEN 'retry' THEN PERFORM notion.serve_retry(asked.link, asked.args ->> 'key');
        WHEN 'discard' THEN
            PERFORM notion.serve_discard(asked.link, asked.args ->> 'key',
                                         (asked.args ->> 'actor')::name);
        WHEN 'touch' THEN
            PERFORM notion.serve_touch(asked.link, asked.args ->> 'key',
                                       (asked.args ->> 'job')::bigint);
        WHEN 'pair' THEN
            PERFORM notion.serve_pair(asked.link, asked.args ->> 'key',
                                      (asked.args ->> 'page')::uuid);
        WHEN 'judge' THEN PERFORM notion.judge_again(asked.link, NULL);
        WHEN 'unseen' THEN PERFORM notion.serve_unseen(asked.link, asked.args ->> 'why');
        WHEN 'altered' THEN
            PERFORM notion.serve_altered(asked.link, CASE jsonb_typeof(asked.args -> 'stale')
                WHEN 'array' THEN ARRAY(SELECT jsonb_array_elements_text(
                                            asked.args -> 'stale')) END,
                coalesce((asked.args ->> 'content')::boolean, false));
        WHEN 'renamed' THEN
            PERFORM notion.serve_renamed(asked.link, (asked.args ->> 'was')::name,
                                         (asked.args ->> 'is_now')::name);
        WHEN 'follow' THEN
            PERFORM notion.serve_follow(asked.link, ARRAY(SELECT jsonb_array_elements_text(
                                                              asked.args -> 'keys')));
        WHEN 'forget' THEN PERFORM notion.serve_forget(asked.link);
        WHEN 'resolve' THEN PERFORM notion.serve_resolve(asked.args);
        WHEN 'forget row' THEN
            IF NOT notion.serve_erasure(asked.link, asked.args ->> 'key',
                                        (asked.args ->> 'erasure')::bigint) THEN
                -- Asked again at the next round: what is on its way ends with one.
                INSERT INTO notion.requests (link, kind, args, asked_by, asked_at)
                VALUES (asked.link, asked.kind, asked.args, asked.asked_by, asked.asked_at);
            END IF;
        ELSE NULL; -- of a newer version
    END CASE;
EXCEPTION WHEN data_exception OR integrity_constraint_violation OR raise_exception THEN
    -- Tried again it would fail again, and hold up all that others ask.
    INSERT INTO notion.log (link, side, action, actor, outcome)
    VALUES (asked.link, 'postgres', asked.kind, asked.asked_by, 'not carried out: ' || SQLERRM);
    RAISE WARNING 'request % (%) was not carried out: %', asked.id, asked.kind, SQLERRM;
END
$$;
REVOKE ALL ON FUNCTION notion.serve_request(notion.requests) FROM PUBLIC;
COMMENT ON FUNCTION notion.serve_request(notion.requests) IS
    'carries out what was asked; what cannot be is said in notion.log and the server''s log, and '
    'holds up nothing else';

CREATE FUNCTION notion.serve_requests() RETURNS boolean
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    asked notion.requests;
    served boolean := false;
BEGIN
    FOR asked IN
        -- A link that someone alters, or drops, in an open transaction waits for its end; so does
        -- forgetting one whose rows are being paired.
        WITH free AS (
            SELECT l.id FROM notion.links l
             WHERE l.id IN (SELECT r.link FROM notion.requests r) FOR UPDATE SKIP LOCKED),
        taken AS (
            DELETE FROM notion.requests r
             WHERE r.link IN (SELECT f.id FROM free f)
                OR NOT EXISTS (SELECT FROM notion.links l WHERE l.id = r.link)
                   AND NOT EXISTS (SELECT FROM notion.jobs j
                                    WHERE j.link = r.link AND j.state = 'pairing')
            RETURNING r.*)
        SELECT t.* FROM taken t ORDER BY t.id
    LOOP
        served := true;
        PERFORM notion.serve_request(asked);
    END LOOP;
    RETURN served;
END
$$;
REVOKE ALL ON FUNCTION notion.serve_requests() FROM PUBLIC;
COMMENT ON FUNCTION notion.serve_requests() IS
    'net''s part: carries out what was asked, in the order of asking; true if there was anything';
