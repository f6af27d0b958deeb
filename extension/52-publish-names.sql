-- What notion.publish reads out of the catalog: names for people, lists of values, foreign keys,
-- and what its arguments say of a column.

CREATE FUNCTION notion.words(name text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    RETURN upper(left(btrim(replace(name, '_', ' ')), 1))
           || substr(btrim(replace(name, '_', ' ')), 2);
COMMENT ON FUNCTION notion.words(text) IS
    'a name of PostgreSQL as people write it: due_date is "Due date"';

CREATE FUNCTION notion.values_of_check(definition text) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    literal CONSTANT text := $re$'((?:[^']|'')*)'$re$;
    shape text;
BEGIN
    -- The shape without literals, casts, parentheses and blanks: status=ANYARRAY[?,?].
    shape := regexp_replace(definition, literal, '?', 'g');
    shape := regexp_replace(shape, '::"?[a-z_ ]+"?(\(\d+\))?(\[\])?', '', 'g');
    shape := translate(shape, '() ', '');
    shape := regexp_replace(shape, '^CHECK', '');
    shape := regexp_replace(shape, '^("[^"]+"|\w+)ISNULLOR\1', '\1');
    IF shape !~ '^("[^"]+"|\w+)(=ANY|<@)ARRAY\[\?(,\?)*\]$'
       AND shape !~ '^("[^"]+"|\w+)=\?(OR\1=\?)+$' THEN
        RETURN NULL;
    END IF;
    RETURN ARRAY(SELECT replace(m.found[1], '''''', '''')
                   FROM regexp_matches(definition, literal, 'g') WITH ORDINALITY m(found, n)
                  ORDER BY m.n);
END
$$;
COMMENT ON FUNCTION notion.values_of_check(text) IS
    'the texts that a CHECK constraint lists, as pg_get_constraintdef writes it: x IN (…), '
    'x <@ ARRAY[…]; null: it is another condition';

CREATE FUNCTION notion.listed_values(table_id regclass, number smallint) RETURNS text[]
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH RECURSIVE types AS (
        SELECT t.oid, t.typtype, t.typbasetype, t.typelem, t.typcategory
          FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
         WHERE a.attrelid = listed_values.table_id AND a.attnum = listed_values.number
        UNION ALL
        SELECT t.oid, t.typtype, t.typbasetype, t.typelem, t.typcategory
          FROM types b JOIN pg_catalog.pg_type t
               ON t.oid = CASE WHEN b.typtype = 'd' THEN b.typbasetype
                               WHEN b.typcategory = 'A' THEN b.typelem END)
    SELECT coalesce(
        (SELECT pg_catalog.array_agg(e.enumlabel::text ORDER BY e.enumsortorder)
           FROM types t JOIN pg_catalog.pg_enum e ON e.enumtypid = t.oid),
        (SELECT v.list
           FROM pg_catalog.pg_constraint c
          CROSS JOIN LATERAL (SELECT notion.values_of_check(
                                         pg_catalog.pg_get_constraintdef(c.oid)) AS list) v
          WHERE c.contype = 'c' AND v.list IS NOT NULL
            AND (c.conrelid = listed_values.table_id AND c.conkey = ARRAY[listed_values.number]
                 OR c.contypid IN (SELECT t.oid FROM types t WHERE t.typtype = 'd'))
          ORDER BY c.conname LIMIT 1));
END;
COMMENT ON FUNCTION notion.listed_values(regclass, smallint) IS
    'the values of a column whose type is an enum (or an array of one), or that a CHECK constraint '
    'of its own lists; null: any';

CREATE FUNCTION notion.foreign_keys(table_id regclass)
    RETURNS TABLE (columns name[], target regclass)
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT k.names, c.confrelid::regclass
      FROM pg_catalog.pg_constraint c
     CROSS JOIN LATERAL (
            SELECT pg_catalog.array_agg(a.attname ORDER BY n.n) AS names,
                   pg_catalog.array_agg(t.attname ORDER BY n.n) AS keys
              FROM unnest(c.conkey, c.confkey) WITH ORDINALITY n(mine, its, n)
              JOIN pg_catalog.pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = n.mine
              JOIN pg_catalog.pg_attribute t ON t.attrelid = c.confrelid AND t.attnum = n.its) k
     WHERE c.contype = 'f' AND c.conrelid = foreign_keys.table_id AND c.conparentid = 0
       AND k.keys @> notion.table_key(c.confrelid::regclass, NULL)
       AND k.keys <@ notion.table_key(c.confrelid::regclass, NULL)
     ORDER BY c.conkey[1], c.conname;
END;
COMMENT ON FUNCTION notion.foreign_keys(regclass) IS
    'the foreign keys of a table that refer to the key of another one: what a relation can be';

CREATE FUNCTION notion.is_named(name text, table_id regclass, column_name name) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT is_named.name IN (is_named.column_name::text,
                             pg_catalog.concat_ws('.', c.relname, is_named.column_name),
                             pg_catalog.concat_ws('.', n.nspname, c.relname, is_named.column_name))
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.oid = is_named.table_id;
END;
COMMENT ON FUNCTION notion.is_named(text, regclass, name) IS
    'whether an argument of notion.publish names this column: column, table.column or '
    'schema.table.column';

CREATE FUNCTION notion.wish_of(columns jsonb, table_id regclass, column_name name) RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT coalesce((SELECT w.value FROM pg_catalog.jsonb_each(wish_of.columns) w
                      WHERE notion.is_named(w.key, wish_of.table_id, wish_of.column_name)
                        AND pg_catalog.jsonb_typeof(w.value) = 'object'
                      ORDER BY pg_catalog.length(w.key) DESC LIMIT 1), '{}');
END;
COMMENT ON FUNCTION notion.wish_of(jsonb, regclass, name) IS
    'what the argument columns of notion.publish says of a column; the most exact name wins';

CREATE FUNCTION notion.known_source(server name, table_id regclass) RETURNS uuid
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT coalesce(
        (SELECT p.data_source FROM notion.publications p
          WHERE p.table_id = known_source.table_id AND p.server = known_source.server),
        (SELECT l.data_source FROM notion.links l
           JOIN pg_catalog.pg_foreign_table f ON f.ftrelid = l.foreign_table_id
           JOIN pg_catalog.pg_foreign_server s ON s.oid = f.ftserver
          WHERE l.table_id = known_source.table_id AND s.srvname = known_source.server));
END;
REVOKE ALL ON FUNCTION notion.known_source(name, regclass) FROM PUBLIC;
COMMENT ON FUNCTION notion.known_source(name, regclass) IS
    'the data source of a table that is published or linked on this server; null: there is none';
