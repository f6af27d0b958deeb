-- How references are followed. Outward a row's key becomes the page of the row that has it; inward
-- a page becomes the key of its row. What is not there yet is not known: the column is left out of
-- the row, or the field is held ("not followed"), and notion.waits says for what it waits. Nothing
-- else of the row waits, but a page that is still to be created, for pages that are on their way:
-- parents go before children.

CREATE TABLE notion.waits (
    link integer NOT NULL,
    key text NOT NULL,                  -- the row that waits; the id of a page that has none yet
    column_name name NOT NULL,
    refers_to regclass NOT NULL,
    wanted_by text NOT NULL             -- key: a row's page. page: a page's row. left: a page is no
        CHECK (wanted_by IN ('key', 'page', 'left')), -- longer named, and may be in the trash
    wanted text NOT NULL,
    since timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (link, key, column_name, wanted_by, wanted)
);
CREATE INDEX waits_wanted ON notion.waits (refers_to, wanted);
COMMENT ON TABLE notion.waits IS
    'references that cannot be followed yet, and what they wait for; only apply writes it';
ALTER TABLE notion.waits ENABLE ROW LEVEL SECURITY;
CREATE POLICY owner ON notion.waits FOR SELECT USING (notion.sees(link));
GRANT SELECT ON notion.waits TO PUBLIC;

CREATE TABLE notion.arrivals (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    link integer NOT NULL,
    key text NOT NULL,
    page uuid
);
COMMENT ON TABLE notion.arrivals IS
    'rows of tables that are referred to, that have a page from now on, or will not have one soon: '
    'apply looks who waits for them';

CREATE FUNCTION notion.note_arrival() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT FROM notion.links l JOIN notion.link_columns c ON c.refers_to = l.table_id
                WHERE l.id = NEW.link) THEN
        INSERT INTO notion.arrivals (link, key, page)
        VALUES (NEW.link, NEW.key, (to_jsonb(NEW) ->> 'page')::uuid);
        PERFORM notion.wake();
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION notion.note_arrival() FROM PUBLIC;
COMMENT ON FUNCTION notion.note_arrival() IS
    'trigger: notes in notion.arrivals what others may wait for. Only adds: net and apply each '
    'hold '
    'rows that the other would have to wait for';
CREATE TRIGGER arrival_of_new AFTER INSERT ON notion.mappings FOR EACH ROW
    WHEN (NEW.page_state = 'live') EXECUTE FUNCTION notion.note_arrival();
CREATE TRIGGER arrival AFTER UPDATE OF page, page_state, row_state, key ON notion.mappings
    FOR EACH ROW
    WHEN (NEW.page_state = 'live' AND NEW.row_state = 'present'
          AND (OLD.page_state, OLD.row_state, OLD.key, OLD.page)
              IS DISTINCT FROM (NEW.page_state, NEW.row_state, NEW.key, NEW.page))
    EXECUTE FUNCTION notion.note_arrival();
CREATE TRIGGER arrival_never AFTER UPDATE OF state ON notion.work FOR EACH ROW
    WHEN (NEW.state IN ('failed', 'held') AND OLD.state NOT IN ('failed', 'held'))
    EXECUTE FUNCTION notion.note_arrival();

CREATE FUNCTION notion.pages_in(half jsonb) RETURNS uuid[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT coalesce(array_agg((e.value ->> 'id')::uuid ORDER BY e.ordinality), '{}')
      FROM jsonb_array_elements(CASE jsonb_typeof(half -> 'relation')
                                WHEN 'array' THEN half -> 'relation' ELSE '[]' END)
           WITH ORDINALITY e
     WHERE e.value ->> 'id' ~ '^[0-9a-fA-F-]{32,36}$';
END;
COMMENT ON FUNCTION notion.pages_in(jsonb) IS 'the pages that a relation''s half names';

CREATE FUNCTION notion.parts_of(key text, columns integer) RETURNS text[]
    LANGUAGE sql IMMUTABLE STRICT
    SET search_path = pg_catalog, pg_temp
    RETURN CASE columns WHEN 1 THEN ARRAY[key] ELSE notion.key_parts(key, columns) END;
COMMENT ON FUNCTION notion.parts_of(text, integer) IS
    'the values in a key of one column or several';

CREATE FUNCTION notion.with_pages(link integer, INOUT told jsonb, OUT waits jsonb)
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    it record;
    pages text[];
    missing text[];
BEGIN
    waits := '[]';
    FOR it IN
        SELECT c.column_name, c.refers_to, t.id AS target, c.column_type = 'uuid_array' AS is_list,
               CASE c.column_type WHEN 'uuid_array' THEN (told ->> c.column_name)::text[]
                                  ELSE ARRAY[told ->> c.column_name] END AS keys
          FROM notion.link_columns c LEFT JOIN notion.links t ON t.table_id = c.refers_to
         WHERE c.link = with_pages.link AND c.refers_to IS NOT NULL
           AND told ->> c.column_name IS NOT NULL
    LOOP
        SELECT coalesce(array_agg(m.page::text ORDER BY k.n) FILTER (WHERE m.page IS NOT NULL),
                        '{}'),
               array_agg(DISTINCT k.key) FILTER (WHERE m.page IS NULL) INTO pages, missing
          FROM unnest(it.keys) WITH ORDINALITY k(key, n)
          LEFT JOIN notion.mappings m ON m.link = it.target AND m.key = k.key
               AND m.page_state = 'live' AND m.row_state = 'present'
         WHERE k.key IS NOT NULL;
        IF missing IS NULL THEN
            told := told || jsonb_build_object(it.column_name,
                CASE WHEN it.is_list THEN pages::text ELSE pages[1] END);
        ELSE
            told := told - it.column_name::text;
            waits := waits || (
                SELECT jsonb_agg(jsonb_build_object('column_name', it.column_name, 'refers_to',
                           it.refers_to::oid, 'wanted_by', 'key', 'wanted', w.key))
                  FROM unnest(missing) w(key));
        END IF;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION notion.with_pages(integer, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION notion.with_pages(integer, jsonb) IS
    'a row with the pages of the rows to which it refers, in place of their keys; references to '
    'rows '
    'without a live page are left out of it, and listed as notion.keep_waits takes them';

CREATE FUNCTION notion.has_left(link integer, key text, column_name name, target integer, page uuid)
    RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    -- Live, and read by itself since it was missed here: then somebody took it out.
    SELECT coalesce((
        SELECT m.row_state = 'deleted' OR m.page_state = 'live'
               AND EXISTS (SELECT FROM notion.waits w
                            WHERE (w.link, w.key, w.column_name, w.wanted_by, w.wanted)
                                  = (has_left.link, has_left.key, has_left.column_name, 'left',
                                     has_left.page::text))
               AND NOT EXISTS (SELECT FROM notion.due_pages d
                                WHERE d.link = m.link AND d.page = m.page)
               AND NOT EXISTS (SELECT FROM notion.snapshots s
                                WHERE s.link = m.link AND s.page = m.page AND NOT s.failed)
          FROM notion.mappings m WHERE m.link = has_left.target AND m.page = has_left.page), true);
END;
REVOKE ALL ON FUNCTION notion.has_left(integer, text, name, integer, uuid) FROM PUBLIC;
COMMENT ON FUNCTION notion.has_left(integer, text, name, integer, uuid) IS
    'whether a page that a relation names no more was taken out of it by somebody: one in the '
    'trash is '
    'not named either, and takes no reference with it';

CREATE FUNCTION notion.with_rows(link integer, key text, mapping jsonb, snapshot jsonb,
                                 INOUT told jsonb, OUT waits jsonb)
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    it record;
    missing jsonb;
    unfollowed text[] := '{}';
BEGIN
    waits := '[]';
    FOR it IN
        SELECT c.column_name, c.refers_to, c.property_id, c.direction, c.columns, t.id AS target,
               t.key_columns AS target_key, l.key_columns AS own_key,
               c.column_type = 'uuid_array' AS is_list,
               notion.pages_in(snapshot -> 'properties' -> c.property_id) AS pages,
               notion.pages_in(mapping -> 'base' -> c.property_id -> 'n') AS pages_before
          FROM notion.link_columns c JOIN notion.links l ON l.id = c.link
          LEFT JOIN notion.links t ON t.table_id = c.refers_to
         WHERE c.link = with_rows.link AND c.refers_to IS NOT NULL
           AND snapshot -> 'properties' ? c.property_id
    LOOP
        -- Of several, where the column holds one, the core says that they do not fit.
        CONTINUE WHEN NOT it.is_list AND cardinality(it.pages) > 1;
        SELECT jsonb_agg(jsonb_build_object('column_name', it.column_name, 'refers_to',
                   it.refers_to::oid, 'wanted_by', p.by, 'wanted', p.page))
          INTO missing FROM (
            SELECT 'page' AS by, p.page FROM unnest(it.pages) p(page)
             WHERE it.direction <> 'to_notion' AND NOT EXISTS (
                   SELECT FROM notion.mappings m
                    WHERE m.link = it.target AND m.page = p.page AND m.page_state = 'live'
                      AND m.row_state = 'present'
                      -- A reference that shares columns with the row's own key cannot change those.
                      AND notion.fits_key(with_rows.key, it.own_key, m.key, it.columns))
            UNION ALL
            SELECT 'left', b.page FROM unnest(it.pages_before) b(page)
             WHERE b.page <> ALL (it.pages) AND (it.is_list OR cardinality(it.pages) = 0)
               AND (it.target IS NULL OR NOT notion.has_left(with_rows.link, with_rows.key,
                                                             it.column_name, it.target, b.page))) p;
        IF missing IS NOT NULL THEN
            unfollowed := unfollowed || it.property_id;
            waits := waits || missing;
        END IF;
    END LOOP;
    told := told || jsonb_build_object('unfollowed', unfollowed);
END
$$;
REVOKE ALL ON FUNCTION notion.with_rows(integer, text, jsonb, jsonb, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION notion.with_rows(integer, text, jsonb, jsonb, jsonb) IS
    'what sync_merge is told besides, with the properties of a snapshot that cannot be followed: '
    'relations to pages without a row here, and those that a page left which may be in the trash; '
    'listed as notion.keep_waits takes them';

CREATE FUNCTION notion.fits_key(key text, key_columns name[], other text, columns name[])
    RETURNS boolean
    LANGUAGE sql IMMUTABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT key = '' OR NOT columns && key_columns OR NOT EXISTS (
        SELECT FROM unnest(key_columns, notion.parts_of(key, cardinality(key_columns)))
                    k(name, part)
          JOIN unnest(columns, notion.parts_of(other, cardinality(columns))) o(name, part)
            ON o.name = k.name WHERE o.part IS DISTINCT FROM k.part);
END;
REVOKE ALL ON FUNCTION notion.fits_key(text, name[], text, name[]) FROM PUBLIC;
COMMENT ON FUNCTION notion.fits_key(text, name[], text, name[]) IS
    'whether a reference through these columns to the row with key other leaves the row''s own '
    'key as '
    'it is';

CREATE FUNCTION notion.with_columns(link integer, told jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    it record;
    keys text[];
BEGIN
    FOR it IN
        SELECT c.column_name, c.columns, t.id AS target, l.table_id, l.key_columns AS own_key,
               c.column_type = 'uuid_array' AS is_list,
               CASE WHEN c.column_type = 'uuid_array' THEN (told ->> c.column_name)::uuid[]
                    ELSE ARRAY[(told ->> c.column_name)::uuid] END AS pages
          FROM notion.link_columns c JOIN notion.links l ON l.id = c.link
          LEFT JOIN notion.links t ON t.table_id = c.refers_to
         WHERE c.link = with_columns.link AND c.refers_to IS NOT NULL AND told ? c.column_name
    LOOP
        told := told - it.column_name::text;
        SELECT array_agg(m.key ORDER BY p.n) INTO keys
          FROM unnest(it.pages) WITH ORDINALITY p(page, n)
          LEFT JOIN notion.mappings m ON m.link = it.target AND m.page = p.page
         WHERE p.page IS NOT NULL;
        IF array_position(keys, NULL) IS NOT NULL THEN
            RETURN NULL;
        ELSIF it.is_list THEN
            told := told || jsonb_build_object(it.column_name, coalesce(keys, '{}')::text);
        ELSIF keys IS NULL THEN
            told := told || (
                SELECT coalesce(jsonb_object_agg(a.attname, NULL), '{}') FROM pg_attribute a
                 WHERE a.attrelid = it.table_id AND a.attname = ANY (it.columns)
                   AND NOT a.attnotnull);
        ELSE
            told := told || (
                SELECT coalesce(jsonb_object_agg(o.name, o.part), '{}')
                  FROM unnest(it.columns, notion.parts_of(keys[1], cardinality(it.columns)))
                       o(name, part)
                 WHERE o.name <> ALL (it.own_key));
        END IF;
    END LOOP;
    RETURN told;
END
$$;
REVOKE ALL ON FUNCTION notion.with_columns(integer, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION notion.with_columns(integer, jsonb) IS
    'what is to be written into a row, with the keys of the rows to which it refers in place of '
    'their '
    'pages; null: one of them is no longer there';

CREATE FUNCTION notion.keep_waits(link integer, key text, waits jsonb, kinds text[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    DELETE FROM notion.waits w
     WHERE w.link = keep_waits.link AND w.key = keep_waits.key AND w.wanted_by = ANY (kinds)
       AND NOT EXISTS (SELECT FROM jsonb_array_elements(keep_waits.waits) n
                        WHERE (n ->> 'column_name', n ->> 'wanted_by', n ->> 'wanted')
                              = (w.column_name::text, w.wanted_by, w.wanted));
    IF keep_waits.waits = '[]' THEN
        RETURN;
    END IF;
    WITH kept AS (
        INSERT INTO notion.waits (link, key, column_name, refers_to, wanted_by, wanted)
        SELECT keep_waits.link, keep_waits.key, (n ->> 'column_name')::name,
               (n ->> 'refers_to')::oid::regclass, n ->> 'wanted_by', n ->> 'wanted'
          FROM jsonb_array_elements(keep_waits.waits) n
            ON CONFLICT DO NOTHING
        RETURNING wanted_by, wanted, refers_to)
    -- Only its own word tells whether a page that left is in the trash.
    INSERT INTO notion.due_pages AS d (link, page, why)
    SELECT l.id, k.wanted::uuid, 'left a relation'
      FROM kept k JOIN notion.links l ON l.table_id = k.refers_to WHERE k.wanted_by = 'left'
        ON CONFLICT ON CONSTRAINT due_pages_pkey DO UPDATE SET due = now(), attempts = 0,
           why = excluded.why;
END
$$;
REVOKE ALL ON FUNCTION notion.keep_waits(integer, text, jsonb, text[]) FROM PUBLIC;
COMMENT ON FUNCTION notion.keep_waits(integer, text, jsonb, text[]) IS
    'keeps for what a row waits, in place of what it waited for in these ways before; a page that '
    'left '
    'a relation is read';

CREATE FUNCTION notion.is_coming(link integer, key text) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT EXISTS (SELECT FROM notion.work w JOIN notion.links l ON l.id = w.link
                    WHERE w.link = is_coming.link AND w.key = is_coming.key AND NOT w.deleted
                      AND w.state IN ('new', 'wish', 'sending') AND l.state = 'active'
                      AND l.direction <> 'from_notion')
        OR EXISTS (SELECT FROM notion.jobs j JOIN notion.links l ON l.id = j.link
                    WHERE j.link = is_coming.link AND j.finished_at IS NULL
                      AND l.synced_at IS NULL AND l.state <> 'paused'
                      AND l.direction <> 'from_notion')
        -- Since whoever asks looked: its arrival is still to be followed.
        OR EXISTS (SELECT FROM notion.mappings m
                    WHERE m.link = is_coming.link AND m.key = is_coming.key
                      AND m.page_state = 'live' AND m.row_state = 'present');
END;
REVOKE ALL ON FUNCTION notion.is_coming(integer, text) FROM PUBLIC;
COMMENT ON FUNCTION notion.is_coming(integer, text) IS
    'whether a row is on its way to a page of its own';

CREATE FUNCTION notion.is_behind(link integer, key text, waits jsonb) RETURNS text
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH RECURSIVE coming AS (
        SELECT t.id, n ->> 'wanted' AS wanted, t.table_id, t.key_columns
          FROM jsonb_array_elements(waits) n
          JOIN notion.links t ON t.table_id = (n ->> 'refers_to')::oid
         WHERE n ->> 'wanted_by' = 'key' AND notion.is_coming(t.id, n ->> 'wanted')),
    ahead AS (
        SELECT c.id AS link, c.wanted AS key FROM coming c
        UNION
        SELECT t.id, w.wanted
          FROM ahead a
          JOIN notion.waits w ON w.link = a.link AND w.key = a.key AND w.wanted_by = 'key'
          JOIN notion.links t ON t.table_id = w.refers_to),
    -- Rows that wait for each other would wait for ever; in a long line most do not wait either.
    near AS (SELECT a.* FROM ahead a LIMIT 32)
    SELECT format('waits for row %s of %s, which is on its way',
                  notion.shown_key(c.key_columns, c.wanted), c.table_id)
      FROM coming c
     WHERE (SELECT count(*) FROM near n) < 32
       AND NOT EXISTS (SELECT FROM near n WHERE (n.link, n.key) = (is_behind.link, is_behind.key))
     LIMIT 1;
END;
REVOKE ALL ON FUNCTION notion.is_behind(integer, text, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION notion.is_behind(integer, text, jsonb) IS
    'why a page is not created yet: a row to which it refers is about to have its own. Null: '
    'nothing '
    'is, or the two wait for each other; then it is created without, and the relation follows';

CREATE FUNCTION notion.follow(link integer, keys text[]) RETURNS void
    LANGUAGE sql
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT notion.wake();
    INSERT INTO notion.requests (link, kind, args, asked_by)
    VALUES (follow.link, 'follow', jsonb_build_object('keys', keys), 'pg_notion');
END;
REVOKE ALL ON FUNCTION notion.follow(integer, text[]) FROM PUBLIC;
COMMENT ON FUNCTION notion.follow(integer, text[]) IS
    'asks net to do notion.serve_follow: apply must not wait for rows that net holds';

CREATE FUNCTION notion.follow_left() RETURNS void
    LANGUAGE sql
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT notion.follow(f.link, array_agg(f.key)) FROM (
        SELECT DISTINCT w.link, w.key
          FROM notion.waits w JOIN notion.links l ON l.table_id = w.refers_to
          JOIN notion.mappings m ON m.link = w.link AND m.key = w.key
               AND m.held::text LIKE '%"not followed%' AND m.flight = 'none'
         WHERE w.wanted_by = 'left'
           AND notion.has_left(w.link, w.key, w.column_name, l.id, w.wanted::uuid)) f
     GROUP BY f.link;
END;
REVOKE ALL ON FUNCTION notion.follow_left() FROM PUBLIC;
COMMENT ON FUNCTION notion.follow_left() IS
    'apply''s part: relations that a page left are followed once that page itself was read, and '
    'lives';

CREATE FUNCTION notion.follow_arrivals(most integer) RETURNS bigint
    LANGUAGE sql
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH came AS (
        DELETE FROM notion.arrivals a
         USING (SELECT o.id FROM notion.arrivals o ORDER BY o.id LIMIT most) d
         WHERE a.id = d.id RETURNING a.*),
    ready AS (
        DELETE FROM notion.waits w USING came c, notion.links l
         WHERE l.id = c.link AND w.refers_to = l.table_id AND c.page IS NOT NULL
           AND w.wanted = CASE w.wanted_by WHEN 'key' THEN c.key ELSE c.page::text END
        RETURNING w.link, w.key),
    -- Whoever does not get a page soon is waited for no longer.
    given_up AS (
        SELECT w.link, w.key FROM came c JOIN notion.links l ON l.id = c.link
          JOIN notion.waits w ON w.refers_to = l.table_id AND w.wanted_by = 'key'
               AND w.wanted = c.key
         WHERE c.page IS NULL),
    -- What net has locked, net makes due itself.
    nudged AS (
        UPDATE notion.work w SET due = clock_timestamp(), attempts = 0
         WHERE (w.link, w.key) IN (
               SELECT o.link, o.key FROM notion.work o
                WHERE o.state = 'new'
                  AND (o.link, o.key) IN (SELECT r.link, r.key FROM ready r
                                          UNION SELECT g.link, g.key FROM given_up g)
                  FOR UPDATE SKIP LOCKED)),
    inserts AS (
        UPDATE notion.snapshots s SET due = now(), attempts = 0, failed = false
         WHERE (s.link, s.page) IN (
               SELECT o.link, o.page FROM notion.snapshots o
                WHERE (o.link, o.page::text) IN (SELECT r.link, r.key FROM ready r)
                  FOR UPDATE SKIP LOCKED)),
    mapped AS (
        SELECT r.link, array_agg(DISTINCT r.key) AS keys
          FROM ready r LEFT JOIN notion.mappings m ON m.link = r.link AND m.key = r.key
          LEFT JOIN notion.work w ON w.link = r.link AND w.key = r.key
         WHERE m.page IS NOT NULL OR m.flight <> 'none' OR w.state <> 'new'
         GROUP BY r.link)
    SELECT (SELECT count(*) FROM came c)
         + 0 * (SELECT count(notion.follow(m.link, m.keys)) FROM mapped m);
END;
REVOKE ALL ON FUNCTION notion.follow_arrivals(integer) FROM PUBLIC;
COMMENT ON FUNCTION notion.follow_arrivals(integer) IS
    'apply''s part: whoever waits for what arrived is examined, merged or read again; returns how '
    'many '
    'arrivals there were, at most as many as said';

CREATE FUNCTION notion.serve_follow(link integer, keys text[]) RETURNS void
    LANGUAGE sql
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    -- Read before it is written: what the relation showed meanwhile was not followed, either.
    INSERT INTO notion.due_pages AS d (link, page, why)
    SELECT m.link, m.page, 'a page of its relation came'
      FROM notion.mappings m JOIN notion.links l ON l.id = m.link
     WHERE m.link = serve_follow.link AND m.key = ANY (keys) AND m.page_state = 'live'
       AND (l.direction <> 'to_notion' OR m.held::text LIKE '%"not followed%')
        ON CONFLICT (link, page) DO UPDATE SET due = now(), attempts = 0, why = excluded.why;
    UPDATE notion.mappings m
       SET held = (SELECT coalesce(jsonb_object_agg(h.key, h.value), '{}')
                     FROM jsonb_each_text(m.held) h WHERE h.value NOT LIKE 'not followed%')
     WHERE m.link = serve_follow.link AND m.key = ANY (keys)
       AND m.held::text LIKE '%"not followed%';
    INSERT INTO notion.work AS w (link, key, due)
    SELECT serve_follow.link, k.key, clock_timestamp()
      FROM unnest(keys) k(key) ORDER BY k.key COLLATE "C"
        ON CONFLICT (link, key) DO UPDATE
       SET version = w.version + 1, due = clock_timestamp(), attempts = 0, reason = NULL,
           state = CASE w.state WHEN 'sending' THEN 'sending' ELSE 'new' END;
END;
REVOKE ALL ON FUNCTION notion.serve_follow(integer, text[]) FROM PUBLIC;
COMMENT ON FUNCTION notion.serve_follow(integer, text[]) IS
    'net''s part: rows whose references can be followed now are read, examined and sent';

CREATE FUNCTION notion.waits_for(link integer, key text) RETURNS text
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT string_agg(format(CASE w.wanted_by
               WHEN 'key' THEN '%s waits for the page of row %s of %s'
               WHEN 'page' THEN '%s waits for the row of page %s in %s'
               ELSE '%s waits for news of page %s of %s' END,
               w.column_name, w.wanted, w.refers_to), '; ' ORDER BY w.column_name, w.wanted)
      FROM notion.waits w WHERE w.link = waits_for.link AND w.key = waits_for.key;
END;
COMMENT ON FUNCTION notion.waits_for(integer, text) IS
    'for what the references of a row (a key; a page''s id where it has none) wait; null: for '
    'nothing';
