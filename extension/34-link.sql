-- notion.link and notion.unlink.

CREATE FUNCTION notion.link_faults(table_id regclass, foreign_table_id regclass, direction text,
                                   rule text, columns jsonb)
    RETURNS SETOF text
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    here pg_class;
    there pg_class;
    key record;
BEGIN
    SELECT * INTO here FROM pg_class WHERE oid = table_id;
    SELECT * INTO there FROM pg_class WHERE oid = foreign_table_id;
    IF here.relkind NOT IN ('r', 'p') THEN
        RETURN NEXT format('%s is not an ordinary table', table_id);
    ELSIF here.relpersistence <> 'p' THEN
        RETURN NEXT format('%s is temporary or unlogged: a crash would empty it unseen', table_id);
    END IF;
    IF there.relkind <> 'f' OR NOT EXISTS (
        SELECT FROM pg_foreign_table t JOIN pg_foreign_server s ON s.oid = t.ftserver
          JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
         WHERE t.ftrelid = foreign_table_id AND w.fdwname = 'notion_fdw') THEN
        RETURN NEXT format('%s is not a foreign table of notion_fdw', foreign_table_id);
        RETURN;
    END IF;
    IF direction IS NULL OR direction NOT IN ('to_notion', 'from_notion', 'both') THEN
        RETURN NEXT 'direction must be to_notion, from_notion or both: it has no default, since '
                    '"both" lets everyone who may edit that Notion database write the table';
    END IF;
    IF rule NOT IN ('newest', 'notion', 'postgres', 'manual') THEN
        RETURN NEXT format('rule "%s" is none of newest, notion, postgres, manual', rule);
    END IF;
    IF EXISTS (SELECT FROM notion.links l WHERE l.table_id = link_faults.table_id) THEN
        RETURN NEXT format('%s is linked already', table_id);
    END IF;
    IF EXISTS (SELECT FROM notion.links l
                WHERE l.foreign_table_id = link_faults.foreign_table_id) THEN
        RETURN NEXT format('%s is linked already', foreign_table_id);
    END IF;
    IF NOT EXISTS (SELECT FROM pg_user_mappings m JOIN pg_foreign_table t
                     ON t.ftserver = m.srvid AND t.ftrelid = foreign_table_id
                    WHERE m.umuser IN (here.relowner, 0)) THEN
        RETURN NEXT format('owner %I of the table has no user mapping for the server: the link '
                           'acts as that role', pg_get_userbyid(here.relowner));
    END IF;
    SELECT i.indnkeyatts, a.attname, notion.key_fault(a.atttypid, a.attcollation) AS fault INTO key
      FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
     WHERE i.indrelid = table_id AND i.indisprimary;
    IF key IS NULL THEN
        RETURN NEXT format('%s has no primary key', table_id);
    ELSIF key.indnkeyatts > 1 THEN
        RETURN NEXT format('the primary key of %s has more than one column', table_id);
    ELSIF key.fault IS NOT NULL THEN
        RETURN NEXT format('key column %I: %s', key.attname, key.fault);
    ELSIF NOT EXISTS (SELECT FROM notion.wanted_columns(table_id, foreign_table_id, columns) w
                       WHERE w.column_name = key.attname) THEN
        RETURN NEXT format('key column %I is not paired: a property of the data source must hold '
                           'the key, e.g. columns => ''{"%s": "row_key", …}''',
                           key.attname, key.attname);
    END IF;
    RETURN QUERY SELECT notion.column_faults(table_id, foreign_table_id, columns);
END
$$;
COMMENT ON FUNCTION notion.link_faults(regclass, regclass, text, text, jsonb) IS
    'everything that notion.link would refuse, a line each; none: it would succeed';

CREATE FUNCTION notion.key_fault(type oid, collation_id oid) RETURNS text
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT CASE
        WHEN NOT EXISTS (SELECT FROM pg_catalog.pg_collation c
                          WHERE c.oid = key_fault.collation_id AND NOT c.collisdeterministic)
             AND (t.typtype = 'e' OR t.oid IN (
                'int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'uuid'::regtype,
                'text'::regtype, 'varchar'::regtype, 'bpchar'::regtype, 'date'::regtype,
                'timestamptz'::regtype,
                'boolean'::regtype))
        THEN NULL
        ELSE pg_catalog.format(
            'values of type %s can be equal and yet have different texts, so that a row could not '
            'be told from its page; use an integer, uuid or text key',
            pg_catalog.format_type(t.oid, NULL)) END
      FROM pg_catalog.pg_type t WHERE t.oid = key_fault.type;
END;
COMMENT ON FUNCTION notion.key_fault(oid, oid) IS
    'why a column of this type and collation cannot be a link''s key; null: it can';

CREATE FUNCTION notion.data_source(url_or_id text) RETURNS uuid
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    RETURN pg_catalog.substring(
        pg_catalog.replace(pg_catalog.split_part(url_or_id, '?', 1), '-', ''),
        '[0-9a-fA-F]{32}$')::uuid;
COMMENT ON FUNCTION notion.data_source(text) IS 'the id in a Notion URL, or an id in any form';

CREATE FUNCTION notion.link("table" regclass, foreign_table regclass, direction text DEFAULT NULL,
                            columns jsonb DEFAULT NULL, rule text DEFAULT 'newest',
                            on_notion_trash text DEFAULT 'ignore',
                            on_postgres_delete text DEFAULT 'trash')
    RETURNS regclass
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET lock_timeout = '2s'
AS $$
DECLARE
    faults text;
    id integer;
BEGIN
    PERFORM notion.require_owner("table");
    SELECT string_agg(f, E'\n') INTO faults
      FROM notion.link_faults("table", foreign_table, direction, rule, columns) f;
    IF on_notion_trash <> 'ignore' THEN
        RAISE EXCEPTION 'on_notion_trash "%" is not supported yet', on_notion_trash
            USING ERRCODE = 'feature_not_supported',
                  HINT = 'With "ignore" a page in the trash leaves its row alone.';
    END IF;
    IF faults IS NOT NULL THEN
        RAISE EXCEPTION 'table % cannot be linked with %', "table", foreign_table
            USING ERRCODE = 'invalid_parameter_value', DETAIL = faults;
    END IF;
    -- The first link of a database makes it the one that speaks; links that came with a restore or
    -- a copy are there already, and rest until someone calls notion.adopt().
    IF NOT EXISTS (SELECT FROM notion.links) THEN
        PERFORM notion.adopt();
    END IF;
    INSERT INTO notion.links (table_id, foreign_table_id, data_source, direction, rule, key_column,
                              on_notion_trash, on_postgres_delete)
    SELECT "table", foreign_table,
           notion.data_source(notion.option(t.ftoptions, 'data_source')), direction, rule,
           a.attname, on_notion_trash, on_postgres_delete
      FROM pg_foreign_table t, pg_index i JOIN pg_attribute a
           ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
     WHERE t.ftrelid = foreign_table AND i.indrelid = "table" AND i.indisprimary
    RETURNING links.id INTO id;
    PERFORM notion.link_column(id, w.column_name, w.foreign_column, w.direction, w.rule)
       FROM notion.wanted_columns("table", foreign_table, columns) w;
    INSERT INTO notion.polls (link) VALUES (id);
    EXECUTE format('CREATE TRIGGER notion_capture_%s AFTER INSERT OR UPDATE OR DELETE ON %s '
                   'FOR EACH ROW EXECUTE FUNCTION notion.capture()', id, "table");
    EXECUTE format('CREATE TRIGGER notion_capture_truncate_%s AFTER TRUNCATE ON %s '
                   'FOR EACH STATEMENT EXECUTE FUNCTION notion.capture()', id, "table");
    RETURN "table";
END
$$;
COMMENT ON FUNCTION notion.link(regclass, regclass, text, jsonb, text, text, text) IS
    'Links a table with a foreign table of notion_fdw. direction: to_notion, from_notion or '
    'both, no default. columns: {"column": "foreign column"} or {"column": {"property": …, '
    '"direction": …, "rule": …}}; null: all columns of equal name; the primary key must be '
    'among them. rule: newest, notion, postgres or manual. on_notion_trash: ignore.'
    ' on_postgres_delete: trash or ignore. Makes no request and sends nothing before '
    'notion.sync. Errors: 42501 not the owner, 22023 with every mismatch in DETAIL, 55P03 the'
    ' table is locked.';

CREATE FUNCTION notion.link_column(link integer, column_name name, foreign_column name,
                                   direction text, rule text) RETURNS void
    LANGUAGE sql
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    INSERT INTO notion.link_columns (link, column_name, foreign_column, property_id, property_type,
                                     column_type, part, direction, rule, is_marker, not_null)
    SELECT l.id, a.attname, f.attname,
           notion.option(f.attfdwoptions, 'property_id'),
           notion.option(f.attfdwoptions, 'type'),
           notion.paired_type(a.atttypid, notion.option(f.attfdwoptions, 'type'),
                              a.attname = l.key_column),
           coalesce(notion.option(f.attfdwoptions, 'part'), 'start'),
           CASE WHEN NOT notion.property_is_writable(notion.option(f.attfdwoptions, 'type'))
                THEN 'from_notion'
                WHEN a.attgenerated <> '' THEN 'to_notion'
                ELSE coalesce(link_column.direction, l.direction) END,
           coalesce(link_column.rule, l.rule),
           a.attname = l.key_column,
           a.attnotnull
      FROM notion.links l
      JOIN pg_catalog.pg_attribute a ON a.attrelid = l.table_id
           AND a.attname = link_column.column_name
      JOIN pg_catalog.pg_attribute f ON f.attrelid = l.foreign_table_id
           AND f.attname = link_column.foreign_column
     WHERE l.id = link_column.link;
END;
COMMENT ON FUNCTION notion.link_column(integer, name, name, text, text) IS
    'keeps one pair of columns of a new link; null direction and rule: the link''s';
REVOKE ALL ON FUNCTION notion.link_column(integer, name, name, text, text) FROM PUBLIC;

CREATE FUNCTION notion.unlink("table" regclass) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET lock_timeout = '2s'
AS $$
DECLARE
    id integer := notion.link_id("table");
BEGIN
    EXECUTE format('DROP TRIGGER IF EXISTS notion_capture_%s ON %s', id, "table");
    EXECUTE format('DROP TRIGGER IF EXISTS notion_capture_truncate_%s ON %s', id, "table");
    PERFORM notion.forget_link(id);
END
$$;
COMMENT ON FUNCTION notion.unlink(regclass) IS
    'Ends a link: nothing is captured, sent or taken any more. Rows and pages stay as they '
    'are; what was queued is dropped. Errors: 42501 not the owner, 42704 not linked.';

CREATE FUNCTION notion.forget_link(link integer) RETURNS void
    LANGUAGE sql
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    DELETE FROM notion.work w WHERE w.link = forget_link.link;
    DELETE FROM notion.snapshots s WHERE s.link = forget_link.link;
    DELETE FROM notion.mappings m WHERE m.link = forget_link.link;
    DELETE FROM notion.polls p WHERE p.link = forget_link.link;
    DELETE FROM notion.jobs j WHERE j.link = forget_link.link AND j.finished_at IS NULL;
    DELETE FROM notion.receipts r WHERE r.link = forget_link.link;
    DELETE FROM notion.links l WHERE l.id = forget_link.link;
END;
COMMENT ON FUNCTION notion.forget_link(integer) IS
    'deletes what is kept of a link, log and conflicts apart; the outbox is left to the worker, '
    'which drops keys of links that are gone';
REVOKE ALL ON FUNCTION notion.forget_link(integer) FROM PUBLIC;

CREATE FUNCTION notion.on_drop() RETURNS event_trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM notion.forget_link(l.id)
       FROM pg_event_trigger_dropped_objects() o
       JOIN notion.links l ON o.objid IN (l.table_id, l.foreign_table_id)
      WHERE o.classid = 'pg_class'::regclass AND o.objsubid = 0;
EXCEPTION WHEN OTHERS THEN
    -- An error here would block every DROP of the database; the worker notices by itself.
    RAISE WARNING 'pg_notion could not forget the link of a dropped table: %', SQLERRM;
END
$$;
COMMENT ON FUNCTION notion.on_drop() IS 'event trigger: ends the links of dropped tables';
REVOKE ALL ON FUNCTION notion.on_drop() FROM PUBLIC;
CREATE EVENT TRIGGER notion_on_drop ON sql_drop EXECUTE FUNCTION notion.on_drop();
