-- The end of notion.publish, in apply: the foreign table, as the table's owner, then the link.

CREATE FUNCTION notion.publish_ddl(it notion.publications) RETURNS text
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH columns AS (
        SELECT c.n, c.value ->> 'foreign_column' AS name, c.value ->> 'column_type' AS type,
               c.value ->> 'property' AS property, c.value ->> 'type' AS property_type,
               (it).properties -> (c.value ->> 'property') ->> 'id' AS property_id,
               (it).properties -> (c.value ->> 'property')
                   #>> '{relation,data_source_id}' AS related
          FROM pg_catalog.jsonb_array_elements((it).columns) WITH ORDINALITY c(value, n)
        UNION ALL
        -- The other ends of relations that come from tables published together.
        SELECT 10000 + pg_catalog.row_number() OVER (ORDER BY p.key),
               pg_catalog.lower(pg_catalog.regexp_replace(p.key, '[^[:alnum:]]+', '_', 'g')),
               'uuid[]', p.key, 'relation', p.value ->> 'id', p.related
          FROM (SELECT o.data_source::text AS related,
                       s.value #>> '{relation,dual_property,synced_property_name}' AS key,
                       pg_catalog.jsonb_build_object('id',
                           s.value #> '{relation,dual_property,synced_property_id}') AS value
                  FROM notion.publications o
                 CROSS JOIN pg_catalog.jsonb_each(o.properties) s
                 WHERE o.server = (it).server AND s.value ->> 'type' = 'relation'
                   AND (s.value #>> '{relation,data_source_id}')::uuid = (it).data_source
                   AND s.value #>> '{relation,type}' = 'dual_property') p
         WHERE NOT EXISTS (SELECT FROM pg_catalog.jsonb_array_elements((it).columns) c
                            WHERE c ->> 'property' = p.key))
    SELECT pg_catalog.format(
               'CREATE FOREIGN TABLE %I.%I (page_id uuid, page_url text, '
               'page_created_at timestamptz, page_edited_at timestamptz, %s) SERVER %I '
               'OPTIONS (data_source %L, time_zone %L)',
               (it).schema, k.relname,
               pg_catalog.string_agg(pg_catalog.format(
                   '%I %s OPTIONS (property_id %L, property %L, type %L%s)',
                   pg_catalog.left(c.name, 63),
                   c.type, c.property_id, c.property, c.property_type,
                   CASE WHEN c.related IS NOT NULL
                        THEN pg_catalog.format(', data_source %L', c.related) END), ', '
                   ORDER BY c.n),
               (it).server, (it).data_source, (it).time_zone)
      FROM columns c, pg_catalog.pg_class k
     WHERE k.oid = (it).table_id
     GROUP BY k.relname;
END;
REVOKE ALL ON FUNCTION notion.publish_ddl(notion.publications) FROM PUBLIC;
COMMENT ON FUNCTION notion.publish_ddl(notion.publications) IS
    'the foreign table of a publication whose properties are known';

CREATE FUNCTION notion.publish_table(it notion.publications) RETURNS regclass
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT t.ftrelid::regclass FROM pg_catalog.pg_foreign_table t
      JOIN pg_catalog.pg_foreign_server s ON s.oid = t.ftserver AND s.srvname = (it).server
     WHERE notion.data_source(notion.option(t.ftoptions, 'data_source')) = (it).data_source
     ORDER BY t.ftrelid LIMIT 1;
END;
REVOKE ALL ON FUNCTION notion.publish_table(notion.publications) FROM PUBLIC;
COMMENT ON FUNCTION notion.publish_table(notion.publications) IS
    'the foreign table over a publication''s data source; null: there is none yet';

CREATE FUNCTION notion.publish_alter(it notion.publications) RETURNS text
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT pg_catalog.format('ALTER FOREIGN TABLE %s %s', notion.publish_table(it),
        pg_catalog.string_agg(pg_catalog.format(
            'ADD COLUMN %I %s OPTIONS (property_id %L, property %L, type %L%s)',
            pg_catalog.left(c ->> 'foreign_column', 63), c ->> 'column_type',
            property ->> 'id', c ->> 'property', c ->> 'type',
            CASE WHEN c ->> 'type' = 'relation' THEN pg_catalog.format(', data_source %L',
                 property #>> '{relation,data_source_id}') END), ', '))
      FROM pg_catalog.jsonb_array_elements((it).columns) c
     CROSS JOIN LATERAL (SELECT (it).properties -> (c ->> 'property') AS property) p
     WHERE (it).added ? (c ->> 'property')
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a
                        WHERE a.attrelid = notion.publish_table(it) AND NOT a.attisdropped
                          AND notion.option(a.attfdwoptions, 'property_id') = property ->> 'id')
    HAVING count(*) > 0;
END;
REVOKE ALL ON FUNCTION notion.publish_alter(notion.publications) FROM PUBLIC;
COMMENT ON FUNCTION notion.publish_alter(notion.publications) IS
    'the columns that the foreign table of a publication lacks for what was added; null: none';

CREATE FUNCTION notion.publish_ready()
    RETURNS TABLE (id bigint, owner oid, ddl text)
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT p.id, c.relowner,
           CASE WHEN notion.publish_table(p) IS NULL THEN notion.publish_ddl(p)
                ELSE notion.publish_alter(p) END
      FROM notion.publications p JOIN pg_catalog.pg_class c ON c.oid = p.table_id
     WHERE p.step = 'link' AND p.state = 'due' AND p.due <= pg_catalog.clock_timestamp()
       -- Relations of others may add properties to this data source.
       AND NOT EXISTS (SELECT FROM notion.publications o
                        WHERE o.server = p.server AND o.step IN ('create', 'define')
                          AND o.state <> 'failed' AND p.table_id = ANY (o.targets))
     -- Tables before those that refer to them, as far as there is such an order.
     ORDER BY EXISTS (SELECT FROM notion.publications o
                       WHERE o.server = p.server AND o.step = 'link' AND o.state = 'due'
                         AND o.id <> p.id AND o.table_id = ANY (p.targets)), p.id LIMIT 1;
END;
REVOKE ALL ON FUNCTION notion.publish_ready() FROM PUBLIC;
COMMENT ON FUNCTION notion.publish_ready() IS
    'the next publication that wants its foreign table (ddl; null: it is there) and its link';

CREATE FUNCTION notion.publish_pairs(it notion.publications) RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT pg_catalog.jsonb_object_agg(
               CASE WHEN pg_catalog.cardinality(o.own) > 1
                    THEN '(' || pg_catalog.array_to_string(o.own, ', ') || ')'
                    ELSE o.own[1]::text END, c.value ->> 'foreign_column')
      FROM pg_catalog.jsonb_array_elements((it).columns) c
     CROSS JOIN LATERAL (
            SELECT CASE WHEN c.value ->> 'type' = 'relation'
                        THEN ARRAY(SELECT f::name FROM pg_catalog.jsonb_array_elements_text(
                                       c.value -> 'fk_columns') f)
                        ELSE ARRAY[(c.value ->> 'column')::name] END AS own) o
      LEFT JOIN LATERAL notion.reference((it).table_id, notion.table_key((it).table_id, NULL),
                                         o.own, NULL, c.value ->> 'type') r
             ON c.value ->> 'type' = 'relation'
     WHERE coalesce(c.value ->> 'column', '') <> '(key)'
       AND (c.value ->> 'type' <> 'relation' OR r.fault IS NULL AND r.refers_to IS NOT NULL);
END;
REVOKE ALL ON FUNCTION notion.publish_pairs(notion.publications) FROM PUBLIC;
COMMENT ON FUNCTION notion.publish_pairs(notion.publications) IS
    'the columns of a publication that its link can pair now: references once the table to which '
    'they refer is linked';

CREATE FUNCTION notion.publish_references(target regclass) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    it record;
BEGIN
    FOR it IN
        SELECT p.table_id, notion.columns_of(l.id) AS paired, notion.publish_pairs(p) AS pairs
          FROM notion.publications p JOIN notion.links l ON l.table_id = p.table_id
         WHERE p.step = 'done' AND target = ANY (p.targets) AND p.table_id <> target
    LOOP
        IF NOT it.paired ?& ARRAY(SELECT jsonb_object_keys(it.pairs)) THEN
            PERFORM notion.alter_link(it.table_id, columns => it.pairs || it.paired);
        END IF;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION notion.publish_references(regclass) FROM PUBLIC;
COMMENT ON FUNCTION notion.publish_references(regclass) IS
    'a table was linked: published tables that refer to it, and were linked before, pair that too';

CREATE FUNCTION notion.publish_link(id bigint) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    SET lock_timeout = '500ms'
AS $$
DECLARE
    it notion.publications;
BEGIN
    SELECT * INTO it FROM notion.publications p WHERE p.id = publish_link.id FOR UPDATE;
    IF NOT EXISTS (SELECT FROM notion.links l WHERE l.table_id = it.table_id) THEN
        PERFORM notion.make_link(it.table_id, notion.publish_table(it), it.direction,
            notion.publish_pairs(it), 'newest', 'ignore', 'trash', NULL, NULL, it.marker, 'origin');
    ELSIF it.added IS NOT NULL THEN
        PERFORM notion.publish_pair_added(it);
    END IF;
    UPDATE notion.publications p
       SET step = 'done', added = NULL, reason = NULL, finished_at = clock_timestamp()
     WHERE p.id = publish_link.id;
    PERFORM notion.publish_references(it.table_id);
EXCEPTION
    WHEN lock_not_available THEN
        PERFORM notion.publish_again(id, 'due', SQLERRM, '1 s');
    WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS it.reason = PG_EXCEPTION_DETAIL;
        PERFORM notion.publish_again(id, 'failed', concat_ws(': ', SQLERRM, nullif(it.reason, '')),
                                     '0');
END
$$;
REVOKE ALL ON FUNCTION notion.publish_link(bigint) FROM PUBLIC;
COMMENT ON FUNCTION notion.publish_link(bigint) IS
    'links a published table with its foreign table; what keeps it from that is its reason';
