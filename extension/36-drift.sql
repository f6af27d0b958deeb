-- Drift: what foreign tables say of their properties, against what the data source has now.
-- Columns follow property ids. notion.drift lists what differs, with the DDL; notion.refresh runs
-- it, except where it would drop something: nothing is renamed or dropped unasked.

CREATE FUNCTION notion.tables_of(schema regnamespace)
    RETURNS TABLE (relation regclass, server name, source text)
    LANGUAGE sql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT t.ftrelid::regclass, s.srvname, notion.option(t.ftoptions, 'data_source')
      FROM pg_catalog.pg_foreign_table t
      JOIN pg_catalog.pg_class c ON c.oid = t.ftrelid
      JOIN pg_catalog.pg_foreign_server s ON s.oid = t.ftserver
      JOIN pg_catalog.pg_foreign_data_wrapper w ON w.oid = s.srvfdw
     WHERE c.relnamespace = tables_of.schema AND w.fdwname = 'notion_fdw'
       AND notion.option(t.ftoptions, 'data_source') IS NOT NULL
     ORDER BY c.relname;
END;
COMMENT ON FUNCTION notion.tables_of(regnamespace) IS 'the foreign tables of a schema over Notion';

-- A column without property_id follows its property by name, and gets no second column.
CREATE FUNCTION notion.drift_pairs(relation regclass, server name, source text)
    RETURNS TABLE (attname name, atttypid oid, atttypmod integer, attnum smallint,
                   options jsonb, property_id text, property text, property_type text,
                   column_name text, column_type text, column_comment text, table_comment text,
                   related text)
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    WITH theirs AS MATERIALIZED (
        SELECT * FROM notion.data_sources(server, source)
    ), ours AS MATERIALIZED (
        SELECT a.attname, a.atttypid, a.atttypmod, a.attnum, o.options,
               o.options ->> 'property_id' AS by_id,
               coalesce(o.options ->> 'property', a.attname) AS by_name
          FROM pg_attribute a
          CROSS JOIN LATERAL (
            SELECT coalesce(jsonb_object_agg(p.option_name, p.option_value), '{}') AS options
              FROM pg_options_to_table(a.attfdwoptions) p) o
         WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
           AND (o.options ?| '{property,property_id}' OR a.attname NOT LIKE 'page\_%')
    ), pairs AS (
        SELECT o.attname, o.atttypid, o.atttypmod, o.attnum, o.options, d.property_id,
               d.property, d.property_type, d.column_name, d.column_type, d.column_comment,
               d.table_comment, d.related
          FROM theirs d
          LEFT JOIN ours o
            ON d.property_id = o.by_id OR (o.by_id IS NULL AND d.property = o.by_name))
    SELECT * FROM pairs
    UNION ALL
    SELECT o.attname, o.atttypid, o.atttypmod, o.attnum, o.options, NULL, NULL, NULL, NULL, NULL,
           NULL, NULL, NULL
      FROM ours o WHERE NOT EXISTS (SELECT FROM pairs p WHERE p.attnum = o.attnum)
     ORDER BY 4 NULLS LAST, 9
$$;
COMMENT ON FUNCTION notion.drift_pairs(regclass, name, text) IS
    'columns of a foreign table beside the properties they read; either side may be missing';

CREATE FUNCTION notion.option_change(options jsonb, name text, value text) RETURNS text
    LANGUAGE sql IMMUTABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT CASE WHEN value IS NULL THEN pg_catalog.format('DROP %I', name)
                ELSE pg_catalog.format('%s %I %L', CASE WHEN options ? name THEN 'SET'
                                                        ELSE 'ADD' END, name, value) END;
END;
COMMENT ON FUNCTION notion.option_change(jsonb, text, text) IS
    'what ALTER … OPTIONS says to give an option this value; null: none';

CREATE FUNCTION notion.drift_table(relation regclass, server name, source text)
    RETURNS TABLE (foreign_table regclass, column_name text, difference text, ddl text,
                   is_safe boolean)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    it record;
    has_type text;
BEGIN
    foreign_table := relation;
    FOR it IN SELECT * FROM notion.drift_pairs(relation, server, source) LOOP
        column_name := it.attname;
        has_type := format_type(it.atttypid, it.atttypmod);
        is_safe := true;
        IF it.property_id IS NULL THEN
            difference := 'its property is gone';
            ddl := format('ALTER FOREIGN TABLE %s DROP COLUMN %I;', relation, it.attname);
            is_safe := false;
            RETURN NEXT;
            CONTINUE;
        ELSIF it.attname IS NULL THEN
            column_name := it.column_name;
            WHILE EXISTS (SELECT FROM pg_attribute a
                           WHERE a.attrelid = relation AND a.attname = column_name) LOOP
                column_name := left(column_name, 60) || '_2';
            END LOOP;
            difference := 'added';
            ddl := format('ALTER FOREIGN TABLE %s ADD COLUMN %I %s OPTIONS (property_id %L, '
                          'property %L%s%s);', relation, column_name, it.column_type,
                          it.property_id, it.property,
                          CASE WHEN it.property_type IS NOT NULL
                               THEN format(', type %L', it.property_type) END,
                          CASE WHEN it.related IS NOT NULL
                               THEN format(', data_source %L', it.related) END);
            RETURN NEXT;
            CONTINUE;
        END IF;
        IF it.options ? 'property_id'
           AND it.options ->> 'property' IS DISTINCT FROM it.property THEN
            difference := format('its property is now named "%s"', it.property);
            ddl := format('ALTER FOREIGN TABLE %s ALTER COLUMN %I OPTIONS (%s);', relation,
                          it.attname, notion.option_change(it.options, 'property', it.property));
            RETURN NEXT;
        END IF;
        IF it.options ->> 'type' IS DISTINCT FROM it.property_type THEN
            difference := format('its property is now of type %s', it.property_type);
            ddl := format('ALTER FOREIGN TABLE %s ', relation);
            IF notion.property_accepts(it.property_type, notion.column_type(it.atttypid))
               IS NOT TRUE THEN
                ddl := ddl || format('ALTER COLUMN %I TYPE %s, ', it.attname, it.column_type);
                difference := difference || format(', and the column is %s', has_type);
            END IF;
            ddl := ddl || format('ALTER COLUMN %I OPTIONS (%s);', it.attname,
                                 notion.option_change(it.options, 'type', it.property_type));
            RETURN NEXT;
        END IF;
        IF notion.data_source(it.options ->> 'data_source')
           IS DISTINCT FROM notion.data_source(it.related) THEN
            difference := CASE WHEN it.related IS NULL THEN 'its property relates to no data source'
                               ELSE format('its property relates to data source %s', it.related)
                               END;
            ddl := format('ALTER FOREIGN TABLE %s ALTER COLUMN %I OPTIONS (%s);', relation,
                          it.attname, notion.option_change(it.options, 'data_source', it.related));
            RETURN NEXT;
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION notion.drift_table(regclass, name, text) IS
    'notion.drift for one foreign table; is_safe: what notion.refresh does by itself';

CREATE FUNCTION notion.drift(schema regnamespace)
    RETURNS TABLE (foreign_table regclass, column_name text, difference text, ddl text)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    one record;
BEGIN
    FOR one IN SELECT t.*, l.id AS link
                 FROM notion.tables_of(schema) t
                 LEFT JOIN notion.links l ON l.foreign_table_id = t.relation
               UNION
               SELECT l.foreign_table_id, s.srvname, notion.option(f.ftoptions, 'data_source'), l.id
                 FROM notion.links l JOIN pg_class c ON c.oid = l.table_id
                 JOIN pg_foreign_table f ON f.ftrelid = l.foreign_table_id
                 JOIN pg_foreign_server s ON s.oid = f.ftserver
                WHERE c.relnamespace = schema ORDER BY 1 LOOP
        BEGIN
            RETURN QUERY SELECT d.foreign_table, d.column_name, d.difference, d.ddl
                           FROM notion.drift_table(one.relation, one.server, one.source) d;
            IF one.link IS NOT NULL THEN
                RETURN QUERY SELECT one.relation, d.column_name, d.difference, d.ddl
                               FROM notion.table_drift(one.link, notion.source_properties(
                                        one.server, one.source)) d;
            END IF;
        EXCEPTION WHEN fdw_table_not_found THEN
            RETURN QUERY SELECT one.relation, NULL::text,
                                'its data source is deleted, or no longer shared'::text,
                                format('DROP FOREIGN TABLE %s;', one.relation);
        END;
    END LOOP;
END
$$;
COMMENT ON FUNCTION notion.drift(regnamespace) IS
    'What the foreign tables of a schema, and those of its linked tables, say that is no longer so '
    'in Notion: properties added, renamed, gone, of another type; and what linked tables say: '
    'types that no longer fit, values that are no options and options that are no values, columns '
    'that came after notion.publish. ddl: what would mend it, where that is one statement. A '
    'request for each data source, and one more where it is linked. Changes nothing; '
    'notion.refresh runs what loses nothing.';

CREATE FUNCTION notion.refresh(schema regnamespace)
    RETURNS TABLE (foreign_table regclass, column_name text, change text)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    one record;
BEGIN
    FOR one IN SELECT * FROM notion.tables_of(schema) LOOP
        BEGIN
            RETURN QUERY SELECT * FROM notion.refresh_table(one.relation, one.server, one.source);
        EXCEPTION WHEN fdw_table_not_found THEN
            RETURN QUERY SELECT one.relation, NULL::text,
                                'its data source is deleted, or no longer shared'::text;
        END;
    END LOOP;
END
$$;
COMMENT ON FUNCTION notion.refresh(regnamespace) IS
    'Brings the foreign tables of a schema up to what Notion says: comments, options, types, new '
    'columns; returns what changed, and what is gone, which it leaves alone. Never renames or '
    'drops a column. What a view or a link depends on is reported and left as it is.';

CREATE FUNCTION notion.refresh_table(relation regclass, server name, source text)
    RETURNS TABLE (foreign_table regclass, column_name text, change text)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    it record;
BEGIN
    foreign_table := relation;
    FOR it IN SELECT * FROM notion.drift_table(relation, server, source) LOOP
        column_name := it.column_name;
        change := it.difference;
        IF it.is_safe THEN
            BEGIN
                EXECUTE it.ddl;
            EXCEPTION WHEN feature_not_supported OR dependent_objects_still_exist
                        OR invalid_table_definition OR fdw_error THEN
                change := format('%s; not applied: %s', it.difference, SQLERRM);
            END;
        END IF;
        RETURN NEXT;
    END LOOP;
    FOR it IN SELECT * FROM notion.drift_pairs(relation, server, source) p
               WHERE p.attname IS NOT NULL AND p.property_id IS NOT NULL LOOP
        IF it.table_comment IS DISTINCT FROM obj_description(relation, 'pg_class') THEN
            EXECUTE format('COMMENT ON FOREIGN TABLE %s IS %L', relation, it.table_comment);
        END IF;
        IF it.column_comment IS DISTINCT FROM col_description(relation, it.attnum) THEN
            EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', relation, it.attname,
                           it.column_comment);
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION notion.refresh_table(regclass, name, text) IS
    'notion.refresh for one foreign table';
