-- Foreign tables: the wrapper, and keeping their comments and columns in step with Notion.
-- docs/foreign-tables.md has the options.

CREATE FUNCTION notion.fdw_handler() RETURNS fdw_handler
    LANGUAGE c STRICT
    AS 'MODULE_PATHNAME', 'notion_fdw_handler';
COMMENT ON FUNCTION notion.fdw_handler() IS 'foreign tables over data sources of Notion';

CREATE FUNCTION notion.fdw_validator(options text[], catalog oid) RETURNS void
    LANGUAGE c STRICT
    AS 'MODULE_PATHNAME', 'notion_fdw_validator';
COMMENT ON FUNCTION notion.fdw_validator(text[], oid) IS 'checks the options of notion_fdw';

CREATE FOREIGN DATA WRAPPER notion_fdw
    HANDLER notion.fdw_handler VALIDATOR notion.fdw_validator;
COMMENT ON FOREIGN DATA WRAPPER notion_fdw IS 'Notion workspaces; a server is one connection';

CREATE FUNCTION notion.data_sources(
    server name, data_source text DEFAULT NULL,
    OUT data_source_id text, OUT table_name text, OUT url text, OUT table_comment text,
    OUT column_name text, OUT property_type text, OUT column_type text, OUT property_id text,
    OUT property text, OUT column_comment text) RETURNS SETOF record
    LANGUAGE c VOLATILE PARALLEL RESTRICTED
    AS 'MODULE_PATHNAME', 'notion_data_sources';
COMMENT ON FUNCTION notion.data_sources(name, text) IS
    'what the connection sees of its workspace, a row for each property, as IMPORT FOREIGN SCHEMA '
    'would name and type it; one data source if an id or URL is given';

-- Adds, comments, and corrects what the options say of a property; never renames or drops a column.
CREATE FUNCTION notion.refresh(schema regnamespace)
    RETURNS TABLE (foreign_table regclass, column_name text, change text)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $refresh$
#variable_conflict use_column
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT t.ftrelid::regclass AS relation, s.srvname,
               (SELECT o.option_value FROM pg_options_to_table(t.ftoptions) o
                 WHERE o.option_name = 'data_source') AS data_source
          FROM pg_foreign_table t
          JOIN pg_class c ON c.oid = t.ftrelid
          JOIN pg_foreign_server s ON s.oid = t.ftserver
          JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
         WHERE c.relnamespace = refresh.schema AND w.fdwname = 'notion_fdw'
         ORDER BY c.relname
    LOOP
        BEGIN
            RETURN QUERY SELECT * FROM notion.refresh_table(one.relation, one.srvname,
                                                            one.data_source);
        EXCEPTION WHEN fdw_table_not_found THEN
            RETURN QUERY SELECT one.relation, NULL::text,
                                'its data source is deleted, or no longer shared'::text;
        END;
    END LOOP;
END
$refresh$;
COMMENT ON FUNCTION notion.refresh(regnamespace) IS
    'brings comments, property options and new columns of the foreign tables of a schema up to '
    'what Notion says; returns what changed';

-- What the options of one column say of its property; returns what changed.
CREATE FUNCTION notion.refresh_options(
    relation regclass, attname name, has_type text, options jsonb, column_type text,
    property text, property_type text) RETURNS SETOF text
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $refresh_options$
DECLARE
    change text;
BEGIN
    IF options ->> 'property' IS DISTINCT FROM property THEN
        EXECUTE format('ALTER FOREIGN TABLE %s ALTER COLUMN %I OPTIONS (%s property %L)',
                       relation, attname,
                       CASE WHEN options ? 'property' THEN 'SET' ELSE 'ADD' END, property);
        RETURN NEXT format('its property is now named "%s"', property);
    END IF;
    IF options ->> 'type' IS DISTINCT FROM property_type THEN
        change := format('its property is now of type %s', property_type);
        IF column_type = has_type AND property_type IS NOT NULL THEN
            EXECUTE format('ALTER FOREIGN TABLE %s ALTER COLUMN %I OPTIONS (%s type %L)',
                           relation, attname,
                           CASE WHEN options ? 'type' THEN 'SET' ELSE 'ADD' END, property_type);
            RETURN NEXT change;
        ELSE
            RETURN NEXT format('%s; the column stays %s, and would be made %s', change, has_type,
                               column_type);
        END IF;
    END IF;
END
$refresh_options$;
COMMENT ON FUNCTION notion.refresh_options(regclass, name, text, jsonb, text, text, text) IS
    'brings the options of one column up to date with its property; says what it changed';

CREATE FUNCTION notion.refresh_table(relation regclass, server name, source text)
    RETURNS TABLE (foreign_table regclass, column_name text, change text)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $refresh_table$
#variable_conflict use_column
DECLARE
    it record;
    name text;
    seen text[] := '{}';
    is_new boolean;
BEGIN
    foreign_table := relation;
    FOR it IN
        SELECT d.*, a.attname, a.attnum, format_type(a.atttypid, a.atttypmod) AS has_type,
               (SELECT jsonb_object_agg(o.option_name, o.option_value)
                  FROM pg_options_to_table(a.attfdwoptions) o) AS options
          FROM notion.data_sources(server, source) d
          LEFT JOIN pg_attribute a
            ON a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
           AND EXISTS (SELECT FROM pg_options_to_table(a.attfdwoptions) o
                        WHERE o.option_name = 'property_id' AND o.option_value = d.property_id)
         ORDER BY a.attnum NULLS LAST, d.column_name
    LOOP
        IF cardinality(seen) = 0 AND it.table_comment IS DISTINCT FROM
                                     obj_description(relation, 'pg_class') THEN
            EXECUTE format('COMMENT ON FOREIGN TABLE %s IS %L', relation, it.table_comment);
        END IF;
        seen := seen || it.property_id;
        name := coalesce(it.attname, it.column_name);
        is_new := it.attname IS NULL;
        IF is_new THEN
            WHILE EXISTS (SELECT FROM pg_attribute a
                           WHERE a.attrelid = relation AND a.attname = name) LOOP
                name := left(name, 60) || '_2';
            END LOOP;
            EXECUTE format('ALTER FOREIGN TABLE %s ADD COLUMN %I %s OPTIONS (property_id %L, '
                           'property %L%s)', relation, name, it.column_type, it.property_id,
                           it.property, CASE WHEN it.property_type IS NOT NULL
                                             THEN format(', type %L', it.property_type) END);
            column_name := name;
            change := 'added';
            RETURN NEXT;
        END IF;
        column_name := name;
        FOR change IN SELECT * FROM notion.refresh_options(
                relation, it.attname, it.has_type, it.options, it.column_type, it.property,
                it.property_type) WHERE NOT is_new LOOP
            RETURN NEXT;
        END LOOP;
        IF it.column_comment IS DISTINCT FROM
           (SELECT col_description(relation, a.attnum) FROM pg_attribute a
             WHERE a.attrelid = relation AND a.attname = name) THEN
            EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', relation, name, it.column_comment);
        END IF;
    END LOOP;
    RETURN QUERY
        SELECT relation, a.attname::text, 'its property is gone'::text
          FROM pg_attribute a, pg_options_to_table(a.attfdwoptions) o
         WHERE a.attrelid = relation AND NOT a.attisdropped AND o.option_name = 'property_id'
           AND o.option_value <> ALL (seen)
         ORDER BY a.attnum;
END
$refresh_table$;
COMMENT ON FUNCTION notion.refresh_table(regclass, name, text) IS
    'notion.refresh for one foreign table';
