-- notion.link, alter_link, unlink. No request is made; changes are captured from then on, and
-- nothing is sent before the first notion.sync.

CREATE FUNCTION notion.foreign_faults(owner oid, foreign_table_id regclass, direction text,
                                      on_postgres_delete text) RETURNS SETOF text
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_foreign_table t JOIN pg_foreign_server s ON s.oid = t.ftserver
          JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
         WHERE t.ftrelid = foreign_table_id AND w.fdwname = 'notion_fdw') THEN
        RETURN NEXT format('%s is not a foreign table of notion_fdw', foreign_table_id);
        RETURN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_user_mappings m JOIN pg_foreign_table t
                     ON t.ftserver = m.srvid AND t.ftrelid = foreign_table_id
                    WHERE m.umuser IN (owner, 0)) THEN
        RETURN NEXT format('owner %I of the table has no user mapping for the server: the link '
                           'acts as that role', pg_get_userbyid(owner));
    END IF;
    RETURN QUERY
    SELECT format('owner %I of the table lacks a right: GRANT %s ON %s TO %I',
                  pg_get_userbyid(owner), string_agg(p.name, ', ' ORDER BY p.n), foreign_table_id,
                  pg_get_userbyid(owner))
      FROM (VALUES (1, 'SELECT', true), (2, 'INSERT', direction <> 'from_notion'),
                   (3, 'UPDATE', direction <> 'from_notion'),
                   (4, 'DELETE', direction <> 'from_notion' AND on_postgres_delete = 'trash'))
           p(n, name, is_needed)
     WHERE p.is_needed AND NOT has_table_privilege(owner, foreign_table_id, p.name)
    HAVING count(*) > 0;
END
$$;
COMMENT ON FUNCTION notion.foreign_faults(oid, regclass, text, text) IS
    'what keeps a link of a role''s table from this foreign table: wrapper, user mapping, missing '
    'rights, as the GRANT that mends them';

CREATE FUNCTION notion.marker_faults(table_id regclass, foreign_table_id regclass, direction text,
                                     columns jsonb, key name[], marker name) RETURNS SETOF text
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    holder text;
BEGIN
    SELECT notion.option(f.attfdwoptions, 'type') INTO holder
      FROM notion.wanted_columns(table_id, foreign_table_id, columns, key, marker) w
      JOIN pg_attribute f ON f.attrelid = foreign_table_id AND f.attname = w.foreign_column
     WHERE w.column_name = CASE cardinality(key) WHEN 1 THEN key[1] ELSE '(key)' END;
    IF NOT FOUND AND direction <> 'from_notion' AND cardinality(key) > 1 THEN
        RETURN NEXT format('key (%s) has several columns: name the text property that is to hold '
                           'it, e.g. marker => ''row_key''', array_to_string(key, ', '));
    ELSIF NOT FOUND AND direction <> 'from_notion' AND cardinality(key) = 1 THEN
        RETURN NEXT format('key column %I is not paired: a property of the data source must hold '
                           'the key, e.g. columns => ''{"%s": "row_key", …}''', key[1], key[1]);
    ELSIF holder NOT IN ('title', 'rich_text') AND (holder <> 'number' OR cardinality(key) > 1) THEN
        RETURN NEXT format('the key cannot be held by a property of type %s: use a text property',
                           holder);
    END IF;
END
$$;
COMMENT ON FUNCTION notion.marker_faults(regclass, regclass, text, jsonb, name[], name) IS
    'why the key of a link finds no property that holds it';

CREATE FUNCTION notion.table_faults(table_id regclass) RETURNS SETOF text
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT pg_catalog.format('%s is not an ordinary table', table_id)
      FROM pg_catalog.pg_class c WHERE c.oid = table_id AND c.relkind NOT IN ('r', 'p')
    UNION ALL
    SELECT pg_catalog.format('%s is temporary or unlogged: a crash would empty it unseen', table_id)
      FROM pg_catalog.pg_class c
     WHERE c.oid = table_id AND c.relkind IN ('r', 'p') AND c.relpersistence <> 'p'
    UNION ALL
    SELECT pg_catalog.format('%s is a table of the system or of this extension', table_id)
      FROM pg_catalog.pg_class c
     WHERE c.oid = table_id
       AND c.relnamespace IN ('pg_catalog'::regnamespace, 'notion'::regnamespace,
                              'information_schema'::regnamespace);
END;
COMMENT ON FUNCTION notion.table_faults(regclass) IS 'why this relation cannot be linked at all';

CREATE FUNCTION notion.link_faults(table_id regclass, foreign_table_id regclass, direction text,
                                   rule text, columns jsonb, key name[], marker name, filter text,
                                   on_postgres_delete text, capture text)
    RETURNS SETOF text
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found_key name[] := notion.table_key(table_id, key);
    way text := coalesce(direction, 'both');
BEGIN
    IF jsonb_typeof(columns) <> 'object' THEN
        RETURN NEXT 'columns must be an object: {"column": "foreign column", …}';
        columns := '{}';
    END IF;
    RETURN QUERY SELECT notion.pair_faults(columns);
    columns := CASE WHEN columns IS NOT NULL THEN coalesce(
        (SELECT jsonb_object_agg(c.key, c.value) FROM jsonb_each(columns) c
          WHERE jsonb_typeof(c.value) IN ('string', 'object')), '{}') END;
    RETURN QUERY SELECT notion.table_faults(table_id);
    RETURN QUERY SELECT f FROM pg_class c, LATERAL notion.foreign_faults(
                     c.relowner, foreign_table_id, way, on_postgres_delete) f
                  WHERE c.oid = table_id;
    IF direction IS NULL OR direction NOT IN ('to_notion', 'from_notion', 'both') THEN
        RETURN NEXT 'direction must be to_notion, from_notion or both: it has no default, since '
                    '"both" lets everyone who may edit that Notion database write the table';
    END IF;
    RETURN QUERY SELECT f FROM (VALUES
        (notion.rule_fault(coalesce(rule, ''))),
        (notion.word_fault('on_postgres_delete', on_postgres_delete, '{trash,ignore}')),
        (notion.word_fault('capture', capture, '{origin,always}'))) v(f) WHERE f IS NOT NULL;
    RETURN QUERY SELECT notion.key_faults(table_id, key);
    RETURN QUERY SELECT notion.marker_faults(table_id, foreign_table_id, way, columns,
                                             found_key, marker);
    RETURN QUERY SELECT notion.column_faults(table_id, foreign_table_id, columns, found_key,
                                             marker);
    RETURN QUERY SELECT notion.rule_faults(table_id, foreign_table_id, way, rule, columns,
                                           found_key, marker);
    RETURN QUERY
    SELECT format('column %I: several pairs would write it: give all but one direction to_notion',
                  o.name)
      FROM notion.wanted_columns(table_id, foreign_table_id, columns, found_key, marker) w,
           unnest(w.own) o(name)
     WHERE coalesce(w.direction, way) <> 'to_notion' AND NOT o.name = ANY (found_key)
     GROUP BY o.name HAVING count(DISTINCT w.column_name) > 1;
    RETURN QUERY SELECT f FROM notion.filter_fault(table_id, filter) f WHERE f IS NOT NULL;
END
$$;
COMMENT ON FUNCTION notion.link_faults(regclass, regclass, text, text, jsonb, name[], name, text,
                                       text, text) IS
    'everything that keeps a table from being linked so, a line each; none: nothing does';

CREATE FUNCTION notion.adopt_first() RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM notion.links)
       AND NOT EXISTS (SELECT FROM notion.publications p WHERE p.step <> 'done')
       AND NOT EXISTS (SELECT FROM notion.appends) THEN
        PERFORM notion.adopt();
    END IF;
END
$$;
REVOKE ALL ON FUNCTION notion.adopt_first() FROM PUBLIC;
COMMENT ON FUNCTION notion.adopt_first() IS
    'what is linked, published or appended first makes its database the one that speaks; what '
    'came with a restore or a copy rests until someone calls notion.adopt()';

CREATE FUNCTION notion.make_link("table" regclass, foreign_table regclass, direction text,
                                 columns jsonb, rule text, on_notion_trash text,
                                 on_postgres_delete text, filter text, key name[], marker name,
                                 capture text, content name DEFAULT NULL,
                                 template text DEFAULT NULL, forbid text DEFAULT NULL,
                                 content_direction text DEFAULT 'from_notion',
                                 log_values boolean DEFAULT true)
    RETURNS regclass
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    faults text;
    id integer;
BEGIN
    SELECT string_agg(f, E'\n') INTO faults FROM (
        SELECT format('%s is linked already', l.table_id) AS f FROM notion.links l
         WHERE l.table_id = "table"
        UNION ALL
        SELECT format('%s is linked already', l.foreign_table_id) FROM notion.links l
         WHERE l.foreign_table_id = foreign_table
        UNION ALL
        SELECT notion.link_faults("table", foreign_table, direction, rule, columns, key, marker,
                                  filter, on_postgres_delete, capture)
        UNION ALL
        SELECT notion.extra_faults("table", coalesce(columns, '{}'),
                                   notion.table_key("table", key), content, template, forbid,
                                   direction, content_direction)
        UNION ALL
        SELECT notion.referrer_faults("table", foreign_table)
        UNION ALL
        SELECT notion.trash_fault("table", on_notion_trash)) all_of_them;
    IF faults IS NOT NULL THEN
        RAISE EXCEPTION 'table % cannot be linked with %', "table", foreign_table
            USING ERRCODE = 'invalid_parameter_value', DETAIL = faults,
                  HINT = 'Each line of DETAIL has to go; docs/types.md says what goes together.';
    END IF;
    PERFORM notion.adopt_first();
    INSERT INTO notion.links (table_id, foreign_table_id, data_source, direction, rule, key_columns,
                              filter, on_notion_trash, on_postgres_delete, capture, log_values)
    SELECT "table", foreign_table,
           notion.data_source(notion.option(t.ftoptions, 'data_source')), direction, rule,
           notion.table_key("table", key), notion.checked_filter("table", filter), on_notion_trash,
           on_postgres_delete, capture, coalesce(make_link.log_values, true)
      FROM pg_foreign_table t WHERE t.ftrelid = foreign_table
    RETURNING links.id INTO id;
    PERFORM notion.link_column(id, w.column_name, w.foreign_column, w.direction, w.rule, w.own,
                               w.refers_to)
       FROM notion.wanted_columns("table", foreign_table, columns, notion.table_key("table", key),
                                  marker) w;
    PERFORM notion.keep_extras(id, content, template, forbid, content_direction);
    PERFORM notion.require_sendable(id);
    INSERT INTO notion.polls (link) VALUES (id);
    PERFORM notion.arm(id);
    RETURN "table";
END
$$;
COMMENT ON FUNCTION notion.make_link(regclass, regclass, text, jsonb, text, text, text, text,
                                     name[], name, text, name, text, text, text, boolean) IS
    'notion.link, for whoever has seen to it that the table''s owner wants it';
REVOKE ALL ON FUNCTION notion.make_link(regclass, regclass, text, jsonb, text, text, text, text,
                                        name[], name, text, name, text, text, text, boolean)
    FROM PUBLIC;

CREATE FUNCTION notion.link("table" regclass, foreign_table regclass, direction text DEFAULT NULL,
                            columns jsonb DEFAULT NULL, rule text DEFAULT 'newest',
                            on_notion_trash text DEFAULT 'ignore',
                            on_postgres_delete text DEFAULT 'trash', filter text DEFAULT NULL,
                            key name[] DEFAULT NULL, marker name DEFAULT NULL,
                            capture text DEFAULT 'origin', content name DEFAULT NULL,
                            template text DEFAULT NULL, forbid text DEFAULT NULL,
                            content_direction text DEFAULT 'from_notion',
                            log_values boolean DEFAULT true)
    RETURNS regclass
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET lock_timeout = '2s'
AS $$
BEGIN
    PERFORM notion.require_owner("table");
    RETURN notion.make_link("table", foreign_table, direction, columns, rule, on_notion_trash,
                            on_postgres_delete, filter, key, marker, capture, content,
                            template, forbid, content_direction, log_values);
EXCEPTION WHEN lock_not_available THEN
    RAISE EXCEPTION 'table % is in use: notion.link waited 2 s for it', "table"
        USING ERRCODE = 'lock_not_available',
              DETAIL = 'Its trigger needs a lock that waits for every transaction that writes the '
                       'table, and would hold up those that come after.',
              HINT = 'Try again when no long transaction writes it (pg_stat_activity shows them).';
END
$$;
COMMENT ON FUNCTION notion.link(regclass, regclass, text, jsonb, text, text, text, text, name[],
                                name, text, name, text, text, text, boolean) IS
    'Links a table with a foreign table of notion_fdw. direction: to_notion, from_notion or '
    'both, no default. columns: {"column": "foreign column"} or {"column": {"property": …, '
    '"direction": …, "rule": …, "references": …}}; null: all columns of equal name. A foreign key '
    'to '
    'a linked table goes with a relation, one of several columns as "(a, b)"; references names the '
    'linked table where no foreign key does, or where an array holds the keys. key: the columns '
    'that identify '
    'rows, "{a,b}", with a unique index; null: the primary key. marker: the foreign column, a text '
    'property, that holds the key; a key of one column may be paired in columns instead, and a '
    'link from_notion needs none. filter: a boolean expression over the table''s columns; a row '
    'that does not fulfil it has no page, one that leaves is like one deleted. rule: newest, '
    'notion, postgres, manual or schema.function. on_notion_trash: ignore, delete or mark:column. '
    'on_postgres_delete: trash or ignore. '
    'capture: origin, or always (under logical replication too). content: a text column that gets '
    'each page''s content as Markdown, and gives it to pages that are made. content_direction: '
    'from_notion, or both: what is written into that column then replaces the page''s content, '
    'and where both sides changed it notion.conflicts has it, for notion.resolve. template: of '
    'pages that are made: default, a template''s id or URL, or column:name. forbid: a regular '
    'expression; a row of which a value matches is not sent, such as notion.credentials(). '
    'log_values: false: notion.log keeps which fields changed, and no value of them. '
    'Makes no request and sends '
    'nothing before notion.sync. Errors: 42501 not the owner, or read_only forbids to send, '
    '22023 with every mismatch in DETAIL, '
    '55P03 the table is in use.';

CREATE FUNCTION notion.link_column(link integer, column_name name, foreign_column name,
                                   direction text, rule text, own name[], refers_to text)
    RETURNS void
    LANGUAGE sql
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    INSERT INTO notion.link_columns (link, column_name, foreign_column, property_id, property_type,
                                     column_type, part, direction, rule, is_marker, not_null,
                                     refers_to, columns)
    SELECT l.id, link_column.column_name, f.attname,
           notion.option(f.attfdwoptions, 'property_id'),
           notion.option(f.attfdwoptions, 'type'),
           CASE WHEN link_column.column_name = '(key)' THEN 'text'
                WHEN r.refers_to IS NOT NULL THEN r.kind
                ELSE notion.paired_type(a.atttypid, notion.option(f.attfdwoptions, 'type'),
                                        ARRAY[a.attname] = l.key_columns) END,
           coalesce(notion.option(f.attfdwoptions, 'part'), 'start'),
           CASE WHEN NOT notion.property_is_writable(notion.option(f.attfdwoptions, 'type'))
                THEN 'from_notion'
                WHEN a.attgenerated <> '' THEN 'to_notion'
                ELSE coalesce(link_column.direction, l.direction) END,
           coalesce(link_column.rule, l.rule),
           link_column.column_name = '(key)' OR ARRAY[a.attname] = l.key_columns,
           -- What an empty relation leaves NULL: the columns that the key does not need.
           CASE WHEN link_column.column_name = '(key)' THEN true
                WHEN r.refers_to IS NULL THEN a.attnotnull
                ELSE NOT EXISTS (SELECT FROM pg_attribute o
                                  WHERE o.attrelid = l.table_id AND o.attname = ANY (r.columns)
                                    AND NOT o.attnotnull) END,
           r.refers_to, r.columns
      FROM notion.links l
      LEFT JOIN pg_attribute a ON a.attrelid = l.table_id AND a.attname = link_column.column_name
      JOIN pg_attribute f ON f.attrelid = l.foreign_table_id
           AND f.attname = link_column.foreign_column
     CROSS JOIN LATERAL notion.reference(l.table_id, l.key_columns, link_column.own,
                                         link_column.refers_to,
                                         notion.option(f.attfdwoptions, 'type')) r
     WHERE l.id = link_column.link;
END;
COMMENT ON FUNCTION notion.link_column(integer, name, name, text, text, name[], text) IS
    'keeps one pair of columns of a link, as notion.wanted_columns gives it; null direction and '
    'rule: the link''s';
REVOKE ALL ON FUNCTION notion.link_column(integer, name, name, text, text, name[], text)
    FROM PUBLIC;

CREATE FUNCTION notion.columns_of(link integer) RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT coalesce(pg_catalog.jsonb_object_agg(c.column_name, pg_catalog.jsonb_build_object(
               'property', c.foreign_column, 'direction', c.direction, 'rule', c.rule,
               'references', c.refers_to::text)), '{}')
      FROM notion.link_columns c WHERE c.link = columns_of.link AND c.column_name <> '(key)';
END;
COMMENT ON FUNCTION notion.columns_of(integer) IS
    'the paired columns of a link as notion.link takes them';

CREATE FUNCTION notion.marker_of(link integer) RETURNS name
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT c.foreign_column FROM notion.link_columns c
     WHERE c.link = marker_of.link AND c.column_name = '(key)';
END;
COMMENT ON FUNCTION notion.marker_of(integer) IS
    'the foreign column that holds a key of several columns; null where the key has one';

CREATE FUNCTION notion.keep_references(link integer, olds notion.link_columns[], pairs jsonb)
    RETURNS text[]
    LANGUAGE sql
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    -- A reference to a table that is linked no more stays what it was.
    UPDATE notion.link_columns c
       SET refers_to = o.refers_to, columns = o.columns, column_type = o.column_type,
           not_null = o.not_null
      FROM unnest(olds) o
     WHERE c.link = keep_references.link AND c.column_name = o.column_name AND c.refers_to IS NULL
       AND c.foreign_column = o.foreign_column
       AND pairs -> c.column_name::text ->> 'references' = o.refers_to::text;
    SELECT array_agg(o.property_id || CASE o.part WHEN 'end' THEN '#end' ELSE '' END)
      FROM unnest(olds) o
     WHERE NOT EXISTS (
           SELECT FROM notion.link_columns c
            WHERE c.link = keep_references.link AND c.column_name = o.column_name
              AND c.foreign_column = o.foreign_column
              AND c.refers_to IS NOT DISTINCT FROM o.refers_to);
END;
REVOKE ALL ON FUNCTION notion.keep_references(integer, notion.link_columns[], jsonb) FROM PUBLIC;
COMMENT ON FUNCTION notion.keep_references(integer, notion.link_columns[], jsonb) IS
    'after a link''s columns were paired anew: gives references to tables that are linked no more '
    'back; returns the fields that are paired otherwise now, whose bases say nothing any more';

CREATE FUNCTION notion.alter_link("table" regclass, direction text DEFAULT NULL,
                                  columns jsonb DEFAULT NULL, rule text DEFAULT NULL,
                                  on_notion_trash text DEFAULT NULL,
                                  on_postgres_delete text DEFAULT NULL, filter text DEFAULT NULL,
                                  marker name DEFAULT NULL, capture text DEFAULT NULL,
                                  content name DEFAULT NULL, template text DEFAULT NULL,
                                  forbid text DEFAULT NULL, log_values boolean DEFAULT NULL,
                                  content_direction text DEFAULT NULL)
    RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET lock_timeout = '2s'
AS $$
DECLARE
    linked integer := notion.link_id("table");
    kept notion.links;
    faults text;
    pairs jsonb;
    wanted_marker name := coalesce(alter_link.marker, notion.marker_of(linked));
    olds notion.link_columns[];
BEGIN
    SELECT * INTO kept FROM notion.links l WHERE l.id = linked;
    pairs := coalesce(alter_link.columns, CASE
        WHEN alter_link.direction IS NULL AND alter_link.rule IS NULL
        THEN notion.columns_of(linked)
        ELSE (SELECT jsonb_object_agg(c.key, c.value
                  - CASE WHEN alter_link.direction IS NOT NULL THEN 'direction' ELSE '' END
                  - CASE WHEN alter_link.rule IS NOT NULL THEN 'rule' ELSE '' END)
                FROM jsonb_each(notion.columns_of(linked)) c) END);
    kept.direction := coalesce(alter_link.direction, kept.direction);
    kept.rule := coalesce(alter_link.rule, kept.rule);
    kept.on_postgres_delete := coalesce(alter_link.on_postgres_delete, kept.on_postgres_delete);
    kept.on_notion_trash := coalesce(alter_link.on_notion_trash, kept.on_notion_trash);
    kept.capture := coalesce(alter_link.capture, kept.capture);
    kept.filter := CASE WHEN alter_link.filter IS NULL THEN kept.filter
                        ELSE nullif(btrim(alter_link.filter), '') END;
    SELECT string_agg(f, E'\n') INTO faults FROM (
        SELECT notion.link_faults("table", kept.foreign_table_id, kept.direction, kept.rule, pairs,
                                  kept.key_columns, wanted_marker,
                                  kept.filter, kept.on_postgres_delete, kept.capture)
        UNION ALL
        SELECT notion.trash_fault("table", kept.on_notion_trash)
        UNION ALL
        SELECT notion.extra_faults("table", pairs, kept.key_columns,
                                   coalesce(nullif(alter_link.content, ''),
                                            CASE WHEN alter_link.content IS NULL
                                                 THEN kept.content END),
                                   alter_link.template, alter_link.forbid, kept.direction,
                                   coalesce(alter_link.content_direction,
                                            CASE WHEN alter_link.content = '' THEN 'from_notion'
                                                 ELSE kept.content_direction END))) f(f);
    IF faults IS NOT NULL THEN
        RAISE EXCEPTION 'the link of % cannot be altered so', "table"
            USING ERRCODE = 'invalid_parameter_value', DETAIL = faults,
                  HINT = 'The link stays as it was; each line of DETAIL has to go.';
    END IF;
    -- Bases of fields that are paired otherwise from now on say nothing any more.
    SELECT array_agg(c) INTO olds FROM notion.link_columns c WHERE c.link = linked;
    DELETE FROM notion.link_columns c WHERE c.link = linked;
    UPDATE notion.links l
       SET direction = kept.direction, rule = kept.rule, capture = kept.capture,
           on_notion_trash = kept.on_notion_trash, on_postgres_delete = kept.on_postgres_delete,
           filter = notion.checked_filter("table", kept.filter),
           log_values = coalesce(alter_link.log_values, kept.log_values)
     WHERE l.id = linked;
    PERFORM notion.link_column(linked, w.column_name, w.foreign_column, w.direction, w.rule, w.own,
                               w.refers_to)
       FROM notion.wanted_columns("table", kept.foreign_table_id, pairs, kept.key_columns,
                                  wanted_marker) w;
    PERFORM notion.keep_extras(linked, alter_link.content, alter_link.template,
                               alter_link.forbid, alter_link.content_direction);
    IF alter_link.columns IS NOT NULL
       OR alter_link.direction <> 'from_notion' OR alter_link.content_direction = 'both' THEN
        PERFORM notion.require_sendable(linked);
    END IF;
    PERFORM notion.arm(linked);
    PERFORM notion.request(linked, 'altered', jsonb_build_object(
        'stale', notion.keep_references(linked, olds, pairs),
        'content', nullif(alter_link.content, '') <> kept.content));
END
$$;
COMMENT ON FUNCTION notion.alter_link(regclass, text, jsonb, text, text, text, text, name, text,
                                      name, text, text, boolean, text) IS
    'Changes a link; what is not named stays as it is. columns: all pairs, as for notion.link, in '
    'place of those before; direction and rule given alone hold for all of them. filter: '''' '
    'takes it away; so for content, template and forbid. log_values false: notion.log keeps which '
    'fields changed, and no value of them, from then on. Where rows or pages may be out of step '
    'by it, a sync follows by itself; a link that was paused because a table or column changed '
    'is resumed by notion.resume. Errors: 42501 (as for notion.link), '
    '42704 not linked, 22023 with every mismatch in DETAIL, 55P03 the table is in use.';

CREATE FUNCTION notion.unlink("table" regclass) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET lock_timeout = '2s'
AS $$
DECLARE
    linked integer := notion.link_id("table");
BEGIN
    PERFORM notion.disarm(linked);
    PERFORM notion.forget_link(linked, "table"::text);
EXCEPTION WHEN lock_not_available THEN
    RAISE EXCEPTION 'table % is in use: notion.unlink waited 2 s for it', "table"
        USING ERRCODE = 'lock_not_available',
              HINT = format('Try again when no long transaction writes it; SELECT notion.pause(%L) '
                            'stops the link at once.', "table"::text);
END
$$;
COMMENT ON FUNCTION notion.unlink(regclass) IS
    'Ends a link: nothing is captured, sent or taken any more. Rows and pages stay as they '
    'are; what was queued is dropped. Errors: 42501 not the owner, 42704 not linked, 55P03 the '
    'table is in use.';

CREATE FUNCTION notion.forget_link(link integer, table_name text) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    DELETE FROM notion.links l WHERE l.id = forget_link.link;
    INSERT INTO notion.log (link, side, action, changes, actor)
    VALUES (link, 'postgres', 'unlink', jsonb_build_object('table', table_name),
            session_user || coalesce(' (' || nullif(current_setting('application_name', true), '')
                                     || ')', ''));
    PERFORM notion.request(forget_link.link, 'forget', '{}');
END
$$;
COMMENT ON FUNCTION notion.forget_link(integer, text) IS
    'deletes a link; the log says whose number it was. What is kept of it, log and closed '
    'conflicts apart, is left to the worker, which nobody''s open transaction may hold up';
REVOKE ALL ON FUNCTION notion.forget_link(integer, text) FROM PUBLIC;
