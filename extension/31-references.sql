-- References: columns that hold the key of a row of another linked table (a foreign key, as a
-- rule), paired with a property of type relation. How they are followed stands in
-- 41-references.sql.

ALTER TABLE notion.link_columns ADD refers_to regclass;
ALTER TABLE notion.link_columns ADD columns name[];
COMMENT ON COLUMN notion.link_columns.refers_to IS
    'of a reference: the linked table whose rows'' keys it holds; the core sees their pages';
COMMENT ON COLUMN notion.link_columns.columns IS
    'of a reference: its columns, in the order of the key columns of that table''s link; of '
    'several '
    'the pair is called "(a, b)"';

CREATE FUNCTION notion.named_columns(label text) RETURNS name[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT CASE WHEN label ~ '^\(.*,.*\)$'
        THEN (SELECT array_agg((parse_ident(m.part[1]))[1]::name ORDER BY m.n)
                FROM regexp_matches(btrim(label, '()'), '"(?:[^"]|"")+"|[^",\s]+', 'g')
                     WITH ORDINALITY m(part, n))
        ELSE ARRAY[label::name] END;
END;
COMMENT ON FUNCTION notion.named_columns(text) IS
    'the columns that "a" or "(a, b)" names';

CREATE FUNCTION notion.columns_label(columns name[]) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT CASE cardinality(columns) WHEN 1 THEN columns[1]::text
        ELSE (SELECT '(' || string_agg(quote_ident(c.name), ', ' ORDER BY c.n) || ')'
                FROM unnest(columns) WITH ORDINALITY c(name, n)) END;
END;
COMMENT ON FUNCTION notion.columns_label(name[]) IS
    'what a pair with these columns is called: "a", or "(a, b)"';

CREATE FUNCTION notion.base_type(type oid) RETURNS oid
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH RECURSIVE base AS (
        SELECT t.oid, t.typtype, t.typbasetype FROM pg_type t WHERE t.oid = base_type.type
        UNION ALL
        SELECT t.oid, t.typtype, t.typbasetype
          FROM base b JOIN pg_type t ON t.oid = b.typbasetype WHERE b.typtype = 'd')
    SELECT b.oid FROM base b WHERE b.typtype <> 'd';
END;
COMMENT ON FUNCTION notion.base_type(oid) IS
    'what a domain is over in the end; other types as they are';

CREATE FUNCTION notion.same_text(one oid, other oid) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT notion.base_type(one) = notion.base_type(other)
        OR bool_and(t.type IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype))
        OR bool_and(t.type IN ('text'::regtype, 'varchar'::regtype))
      FROM (VALUES (notion.base_type(one)), (notion.base_type(other))) t(type);
END;
COMMENT ON FUNCTION notion.same_text(oid, oid) IS
    'whether equal values of two types have equal texts, so that one can hold the key of the other';

CREATE FUNCTION notion.found_target(table_id regclass, own_key name[], columns name[], wanted text,
                                    OUT refers_to regclass, OUT ordered name[], OUT key name[],
                                    OUT fault text)
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    numbers smallint[] := ARRAY(SELECT a.attnum FROM unnest(columns) c(name)
                                  JOIN pg_attribute a ON a.attrelid = table_id
                                       AND a.attname = c.name);
    declared pg_constraint;
    named regclass[];
BEGIN
    IF wanted IS NOT NULL THEN
        SELECT array_agg(t.id) INTO named FROM (
            SELECT l.table_id AS id FROM notion.links l UNION SELECT found_target.table_id) t
          JOIN pg_class c ON c.oid = t.id JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE wanted IN (c.relname, quote_ident(c.relname), format('%I.%I', n.nspname, c.relname));
        IF cardinality(named) IS DISTINCT FROM 1 THEN
            fault := format(CASE WHEN named IS NULL THEN 'no linked table is called "%s": link it '
                                 'first' ELSE 'several linked tables are called "%s": name the '
                                 'schema' END, wanted);
            RETURN;
        END IF;
        refers_to := named[1];
    END IF;
    -- A foreign key to a partitioned table is kept for each partition too: the linked one is meant.
    SELECT k.* INTO declared FROM pg_constraint k
      LEFT JOIN notion.links l ON l.table_id = k.confrelid
     WHERE k.conrelid = found_target.table_id AND k.contype = 'f'
       AND k.conkey @> numbers AND k.conkey <@ numbers AND cardinality(numbers) > 0
       AND (refers_to IS NULL OR k.confrelid = refers_to)
     ORDER BY l.id IS NULL AND k.confrelid <> found_target.table_id, k.conparentid <> 0, k.oid
     LIMIT 1;
    refers_to := coalesce(refers_to, declared.confrelid::regclass);
    IF refers_to IS NULL THEN
        RETURN;
    END IF;
    SELECT l.key_columns INTO key FROM notion.links l WHERE l.table_id = refers_to;
    IF refers_to = found_target.table_id THEN
        key := own_key;
    END IF;
    IF declared.oid IS NULL THEN
        ordered := CASE cardinality(key) WHEN cardinality(columns) THEN columns END;
    ELSE
        SELECT array_agg(o.attname ORDER BY k.n) INTO ordered
          FROM unnest(key) WITH ORDINALITY k(name, n)
          JOIN pg_attribute t ON t.attrelid = declared.confrelid AND t.attname = k.name
          JOIN pg_attribute o ON o.attrelid = declared.conrelid
               AND o.attnum = declared.conkey[array_position(declared.confkey, t.attnum)];
    END IF;
    IF key IS NULL THEN
        fault := format('it refers to table %s, which is not linked: link that first (of tables '
                        'that '
                        'refer to each other one gets the column by notion.alter_link afterwards)',
                        refers_to);
    ELSIF cardinality(ordered) IS DISTINCT FROM cardinality(key)
          OR cardinality(ordered) <> cardinality(columns) THEN
        fault := format('it does not hold the key (%s) of the link of table %s, to which it refers',
                        array_to_string(key, ', '), refers_to);
    ELSIF declared.oid IS NULL AND NOT (
        SELECT bool_and(has_column_privilege(c.relowner, refers_to, k.name, 'SELECT'))
          FROM pg_class c, unnest(key) k(name) WHERE c.oid = found_target.table_id) THEN
        fault := format('the table''s owner lacks a right: GRANT SELECT (%s) ON %s TO %I',
                        array_to_string(key, ', '), refers_to,
                        (SELECT pg_get_userbyid(c.relowner) FROM pg_class c
                          WHERE c.oid = found_target.table_id));
    END IF;
END
$$;
COMMENT ON FUNCTION notion.found_target(regclass, name[], name[], text) IS
    'the table to whose rows these columns refer: the one wanted by name, else that of their '
    'foreign '
    'key; the columns in the order of its link''s key; and why it will not do';

CREATE FUNCTION notion.reference(table_id regclass, own_key name[], own_columns name[], wanted text,
                                 property_type text, OUT refers_to regclass, OUT columns name[],
                                 OUT kind text, OUT fault text)
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    own_type oid := (SELECT notion.base_type(a.atttypid) FROM pg_attribute a
                      WHERE a.attrelid = table_id AND a.attname = own_columns[1]);
    holds_pages boolean := cardinality(own_columns) = 1 AND wanted IS NULL
        AND notion.column_type(own_type) IN ('uuid', 'uuid_array', 'jsonb');
    is_list boolean;
    target record;
BEGIN
    IF property_type IS DISTINCT FROM 'relation' THEN
        IF wanted IS NOT NULL OR cardinality(own_columns) > 1 THEN
            fault := format('only a property of type relation can be a reference, not one of '
                            'type %s',
                            property_type);
        END IF;
        RETURN;
    END IF;
    -- What is paired already stays as it is, though that table be linked no more.
    SELECT c.refers_to, c.columns, c.column_type INTO target
      FROM notion.link_columns c JOIN notion.links l ON l.id = c.link
     WHERE l.table_id = reference.table_id AND c.refers_to::text = wanted
       AND c.columns @> own_columns AND c.columns <@ own_columns
       AND NOT EXISTS (SELECT FROM notion.links t WHERE t.table_id = c.refers_to);
    IF FOUND THEN
        refers_to := target.refers_to;
        columns := target.columns;
        kind := target.column_type;
        IF NOT EXISTS (SELECT FROM pg_class t WHERE t.oid = refers_to) THEN
            fault := 'the table to which it refers is gone';
        END IF;
        RETURN;
    END IF;
    SELECT * INTO target FROM notion.found_target(table_id, own_key, own_columns, wanted);
    IF holds_pages AND (target.refers_to IS NULL OR target.key IS NULL) THEN
        RETURN; -- ids of pages, as they are
    ELSIF target.refers_to IS NULL THEN
        fault := coalesce(target.fault,
                          'a relation needs a foreign key to a linked table, or the name '
                          'of the linked table whose keys it holds ("references": "table"); a '
                          'column '
                          'of type uuid[] holds ids of pages');
        RETURN;
    END IF;
    fault := target.fault;
    is_list := cardinality(own_columns) = 1
        AND (SELECT t.typcategory = 'A' FROM pg_type t WHERE t.oid = own_type);
    IF fault IS NULL THEN
        SELECT format('type %s does not go with %s, the type of key column %I of table %s',
                      format_type(o.atttypid, o.atttypmod), format_type(t.atttypid, t.atttypmod),
                      t.attname, target.refers_to) INTO fault
          FROM unnest(target.ordered, target.key) c(own, other)
          JOIN pg_attribute o ON o.attrelid = reference.table_id AND o.attname = c.own
          JOIN pg_attribute t ON t.attrelid = target.refers_to AND t.attname = c.other
         WHERE NOT notion.same_text(CASE WHEN is_list THEN (SELECT e.typelem FROM pg_type e
                                                             WHERE e.oid = own_type)
                                         ELSE o.atttypid END, t.atttypid)
         LIMIT 1;
    END IF;
    IF fault IS NULL THEN
        refers_to := target.refers_to;
        columns := target.ordered;
        kind := CASE WHEN is_list THEN 'uuid_array' ELSE 'uuid' END;
    END IF;
END
$$;
COMMENT ON FUNCTION notion.reference(regclass, name[], name[], text, text) IS
    'whether columns that are to be paired with a property are a reference: to which table, its '
    'columns in the order of that table''s key, uuid or uuid_array as the core sees it (their '
    'pages); '
    'fault: why they cannot be one. All null: an ordinary column';
