-- Drift of linked tables: what a table says (types, enums, checks, columns that came later),
-- against what its data source has. notion.drift lists it beside that of foreign tables;
-- notion.health counts it, by what the worker read last.

CREATE FUNCTION notion.option_drift(link integer, properties jsonb)
    RETURNS TABLE (column_name text, difference text, ddl text)
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH pairs AS (
        SELECT c.column_name, a.atttypid, notion.listed_values(l.table_id, a.attnum) AS here,
               ARRAY(SELECT o ->> 'name' FROM pg_catalog.jsonb_array_elements(
                         p.value -> (p.value ->> 'type') -> 'options') o) AS there
          FROM notion.links l
          JOIN notion.link_columns c ON c.link = l.id
          JOIN pg_catalog.pg_attribute a ON a.attrelid = l.table_id AND a.attname = c.column_name
          JOIN pg_catalog.jsonb_each(option_drift.properties) p ON p.value ->> 'id' = c.property_id
         WHERE l.id = option_drift.link
           AND p.value ->> 'type' IN ('select', 'multi_select', 'status'))
    SELECT p.column_name::text, pg_catalog.format('option "%s" of its property is no value of the '
               'column', o.name),
           CASE WHEN t.typtype = 'e' THEN pg_catalog.format('ALTER TYPE %s ADD VALUE %L;',
                pg_catalog.format_type(t.oid, NULL), o.name) END
      FROM pairs p
     CROSS JOIN LATERAL pg_catalog.unnest(p.there) o(name)
      JOIN pg_catalog.pg_type b ON b.oid = p.atttypid
      JOIN pg_catalog.pg_type t ON t.oid = CASE WHEN b.typcategory = 'A' THEN b.typelem
                                                ELSE b.oid END
     WHERE p.here IS NOT NULL AND o.name <> ALL (p.here)
    UNION ALL
    SELECT p.column_name::text, pg_catalog.format('value "%s" of the column is no option of its '
               'property yet', v.name), NULL
      FROM pairs p CROSS JOIN LATERAL pg_catalog.unnest(p.here) v(name)
     WHERE pg_catalog.lower(v.name) <> ALL (ARRAY(SELECT pg_catalog.lower(o)
                                                    FROM pg_catalog.unnest(p.there) o));
END;
COMMENT ON FUNCTION notion.option_drift(integer, jsonb) IS
    'where the values that a column may have are not the options of its property';

CREATE FUNCTION notion.table_drift(link integer, properties jsonb)
    RETURNS TABLE (column_name text, difference text, ddl text)
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT NULL::text, f, NULL::text FROM notion.shape_faults(table_drift.link) f
    UNION ALL
    SELECT o.column_name, o.difference, o.ddl
      FROM notion.option_drift(table_drift.link, table_drift.properties) o
    UNION ALL
    SELECT c.column_name::text, pg_catalog.format(
               'its property relates to %s, but table %s is linked with %s',
               notion.source_name(r.source), c.refers_to, t.foreign_table_id), NULL
      FROM notion.link_columns c
      JOIN notion.links t ON t.table_id = c.refers_to
      JOIN pg_catalog.jsonb_each(table_drift.properties) p ON p.value ->> 'id' = c.property_id
     CROSS JOIN LATERAL (SELECT (p.value #>> '{relation,data_source_id}')::uuid AS source) r
     WHERE c.link = table_drift.link AND r.source <> t.data_source
    UNION ALL
    SELECT a.attname::text, pg_catalog.format('%s has this column since it was published',
                                              l.table_id), NULL
      FROM notion.links l
      JOIN notion.publications p ON p.table_id = l.table_id
      JOIN pg_catalog.pg_attribute a ON a.attrelid = l.table_id AND a.attnum > 0
           AND NOT a.attisdropped AND a.attname <> ALL (p.left_out)
     WHERE l.id = table_drift.link
       AND NOT EXISTS (SELECT FROM notion.link_columns c
                        WHERE c.link = l.id AND c.column_name = a.attname)
       AND NOT EXISTS (SELECT FROM pg_catalog.jsonb_array_elements(p.columns) c
                        WHERE c ->> 'column' = a.attname OR c -> 'fk_columns' ? a.attname::text);
END;
COMMENT ON FUNCTION notion.table_drift(integer, jsonb) IS
    'what a linked table says that its data source does not: what no longer fits, values and '
    'options, columns that came after notion.publish';

CREATE FUNCTION notion.schema_drift(link integer, properties jsonb)
    RETURNS TABLE (column_name text, difference text)
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT c.column_name::text, CASE WHEN p.value IS NULL THEN 'its property is gone'
               ELSE pg_catalog.format('its property is now of type %s', p.value ->> 'type') END
      FROM notion.link_columns c
      LEFT JOIN pg_catalog.jsonb_each(schema_drift.properties) p ON p.value ->> 'id' = c.property_id
     WHERE c.link = schema_drift.link AND p.value ->> 'type' IS DISTINCT FROM c.property_type
    UNION ALL
    SELECT d.column_name, d.difference
      FROM notion.table_drift(schema_drift.link, schema_drift.properties) d;
END;
REVOKE ALL ON FUNCTION notion.schema_drift(integer, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION notion.schema_drift(integer, jsonb) IS
    'all that differs between a link, its table, and its data source with these properties';

CREATE FUNCTION notion.source_properties(server name, source text) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN notion.request(server, notion.check_usage(server), 'GET',
                          '/v1/data_sources/' || notion.data_source(source), NULL) -> 'properties';
END
$$;
COMMENT ON FUNCTION notion.source_properties(name, text) IS
    'the properties of a data source (URL or id) as Notion gives them: one request. Errors: 42501, '
    '42704, HV00R no such data source.';

-- ---- for the worker ---------------------------------------------------------------------------

CREATE FUNCTION notion.wants_schema(link integer) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT EXISTS (
        SELECT FROM notion.links l JOIN notion.link_columns c ON c.link = l.id
         WHERE l.id = wants_schema.link AND l.state = 'new' AND c.refers_to IS NOT NULL
           AND notion.related_source(l.foreign_table_id, c.foreign_column) IS NULL)
       AND NOT EXISTS (SELECT FROM notion.schemas s
                        WHERE s.link = wants_schema.link AND s.read_at IS NOT NULL);
END;
REVOKE ALL ON FUNCTION notion.wants_schema(integer) FROM PUBLIC;
COMMENT ON FUNCTION notion.wants_schema(integer) IS
    'whether the first sync of a link waits until it is known to which data sources its relations '
    'lead: its foreign table, written by hand, does not say';

CREATE FUNCTION notion.schemas_due(every interval) RETURNS SETOF integer
    LANGUAGE sql
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    DELETE FROM notion.schemas s
     WHERE NOT EXISTS (SELECT FROM notion.links l WHERE l.id = s.link);
    INSERT INTO notion.schemas (link, next_at)
    SELECT l.id, pg_catalog.now() + CASE l.state WHEN 'active' THEN every ELSE '0' END
      FROM notion.links l
     WHERE NOT EXISTS (SELECT FROM notion.schemas s WHERE s.link = l.id)
       AND (l.state = 'active' AND every > '0' OR l.state = 'new' AND notion.wants_schema(l.id)
            AND EXISTS (SELECT FROM notion.jobs j
                         WHERE j.link = l.id AND j.finished_at IS NULL))
        ON CONFLICT DO NOTHING;
    UPDATE notion.schemas s SET next_at = least(s.next_at + interval '5 min',
                                                pg_catalog.now() + interval '5 min')
      FROM notion.links l
     WHERE l.id = s.link
       AND (l.state = 'new' AND s.next_at <= pg_catalog.now() AND notion.wants_schema(l.id)
            OR l.state = 'resting' AND s.in_trash AND s.next_at <= pg_catalog.now()
            OR l.state = 'active'
               AND (s.next_at <= pg_catalog.now()
                    OR every > '0' AND EXISTS (SELECT FROM notion.inbox i
                                WHERE i.type LIKE '%.schema_updated'
                                  AND i.received_at > coalesce(s.read_at, l.created_at)
                                  AND notion.data_source(i.entity) = l.data_source)))
    RETURNING s.link;
END;
REVOKE ALL ON FUNCTION notion.schemas_due(interval) FROM PUBLIC;
COMMENT ON FUNCTION notion.schemas_due(interval) IS
    'links whose data source is to be asked for its properties: each interval (0: never), and '
    'after an event; before a first sync that waits for them. If nothing comes of it, again in '
    'five minutes';

CREATE FUNCTION notion.set_columns_aside(link integer) RETURNS void
    LANGUAGE sql
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    -- Never the marker: without it no outcome could be looked up.
    WITH found AS (
        SELECT c.column_name, CASE WHEN p.value IS NULL THEN 'its property is gone'
                    WHEN p.value ->> 'type' <> c.property_type
                    THEN pg_catalog.format('its property is now of type %s', p.value ->> 'type')
                    END AS aside
          FROM notion.link_columns c
          JOIN notion.schemas s ON s.link = c.link AND s.properties IS NOT NULL
          LEFT JOIN pg_catalog.jsonb_each(s.properties) p ON p.value ->> 'id' = c.property_id
         WHERE c.link = set_columns_aside.link AND NOT c.is_marker),
    changed AS (
        UPDATE notion.link_columns c SET aside = f.aside FROM found f
         WHERE c.link = set_columns_aside.link AND c.column_name = f.column_name
           AND c.aside IS DISTINCT FROM f.aside
        RETURNING c.property_id, c.aside IS NULL AS is_back),
    freed AS (
        UPDATE notion.mappings m SET held = (
                   SELECT coalesce(pg_catalog.jsonb_object_agg(h.key, h.value), '{}')
                     FROM pg_catalog.jsonb_each(m.held) h
                    WHERE pg_catalog.split_part(h.key, '#', 1) NOT IN (
                              SELECT b.property_id FROM changed b WHERE b.is_back)
                       OR h.value #>> '{}' !~ '^(property gone|misfit: )')
         WHERE m.link = set_columns_aside.link AND m.held <> '{}'
           AND EXISTS (SELECT FROM changed b WHERE b.is_back)),
    again AS (
        UPDATE notion.work w SET state = 'new', version = w.version + 1, attempts = 0,
               refusals = 0, due = pg_catalog.now()
         WHERE w.link = set_columns_aside.link AND w.state IN ('wish', 'failed')
           AND EXISTS (SELECT FROM changed))
    INSERT INTO notion.jobs (kind, link, args)
    SELECT 'sync', set_columns_aside.link, '{"scan": true}'
     WHERE EXISTS (SELECT FROM changed b WHERE b.is_back);
END;
REVOKE ALL ON FUNCTION notion.set_columns_aside(integer) FROM PUBLIC;
COMMENT ON FUNCTION notion.set_columns_aside(integer) IS
    'columns of a link whose properties are gone, or of another type, are set aside until they are '
    'back; then a full scan brings what both sides did meanwhile';

CREATE FUNCTION notion.heed_source_trash(link integer, in_trash boolean) RETURNS void
    LANGUAGE sql
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    -- Nothing can be sent, and what its pages say of themselves is no deletion of theirs.
    UPDATE notion.links l SET state = 'resting',
           reason = 'the data source is in the trash in Notion: restore it there, or notion.unlink'
     WHERE heed_source_trash.in_trash AND l.id = (
           SELECT k.id FROM notion.links k WHERE k.id = heed_source_trash.link
              AND k.state = 'active' FOR UPDATE SKIP LOCKED);
    -- Back again: a poll wakes the link, and a scan finds what was refused or missed meanwhile.
    UPDATE notion.polls p SET next_at = pg_catalog.now(), reason = NULL
     WHERE p.link = heed_source_trash.link AND NOT heed_source_trash.in_trash
       AND EXISTS (SELECT FROM notion.schemas s WHERE s.link = p.link AND s.in_trash);
    SELECT notion.serve_unseen(s.link, NULL) FROM notion.schemas s
     WHERE s.link = heed_source_trash.link AND s.in_trash AND NOT heed_source_trash.in_trash;
    UPDATE notion.schemas s SET in_trash = heed_source_trash.in_trash
     WHERE s.link = heed_source_trash.link AND s.in_trash <> heed_source_trash.in_trash;
END;
REVOKE ALL ON FUNCTION notion.heed_source_trash(integer, boolean) FROM PUBLIC;
COMMENT ON FUNCTION notion.heed_source_trash(integer, boolean) IS
    'whether a link''s data source is in the trash, as it said just now: then the link rests';

CREATE FUNCTION notion.keep_schema(link integer, body text, words text, every interval)
    RETURNS void
    LANGUAGE sql
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    UPDATE notion.schemas s
       SET properties = coalesce(notion.as_json(body) -> 'properties', s.properties),
           read_at = CASE WHEN words IS NULL THEN pg_catalog.clock_timestamp() ELSE s.read_at END,
           next_at = CASE WHEN words IS NULL AND every > '0'
                          THEN pg_catalog.clock_timestamp() + every
                          WHEN words IS NULL THEN 'infinity'
                          WHEN notion.wants_schema(s.link)
                          THEN pg_catalog.clock_timestamp() + interval '10 s'
                          ELSE s.next_at END,
           reason = words
     WHERE s.link = keep_schema.link;
    UPDATE notion.jobs j SET reason = words
     WHERE j.link = keep_schema.link AND j.state = 'queued' AND notion.wants_schema(j.link);
    SELECT notion.heed_source_trash(l.id,
               coalesce((notion.as_json(body) ->> 'in_trash')::boolean, false))
      FROM notion.links l WHERE l.id = keep_schema.link AND l.state <> 'new' AND words IS NULL;
    -- Nobody may tell that it is back.
    UPDATE notion.schemas s
       SET next_at = least(s.next_at, pg_catalog.clock_timestamp() + interval '30 s')
     WHERE s.link = keep_schema.link AND s.in_trash;
    -- Once it is at work, what no longer fits is drift, and stops nothing but the field.
    SELECT notion.look_at_shape(l.id) FROM notion.links l
     WHERE l.id = keep_schema.link AND l.state = 'new' AND words IS NULL;
    SELECT notion.set_columns_aside(l.id) FROM notion.links l
     WHERE l.id = keep_schema.link AND l.state <> 'new' AND words IS NULL;
    -- Nobody may tell that a property is back.
    UPDATE notion.schemas s
       SET next_at = least(s.next_at, pg_catalog.clock_timestamp() + interval '5 min')
     WHERE s.link = keep_schema.link AND EXISTS (
           SELECT FROM notion.link_columns c WHERE c.link = s.link AND c.aside IS NOT NULL);
END;
REVOKE ALL ON FUNCTION notion.keep_schema(integer, text, text, interval) FROM PUBLIC;
COMMENT ON FUNCTION notion.keep_schema(integer, text, text, interval) IS
    'Notion''s answer on a link''s data source; words: why it is none';
