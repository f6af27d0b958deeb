-- The capture triggers, and what DDL does to a link: event triggers keep it consistent, or pause it
-- with the reason. They never raise, since an error in one would block all DDL of the database; and
-- nothing trusts them, since they can be off: the worker looks at the table's shape itself.

CREATE FUNCTION notion.family(table_id regclass) RETURNS SETOF regclass
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH RECURSIVE family AS (
        SELECT family.table_id::oid AS member
        UNION
        SELECT i.inhrelid FROM family f JOIN pg_catalog.pg_inherits i ON i.inhparent = f.member)
    SELECT f.member::regclass FROM family f;
END;
COMMENT ON FUNCTION notion.family(regclass) IS
    'a table with its partitions and inheritance children, of all levels';

CREATE FUNCTION notion.arm(link integer) RETURNS integer
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    kept notion.links;
    trigger record;
    made integer := 0;
BEGIN
    SELECT * INTO kept FROM notion.links l WHERE l.id = arm.link;
    -- Row triggers of a partitioned table are its partitions' too; those of an inheritance parent
    -- are not its children's, and those for TRUNCATE are nobody's but their own table's.
    FOR trigger IN
        SELECT m.member, t.name, t.is_row
          FROM notion.family(kept.table_id) m(member)
          JOIN pg_class c ON c.oid = m.member AND c.relkind IN ('r', 'p')
         CROSS JOIN LATERAL (VALUES
                ('notion_capture_' || arm.link, true,
                 NOT c.relispartition OR m.member = kept.table_id),
                ('notion_capture_truncate_' || arm.link, false, true)) t(name, is_row, is_needed)
         WHERE t.is_needed AND NOT EXISTS (SELECT FROM pg_trigger g
                                            WHERE g.tgrelid = m.member AND g.tgname = t.name)
    LOOP
        IF trigger.is_row THEN
            EXECUTE format('CREATE TRIGGER %I AFTER INSERT OR UPDATE OR DELETE ON %s '
                           'FOR EACH ROW EXECUTE FUNCTION notion.capture()',
                           trigger.name, trigger.member);
        ELSE
            EXECUTE format('CREATE TRIGGER %I AFTER TRUNCATE ON %s '
                           'FOR EACH STATEMENT EXECUTE FUNCTION notion.capture()',
                           trigger.name, trigger.member);
        END IF;
        made := made + 1;
    END LOOP;
    FOR trigger IN
        SELECT g.tgrelid::regclass AS member, g.tgname AS name
          FROM pg_trigger g JOIN notion.family(kept.table_id) m(member) ON m.member = g.tgrelid
         WHERE g.tgname IN ('notion_capture_' || arm.link, 'notion_capture_truncate_' || arm.link)
           AND g.tgparentid = 0
           AND g.tgenabled = CASE kept.capture WHEN 'always' THEN 'O' ELSE 'A' END
    LOOP
        EXECUTE format('ALTER TABLE ONLY %s ENABLE %s TRIGGER %I', trigger.member,
                       CASE kept.capture WHEN 'always' THEN 'ALWAYS' ELSE '' END, trigger.name);
    END LOOP;
    RETURN made;
END
$$;
REVOKE ALL ON FUNCTION notion.arm(integer) FROM PUBLIC;
COMMENT ON FUNCTION notion.arm(integer) IS
    'makes the capture triggers of a link that are missing on its table, partitions and children; '
    'returns how many';

CREATE FUNCTION notion.disarm(link integer) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    trigger record;
BEGIN
    FOR trigger IN
        SELECT g.tgrelid::regclass AS member, g.tgname AS name FROM pg_trigger g
         WHERE g.tgname IN ('notion_capture_' || disarm.link,
                            'notion_capture_truncate_' || disarm.link)
           AND g.tgparentid = 0 AND g.tgfoid = 'notion.capture()'::regprocedure
         ORDER BY g.tgrelid, g.tgname
    LOOP
        EXECUTE format('DROP TRIGGER IF EXISTS %I ON %s', trigger.name, trigger.member);
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION notion.disarm(integer) FROM PUBLIC;
COMMENT ON FUNCTION notion.disarm(integer) IS 'drops the capture triggers of a link';

CREATE FUNCTION notion.shape_faults(link integer) RETURNS SETOF text
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT f FROM notion.links l
     CROSS JOIN LATERAL (
            SELECT notion.table_faults(l.table_id)
            UNION ALL SELECT notion.key_faults(l.table_id, l.key_columns)
            UNION ALL SELECT notion.column_faults(l.table_id, l.foreign_table_id,
                                                  notion.columns_of(l.id), l.key_columns,
                                                  notion.marker_of(l.id))
            UNION ALL SELECT notion.filter_fault(l.table_id, l.filter)
            UNION ALL SELECT notion.trash_fault(l.table_id, l.on_notion_trash)
            UNION ALL SELECT notion.extra_faults(l.table_id, notion.columns_of(l.id), l.key_columns,
                                                 l.content, l.template, l.forbid, l.direction,
                                                 l.content_direction)) faults(f)
     WHERE l.id = shape_faults.link AND f IS NOT NULL;
END;
COMMENT ON FUNCTION notion.shape_faults(integer) IS
    'what of a link does not fit its table and foreign table any more, a line each';

CREATE FUNCTION notion.capture_gap(link integer) RETURNS text
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT pg_catalog.format('trigger %I of %s is disabled', g.tgname, g.tgrelid::regclass)
      FROM notion.links l
     CROSS JOIN LATERAL notion.family(l.table_id) m(member)
      JOIN pg_catalog.pg_trigger g ON g.tgrelid = m.member
           AND g.tgfoid = 'notion.capture()'::regprocedure
     WHERE l.id = capture_gap.link
       AND g.tgenabled IN ('D', CASE l.capture WHEN 'always' THEN 'O' ELSE 'R' END)
    UNION ALL
    SELECT pg_catalog.format('%s has lost its capture trigger', m.member)
      FROM notion.links l
     CROSS JOIN LATERAL notion.family(l.table_id) m(member)
      JOIN pg_catalog.pg_class c ON c.oid = m.member AND c.relkind IN ('r', 'p')
     WHERE l.id = capture_gap.link AND 2 > (
           SELECT count(*) FROM pg_catalog.pg_trigger g
            WHERE g.tgrelid = m.member AND g.tgfoid = 'notion.capture()'::regprocedure)
     LIMIT 1;
END;
COMMENT ON FUNCTION notion.capture_gap(integer) IS
    'why changes of a linked table are not all captured: a trigger that is disabled or gone; null: '
    'they are';

CREATE FUNCTION notion.follow_names(link integer) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    kept notion.links;
    was name;
    found name;
    missed text;
BEGIN
    SELECT * INTO kept FROM notion.links l WHERE l.id = follow_names.link;
    -- What was missing before, and the link is paused for, is in no column that is renamed later.
    missed := coalesce((SELECT r.args ->> 'why' FROM notion.requests r
                         WHERE r.link = kept.id AND r.kind = 'pause' ORDER BY r.id DESC LIMIT 1),
                       CASE kept.state WHEN 'paused' THEN kept.reason END, '');
    -- Properties have ids, so that columns of the foreign table are found whatever they are called.
    UPDATE notion.link_columns c SET foreign_column = f.attname
      FROM pg_attribute f
     WHERE c.link = follow_names.link AND f.attrelid = kept.foreign_table_id AND f.attnum > 0
       AND NOT f.attisdropped AND f.attname <> c.foreign_column
       AND notion.option(f.attfdwoptions, 'property_id') = c.property_id
       AND coalesce(notion.option(f.attfdwoptions, 'part'), 'start') = c.part
       AND NOT EXISTS (SELECT FROM pg_attribute o
                        WHERE o.attrelid = kept.foreign_table_id AND o.attnum > 0
                          AND NOT o.attisdropped AND o.attname = c.foreign_column);
    -- A column of the table has its name alone; ALTER TABLE renames one at a time.
    FOR found IN
        SELECT a.attname FROM pg_event_trigger_ddl_commands() d
          JOIN pg_attribute a ON a.attrelid = d.objid AND a.attnum = d.objsubid
         WHERE d.classid = 'pg_class'::regclass AND d.objid = kept.table_id AND d.objsubid > 0
    LOOP
        SELECT n.name INTO was FROM (
            SELECT unnest(coalesce(c.columns, ARRAY[c.column_name])) AS name
              FROM notion.link_columns c
             WHERE c.link = follow_names.link AND c.column_name <> '(key)'
             UNION SELECT unnest(kept.key_columns)
             UNION SELECT unnest(ARRAY[kept.content,
                       substring(kept.template FROM '^column:(.*)$')::name,
                       substring(kept.on_notion_trash FROM '^mark:(.*)$')::name])) n
         WHERE strpos(missed, n.name::text) = 0 AND NOT EXISTS (SELECT FROM pg_attribute a
                            WHERE a.attrelid = kept.table_id AND a.attnum > 0
                              AND NOT a.attisdropped AND a.attname = n.name);
        CONTINUE WHEN was IS NULL;
        UPDATE notion.link_columns c SET column_name = found
         WHERE c.link = follow_names.link AND c.column_name = was;
        UPDATE notion.link_columns c
           SET columns = array_replace(c.columns, was, found),
               column_name = notion.columns_label(array_replace(
                   notion.named_columns(c.column_name), was, found))
         WHERE c.link = follow_names.link AND was = ANY (c.columns);
        UPDATE notion.links l SET key_columns = array_replace(l.key_columns, was, found)
         WHERE l.id = follow_names.link AND was = ANY (l.key_columns);
        UPDATE notion.links l
           SET content = CASE l.content WHEN was THEN found ELSE l.content END,
               template = CASE l.template WHEN 'column:' || was THEN 'column:' || found
                                          ELSE l.template END,
               on_notion_trash = CASE l.on_notion_trash WHEN 'mark:' || was THEN 'mark:' || found
                                                        ELSE l.on_notion_trash END
         WHERE l.id = follow_names.link;
        PERFORM notion.request(kept.id, 'renamed',
                               jsonb_build_object('was', was, 'is_now', found));
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION notion.follow_names(integer) FROM PUBLIC;
COMMENT ON FUNCTION notion.follow_names(integer) IS
    'in ddl_command_end: columns that were renamed keep their pairs';

CREATE FUNCTION notion.look_at_shape(link integer) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    faults text;
BEGIN
    SELECT string_agg(f, '; ') INTO faults FROM notion.shape_faults(look_at_shape.link) f;
    IF faults IS NOT NULL THEN
        PERFORM notion.request(look_at_shape.link, 'pause', jsonb_build_object('why',
            faults || '; mend it or call notion.alter_link, then notion.resume'));
    ELSE
        -- A type that still fits: the core reads the column's texts by it. What did not fit the
        -- column as it was may fit now.
        UPDATE notion.link_columns c
           SET column_type = notion.column_type(a.atttypid), not_null = a.attnotnull
          FROM notion.links l JOIN pg_attribute a ON a.attrelid = l.table_id
         WHERE l.id = c.link AND c.link = look_at_shape.link AND a.attname = c.column_name
           AND NOT c.is_marker AND c.refers_to IS NULL
           AND (c.column_type, c.not_null)
               IS DISTINCT FROM (notion.column_type(a.atttypid), a.attnotnull);
        IF FOUND THEN
            PERFORM notion.request(look_at_shape.link, 'judge', '{}');
        END IF;
    END IF;
END
$$;
REVOKE ALL ON FUNCTION notion.look_at_shape(integer) FROM PUBLIC;
COMMENT ON FUNCTION notion.look_at_shape(integer) IS
    'pauses a link that does not fit its tables any more, with the reason';

CREATE FUNCTION notion.is_home() RETURNS boolean
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN EXISTS (SELECT FROM notion.instance i, notion.identity() d
                    WHERE (i.system_identifier, i.database_oid)
                          = (d.system_identifier, d.database_oid));
END
$$;
REVOKE ALL ON FUNCTION notion.is_home() FROM PUBLIC;
COMMENT ON FUNCTION notion.is_home() IS
    'whether the links are this database''s own; in a copy, and while a dump is being restored, '
    'they are not, and DDL is nobody''s business';

CREATE FUNCTION notion.on_ddl() RETURNS event_trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    linked record;
    stray regclass;
BEGIN
    IF NOT EXISTS (SELECT FROM notion.links) OR NOT notion.is_home() THEN
        RETURN;
    END IF;
    FOR linked IN
        SELECT l.id, l.table_id, bool_or(d.command_tag = 'ALTER TABLE') AS is_altered
          FROM pg_event_trigger_ddl_commands() d
          JOIN notion.links l ON d.objid = l.foreign_table_id
               OR d.objid IN (SELECT member FROM notion.family(l.table_id) f(member))
         WHERE d.classid = 'pg_class'::regclass
         GROUP BY l.id, l.table_id
    LOOP
        BEGIN
            PERFORM notion.follow_names(linked.id);
            IF notion.arm(linked.id) > 0 AND linked.is_altered THEN
                PERFORM notion.request(linked.id, 'unseen', jsonb_build_object('why',
                    'rows came with a partition or child that was attached'));
            END IF;
            FOR stray IN
                SELECT DISTINCT g.tgrelid::regclass FROM pg_trigger g
                 WHERE g.tgname = 'notion_capture_truncate_' || linked.id
                   AND g.tgrelid NOT IN (SELECT member FROM notion.family(linked.table_id)
                                                AS f(member))
            LOOP
                EXECUTE format('DROP TRIGGER notion_capture_truncate_%s ON %s', linked.id, stray);
                IF EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = stray
                              AND g.tgname = 'notion_capture_' || linked.id) THEN
                    EXECUTE format('DROP TRIGGER notion_capture_%s ON %s', linked.id, stray);
                END IF;
                PERFORM notion.request(linked.id, 'unseen', jsonb_build_object('why',
                    'rows went with a partition or child that was detached'));
            END LOOP;
            IF notion.capture_gap(linked.id) IS NOT NULL THEN
                PERFORM notion.request(linked.id, 'unseen', jsonb_build_object('why',
                    notion.capture_gap(linked.id)));
            END IF;
            PERFORM notion.look_at_shape(linked.id);
        EXCEPTION WHEN OTHERS THEN
            -- An error here would block DDL; the worker looks at the table's shape by itself.
            RAISE WARNING 'pg_notion could not follow a change of table %: %', linked.table_id,
                SQLERRM;
        END;
    END LOOP;
END
$$;
COMMENT ON FUNCTION notion.on_ddl() IS
    'event trigger: links follow renamed columns, new partitions get their triggers, and what '
    'changed rows unseen or does not fit any more is noted';
REVOKE ALL ON FUNCTION notion.on_ddl() FROM PUBLIC;
CREATE EVENT TRIGGER notion_on_ddl ON ddl_command_end
    WHEN TAG IN ('CREATE TABLE', 'ALTER TABLE', 'ALTER FOREIGN TABLE', 'CREATE TABLE AS')
    EXECUTE FUNCTION notion.on_ddl();

CREATE FUNCTION notion.on_drop() RETURNS event_trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM notion.links) THEN
        RETURN;
    END IF;
    PERFORM notion.forget_link(l.id, coalesce(
               max(o.object_identity) FILTER (WHERE o.objid = l.table_id), l.table_id::text))
       FROM pg_event_trigger_dropped_objects() o
       JOIN notion.links l ON o.objid IN (l.table_id, l.foreign_table_id)
      WHERE o.classid = 'pg_class'::regclass AND o.objsubid = 0
      GROUP BY l.id, l.table_id;
    IF NOT notion.is_home() THEN
        RETURN;
    END IF;
    -- A column, index or constraint, a function of a filter, a trigger: all links, being few.
    PERFORM notion.look_at_shape(l.id) FROM notion.links l
      WHERE EXISTS (SELECT FROM pg_event_trigger_dropped_objects() o
                     WHERE o.object_type IN ('table column', 'foreign table column', 'index',
                                             'table constraint', 'function', 'type'));
    PERFORM notion.request(l.id, 'unseen', jsonb_build_object('why', notion.capture_gap(l.id)))
       FROM notion.links l
      WHERE notion.capture_gap(l.id) IS NOT NULL
        AND EXISTS (SELECT FROM pg_event_trigger_dropped_objects() o
                     WHERE o.object_type = 'trigger');
EXCEPTION WHEN OTHERS THEN
    -- An error here would block every DROP of the database; the worker notices by itself.
    RAISE WARNING 'pg_notion could not follow a DROP: %', SQLERRM;
END
$$;
COMMENT ON FUNCTION notion.on_drop() IS
    'event trigger: ends the links of dropped tables, pauses those that lost a column or key';
REVOKE ALL ON FUNCTION notion.on_drop() FROM PUBLIC;
CREATE EVENT TRIGGER notion_on_drop ON sql_drop EXECUTE FUNCTION notion.on_drop();

CREATE FUNCTION notion.on_rewrite() RETURNS event_trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM notion.request(l.id, 'unseen',
                           jsonb_build_object('why', 'the table was rewritten by ALTER TABLE'))
       FROM notion.links l
      WHERE pg_event_trigger_table_rewrite_oid()
            IN (SELECT member FROM notion.family(l.table_id) f(member));
EXCEPTION WHEN OTHERS THEN
    RAISE WARNING 'pg_notion could not note the rewrite of a table: %', SQLERRM;
END
$$;
COMMENT ON FUNCTION notion.on_rewrite() IS
    'event trigger: a table that ALTER TABLE rewrites changes without row triggers: a sync follows';
REVOKE ALL ON FUNCTION notion.on_rewrite() FROM PUBLIC;
CREATE EVENT TRIGGER notion_on_rewrite ON table_rewrite EXECUTE FUNCTION notion.on_rewrite();
