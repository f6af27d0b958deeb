-- How notion.publish turns a table into properties, and every reason why it cannot.

CREATE FUNCTION notion.publish_raw(table_id regclass, tables regclass[], server name,
                                   columns jsonb, except_columns text[])
    RETURNS TABLE (number smallint, column_name name, kind text, sql_type text, is_key boolean,
                   choices text[], wish jsonb, target regclass, comment text)
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT a.attnum, a.attname, notion.column_type(a.atttypid),
           pg_catalog.format_type(a.atttypid, a.atttypmod),
           coalesce(ARRAY[a.attname] = notion.table_key(publish_raw.table_id, NULL), false),
           notion.listed_values(publish_raw.table_id, a.attnum),
           notion.wish_of(publish_raw.columns, publish_raw.table_id, a.attname),
           (SELECT k.target FROM notion.foreign_keys(publish_raw.table_id) k
             WHERE k.columns = ARRAY[a.attname]
               AND (k.target = ANY (publish_raw.tables)
                    OR notion.known_source(publish_raw.server, k.target) IS NOT NULL) LIMIT 1),
           pg_catalog.col_description(a.attrelid, a.attnum)
      FROM pg_catalog.pg_attribute a
     WHERE a.attrelid = publish_raw.table_id AND a.attnum > 0 AND NOT a.attisdropped
       AND NOT EXISTS (SELECT FROM pg_catalog.unnest(publish_raw.except_columns) x
                        WHERE notion.is_named(x, publish_raw.table_id, a.attname));
END;
REVOKE ALL ON FUNCTION notion.publish_raw(regclass, regclass[], name, jsonb, text[]) FROM PUBLIC;
COMMENT ON FUNCTION notion.publish_raw(regclass, regclass[], name, jsonb, text[]) IS
    'the columns that are to be seen in Notion, and what the catalog and the arguments say of each';

CREATE FUNCTION notion.publish_title(table_id regclass, tables regclass[], server name,
                                     columns jsonb, except_columns text[]) RETURNS name
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT r.column_name
      FROM notion.publish_raw(publish_title.table_id, publish_title.tables,
                              publish_title.server, publish_title.columns,
                              publish_title.except_columns) r
     WHERE r.wish ->> 'type' = 'title' OR r.is_key
        OR (r.kind = 'text' AND r.choices IS NULL AND r.target IS NULL AND r.wish -> 'type' IS NULL)
     ORDER BY CASE WHEN r.wish ->> 'type' = 'title' THEN 0
                   WHEN r.is_key AND r.kind = 'text' AND r.choices IS NULL
                        AND r.wish -> 'type' IS NULL THEN 1
                   WHEN NOT r.is_key THEN 2
                   ELSE 3 END, r.number LIMIT 1;
END;
REVOKE ALL ON FUNCTION notion.publish_title(regclass, regclass[], name, jsonb, text[]) FROM PUBLIC;
COMMENT ON FUNCTION notion.publish_title(regclass, regclass[], name, jsonb, text[]) IS
    'the column that becomes the title: the one asked for, a text key, the first text column, the '
    'key; null: none of these';

CREATE FUNCTION notion.publish_columns(table_id regclass, tables regclass[], server name,
                                       columns jsonb, except_columns text[])
    RETURNS TABLE (n bigint, column_name name, property text, type text, kind text, sql_type text,
                   is_key boolean, choices text[], wish jsonb, target regclass,
                   fk_columns name[], comment text)
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH style AS (
        SELECT coalesce(notion.option(s.srvoptions, 'names'), '') = 'exact' AS exact,
               notion.publish_title(publish_columns.table_id, publish_columns.tables,
                                    publish_columns.server, publish_columns.columns,
                                    publish_columns.except_columns) AS title,
               notion.table_key(publish_columns.table_id, NULL) AS key
          FROM pg_catalog.pg_foreign_server s WHERE s.srvname = publish_columns.server),
    raw AS (
        SELECT r.*, CASE
                   WHEN r.column_name = s.title THEN 'title'
                   WHEN r.wish ->> 'type' <> 'title' THEN r.wish ->> 'type'
                   WHEN r.is_key AND r.kind IN ('int2', 'int4', 'int8') THEN 'number'
                   WHEN r.is_key THEN 'rich_text'
                   WHEN r.target IS NOT NULL THEN 'relation'
                   WHEN r.choices IS NOT NULL AND r.kind = 'text' THEN 'select'
                   WHEN r.kind = 'text' THEN 'rich_text'
                   WHEN r.kind = 'text_array' THEN 'multi_select'
                   WHEN r.kind = 'boolean' THEN 'checkbox'
                   WHEN r.kind IN ('int2', 'int4', 'int8', 'float8', 'numeric') THEN 'number'
                   WHEN r.kind IN ('date', 'timestamptz', 'tstzrange', 'daterange') THEN 'date'
               END AS type, s.exact
          FROM style s, notion.publish_raw(publish_columns.table_id, publish_columns.tables,
                                           publish_columns.server, publish_columns.columns,
                                           publish_columns.except_columns) r),
    listed AS (
        SELECT r.number::bigint AS n, r.column_name,
               coalesce(r.wish ->> 'property', CASE WHEN r.exact THEN r.column_name::text
                        WHEN r.type = 'relation' AND r.column_name ~ '._(id|uuid|key)$'
                        THEN notion.words(pg_catalog.regexp_replace(r.column_name::text,
                                                                    '_(id|uuid|key)$', ''))
                        ELSE notion.words(r.column_name::text) END) AS property,
               r.type, r.kind, r.sql_type, r.is_key, r.choices, r.wish,
               CASE r.type WHEN 'relation' THEN r.target END AS target,
               CASE r.type WHEN 'relation' THEN ARRAY[r.column_name] END AS fk_columns, r.comment
          FROM raw r
        UNION ALL
        SELECT 10000 + k.n, NULL, CASE WHEN s.exact THEN c.relname::text
                                       ELSE notion.words(c.relname::text) END,
               'relation', NULL, NULL, false, NULL, '{}', k.target, k.columns, NULL
          FROM style s
         CROSS JOIN notion.foreign_keys(publish_columns.table_id)
                    WITH ORDINALITY k(columns, target, n)
          JOIN pg_catalog.pg_class c ON c.oid = k.target
         WHERE pg_catalog.cardinality(k.columns) > 1
           AND (k.target = ANY (publish_columns.tables)
                OR notion.known_source(publish_columns.server, k.target) IS NOT NULL)
        UNION ALL
        SELECT 0, '(key)', CASE WHEN s.exact THEN 'row_key' ELSE 'Row key' END,
               CASE WHEN s.title IS NULL THEN 'title' ELSE 'rich_text' END, 'text', 'text', true,
               NULL, '{}', NULL, NULL,
               'the key of the row in PostgreSQL: ' || pg_catalog.array_to_string(s.key, ', ')
          FROM style s WHERE pg_catalog.cardinality(s.key) > 1)
    SELECT * FROM listed l ORDER BY l.type <> 'title', l.n;
END;
REVOKE ALL ON FUNCTION notion.publish_columns(regclass, regclass[], name, jsonb, text[])
    FROM PUBLIC;
COMMENT ON FUNCTION notion.publish_columns(regclass, regclass[], name, jsonb, text[]) IS
    'the properties that a table becomes, title first: of its columns, of foreign keys of several '
    'columns (without column_name), of a key of several columns ("(key)"); type null: none';

CREATE FUNCTION notion.property_config(type text, choices text[], wish jsonb, comment text)
    RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    RETURN pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
        type, CASE
            WHEN type = 'number' AND wish ->> 'format' IS NOT NULL
            THEN pg_catalog.jsonb_build_object('format', wish ->> 'format')
            WHEN type IN ('select', 'multi_select', 'status') AND choices IS NOT NULL
            THEN pg_catalog.jsonb_build_object('options',
                     (SELECT coalesce(pg_catalog.jsonb_agg(
                                 pg_catalog.jsonb_build_object('name', c.name) ORDER BY c.n), '[]')
                        FROM pg_catalog.unnest(choices) WITH ORDINALITY c(name, n)))
            ELSE '{}' END,
        'description', pg_catalog.left(nullif(coalesce(wish ->> 'description', comment), ''),
                                       280)));
COMMENT ON FUNCTION notion.property_config(text, text[], jsonb, text) IS
    'a property as Notion''s API takes it when a database is made; descriptions end at 280 '
    'characters';

CREATE FUNCTION notion.choices_of(choices text[], wish jsonb) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    RETURN CASE WHEN pg_catalog.jsonb_typeof(wish -> 'options') = 'array'
                THEN ARRAY(SELECT pg_catalog.jsonb_array_elements_text(wish -> 'options'))
                ELSE choices END;
COMMENT ON FUNCTION notion.choices_of(text[], jsonb) IS
    'the options of a property: those of the argument, else those of the column';

CREATE FUNCTION notion.number_formats() RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN '{number,number_with_commas,percent,dollar,canadian_dollar,australian_dollar,
             singapore_dollar,euro,pound,yen,ruble,rupee,won,yuan,real,lira,rupiah,franc,
             hong_kong_dollar,new_zealand_dollar,krona,norwegian_krone,mexican_peso,rand,
             new_taiwan_dollar,danish_krone,zloty,baht,forint,koruna,shekel,chilean_peso,
             philippine_peso,dirham,colombian_peso,riyal,ringgit,leu,argentine_peso,
             uruguayan_peso,peruvian_sol}'::text[];
COMMENT ON FUNCTION notion.number_formats() IS 'the formats of Notion''s numbers';
