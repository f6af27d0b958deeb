-- notion.plan: what a sync would do, computed by comparing the table with its foreign table. It
-- runs with the caller's own rights, writes nothing anywhere, and reads the data source once.

CREATE FUNCTION notion.compared(value text, kind text, type regtype, zone text) RETURNS text
    LANGUAGE sql IMMUTABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT CASE
        WHEN kind IN ('int2', 'int4', 'int8', 'float8', 'numeric')
            THEN pg_catalog.format('(%s)::float8::text', value)
        WHEN kind = 'timestamptz'
            THEN pg_catalog.format('date_trunc(''minute'', (%s)::timestamptz)::text', value)
        WHEN kind = 'date' AND type = 'timestamptz'::regtype
            THEN pg_catalog.format('((%s) AT TIME ZONE %L)::date::text', value, zone)
        WHEN kind = 'boolean' THEN pg_catalog.format('coalesce((%s)::boolean, false)::text', value)
        WHEN kind IN ('text_array', 'uuid_array') THEN pg_catalog.format(
            'coalesce((SELECT array_agg(DISTINCT e::text ORDER BY e::text) FROM unnest(%s) e), '
            '''{}'')::text', value)
        WHEN kind = 'jsonb' THEN pg_catalog.format('(%s)::jsonb::text', value)
        ELSE pg_catalog.format('nullif((%s)::text, '''')', value) END;
END;
COMMENT ON FUNCTION notion.compared(text, text, regtype, text) IS
    'SQL expression: value as a text that is equal on both sides when Notion would call them '
    'equal (whole minutes, no empty text, sets without order)';

CREATE FUNCTION notion.compared_pages(it notion.link_columns, side text, foreign_type regtype)
    RETURNS text
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT CASE
        WHEN side = 'here' THEN format(
            'ARRAY(SELECT r.page::text FROM notion.mappings r JOIN notion.links k ON k.id = r.link '
            'WHERE k.table_id = %s AND r.page_state = ''live'' AND r.key %s)', it.refers_to::oid,
            CASE WHEN it.column_type = 'uuid_array'
                 THEN format('= ANY (t.%I::text[])', it.column_name)
                 ELSE (SELECT format('= notion.row_key(%s)',
                                     string_agg(format('t.%I', c.name), ', ' ORDER BY c.n))
                         FROM unnest(it.columns) WITH ORDINALITY c(name, n)) END)
        WHEN side = 'base' AND it.column_type = 'uuid_array'
            THEN format('(m.base -> %L ->> ''p'')::text[]', it.property_id)
        WHEN side = 'base'
            THEN format('array_remove(ARRAY[m.base -> %L ->> ''p''], NULL)', it.property_id)
        WHEN foreign_type = 'jsonb'::regtype
            THEN format('notion.pages_in(jsonb_build_object(''relation'', f.%I))::text[]',
                        it.foreign_column)
        WHEN foreign_type = 'uuid'::regtype
            THEN format('array_remove(ARRAY[f.%I::text], NULL)', it.foreign_column)
        ELSE format('f.%I::text[]', it.foreign_column) END;
END;
COMMENT ON FUNCTION notion.compared_pages(notion.link_columns, text, regtype) IS
    'SQL expression: the pages of a reference on one side, as text[]';

CREATE FUNCTION notion.compared_columns(link integer, side text) RETURNS text
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT pg_catalog.format('jsonb_build_object(%s)', pg_catalog.string_agg(pg_catalog.format(
               '%L, %s', c.column_name, notion.compared(
                   CASE WHEN c.refers_to IS NOT NULL
                            THEN notion.compared_pages(c, side, f.atttypid::regtype)
                       WHEN side = 'here' THEN pg_catalog.format('t.%I', c.column_name)
                       WHEN side = 'there' THEN pg_catalog.format('f.%I', c.foreign_column)
                       ELSE pg_catalog.format('(m.base -> %L ->> ''p'')::%s', c.property_id,
                                              pg_catalog.format_type(a.atttypid, a.atttypmod)) END,
                   CASE WHEN c.refers_to IS NOT NULL THEN 'uuid_array' ELSE c.column_type END,
                   CASE side WHEN 'there' THEN f.atttypid ELSE a.atttypid END::regtype,
                   coalesce(notion.option(t.ftoptions, 'time_zone'), 'UTC'))), ', '
               ORDER BY a.attnum, c.column_name))
      FROM notion.links l
      JOIN notion.link_columns c ON c.link = l.id AND NOT c.is_marker
      LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = l.table_id AND a.attname = c.column_name
      JOIN pg_catalog.pg_attribute f ON f.attrelid = l.foreign_table_id
           AND f.attname = c.foreign_column
      JOIN pg_catalog.pg_foreign_table t ON t.ftrelid = l.foreign_table_id
     WHERE l.id = compared_columns.link;
END;
COMMENT ON FUNCTION notion.compared_columns(integer, text) IS
    'SQL expression: the paired columns of one side (here, there or base) as jsonb of '
    'compared texts';

CREATE FUNCTION notion.plan_query(link integer, match text[]) RETURNS text
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT pg_catalog.format($query$
WITH here AS MATERIALIZED (SELECT notion.row_key(%1$s) AS key, %2$s AS v FROM %3$s t WHERE %11$s),
there AS MATERIALIZED (
    SELECT f.page_id::text AS page, f.page_url AS url, %4$s AS marker, %5$s AS v
      FROM %6$s f),
known AS MATERIALIZED (
    SELECT m.key, m.page::text AS page, %7$s AS v FROM notion.mappings m
     WHERE m.link = %8$s AND m.page IS NOT NULL),
marked AS MATERIALIZED (
    SELECT h.key, o.page FROM here h JOIN there o ON o.marker = h.key
     WHERE h.key NOT IN (SELECT key FROM known) AND o.page NOT IN (SELECT page FROM known)),
matched AS MATERIALIZED (
    SELECT min(h.key) AS key, min(o.page) AS page
      FROM here h JOIN there o ON %9$s
     WHERE h.key NOT IN (SELECT key FROM known UNION ALL SELECT key FROM marked)
       AND o.page NOT IN (SELECT page FROM known UNION ALL SELECT page FROM marked)
     GROUP BY %12$s HAVING count(*) = 1),
pairs AS MATERIALIZED (
    SELECT key, page, v FROM known UNION ALL SELECT key, page, NULL FROM marked
    UNION ALL SELECT key, page, NULL FROM matched),
fields AS (
    SELECT p.key, o.page, o.url, c.column_name AS col, h.v ->> c.column_name AS here,
           o.v ->> c.column_name AS there,
           CASE c.direction WHEN 'to_notion' THEN 'update' WHEN 'from_notion' THEN 'change'
                ELSE CASE WHEN p.v IS NULL THEN $1
                          WHEN o.v ->> c.column_name IS NOT DISTINCT FROM p.v ->> c.column_name
                              THEN 'update'
                          WHEN h.v ->> c.column_name IS NOT DISTINCT FROM p.v ->> c.column_name
                              THEN 'change'
                          ELSE 'conflict' END END AS action
      FROM pairs p JOIN here h USING (key) JOIN there o USING (page)
      JOIN notion.link_columns c ON c.link = %8$s AND NOT c.is_marker
     WHERE h.v ->> c.column_name IS DISTINCT FROM o.v ->> c.column_name)
SELECT action, key, url,
       jsonb_object_agg(col, jsonb_build_object('postgres', here, 'notion', there))
  FROM fields GROUP BY action, key, url
UNION ALL SELECT 'pair', key, url, NULL FROM (TABLE marked UNION ALL TABLE matched) p
  JOIN there USING (page)
UNION ALL SELECT 'create', key, NULL, v FROM here
 WHERE %10$L <> 'from_notion' AND key NOT IN (SELECT key FROM pairs)
   AND key NOT IN (SELECT key FROM known)
UNION ALL SELECT 'insert', NULL, url, v FROM there
 WHERE %10$L <> 'to_notion' AND page NOT IN (SELECT page FROM pairs)
UNION ALL SELECT 'trash', k.key, o.url, NULL FROM known k JOIN there o USING (page)
 WHERE %10$L <> 'from_notion' AND %13$L = 'trash' AND k.key NOT IN (SELECT key FROM here)
   AND (EXISTS (SELECT FROM notion.work w WHERE w.link = %8$s AND w.key = k.key AND w.deleted)
        OR EXISTS (SELECT FROM %3$s t WHERE notion.row_key(%1$s) = k.key))
UNION ALL SELECT 'pages', NULL, NULL, to_jsonb(count(*)) FROM there
UNION ALL SELECT 'writes', NULL, NULL, to_jsonb(count(*)) FROM (
    SELECT key FROM fields WHERE action = 'update'
    UNION SELECT key FROM matched WHERE %10$L <> 'from_notion'
    UNION ALL SELECT page FROM there
     WHERE %10$L = 'both' AND page NOT IN (SELECT page FROM pairs)) w
 ORDER BY 1, 2, 3$query$,
               (SELECT pg_catalog.string_agg(pg_catalog.format('t.%I', k.name), ', ' ORDER BY k.n)
                  FROM pg_catalog.unnest(l.key_columns) WITH ORDINALITY k(name, n)),
               notion.compared_columns(l.id, 'here'), l.table_id,
               coalesce((SELECT pg_catalog.format('f.%I::text', c.foreign_column)
                           FROM notion.link_columns c
                          WHERE c.link = l.id AND c.is_marker), 'NULL'),
               notion.compared_columns(l.id, 'there'), l.foreign_table_id,
               notion.compared_columns(l.id, 'base'), l.id,
               coalesce((SELECT pg_catalog.string_agg(
                                    pg_catalog.format('h.v ->> %1$L = o.v ->> %1$L', c), ' AND ')
                           FROM pg_catalog.unnest(match) c), 'false'),
               l.direction, coalesce(l.filter, 'true'),
               coalesce((SELECT pg_catalog.string_agg(pg_catalog.format('h.v ->> %L', c), ', ')
                           FROM pg_catalog.unnest(match) c), 'h.key'), l.on_postgres_delete)
      FROM notion.links l WHERE l.id = plan_query.link;
END;
COMMENT ON FUNCTION notion.plan_query(integer, text[]) IS
    'the query behind notion.plan; $1: what becomes of pairs that never met and differ';

CREATE FUNCTION notion.budget_per_minute(foreign_table_id regclass) RETURNS integer
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT coalesce(nullif(notion.option(s.srvoptions, 'budget_per_minute'), '0')::integer, 180)
      FROM pg_catalog.pg_foreign_table t
      JOIN pg_catalog.pg_foreign_server s ON s.oid = t.ftserver
     WHERE t.ftrelid = foreign_table_id;
END;
COMMENT ON FUNCTION notion.budget_per_minute(regclass) IS
    'the requests a minute that the foreign table''s server may be asked; negative: no limit';

CREATE FUNCTION notion.plan("table" regclass, match text DEFAULT NULL, prefer text DEFAULT NULL)
    RETURNS TABLE (action text, key text, page_url text, changes jsonb)
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    linked integer := notion.link_id("table");
    counts jsonb := '{}';
    pages bigint := 0;
    -- Pages that get a value or a marker, those that become rows among them.
    writes bigint := 0;
    requests bigint;
    budget integer;
BEGIN
    FOR action, key, page_url, changes IN
        EXECUTE notion.plan_query(linked, notion.match_columns(linked, match))
        USING CASE prefer WHEN 'postgres' THEN 'update' WHEN 'notion' THEN 'change'
                          ELSE 'differs' END LOOP
        IF action = 'pages' THEN
            pages := changes::bigint;
        ELSIF action = 'writes' THEN
            writes := changes::bigint;
        ELSE
            counts := jsonb_set(counts, ARRAY[action],
                                to_jsonb(coalesce((counts ->> action)::bigint, 0) + 1));
            RETURN NEXT;
        END IF;
    END LOOP;
    requests := greatest(1, ceil(pages / 100.0)) + writes
                + coalesce((counts ->> 'create')::bigint, 0)
                + coalesce((counts ->> 'trash')::bigint, 0);
    SELECT notion.budget_per_minute(l.foreign_table_id) INTO budget
      FROM notion.links l WHERE l.id = linked;
    action := 'total';
    key := NULL;
    page_url := NULL;
    changes := counts || jsonb_build_object('requests', requests, 'minutes',
                   CASE WHEN budget > 0 THEN round(requests::numeric / budget, 1) ELSE 0 END);
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION notion.plan(regclass, text, text) IS
    'What notion.sync with the same arguments would do, row by row, without doing it: create,'
    ' update and trash pages; insert and change rows; pair what never met; differs: matched '
    'and different, no prefer given (sync would refuse); conflict: both sides changed, the '
    'rule decides. changes: {"column": {"postgres": …, "notion": …}}. The last row, total, '
    'has the counts, the requests and the minutes they take at the server''s budget. Reads '
    'the data source as any query does.';
