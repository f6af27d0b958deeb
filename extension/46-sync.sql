-- What is asked of a link: sync, pause, resume, retry, discard, pair, mirror. notion.plan has a
-- file of its own; how these are carried out stands in 45-requests.sql.

CREATE FUNCTION notion.sync("table" regclass, match text DEFAULT NULL, prefer text DEFAULT NULL,
                            key text DEFAULT NULL)
    RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    linked integer := notion.link_id("table");
    job bigint;
    wanted text := notion.match_columns(linked, match)::text;
BEGIN
    IF prefer NOT IN ('postgres', 'notion') THEN
        RAISE EXCEPTION 'prefer must be postgres or notion, not "%"', prefer
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'It says whose values win where matched pairs differ; notion.plan shows '
                         'them.';
    END IF;
    IF key IS NOT NULL AND (match IS NOT NULL OR prefer IS NOT NULL) THEN
        RAISE EXCEPTION 'key goes without match and prefer'
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'One row is compared with its page and merged by the rules of the link; '
                         'notion.pair gives it a page.';
    END IF;
    IF key IS NOT NULL AND NOT EXISTS (SELECT FROM notion.links l
                                        WHERE l.id = linked AND l.synced_at IS NOT NULL) THEN
        RAISE EXCEPTION '% was never synced: nothing is sent before the first sync', "table"
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'SELECT notion.sync(…) without key is the first sync.';
    END IF;
    INSERT INTO notion.jobs (kind, link, args, asked_by)
    VALUES ('sync', linked,
            CASE WHEN key IS NULL THEN jsonb_build_object('match', wanted, 'prefer', prefer)
                 ELSE jsonb_build_object('key', notion.key_of(linked, key)) END,
            notion.invoker())
    RETURNING id INTO job;
    IF key IS NOT NULL THEN
        PERFORM notion.request(linked, 'touch', jsonb_build_object(
            'key', notion.key_of(linked, key), 'job', job));
    ELSE
        PERFORM notion.request(linked, 'judge', '{}');
    END IF;
    PERFORM notion.wake();
    RETURN job;
END
$$;
COMMENT ON FUNCTION notion.sync(regclass, text, text, text) IS
    'Asks the worker for a first or repairing sync; returns the number of the job '
    '(notion.progress), which obeys ROLLBACK; of several that ask for the same before they begin, '
    'the last is done. match: linked columns, a natural key by which rows and pages that know '
    'nothing of each other are paired ("email" or "{email}", "{first_name,last_name}"). prefer: '
    'postgres or notion, whose values win where matched pairs differ; without it the job '
    'fails and says how many do. key: one row instead, compared with its page anew. Errors: 42501, '
    '42704 not linked, 22023, 42703 no such column, 55000 a key before the first sync.';

CREATE FUNCTION notion.match_columns(link integer, match text) RETURNS text[]
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    wanted text[] := CASE WHEN btrim(match) LIKE '{%' THEN match::text[] ELSE ARRAY[match] END;
    missing text;
BEGIN
    IF match IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT w INTO missing FROM unnest(wanted) w
     WHERE NOT EXISTS (
           SELECT FROM notion.link_columns c
            WHERE c.link = match_columns.link AND c.column_name = w AND NOT c.is_marker
              AND c.refers_to IS NULL) LIMIT 1;
    IF missing IS NOT NULL OR cardinality(wanted) = 0 THEN
        RAISE EXCEPTION 'column "%" is not linked as a value that pages hold', missing
            USING ERRCODE = 'undefined_column',
            HINT = 'match names linked columns that both sides know, an e-mail address say; '
                   'neither the key nor a reference is one.';
    END IF;
    RETURN wanted;
END
$$;
COMMENT ON FUNCTION notion.match_columns(integer, text) IS
    'the columns that match => names, as "email" or "{email,name}"; raises 42703 where one is not '
    'linked';

CREATE FUNCTION notion.pause("table" regclass DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF "table" IS NOT NULL THEN
        PERFORM notion.link_id("table");
    END IF;
    PERFORM notion.request(l.id, 'pause',
                           jsonb_build_object('why', 'paused by ' || notion.invoker()))
       FROM notion.links l
      WHERE CASE WHEN "table" IS NULL THEN notion.sees(l.id) ELSE l.table_id = "table" END;
END
$$;
COMMENT ON FUNCTION notion.pause(regclass) IS
    'Nothing is sent or taken until notion.resume; changes are still captured. Without an argument '
    'every link of the tables that one owns. Takes effect at the commit, and waits for nothing. '
    'Errors: 42501, 42704.';

CREATE FUNCTION notion.resume("table" regclass DEFAULT NULL, allow_deletes boolean DEFAULT false)
    RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    faults text;
BEGIN
    IF "table" IS NOT NULL THEN
        SELECT string_agg(f, E'\n') INTO faults
          FROM notion.shape_faults(notion.link_id("table")) f;
    END IF;
    IF faults IS NOT NULL THEN
        RAISE EXCEPTION 'the link of % does not fit its tables any more', "table"
            USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = faults,
                  HINT = 'Mend the tables, or the link with notion.alter_link.';
    END IF;
    PERFORM notion.request(l.id, 'resume', jsonb_build_object('allow_deletes', allow_deletes))
       FROM notion.links l
      WHERE CASE WHEN "table" IS NOT NULL THEN l.table_id = "table"
                 ELSE notion.sees(l.id)
                      AND NOT EXISTS (SELECT FROM notion.shape_faults(l.id)) END;
END
$$;
COMMENT ON FUNCTION notion.resume(regclass, boolean) IS
    'Takes a paused or resting link up again; without a table every link of the tables that one '
    'owns, but for those that do not fit their tables. allow_deletes: for an hour the brake lets '
    'pass what it stopped, or would stop. Takes effect at the commit. Errors: 42501, 42704, 55000 '
    'a table or column was changed so that the link does not fit (DETAIL).';

CREATE FUNCTION notion.retry("table" regclass, key text DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    linked integer := notion.link_id("table");
    wanted text := notion.key_or_page(linked, key);
    found bigint;
BEGIN
    SELECT (SELECT count(*) FROM notion.work w
             WHERE w.link = linked AND w.state IN ('failed', 'held')
               AND w.key = coalesce(wanted, w.key))
         + (SELECT count(*) FROM notion.snapshots s
              LEFT JOIN notion.mappings m ON m.link = s.link AND m.page = s.page
             WHERE s.link = linked AND (s.failed OR s.refused_at IS NOT NULL)
               AND (wanted IS NULL OR m.key = wanted OR s.page::text = wanted))
         + (SELECT count(*) FROM notion.mappings m
             WHERE m.link = linked AND m.held <> '{}' AND m.held::text LIKE '%"misfit: %'
               AND m.key = coalesce(wanted, m.key)) INTO found;
    PERFORM notion.request(linked, 'retry', jsonb_build_object('key', wanted));
    RETURN found;
END
$$;
COMMENT ON FUNCTION notion.retry(regclass, text) IS
    'Tries again what notion.failures lists for the table, or for one key (or page id, where '
    'the page has no row); returns how many. Takes effect at the commit. Errors: 42501, 42704.';

CREATE FUNCTION notion.discard("table" regclass, key text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    linked integer := notion.link_id("table");
    wanted text := notion.key_or_page(linked, key);
    found bigint;
BEGIN
    SELECT (SELECT count(*) FROM notion.work w
             WHERE w.link = linked AND w.key = wanted AND w.state IN ('failed', 'held'))
         + (SELECT count(*) FROM notion.contents c JOIN notion.mappings m USING (link, page)
             WHERE m.link = linked AND m.key = wanted AND c.failed AND c.wish IS NOT NULL)
         + (SELECT count(*) FROM notion.snapshots s
              LEFT JOIN notion.mappings m ON m.link = s.link AND m.page = s.page
             WHERE s.link = linked AND (s.failed OR s.refused_at IS NOT NULL)
               AND (m.key = wanted OR s.page::text = wanted)) INTO found;
    PERFORM notion.request(linked, 'discard',
                           jsonb_build_object('key', wanted, 'actor', notion.invoker()));
    RETURN found;
END
$$;
COMMENT ON FUNCTION notion.discard(regclass, text) IS
    'Gives up the failed changes of a row (by key) or of a page without a row (by page id), and '
    'what its table refuses and is still tried again: the sides stay different until either '
    'changes again; the log keeps it. Returns how many.'
    ' Takes effect at the commit. Errors: 42501, 42704.';

CREATE FUNCTION notion.key_or_page(link integer, key text) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT FROM notion.snapshots s
                WHERE s.link = key_or_page.link AND s.page::text = key) THEN
        RETURN key;
    END IF;
    RETURN CASE WHEN key IS NOT NULL THEN notion.key_of(link, key) END;
END
$$;
COMMENT ON FUNCTION notion.key_or_page(integer, text) IS
    'a row''s key in the form in which it is kept, or the id of a page that waits';

CREATE FUNCTION notion.has_row(link integer, key text) RETURNS boolean
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    query text;
    found boolean;
BEGIN
    SELECT format('SELECT EXISTS (SELECT FROM %s t WHERE (%s) AND %s)', l.table_id::regclass,
                  coalesce(l.filter, 'true'),
                  string_agg(format('t.%I = %L::%s', k.name, p.parts[k.n], p.types[k.n]), ' AND '))
      INTO query
      FROM notion.links l
     CROSS JOIN LATERAL unnest(l.key_columns) WITH ORDINALITY k(name, n)
     CROSS JOIN LATERAL (SELECT notion.key_types(l.id) AS types,
                                notion.key_parts(key, cardinality(l.key_columns)) AS parts) p
     WHERE l.id = has_row.link GROUP BY l.id;
    EXECUTE query INTO found;
    RETURN found;
END
$$;
COMMENT ON FUNCTION notion.has_row(integer, text) IS
    'whether the linked table has a row of that key (as it is kept) that its filter lets through, '
    'with the caller''s own rights';

CREATE FUNCTION notion.pair_known(table_id regclass, key text, page uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    linked integer := notion.link_id(table_id);
    partner text;
BEGIN
    SELECT format('row %s has page %s', notion.shown_key(l.key_columns, m.key), m.page)
      INTO partner
      FROM notion.mappings m JOIN notion.links l ON l.id = m.link
     WHERE m.link = linked
       AND (m.page = pair_known.page AND m.key <> pair_known.key
            OR m.key = pair_known.key AND m.page <> pair_known.page AND m.page_state = 'live');
    IF partner IS NOT NULL THEN
        RAISE EXCEPTION 'row and page cannot be paired' USING ERRCODE = 'unique_violation',
            DETAIL = partner,
            HINT = 'A row has one page and a page one row: delete or trash the other one first.';
    END IF;
    PERFORM notion.request(linked, 'pair', jsonb_build_object('key', key, 'page', page));
END
$$;
COMMENT ON FUNCTION notion.pair_known(regclass, text, uuid) IS
    'the second half of notion.pair, for which the row is known to be there: 23505 one of them has '
    'a partner';

CREATE FUNCTION notion.pair("table" regclass, key text, page text) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    linked integer := notion.link_id("table");
    wanted text := notion.key_of(linked, key);
    wanted_page uuid := notion.data_source(page);
BEGIN
    IF wanted_page IS NULL THEN
        RAISE EXCEPTION '"%" is no page: neither a URL of Notion nor an id', page
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'In Notion: the page''s menu, "Copy link".';
    END IF;
    IF NOT notion.has_row(linked, wanted) THEN
        RAISE EXCEPTION 'table % has no row with key %', "table", key
            USING ERRCODE = 'no_data_found',
                  HINT = 'notion.pair gives a page to a row that is there, and that the link''s '
                         'filter lets through; a page without a row becomes one by itself where '
                         'the link takes from Notion.';
    END IF;
    PERFORM notion.pair_known("table", wanted, wanted_page);
END
$$;
COMMENT ON FUNCTION notion.pair(regclass, text, text) IS
    'Pairs a row, by key, with a page, by URL or id, that know nothing of each other. Where they '
    'differ, an empty side takes the other''s value, and the rule of the column decides the rest; '
    'the loser''s value is in notion.conflicts. Takes effect at the commit. Errors: 42501, 42704, '
    '22023 no page, P0002 no row with that key within the link''s filter, 23505 one of them has a '
    'partner.';

CREATE FUNCTION notion.mirror("table" text, foreign_table regclass,
                              direction text DEFAULT 'from_notion', marker name DEFAULT NULL,
                              log_values boolean DEFAULT true)
    RETURNS regclass
    LANGUAGE plpgsql
AS $$
-- Without a pinned search_path: a name without schema is the caller's to resolve, with his rights.
DECLARE
    made regclass;
    definition text;
BEGIN
    SELECT pg_catalog.string_agg(pg_catalog.format('%I %s', a.attname,
                      pg_catalog.format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum)
      INTO definition
      FROM pg_catalog.pg_attribute a
     WHERE a.attrelid = foreign_table AND a.attnum > 0 AND NOT a.attisdropped
       AND notion.option(a.attfdwoptions, 'property_id') IS NOT NULL
       AND a.attname IS DISTINCT FROM mirror.marker;
    EXECUTE pg_catalog.format(
        'CREATE TABLE %s (row_id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY%s)',
                   (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(part), '.' ORDER BY n)
                      FROM pg_catalog.unnest(pg_catalog.parse_ident("table"))
                           WITH ORDINALITY p(part, n)),
                   coalesce(', ' || definition, ''));
    made := "table"::regclass;
    PERFORM notion.link(made, foreign_table, direction, marker => mirror.marker,
                        log_values => mirror.log_values);
    PERFORM notion.sync(made, prefer => 'notion');
    RETURN made;
END
$$;
COMMENT ON FUNCTION notion.mirror(text, regclass, text, name, boolean) IS
    'Makes a table with the columns of a foreign table and a key of its own, row_id, links it, and '
    'asks for the first sync, which fills it after the commit. direction: from_notion, or both '
    'with marker, the text property that is to hold row_id. log_values: as for notion.link. '
    'Errors: those of CREATE TABLE and of notion.link.';

CREATE FUNCTION notion.pending("table" regclass) RETURNS bigint
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    linked integer := notion.link_id("table");
    kept notion.links;
    unsent text;
BEGIN
    SELECT * INTO kept FROM notion.links l WHERE l.id = linked;
    SELECT w.state, w.reason INTO kept.state, kept.reason FROM notion.wished_states w
     WHERE w.link = linked;
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
    SELECT u.reason INTO unsent FROM notion.unsent u
     WHERE u.link = linked
       AND (EXISTS (SELECT FROM notion.work w WHERE w.link = linked AND w.state = 'wish')
            OR EXISTS (SELECT FROM notion.contents c WHERE c.link = linked AND NOT c.failed
                          AND c.wish IS NOT NULL));
    IF unsent IS NOT NULL THEN
        RAISE EXCEPTION 'the link of % %', "table", unsent
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = 'Rows wait to be sent; what Notion has is taken.',
                  HINT = notion.allow_writes(NULL, kept.foreign_table_id) || '.';
    END IF;
    RETURN (SELECT coalesce(sum(cardinality(o.keys)), 0) FROM notion.outbox o
             WHERE o.link = linked)
         + (SELECT count(*) FROM notion.work w
             WHERE w.link = linked AND w.state NOT IN ('failed', 'held'))
         + (SELECT count(*) FROM notion.contents c WHERE c.link = linked AND NOT c.failed
               AND (c.wish IS NOT NULL OR c.sent IS NOT NULL))
         + (SELECT count(*) FROM notion.mappings m
             WHERE m.link = linked AND m.flight <> 'none')
         + (SELECT count(*) FROM notion.snapshots s WHERE s.link = linked AND NOT s.failed)
         + (SELECT count(*) FROM notion.due_pages d WHERE d.link = linked
               AND d.why IN ('sync of one row', 'paired by hand', 'a page of its relation came'))
         + (SELECT count(*) FROM notion.conflicts c
              JOIN notion.mappings m ON m.link = c.link AND m.key = c.key
             WHERE c.link = linked AND c.state = 'open' AND c.decided IS NOT NULL
               AND m.page_state = 'live')
         + (SELECT count(*) FROM notion.appends a
             WHERE a.link = linked AND a.state IN ('queued', 'sending', 'unknown'))
         + (SELECT count(*) FROM notion.requests r WHERE r.link = linked)
         + (SELECT count(*) FROM notion.arrivals a JOIN notion.links t ON t.id = a.link
             WHERE t.table_id IN (SELECT c.refers_to FROM notion.link_columns c
                                   WHERE c.link = linked))
         + (SELECT count(*) FROM notion.jobs j
             WHERE j.link = linked AND j.finished_at IS NULL);
END
$$;
COMMENT ON FUNCTION notion.pending(regclass) IS
    'How much is under way for a link: captured keys, dirty rows, flights, snapshots, jobs; '
    '0: in step, failures apart. Errors: 42501, 42704, 55000 while the link is paused, was '
    'never synced, or rows wait that read_only keeps from being sent.';

CREATE FUNCTION notion.pending_words("table" regclass) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT string_agg(w.words, E'\n' ORDER BY w.since) FROM (
        SELECT format('page %s waits: %s', s.page, s.reason) AS words, s.asked_at AS since
          FROM notion.snapshots s
         WHERE s.link = notion.link_id("table") AND NOT s.failed AND s.reason IS NOT NULL
        UNION ALL
        SELECT format('row %s waits: %s', w.key, w.reason), w.captured_at FROM notion.work w
         WHERE w.link = notion.link_id("table") AND w.state NOT IN ('failed', 'held')
           AND w.reason IS NOT NULL
         ORDER BY since LIMIT 5) w;
END;
COMMENT ON FUNCTION notion.pending_words(regclass) IS
    'For what a link waits, a line each, the five that wait longest: page or row, and the reason, '
    'without values; null where nothing has one. Errors: 42501, 42704.';

CREATE PROCEDURE notion.flush("table" regclass, timeout interval DEFAULT '5 min')
    LANGUAGE c AS 'MODULE_PATHNAME', 'notion_flush';
COMMENT ON PROCEDURE notion.flush(regclass, interval) IS
    'Waits until everything committed before is in step with Notion, or set aside as a '
    'failure. Holds no transaction while it waits. Errors: 25000 inside a transaction block, '
    '42501, 42704, 55000 when the timeout has passed (DETAIL: what waits, and why), or the link '
    'is paused or was never '
    'synced.';
