-- Keys: which columns can be a link's key, how a key is written as one text, how people write it,
-- and what becomes of a mapping whose row was given another key.

CREATE FUNCTION notion.row_key(VARIADIC key_columns "any") RETURNS text
    LANGUAGE c STABLE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'notion_row_key';
COMMENT ON FUNCTION notion.row_key("any") IS
    'the key of a row with these key columns, as it stands in notion.mappings and in the marker: '
    'one value as text, whatever the session''s settings; several joined by "/", with "/" and "\" '
    'in a value escaped by "\". Null if one is null';

CREATE FUNCTION notion.key_parts(key text, columns integer) RETURNS text[]
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'notion_key_parts';
COMMENT ON FUNCTION notion.key_parts(text, integer) IS
    'the values in a key of so many columns; null where it has another number of them';

CREATE FUNCTION notion.shown_key(key_columns name[], key text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    RETURN CASE WHEN pg_catalog.cardinality(key_columns) = 1 THEN key
                ELSE coalesce(pg_catalog.jsonb_object(
                         key_columns::text[],
                         notion.key_parts(key, pg_catalog.cardinality(key_columns)))::text, key)
           END;
COMMENT ON FUNCTION notion.shown_key(name[], text) IS
    'a key as people read and write it: the value of one column, a jsonb object of several';

CREATE FUNCTION notion.key_types(link integer) RETURNS text[]
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    -- A type that users can put code of theirs behind (a domain upon a domain, an array, a record)
    -- is no key's, but ALTER TABLE may make it one: its values are left as they are written.
    SELECT pg_catalog.array_agg(CASE
               WHEN b.typtype = 'e' OR b.typtype = 'b' AND b.typcategory <> 'A'
               THEN pg_catalog.format_type(b.oid, CASE
                        WHEN b.oid = 'varchar'::regtype THEN -1 -- a cast would cut what is too long
                        WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END)
               ELSE 'text' END ORDER BY k.n)
      FROM notion.links l
     CROSS JOIN LATERAL pg_catalog.unnest(l.key_columns) WITH ORDINALITY k(name, n)
      JOIN pg_catalog.pg_attribute a ON a.attrelid = l.table_id AND a.attname = k.name
      JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
      JOIN pg_catalog.pg_type b ON b.oid = CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END
     WHERE l.id = key_types.link;
END;
REVOKE ALL ON FUNCTION notion.key_types(integer) FROM PUBLIC;
COMMENT ON FUNCTION notion.key_types(integer) IS
    'the types by which the columns of a link''s key are read from a text, in their order';

CREATE FUNCTION notion.key_of(link integer, key text) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    names name[] := (SELECT l.key_columns FROM notion.links l WHERE l.id = key_of.link);
    types text[] := notion.key_types(link);
    parts text[];
    made text;
BEGIN
    IF cardinality(names) = 1 THEN
        parts := ARRAY[key];
    ELSIF ltrim(key) LIKE '{%' THEN
        SELECT array_agg(key::jsonb ->> n.name ORDER BY n.n) INTO parts
          FROM unnest(names) WITH ORDINALITY n(name, n);
    ELSE
        parts := notion.key_parts(key, cardinality(names));
    END IF;
    IF parts IS NULL OR array_position(parts, NULL) IS NOT NULL THEN
        RAISE EXCEPTION 'key "%" does not name the columns %', key, array_to_string(names, ', ')
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'A key of several columns is an object: ''{"order_id": 12, "line": 3}''.';
    END IF;
    -- Literals, not parameters: they meet the types' input functions, and no cast that a user made;
    -- this runs with our rights.
    EXECUTE (SELECT format('SELECT notion.row_key(%s)',
                           string_agg(format('%L::%s', parts[n], type), ', ' ORDER BY n))
               FROM unnest(types) WITH ORDINALITY t(type, n)) INTO made;
    RETURN made;
EXCEPTION WHEN data_exception THEN
    IF SQLSTATE = '22023' THEN
        RAISE;
    END IF;
    RAISE EXCEPTION 'key "%" is none of column % (%)', key, array_to_string(names, ', '),
        array_to_string(types, ', ')
        USING ERRCODE = SQLSTATE, DETAIL = SQLERRM,
              HINT = 'notion.rows shows the keys of a link as they are written.';
END
$$;
COMMENT ON FUNCTION notion.key_of(integer, text) IS
    'a key as people write it (the value; of several columns a JSON object, or as the marker shows '
    'it) in the form in which it is kept. Errors: 22023 not a key of the link, 22P02 and its like '
    'for values of the wrong type';

CREATE FUNCTION notion.key_fault(type oid, collation_id oid) RETURNS text
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    -- What btree says of itself: amproc 4, "equal means equal bytes"; text as far as its collation
    -- is deterministic. money is, and yet its text follows lc_monetary.
    WITH base AS (
        SELECT CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END AS oid
          FROM pg_catalog.pg_type t WHERE t.oid = key_fault.type)
    SELECT CASE
        WHEN EXISTS (SELECT FROM pg_catalog.pg_collation c
                      WHERE c.oid = key_fault.collation_id AND NOT c.collisdeterministic)
        THEN 'its collation calls different texts equal; use a deterministic collation'
        WHEN t.oid <> 'money'::regtype AND EXISTS (
            SELECT FROM pg_catalog.pg_opclass o
              JOIN pg_catalog.pg_am m ON m.oid = o.opcmethod AND m.amname = 'btree'
              JOIN pg_catalog.pg_amproc p ON p.amprocfamily = o.opcfamily AND p.amprocnum = 4
                   AND p.amproclefttype = o.opcintype AND p.amprocrighttype = o.opcintype
             WHERE o.opcdefault
               AND o.opcintype = CASE WHEN t.typtype = 'e' THEN 'anyenum'::regtype
                                      WHEN t.oid = 'varchar'::regtype THEN 'text'::regtype
                                      WHEN t.oid = 'cidr'::regtype THEN 'inet'::regtype
                                      ELSE t.oid END)
        THEN NULL
        ELSE pg_catalog.format(
            'values of type %s can be equal and yet have different texts, so that a row could not '
            'be told from its page; use an integer, uuid or text key',
            pg_catalog.format_type(t.oid, NULL)) END
      FROM base b JOIN pg_catalog.pg_type t ON t.oid = b.oid;
END;
COMMENT ON FUNCTION notion.key_fault(oid, oid) IS
    'why a column of this type and collation cannot be a link''s key; null: it can';

CREATE FUNCTION notion.table_key(table_id regclass, wanted name[]) RETURNS name[]
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT coalesce(table_key.wanted, c.names)
      FROM pg_catalog.pg_index i
     CROSS JOIN LATERAL (
            SELECT pg_catalog.array_agg(a.attname ORDER BY k.n) AS names
              FROM pg_catalog.unnest(i.indkey::smallint[]) WITH ORDINALITY k(number, n)
              JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
             WHERE k.n <= i.indnkeyatts) c
     WHERE i.indrelid = table_key.table_id AND i.indisunique AND i.indisvalid AND i.indimmediate
       AND i.indpred IS NULL AND i.indexprs IS NULL
       AND CASE WHEN table_key.wanted IS NULL THEN i.indisprimary
                ELSE c.names @> table_key.wanted AND c.names <@ table_key.wanted
                     AND pg_catalog.cardinality(c.names)
                         = pg_catalog.cardinality(table_key.wanted) END
     ORDER BY i.indisprimary DESC LIMIT 1;
END;
COMMENT ON FUNCTION notion.table_key(regclass, name[]) IS
    'the columns that identify the table''s rows: those wanted, if a valid, immediate unique index '
    'without predicate has just them; else those of the primary key. Null: there is no such key';

CREATE FUNCTION notion.key_faults(table_id regclass, wanted name[]) RETURNS SETOF text
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF notion.table_key(table_id, wanted) IS NOT NULL THEN
        RETURN QUERY
        SELECT format('key column %I: %s', a.attname, fault)
          FROM unnest(notion.table_key(table_id, wanted)) WITH ORDINALITY k(name, n)
          JOIN pg_attribute a ON a.attrelid = table_id AND a.attname = k.name
         CROSS JOIN LATERAL (
                SELECT notion.key_fault(a.atttypid, a.attcollation) AS fault
                UNION ALL
                SELECT format('it may be NULL; ALTER TABLE %s ALTER %I SET NOT NULL', table_id,
                              a.attname) WHERE NOT a.attnotnull) faults
         WHERE fault IS NOT NULL ORDER BY k.n;
    ELSIF wanted IS NOT NULL THEN
        RETURN NEXT format('key (%s) of %s: no valid, immediate unique index without predicate has '
                           'just these columns', array_to_string(wanted, ', '), table_id);
    ELSIF EXISTS (SELECT FROM pg_index i WHERE i.indrelid = table_id AND i.indisprimary) THEN
        RETURN NEXT format('the primary key of %s is deferrable; rows must be told apart at once: '
                           'name another unique key with key => ''{…}''', table_id);
    ELSE
        RETURN NEXT format('%s has no primary key; name a unique key with key => ''{…}''',
                           table_id);
    END IF;
END
$$;
COMMENT ON FUNCTION notion.key_faults(regclass, name[]) IS
    'why the table''s primary key, or the columns wanted, cannot be a link''s key, a line each';

-- What the worker does with keys that were changed. Pairs of one command happened at once: a shift
-- of all keys, a swap. A mapping that is being written, or that apply has locked, follows later:
-- until then notion.work.renamed_from of the row's new key names it, and nothing else touches it.
CREATE FUNCTION notion.move_mappings(link integer, olds text[], news text[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    SET enable_hashjoin = on SET enable_sort = on SET plan_cache_mode = auto
AS $$
DECLARE
    moving text[];      -- old keys of mappings that can go now
    waiting text[];     -- old keys of those that cannot yet
    blocked text[];
BEGIN
    SELECT coalesce(array_agg(f.key), '{}') INTO moving FROM (
        SELECT m.key FROM notion.mappings m
         WHERE m.link = move_mappings.link AND m.key IN (SELECT unnest(olds)) AND m.flight = 'none'
           FOR UPDATE SKIP LOCKED) f;
    SELECT coalesce(array_agg(o.key), '{}') INTO waiting
      FROM unnest(olds) o(key) WHERE o.key NOT IN (SELECT unnest(moving));
    LOOP
        -- Another mapping stands where one should go, and does not go itself; what is only the
        -- memory of a page in the trash gives way.
        SELECT array_agg(p.old) INTO blocked
          FROM unnest(olds, news) p(old, new)
          JOIN notion.mappings m ON m.link = move_mappings.link AND m.key = p.new
         WHERE p.old IN (SELECT unnest(moving)) AND p.new NOT IN (SELECT unnest(moving))
           AND NOT (m.row_state = 'deleted' AND m.page_state IN ('none', 'trashed', 'gone')
                    AND m.flight = 'none');
        EXIT WHEN blocked IS NULL;
        SELECT waiting || coalesce(array_agg(p.old), '{}') INTO waiting
          FROM unnest(olds, news) p(old, new)
         WHERE p.old IN (SELECT unnest(blocked))
           AND (p.new IN (SELECT unnest(waiting))
                OR EXISTS (SELECT FROM notion.work w WHERE w.link = move_mappings.link
                              AND w.renamed_from = p.new));
        SELECT coalesce(array_agg(o.key), '{}') INTO moving
          FROM unnest(moving) o(key) WHERE o.key NOT IN (SELECT unnest(blocked));
    END LOOP;
    DELETE FROM notion.mappings m
     USING unnest(olds, news) p(old, new)
     WHERE m.link = move_mappings.link AND m.key = p.new AND p.old IN (SELECT unnest(moving))
       AND m.key NOT IN (SELECT unnest(moving));
    -- In two steps, since old and new keys may be the same ones.
    UPDATE notion.mappings m SET key = E'\x01' || p.new
      FROM unnest(olds, news) p(old, new)
     WHERE m.link = move_mappings.link AND m.key = p.old AND p.old IN (SELECT unnest(moving));
    UPDATE notion.mappings m SET key = p.new
      FROM unnest(olds, news) p(old, new)
     WHERE m.link = move_mappings.link AND m.key = E'\x01' || p.new
       AND p.old IN (SELECT unnest(moving));
    UPDATE notion.conflicts c SET key = p.new
      FROM unnest(olds, news) p(old, new)
     WHERE c.link = move_mappings.link AND c.key = p.old AND c.state = 'open'
       AND p.old IN (SELECT unnest(moving));
    INSERT INTO notion.work AS w (link, key, renamed_from)
    SELECT move_mappings.link, p.new, p.old FROM unnest(olds, news) p(old, new)
     WHERE p.old IN (SELECT unnest(waiting))
        ON CONFLICT ON CONSTRAINT work_pkey DO UPDATE SET renamed_from = excluded.renamed_from;
END
$$;
REVOKE ALL ON FUNCTION notion.move_mappings(integer, text[], text[]) FROM PUBLIC;
COMMENT ON FUNCTION notion.move_mappings(integer, text[], text[]) IS
    'gives mappings other keys, all at once; those that cannot go yet wait (notion.work.'
    'renamed_from), those whose place is taken stay: their rows then count as deleted and new';

CREATE FUNCTION notion.rename_keys(link integer, olds text[], news text[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    SET enable_hashjoin = on SET enable_sort = on SET plan_cache_mode = auto
AS $$
DECLARE
    sources text[];
    targets text[];
BEGIN
    -- The row's mapping: still under an older key, if an earlier rename waits; else under the old
    -- one, unless that mapping is meant by another row that waits.
    SELECT array_agg(s.key ORDER BY p.n), array_agg(p.new ORDER BY p.n) INTO sources, targets
      FROM unnest(olds, news) WITH ORDINALITY p(old, new, n)
      LEFT JOIN notion.work w ON w.link = rename_keys.link AND w.key = p.old
       AND w.renamed_from IS NOT NULL
     CROSS JOIN LATERAL (SELECT coalesce(w.renamed_from, p.old) AS key) s
     WHERE s.key <> p.new
       AND EXISTS (SELECT FROM notion.mappings m
                    WHERE m.link = rename_keys.link AND m.key = s.key)
       AND (w.renamed_from IS NOT NULL
            OR NOT EXISTS (SELECT FROM notion.work o
                            WHERE o.link = rename_keys.link AND o.renamed_from = p.old));
    UPDATE notion.work w SET renamed_from = NULL
     WHERE w.link = rename_keys.link AND w.renamed_from IS NOT NULL
       AND w.key IN (SELECT unnest(olds));
    IF sources IS NOT NULL THEN
        PERFORM notion.move_mappings(rename_keys.link, sources, targets);
    END IF;
END
$$;
REVOKE ALL ON FUNCTION notion.rename_keys(integer, text[], text[]) FROM PUBLIC;
COMMENT ON FUNCTION notion.rename_keys(integer, text[], text[]) IS
    'rows of a link were given other keys by one command: their mappings follow';

CREATE FUNCTION notion.take_renames(since xid8, batches integer) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    command record;
    waits record;
    went_on boolean := false;
BEGIN
    -- All renames of the transactions whose batches are folded next; who came later waited for who
    -- came before, and captured later. A command's letter, r or R, differs from its neighbours'.
    FOR command IN
        WITH begun AS (
            SELECT DISTINCT b.xid FROM (
                SELECT o.xid FROM notion.outbox o WHERE o.xid >= since
                 ORDER BY o.xid, o.part LIMIT batches) b),
        renames AS (
            DELETE FROM notion.outbox o USING begun b
             WHERE o.xid = b.xid AND o.evidence ~ '^[rR]' RETURNING o.*),
        keys AS (
            SELECT r.link, r.captured_at, r.xid, r.part, k.n, k.key,
                   substr(r.evidence, k.n::integer, 1) AS letter
              FROM renames r, unnest(r.keys) WITH ORDINALITY k(key, n)),
        pairs AS (
            SELECT k.link, k.captured_at, k.xid, k.part, k.n, k.letter, k.key AS old,
                   lead(k.key) OVER in_order AS new
              FROM keys k
            WINDOW in_order AS (PARTITION BY k.xid, k.part ORDER BY k.n)),
        begins AS (
            SELECT p.*, (p.letter, p.link) IS DISTINCT FROM
                        (lag(p.letter) OVER in_order, lag(p.link) OVER in_order) AS is_first
              FROM pairs p WHERE p.n % 2 = 1
            WINDOW in_order AS (PARTITION BY p.xid ORDER BY p.part, p.n)),
        commands AS (
            SELECT b.*, count(*) FILTER (WHERE b.is_first)
                        OVER (PARTITION BY b.xid ORDER BY b.part, b.n) AS number
              FROM begins b)
        SELECT c.link, array_agg(c.old ORDER BY c.part, c.n) AS olds,
               array_agg(c.new ORDER BY c.part, c.n) AS news
          FROM commands c JOIN notion.links l ON l.id = c.link
         GROUP BY c.captured_at, c.xid, c.number, c.link
         ORDER BY c.captured_at, c.xid, c.number
    LOOP
        PERFORM notion.rename_keys(command.link, command.olds, command.news);
    END LOOP;
    FOR waits IN
        SELECT w.link, array_agg(w.renamed_from) AS olds, array_agg(w.key) AS news
          FROM notion.work w
         WHERE w.renamed_from IS NOT NULL AND NOT EXISTS (
               SELECT FROM notion.mappings m
                WHERE m.link = w.link AND m.key = w.renamed_from AND m.flight <> 'none')
         GROUP BY w.link
    LOOP
        UPDATE notion.work w SET renamed_from = NULL, due = clock_timestamp()
         WHERE w.link = waits.link AND w.renamed_from = ANY (waits.olds);
        PERFORM notion.move_mappings(waits.link, m.olds, m.news)
           FROM (SELECT array_agg(p.old) AS olds, array_agg(p.new) AS news
                   FROM unnest(waits.olds, waits.news) p(old, new)
                   JOIN notion.mappings k ON k.link = waits.link AND k.key = p.old) m
          WHERE m.olds IS NOT NULL;
        went_on := true;
    END LOOP;
    RETURN went_on;
END
$$;
REVOKE ALL ON FUNCTION notion.take_renames(xid8, integer) FROM PUBLIC;
COMMENT ON FUNCTION notion.take_renames(xid8, integer) IS
    'net''s part: mappings follow the keys that rows were given; true if some that waited went on';
