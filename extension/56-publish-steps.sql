-- The steps of notion.publish, for the worker: net sends what publish_claim says and tells
-- publish_settle what came of it; apply makes the foreign tables and links. A request of unknown
-- outcome is looked up, with patience, before it is made again: databases by the list of what is
-- below the parent page, relations by the data source itself.

CREATE FUNCTION notion.publish_due()
    RETURNS TABLE (id bigint, server oid, owner oid, wait_ms bigint)
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    -- One at a time on a server: a page's children come in the order of the tables, and Notion
    -- refuses edits of one page at once.
    SELECT DISTINCT ON (s.oid) p.id, s.oid, c.relowner,
           (extract(epoch FROM greatest(p.due - pg_catalog.clock_timestamp(), '0')) * 1000)::bigint
      FROM notion.publications p
      JOIN pg_catalog.pg_foreign_server s ON s.srvname = p.server
      JOIN pg_catalog.pg_class c ON c.oid = p.table_id
     WHERE p.step IN ('create', 'define') AND p.state IN ('due', 'unknown')
       AND notion.read_only_by(p.server, NULL) IS NULL
       AND NOT EXISTS (SELECT FROM notion.publications o
                        WHERE o.server = p.server AND o.state = 'sending')
       AND (p.step = 'create' OR NOT EXISTS (
            SELECT FROM pg_catalog.unnest(p.targets) t
             WHERE notion.known_source(p.server, t.t) IS NULL))
     ORDER BY s.oid, p.due > pg_catalog.clock_timestamp(), p.step, p.id;
END;
REVOKE ALL ON FUNCTION notion.publish_due() FROM PUBLIC;
COMMENT ON FUNCTION notion.publish_due() IS
    'the next publication of each server that wants a request, in how many milliseconds';

CREATE FUNCTION notion.publish_relations(publication notion.publications) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT jsonb_object_agg(w.property, w.config) FROM (
        SELECT r.value ->> 'property', (r.value - 'property') || jsonb_build_object('relation',
                   (r.value -> 'relation') || jsonb_build_object('data_source_id',
                       notion.known_source(publication.server, t.target)))
          FROM jsonb_array_elements(publication.relations) WITH ORDINALITY r(value, n)
          JOIN unnest(publication.targets) WITH ORDINALITY t(target, n) ON t.n = r.n
        UNION ALL
        SELECT a.key, a.value FROM jsonb_each(publication.added) a WHERE a.value <> 'null'
        ) w(property, config)
     WHERE NOT coalesce(publication.properties, '{}') ? w.property);
END
$$;
REVOKE ALL ON FUNCTION notion.publish_relations(notion.publications) FROM PUBLIC;
COMMENT ON FUNCTION notion.publish_relations(notion.publications) IS
    'the relations, and later properties, that a data source lacks yet, as Notion''s API takes '
    'them; null: none';

CREATE FUNCTION notion.publish_claim(id bigint) RETURNS text
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    it notion.publications;
    method text := 'GET';
    path text;
    body text := '';
    relations jsonb;
BEGIN
    SELECT * INTO it FROM notion.publications p WHERE p.id = publish_claim.id FOR UPDATE;
    IF it.state = 'unknown' AND it.step = 'create' THEN
        path := CASE WHEN it.found -> 'cursor' IS NULL AND jsonb_array_length(
                              it.found -> 'databases') = 1
                     THEN '/v1/databases/' || (it.found -> 'databases' ->> 0)
                     ELSE format('/v1/blocks/%s/children?page_size=100%s', it.parent,
                                 '&start_cursor=' || (it.found ->> 'cursor')) END;
    ELSIF it.step = 'create' THEN
        method := 'POST';
        path := '/v1/databases';
        body := it.request;
    ELSE
        path := '/v1/data_sources/' || it.data_source;
        relations := notion.publish_relations(it);
        IF it.state = 'due' AND relations IS NOT NULL THEN
            method := 'PATCH';
            body := jsonb_build_object('properties', relations);
        END IF;
    END IF;
    -- What only reads may be made again, whatever becomes of it.
    UPDATE notion.publications p SET attempts = p.attempts + 1,
           state = CASE method WHEN 'GET' THEN p.state ELSE 'sending' END,
           due = clock_timestamp() + interval '5 min',
           sent_at = CASE method WHEN 'GET' THEN p.sent_at ELSE clock_timestamp() END
     WHERE p.id = publish_claim.id;
    RETURN jsonb_build_object('method', method, 'path', path, 'body', body);
END
$$;
REVOKE ALL ON FUNCTION notion.publish_claim(bigint) FROM PUBLIC;
COMMENT ON FUNCTION notion.publish_claim(bigint) IS
    'the request that a publication wants next, as bridge::call_open takes it; the intent is '
    'recorded, so that a death after it is an unknown outcome';

CREATE FUNCTION notion.publish_found(settle interval) RETURNS void
    LANGUAGE sql
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    UPDATE notion.publications p SET state = 'unknown', found = NULL,
           due = pg_catalog.clock_timestamp() + publish_found.settle,
           reason = 'the worker ended while Notion had a request'
     WHERE p.state = 'sending';
    -- A look that was under way has no answer; who waits for the settling goes on waiting.
    UPDATE notion.publications p
       SET due = least(p.due, pg_catalog.clock_timestamp()
                              + CASE p.state WHEN 'unknown' THEN publish_found.settle
                                             ELSE interval '0' END)
     WHERE p.state IN ('due', 'unknown');
END;
REVOKE ALL ON FUNCTION notion.publish_found(interval) FROM PUBLIC;
COMMENT ON FUNCTION notion.publish_found(interval) IS
    'at the start of net: nobody knows what became of requests that were under way';

CREATE FUNCTION notion.as_json(body text) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN body::jsonb;
EXCEPTION WHEN OTHERS THEN
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION notion.as_json(text) IS 'a text as jsonb; null where it is none';

CREATE FUNCTION notion.publish_again(id bigint, state text, reason text, wait interval)
    RETURNS void
    LANGUAGE sql
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    UPDATE notion.publications p
       SET state = publish_again.state, reason = publish_again.reason,
           due = pg_catalog.clock_timestamp() + publish_again.wait,
           sent_at = CASE publish_again.state WHEN 'due' THEN NULL ELSE p.sent_at END,
           finished_at = CASE publish_again.state WHEN 'failed'
                              THEN pg_catalog.clock_timestamp() END
     WHERE p.id = publish_again.id;
END;
REVOKE ALL ON FUNCTION notion.publish_again(bigint, text, text, interval) FROM PUBLIC;
COMMENT ON FUNCTION notion.publish_again(bigint, text, text, interval) IS
    'what was asked is not there yet: due (it was certainly not done), unknown or failed';

CREATE FUNCTION notion.publish_made(id bigint, answer jsonb, request_id text) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF answer #>> '{data_sources,0,id}' IS NULL THEN
        PERFORM notion.publish_again(id, 'failed', 'Notion''s answer names no data source', '0');
        RETURN;
    END IF;
    UPDATE notion.publications p
       SET database = (answer ->> 'id')::uuid, url = answer ->> 'url',
           data_source = (answer #>> '{data_sources,0,id}')::uuid, step = 'define',
           -- Who made it before us may have related it as well: looked at, before it is changed.
           state = CASE p.state WHEN 'sending' THEN 'due' ELSE 'unknown' END,
           due = clock_timestamp(), attempts = 0, found = NULL, sent_at = NULL, reason = NULL,
           request_id = publish_made.request_id
     WHERE p.id = publish_made.id;
    INSERT INTO notion.log (side, action, changes, actor, request_id)
    SELECT 'postgres', 'publish', jsonb_build_object('table', p.table_id::text,
               'database', p.database, 'properties', (SELECT jsonb_agg(c -> 'property')
                    FROM jsonb_array_elements(p.columns) c)), p.asked_by, p.request_id
      FROM notion.publications p WHERE p.id = publish_made.id;
END
$$;
REVOKE ALL ON FUNCTION notion.publish_made(bigint, jsonb, text) FROM PUBLIC;
COMMENT ON FUNCTION notion.publish_made(bigint, jsonb, text) IS
    'Notion has the database of a publication';

CREATE FUNCTION notion.publish_listed(it notion.publications, answer jsonb) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    databases jsonb;
BEGIN
    -- Ours: of that title, made since the request (clocks may differ a little), nobody else's.
    SELECT coalesce(it.found -> 'databases', '[]') || coalesce(jsonb_agg(r -> 'id'), '[]')
      INTO databases FROM jsonb_array_elements(answer -> 'results') r
     WHERE r ->> 'type' = 'child_database' AND r #>> '{child_database,title}' = it.title
       AND NOT coalesce((r ->> 'in_trash')::boolean, false)
       AND (r ->> 'created_time')::timestamptz
           >= date_trunc('minute', it.sent_at) - interval '2 min'
       AND NOT EXISTS (SELECT FROM notion.publications o
                        WHERE o.database = (r ->> 'id')::uuid AND o.id <> it.id);
    IF (answer ->> 'has_more')::boolean THEN
        UPDATE notion.publications p SET due = clock_timestamp(), found = jsonb_build_object(
                   'cursor', answer -> 'next_cursor', 'databases', databases) WHERE p.id = it.id;
    ELSIF jsonb_array_length(databases) = 0 THEN
        PERFORM notion.publish_again(it.id, 'due', NULL, '0');
        UPDATE notion.publications p SET found = NULL WHERE p.id = it.id;
    ELSIF jsonb_array_length(databases) = 1 THEN
        UPDATE notion.publications p SET due = clock_timestamp(),
               found = jsonb_build_object('databases', databases) WHERE p.id = it.id;
    ELSE
        PERFORM notion.publish_again(it.id, 'failed', format('Notion holds %s databases "%s" made '
            'since, and nobody knows which is ours: leave one, trash the others, and call '
            'notion.publish again', jsonb_array_length(databases), it.title), '0');
    END IF;
END
$$;
REVOKE ALL ON FUNCTION notion.publish_listed(notion.publications, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION notion.publish_listed(notion.publications, jsonb) IS
    'what is below the parent page, after a database may or may not have been made';

CREATE FUNCTION notion.publish_defined(it notion.publications, answer jsonb) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    missing text;
    only_relations boolean;
    strange text;
BEGIN
    SELECT string_agg(format('"%s"', k), ', ') INTO strange FROM jsonb_object_keys(it.added) k
     WHERE it.state = 'unknown' AND it.sent_at IS NULL AND answer -> 'properties' ? k;
    IF strange IS NOT NULL THEN
        UPDATE notion.publications p SET properties = answer -> 'properties' WHERE p.id = it.id;
        PERFORM notion.publish_again(it.id, 'failed', format('the data source has %s already, '
            'which was not made for this table: rename it there; or notion.publish once more, and '
            'it is taken', strange), '0');
        RETURN;
    END IF;
    SELECT string_agg(format('"%s"', c ->> 'property'), ', '),
           bool_and(c ->> 'type' = 'relation' OR coalesce(it.added ? (c ->> 'property'), false))
      INTO missing, only_relations
      FROM jsonb_array_elements(it.columns) c
     WHERE answer #>> ARRAY['properties', c ->> 'property', 'type'] IS DISTINCT FROM c ->> 'type';
    IF missing IS NULL THEN
        UPDATE notion.publications p
           SET properties = answer -> 'properties', step = 'link', state = 'due', attempts = 0,
               due = clock_timestamp(), sent_at = NULL, reason = NULL
         WHERE p.id = it.id;
    ELSIF only_relations AND it.state = 'unknown' THEN
        UPDATE notion.publications p SET properties = answer -> 'properties', state = 'due',
               due = clock_timestamp() WHERE p.id = it.id;
    ELSE
        PERFORM notion.publish_again(it.id, 'failed', format('the data source that Notion shows '
            'lacks %s, or has it with another type', missing), '0');
    END IF;
END
$$;
REVOKE ALL ON FUNCTION notion.publish_defined(notion.publications, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION notion.publish_defined(notion.publications, jsonb) IS
    'Notion''s word on the data source: all properties are there, or what becomes of it';

CREATE FUNCTION notion.publish_settle(id bigint, status integer, handed_over boolean, body text,
                                      words text, retry_after_ms bigint, request_id text,
                                      settle interval) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    it notion.publications;
    answer jsonb := notion.as_json(body);
    is_write boolean;
    wait interval;
BEGIN
    SELECT * INTO it FROM notion.publications p WHERE p.id = publish_settle.id FOR UPDATE;
    IF NOT FOUND THEN
        RETURN; -- forgotten meanwhile: notion.unpublish
    END IF;
    is_write := it.state = 'sending';
    wait := greatest(least(interval '1 s' * 2 ^ least(it.attempts, 6), interval '1 min'),
                     interval '1 ms' * retry_after_ms);
    CASE
        WHEN status = 200 AND jsonb_typeof(answer) = 'object' THEN
            IF it.step = 'define' THEN
                PERFORM notion.publish_defined(it, answer);
            ELSIF answer ->> 'object' = 'list' THEN
                PERFORM notion.publish_listed(it, answer);
            ELSE
                PERFORM notion.publish_made(id, answer, request_id);
            END IF;
        WHEN status IN (409, 429, 529) OR status = 0 AND NOT handed_over THEN
            PERFORM notion.publish_again(id, CASE WHEN is_write THEN 'due' ELSE it.state END, words,
                                         wait);
        WHEN status IN (0, 200) OR status >= 500 THEN
            PERFORM notion.publish_again(id, CASE WHEN is_write THEN 'unknown' ELSE it.state END,
                                         words, CASE WHEN is_write THEN settle ELSE wait END);
            UPDATE notion.publications p SET due = clock_timestamp(),
                   found = jsonb_build_object('databases', jsonb_build_array(
                       answer #> '{additional_data,committed_resource_id}'))
             WHERE p.id = publish_settle.id AND p.step = 'create' AND is_write
               AND answer #>> '{additional_data,committed_resource_id}' IS NOT NULL;
        ELSE
            PERFORM notion.publish_again(id, 'failed', words, '0');
            UPDATE notion.publications p SET sent_at = NULL, request_id = publish_settle.request_id
             WHERE p.id = publish_settle.id AND is_write;
    END CASE;
END
$$;
REVOKE ALL ON FUNCTION notion.publish_settle(bigint, integer, boolean, text, text, bigint, text,
                                             interval) FROM PUBLIC;
COMMENT ON FUNCTION notion.publish_settle(bigint, integer, boolean, text, text, bigint, text,
                                          interval) IS
    'what came of a publication''s request: status (0: no answer), whether Notion may have it, the '
    'answer, the error in words; settle: how long an unknown outcome is left alone';
