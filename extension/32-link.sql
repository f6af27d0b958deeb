-- Linking a table: what is checked of columns, types and properties.

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
        WHEN b.typtype = 'e' OR EXISTS (
                SELECT FROM pg_catalog.pg_cast c WHERE c.castsource = b.oid
                   AND c.casttarget = 'text'::regtype AND c.castmethod = 'b'
                   AND c.castcontext = 'i') THEN 'text'
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
    'the ColumnType (docs/types.md) of a column of this type, domains, enums and citext included; '
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

CREATE FUNCTION notion.data_source(url_or_id text) RETURNS uuid
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    RETURN pg_catalog.substring(
        pg_catalog.replace(pg_catalog.split_part(url_or_id, '?', 1), '-', ''),
        '[0-9a-fA-F]{32}$')::uuid;
COMMENT ON FUNCTION notion.data_source(text) IS 'the id in a Notion URL, or an id in any form';

CREATE FUNCTION notion.source_of(foreign_table_id regclass) RETURNS uuid
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT notion.data_source(notion.option(t.ftoptions, 'data_source'))
      FROM pg_catalog.pg_foreign_table t WHERE t.ftrelid = source_of.foreign_table_id;
END;
COMMENT ON FUNCTION notion.source_of(regclass) IS 'the data source of a foreign table';

CREATE FUNCTION notion.source_name(source uuid) RETURNS text
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT pg_catalog.format('data source %s', source_name.source)
           || coalesce((SELECT pg_catalog.format(' (%s)', min(t.ftrelid::regclass::text))
                          FROM pg_catalog.pg_foreign_table t
                         WHERE notion.data_source(notion.option(t.ftoptions, 'data_source'))
                               = source_name.source HAVING count(*) > 0), '');
END;
COMMENT ON FUNCTION notion.source_name(uuid) IS
    'what messages call a data source: its id, and a foreign table over it where there is one';

CREATE FUNCTION notion.related_source(foreign_table_id regclass, foreign_column name) RETURNS uuid
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT coalesce(
        notion.data_source(notion.option(f.attfdwoptions, 'data_source')),
        (SELECT (p.value #>> '{relation,data_source_id}')::uuid
           FROM notion.links l JOIN notion.schemas s ON s.link = l.id
          CROSS JOIN LATERAL pg_catalog.jsonb_each(s.properties) p
          WHERE l.foreign_table_id = related_source.foreign_table_id
            AND p.value ->> 'id' = notion.option(f.attfdwoptions, 'property_id')))
      FROM pg_catalog.pg_attribute f
     WHERE f.attrelid = related_source.foreign_table_id
       AND f.attname = related_source.foreign_column AND NOT f.attisdropped;
END;
COMMENT ON FUNCTION notion.related_source(regclass, name) IS
    'the data source whose pages the relation behind a foreign column names: by the column''s '
    'option data_source, which IMPORT writes, else by what the worker read; null: not known yet';

CREATE FUNCTION notion.relation_fault(table_id regclass, foreign_table_id regclass,
                                      foreign_column name, refers_to regclass) RETURNS text
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT pg_catalog.format('its property relates to %s, but table %s is linked with %s',
                             notion.source_name(r.source), relation_fault.refers_to, t.id)
      FROM (SELECT notion.related_source(relation_fault.foreign_table_id,
                                         relation_fault.foreign_column) AS source) r,
           (SELECT l.foreign_table_id AS id FROM notion.links l
             WHERE l.table_id = relation_fault.refers_to
               AND l.table_id <> relation_fault.table_id
             UNION ALL
            SELECT relation_fault.foreign_table_id
             WHERE relation_fault.refers_to = relation_fault.table_id) t
     WHERE r.source <> notion.source_of(t.id);
END;
COMMENT ON FUNCTION notion.relation_fault(regclass, regclass, name, regclass) IS
    'why a relation cannot hold references to a table: it names pages of another data source than '
    'the one with which that table is linked; null: it can, as far as known';

CREATE FUNCTION notion.referrer_faults(table_id regclass, foreign_table_id regclass)
    RETURNS SETOF text
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT pg_catalog.format('column %s of linked table %s refers to this table, and its property '
                             'relates to %s', c.column_name, l.table_id,
                             notion.source_name(r.source))
      FROM notion.link_columns c JOIN notion.links l ON l.id = c.link
     CROSS JOIN LATERAL notion.related_source(l.foreign_table_id, c.foreign_column) r(source)
     WHERE c.refers_to = referrer_faults.table_id AND l.table_id <> referrer_faults.table_id
       AND r.source <> notion.source_of(referrer_faults.foreign_table_id);
END;
COMMENT ON FUNCTION notion.referrer_faults(regclass, regclass) IS
    'why this table cannot be linked with that foreign table: links that have references to it, '
    'whose relations name pages of another data source';

CREATE FUNCTION notion.paired_type(type oid, property_type text, is_key boolean) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    RETURN CASE WHEN is_key AND property_type IN ('title', 'rich_text')
                THEN 'text' ELSE notion.column_type(type) END;
COMMENT ON FUNCTION notion.paired_type(oid, text, boolean) IS
    'the ColumnType that a pair of columns has: a key is held by a text property as its text';

CREATE FUNCTION notion.wanted_columns(table_id regclass, foreign_table_id regclass, columns jsonb,
                                      key name[], marker name)
    RETURNS TABLE (column_name name, foreign_column name, direction text, rule text,
                   own name[], refers_to text)
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT a.attname, f.attname, NULL::text, NULL::text, ARRAY[a.attname], NULL::text
      FROM pg_catalog.pg_attribute a
      JOIN pg_catalog.pg_attribute f ON f.attrelid = wanted_columns.foreign_table_id
           AND f.attname = a.attname AND f.attnum > 0 AND NOT f.attisdropped
     WHERE wanted_columns.columns IS NULL AND a.attrelid = wanted_columns.table_id
       AND a.attnum > 0 AND NOT a.attisdropped AND f.attfdwoptions IS NOT NULL
       AND f.attname IS DISTINCT FROM wanted_columns.marker
    UNION ALL
    SELECT notion.columns_label(notion.named_columns(c.key))::name,
           CASE pg_catalog.jsonb_typeof(c.value) WHEN 'object'
                THEN coalesce(c.value ->> 'property', c.key)
                ELSE c.value #>> '{}' END::name,
           CASE pg_catalog.jsonb_typeof(c.value) WHEN 'object' THEN c.value ->> 'direction' END,
           CASE pg_catalog.jsonb_typeof(c.value) WHEN 'object' THEN c.value ->> 'rule' END,
           notion.named_columns(c.key),
           CASE pg_catalog.jsonb_typeof(c.value) WHEN 'object' THEN c.value ->> 'references' END
      FROM pg_catalog.jsonb_each(wanted_columns.columns) c
    UNION ALL
    SELECT CASE pg_catalog.cardinality(wanted_columns.key) WHEN 1 THEN wanted_columns.key[1]
                ELSE '(key)' END, wanted_columns.marker, NULL, NULL,
           CASE pg_catalog.cardinality(wanted_columns.key) WHEN 1 THEN wanted_columns.key END, NULL
     WHERE wanted_columns.marker IS NOT NULL;
END;
COMMENT ON FUNCTION notion.wanted_columns(regclass, regclass, jsonb, name[], name) IS
    'the pairs of columns that a call of notion.link asks for: those named, or all of equal name, '
    'and the key with its marker: as "(key)" where it has several columns. own: the columns of a '
    'pair';

CREATE FUNCTION notion.column_faults(table_id regclass, foreign_table_id regclass, columns jsonb,
                                     key name[], marker name)
    RETURNS SETOF text
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH pairs AS (
        SELECT w.*, r.refers_to AS target, r.fault AS target_fault,
               NOT EXISTS (SELECT FROM pg_catalog.unnest(w.own) o(name)
                            WHERE NOT EXISTS (
                                  SELECT FROM pg_catalog.pg_attribute a
                                   WHERE a.attrelid = column_faults.table_id AND a.attname = o.name
                                     AND a.attnum > 0 AND NOT a.attisdropped)) AS here,
               f.attnum AS there,
               coalesce(a.attgenerated <> '', false) AS is_generated,
               CASE WHEN w.column_name = '(key)' THEN 'text'
                    WHEN r.kind IS NOT NULL THEN r.kind
                    ELSE notion.paired_type(a.atttypid, notion.option(f.attfdwoptions, 'type'),
                                            ARRAY[w.column_name] = column_faults.key) END AS kind,
               CASE WHEN w.column_name = '(key)' THEN 'text'
                    ELSE pg_catalog.format_type(a.atttypid, a.atttypmod) END AS type,
               notion.option(f.attfdwoptions, 'type') AS property_type,
               count(*) OVER (PARTITION BY notion.option(f.attfdwoptions, 'property_id'),
                              coalesce(notion.option(f.attfdwoptions, 'part'), 'start')) AS sharing,
               count(*) OVER (PARTITION BY w.column_name) AS pairings
          FROM notion.wanted_columns(column_faults.table_id, column_faults.foreign_table_id,
                                     column_faults.columns, column_faults.key,
                                     column_faults.marker) w
          LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = column_faults.table_id
               AND a.attname = w.column_name AND a.attnum > 0 AND NOT a.attisdropped
          LEFT JOIN pg_catalog.pg_attribute f ON f.attrelid = column_faults.foreign_table_id
               AND f.attname = w.foreign_column AND f.attnum > 0 AND NOT f.attisdropped
          LEFT JOIN LATERAL notion.reference(column_faults.table_id, column_faults.key, w.own,
                                             w.refers_to, notion.option(f.attfdwoptions, 'type')) r
               ON true)
    SELECT pg_catalog.format('column %I: %s', p.column_name, fault) FROM pairs p, LATERAL (
        SELECT 'the table has no such column' AS fault WHERE NOT p.here
        UNION ALL SELECT pg_catalog.format('the foreign table has no column %I', p.foreign_column)
         WHERE p.there IS NULL
        UNION ALL SELECT pg_catalog.format(
            'foreign column %I names no property; import the table again', p.foreign_column)
         WHERE p.there IS NOT NULL AND p.property_type IS NULL
        UNION ALL SELECT pg_catalog.format(
            'another column is paired with the property of %I too; only the parts of a date may '
            'have a column each', p.foreign_column)
         WHERE p.property_type IS NOT NULL AND p.sharing > 1 AND p.pairings = 1
        UNION ALL SELECT 'it is paired twice' WHERE p.pairings > 1
        UNION ALL SELECT pg_catalog.format(
            'type %s cannot be linked; a text column kept beside it can', p.type)
         WHERE p.here AND p.kind IS NULL AND p.target_fault IS NULL
        UNION ALL SELECT pg_catalog.format('type %s does not go with a property of type %s',
                                           p.type, p.property_type)
         WHERE NOT notion.property_accepts(p.property_type, p.kind) AND p.target_fault IS NULL
        UNION ALL SELECT p.target_fault WHERE p.here AND p.target_fault IS NOT NULL
        UNION ALL SELECT notion.relation_fault(column_faults.table_id,
            column_faults.foreign_table_id, p.foreign_column, p.target)
         WHERE p.target IS NOT NULL AND p.target_fault IS NULL
        UNION ALL SELECT 'the rule of a reference cannot be a function'
         WHERE p.target IS NOT NULL AND p.rule LIKE '%.%'
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
        UNION ALL SELECT notion.rule_fault(p.rule)
        ) AS faults WHERE fault IS NOT NULL;
END;
COMMENT ON FUNCTION notion.column_faults(regclass, regclass, jsonb, name[], name) IS
    'what is wrong with the columns of a call of notion.link, a line each';

CREATE FUNCTION notion.checked_filter(table_id regclass, filter text) RETURNS text
    LANGUAGE c STABLE STRICT PARALLEL RESTRICTED
    AS 'MODULE_PATHNAME', 'notion_checked_filter';
COMMENT ON FUNCTION notion.checked_filter(regclass, text) IS
    'the row filter of a link in PostgreSQL''s own words, names of other schemas qualified. Raises '
    'what is wrong with it: it must be one boolean expression over columns of the table, without '
    'subqueries and aggregates, its functions not volatile';

CREATE FUNCTION notion.filter_fault(table_id regclass, filter text) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM notion.checked_filter(table_id, filter);
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    RETURN 'filter: ' || SQLERRM;
END
$$;
COMMENT ON FUNCTION notion.filter_fault(regclass, text) IS
    'what notion.checked_filter raises, null where it is content';

CREATE FUNCTION notion.word_fault(argument text, word text, words text[]) RETURNS text
    LANGUAGE sql IMMUTABLE
    SET search_path = pg_catalog, pg_temp
    RETURN CASE WHEN word = ANY (words) THEN NULL
                ELSE pg_catalog.format('%s "%s" is none of %s', argument, word,
                                       pg_catalog.array_to_string(words, ', ')) END;
COMMENT ON FUNCTION notion.word_fault(text, text, text[]) IS
    'why an argument cannot be this word; null: it is one of them';

-- A word that nothing reads would leave the default in its place: a column sent both ways, say.
CREATE FUNCTION notion.pair_faults(columns jsonb) RETURNS SETOF text
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT notion.word_fault(pg_catalog.format('column %s:', c.key), o.word,
                             '{property,direction,rule,references}')
      FROM pg_catalog.jsonb_each(columns) c,
           pg_catalog.jsonb_object_keys(CASE pg_catalog.jsonb_typeof(c.value)
               WHEN 'object' THEN c.value ELSE '{}' END) o(word)
     WHERE o.word <> ALL ('{property,direction,rule,references}')
    UNION ALL
    SELECT pg_catalog.format('column %s: give the name of a foreign column, or an object; '
                             'leave out what is not to be paired', c.key)
      FROM pg_catalog.jsonb_each(columns) c
     WHERE pg_catalog.jsonb_typeof(c.value) NOT IN ('string', 'object');
END;
COMMENT ON FUNCTION notion.pair_faults(jsonb) IS
    'what in the pairs of a call of notion.link means nothing, a line each';

CREATE FUNCTION notion.rule_faults(table_id regclass, foreign_table_id regclass, direction text,
                                   rule text, columns jsonb, key name[], marker name)
    RETURNS SETOF text
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT pg_catalog.format('column %I: %s', w.column_name, f.fault)
      FROM notion.wanted_columns(rule_faults.table_id, rule_faults.foreign_table_id,
                                 rule_faults.columns, rule_faults.key, rule_faults.marker) w
      JOIN pg_catalog.pg_attribute o ON o.attrelid = rule_faults.foreign_table_id
           AND o.attname = w.foreign_column
      LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = rule_faults.table_id
           AND a.attname = w.column_name AND a.attnum > 0 AND NOT a.attisdropped
     CROSS JOIN LATERAL notion.reference(rule_faults.table_id, rule_faults.key, w.own, w.refers_to,
                                         notion.option(o.attfdwoptions, 'type')) r
     CROSS JOIN LATERAL (SELECT CASE
           WHEN r.kind IS NULL
           THEN notion.rule_type_fault(coalesce(w.rule, rule_faults.rule), a.atttypid)
           WHEN w.rule IS NULL AND rule_faults.rule LIKE '%.%'
           THEN 'the rule of the link is a function, which a reference cannot have; give it one '
                'of its own' END) f(fault)
     WHERE coalesce(w.direction, rule_faults.direction) = 'both' AND w.own <> rule_faults.key
       AND notion.property_is_writable(notion.option(o.attfdwoptions, 'type'))
       AND f.fault IS NOT NULL;
END;
COMMENT ON FUNCTION notion.rule_faults(regclass, regclass, text, text, jsonb, name[], name) IS
    'why functions cannot be the rules of the columns that a call of notion.link asks for, a line '
    'each; only of columns that both sides may change: of others no rule is asked';
