-- Linking a table: what is checked, what is kept. No request is made; changes are captured from
-- now on and nothing is sent before the first notion.sync.

CREATE FUNCTION notion.property_accepts(property_type text, column_type text) RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'notion_property_accepts';
COMMENT ON FUNCTION notion.property_accepts(text, text) IS
    'whether a property of this type can be read into a column of that ColumnType '
    '(docs/types.md)';

CREATE FUNCTION notion.property_is_writable(property_type text) RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'notion_property_is_writable';
COMMENT ON FUNCTION notion.property_is_writable(text) IS
    'false for what Notion computes itself, such as formulas and times of creation';

CREATE FUNCTION notion.capture() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'notion_capture';
COMMENT ON FUNCTION notion.capture() IS
    'trigger of linked tables: records the keys of changed rows for the worker; made by '
    'notion.link';
REVOKE ALL ON FUNCTION notion.capture() FROM PUBLIC;

CREATE FUNCTION notion.column_type(type oid) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH RECURSIVE base AS (
        SELECT t.oid, t.typtype, t.typbasetype, t.typelem, t.typcategory
          FROM pg_catalog.pg_type t WHERE t.oid = column_type.type
        UNION ALL
        SELECT t.oid, t.typtype, t.typbasetype, t.typelem, t.typcategory
          FROM base b JOIN pg_catalog.pg_type t ON t.oid = b.typbasetype WHERE b.typtype = 'd')
    SELECT CASE
        WHEN b.typtype = 'e' THEN 'text'
        WHEN b.typcategory = 'A' AND e.typtype = 'e' THEN 'text_array'
        ELSE k.kind END
      FROM base b
      LEFT JOIN pg_catalog.pg_type e ON e.oid = b.typelem
      LEFT JOIN (VALUES
            ('text'::regtype::oid, 'text'), ('varchar'::regtype::oid, 'text'),
            ('bpchar'::regtype::oid, 'text'), ('boolean'::regtype::oid, 'boolean'),
            ('int2'::regtype::oid, 'int2'), ('int4'::regtype::oid, 'int4'),
            ('int8'::regtype::oid, 'int8'), ('float4'::regtype::oid, 'float8'),
            ('float8'::regtype::oid, 'float8'), ('numeric'::regtype::oid, 'numeric'),
            ('date'::regtype::oid, 'date'), ('timestamptz'::regtype::oid, 'timestamptz'),
            ('uuid'::regtype::oid, 'uuid'), ('jsonb'::regtype::oid, 'jsonb'),
            ('tstzrange'::regtype::oid, 'tstzrange'), ('daterange'::regtype::oid, 'daterange'),
            ('text[]'::regtype::oid, 'text_array'), ('varchar[]'::regtype::oid, 'text_array'),
            ('uuid[]'::regtype::oid, 'uuid_array')) k(type, kind) ON k.type = b.oid
     WHERE b.typtype <> 'd';
END;
COMMENT ON FUNCTION notion.column_type(oid) IS
    'the ColumnType (docs/types.md) of a column of this type, domains and enums included; '
    'null: none';

CREATE FUNCTION notion.option(options text[], wanted text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT o.option_value FROM pg_catalog.pg_options_to_table(options) o
     WHERE o.option_name = wanted;
END;
COMMENT ON FUNCTION notion.option(text[], text) IS
    'an option of a foreign object, null if not set';

CREATE FUNCTION notion.paired_type(type oid, property_type text, is_key boolean) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    RETURN CASE WHEN is_key AND property_type IN ('title', 'rich_text')
                THEN 'text' ELSE notion.column_type(type) END;
COMMENT ON FUNCTION notion.paired_type(oid, text, boolean) IS
    'the ColumnType that a pair of columns has: a key is held by a text property as its text';

CREATE FUNCTION notion.is_key(table_id regclass, column_number smallint) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT EXISTS (SELECT FROM pg_catalog.pg_index i
                    WHERE i.indrelid = is_key.table_id AND i.indisprimary
                      AND i.indkey[0] = is_key.column_number);
END;
COMMENT ON FUNCTION notion.is_key(regclass, smallint) IS
    'whether this column is the first of the table''s primary key';

CREATE FUNCTION notion.wanted_columns(table_id regclass, foreign_table_id regclass, columns jsonb)
    RETURNS TABLE (column_name name, foreign_column name, direction text, rule text)
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT a.attname, f.attname, NULL::text, NULL::text
      FROM pg_catalog.pg_attribute a
      JOIN pg_catalog.pg_attribute f ON f.attrelid = wanted_columns.foreign_table_id
           AND f.attname = a.attname AND f.attnum > 0 AND NOT f.attisdropped
     WHERE wanted_columns.columns IS NULL AND a.attrelid = wanted_columns.table_id
       AND a.attnum > 0 AND NOT a.attisdropped AND f.attfdwoptions IS NOT NULL
    UNION ALL
    SELECT c.key::name,
           CASE pg_catalog.jsonb_typeof(c.value) WHEN 'object'
                THEN coalesce(c.value ->> 'property', c.key)
                ELSE c.value #>> '{}' END::name,
           CASE pg_catalog.jsonb_typeof(c.value) WHEN 'object' THEN c.value ->> 'direction' END,
           CASE pg_catalog.jsonb_typeof(c.value) WHEN 'object' THEN c.value ->> 'rule' END
      FROM pg_catalog.jsonb_each(wanted_columns.columns) c;
END;
COMMENT ON FUNCTION notion.wanted_columns(regclass, regclass, jsonb) IS
    'the pairs of columns that a call of notion.link asks for: those named, or all of equal name';

CREATE FUNCTION notion.column_faults(table_id regclass, foreign_table_id regclass, columns jsonb)
    RETURNS SETOF text
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH pairs AS (
        SELECT w.*, a.attnum AS here, f.attnum AS there, a.attgenerated <> '' AS is_generated,
               notion.paired_type(a.atttypid, notion.option(f.attfdwoptions, 'type'),
                                  notion.is_key(a.attrelid, a.attnum)) AS kind,
               pg_catalog.format_type(a.atttypid, a.atttypmod) AS type,
               notion.option(f.attfdwoptions, 'type') AS property_type
          FROM notion.wanted_columns(column_faults.table_id, column_faults.foreign_table_id,
                                     column_faults.columns) w
          LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = column_faults.table_id
               AND a.attname = w.column_name AND a.attnum > 0 AND NOT a.attisdropped
          LEFT JOIN pg_catalog.pg_attribute f ON f.attrelid = column_faults.foreign_table_id
               AND f.attname = w.foreign_column AND f.attnum > 0 AND NOT f.attisdropped)
    SELECT pg_catalog.format('column %I: %s', p.column_name, fault) FROM pairs p, LATERAL (
        SELECT 'the table has no such column' AS fault WHERE p.here IS NULL
        UNION ALL SELECT pg_catalog.format('the foreign table has no column %I', p.foreign_column)
         WHERE p.there IS NULL
        UNION ALL SELECT pg_catalog.format(
            'foreign column %I names no property; import the table again', p.foreign_column)
         WHERE p.there IS NOT NULL AND p.property_type IS NULL
        UNION ALL SELECT pg_catalog.format('type %s cannot be linked', p.type)
         WHERE p.here IS NOT NULL AND p.kind IS NULL
        UNION ALL SELECT pg_catalog.format('type %s does not go with a property of type %s',
                                           p.type, p.property_type)
         WHERE NOT notion.property_accepts(p.property_type, p.kind)
        UNION ALL SELECT pg_catalog.format(
            'direction "%s" is none of to_notion, from_notion, both', p.direction)
         WHERE p.direction NOT IN ('to_notion', 'from_notion', 'both')
        UNION ALL SELECT pg_catalog.format(
            'Notion computes properties of type %s: direction must be from_notion',
            p.property_type)
         WHERE p.direction <> 'from_notion' AND NOT notion.property_is_writable(p.property_type)
        UNION ALL SELECT 'PostgreSQL computes a generated column: direction must be to_notion'
         WHERE p.direction <> 'to_notion' AND p.is_generated
        UNION ALL SELECT 'both sides compute it: a generated column and a computed property'
         WHERE p.is_generated AND NOT notion.property_is_writable(p.property_type)
        UNION ALL SELECT pg_catalog.format('rule "%s" is none of newest, notion, postgres, manual',
                                           p.rule)
         WHERE p.rule NOT IN ('newest', 'notion', 'postgres', 'manual')) AS faults;
END;
COMMENT ON FUNCTION notion.column_faults(regclass, regclass, jsonb) IS
    'what is wrong with the columns of a call of notion.link, a line each';
