-- notion.publish: Notion databases from tables, made by the worker (56-publish-steps.sql), and what
-- shows it: the plan before, notion.published after.

ALTER TABLE notion.publications ENABLE ROW LEVEL SECURITY;
CREATE POLICY owner ON notion.publications FOR SELECT USING (EXISTS (
    SELECT FROM pg_catalog.pg_class c
     WHERE c.oid = table_id AND pg_catalog.pg_has_role(notion.invoker(), c.relowner, 'USAGE')));
GRANT SELECT ON notion.publications TO PUBLIC;

CREATE FUNCTION notion.check_publish(tables regclass[], server name, parent text,
                                     schema regnamespace, direction text, columns jsonb,
                                     except_columns text[], two_way boolean) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    faults text;
BEGIN
    PERFORM notion.check_usage(server);
    IF jsonb_typeof(columns) <> 'object' THEN
        RAISE EXCEPTION 'columns is no JSON object'
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'columns => ''{"invoices.total": {"format": "euro"}}''';
    END IF;
    SELECT string_agg(DISTINCT f, E'\n') INTO faults
      FROM notion.publish_faults(tables, server, parent, schema, direction, columns,
                                 except_columns, two_way) f;
    IF faults IS NOT NULL THEN
        RAISE EXCEPTION 'these tables cannot be published so'
            USING ERRCODE = 'invalid_parameter_value', DETAIL = faults,
                  HINT = 'Nothing was sent. except_columns leaves columns out, columns says what '
                         'they become: docs/publishing.md.';
    END IF;
    SELECT string_agg(format('%s: its properties and options are %s bytes, and Notion takes '
                             '500,000 at once', t, length), E'\n') INTO faults
      FROM unnest(tables) t
     CROSS JOIN LATERAL (SELECT octet_length((notion.publication(t, tables, server, parent, schema,
                             direction, columns, except_columns, two_way)).request::text)) b(length)
     WHERE length > 500000;
    IF faults IS NOT NULL THEN
        RAISE EXCEPTION 'these tables cannot be published so'
            USING ERRCODE = 'invalid_parameter_value', DETAIL = faults,
                  HINT = 'Nothing was sent. except_columns leaves columns out.';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION notion.check_publish(regclass[], name, text, regnamespace, text, jsonb,
                                            text[], boolean) FROM PUBLIC;
COMMENT ON FUNCTION notion.check_publish(regclass[], name, text, regnamespace, text, jsonb, text[],
                                         boolean) IS
    'raises 42501 no USAGE on the server, 42704 no such server, 22023 with every reason';

CREATE FUNCTION notion.publish_plan(tables regclass[], server name, parent text,
                                    schema regnamespace, direction text DEFAULT 'to_notion',
                                    columns jsonb DEFAULT '{}', except_columns text[] DEFAULT '{}',
                                    two_way boolean DEFAULT false)
    RETURNS TABLE ("table" regclass, column_name text, property text, type text, details text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM notion.require_owner(t) FROM unnest(tables) t;
    PERFORM notion.check_publish(tables, server, parent, schema, direction, columns, except_columns,
                                 two_way);
    RETURN QUERY
    SELECT t.id, coalesce(c.column_name::text, array_to_string(c.fk_columns, ', ')), c.property,
           c.type, concat_ws('; ',
               CASE WHEN c.type IN ('select', 'multi_select', 'status')
                    THEN array_to_string(notion.choices_of(c.choices, c.wish), ', ') END,
               CASE WHEN c.type = 'relation'
                    THEN format('to %s%s', c.target, CASE WHEN two_way THEN ', both ways' END) END,
               c.wish ->> 'format',
               CASE WHEN c.is_key THEN 'holds the key' END,
               CASE WHEN l.added @> to_jsonb(c.property) THEN 'to be added' END,
               left(coalesce(c.wish ->> 'description', c.comment), 280))
      FROM unnest(tables) WITH ORDINALITY t(id, n)
     CROSS JOIN LATERAL notion.publish_columns(t.id, tables, server, columns, except_columns)
                        WITH ORDINALITY c(m, column_name, property, type, kind, sql_type, is_key,
                                          choices, wish, target, fk_columns, comment, o)
      LEFT JOIN LATERAL (
           SELECT jsonb_path_query_array(notion.later_columns(p, notion.publication(
                      t.id, publish_plan.tables, publish_plan.server, publish_plan.parent,
                      publish_plan.schema, publish_plan.direction, publish_plan.columns,
                      publish_plan.except_columns, publish_plan.two_way)),
                      '$[*].property') AS added
             FROM notion.publications p WHERE p.table_id = t.id) l ON true
     ORDER BY t.n, c.o;
END
$$;
COMMENT ON FUNCTION notion.publish_plan(regclass[], name, text, regnamespace, text, jsonb, text[],
                                        boolean) IS
    'What notion.publish with the same arguments would make: a line for each property. No request '
    'is made and nothing is kept. Errors: those of notion.publish.';

CREATE FUNCTION notion.synced_name(title text, property text, target regclass, tables regclass[],
                                   server name, columns jsonb, except_columns text[],
                                   is_only boolean) RETURNS text
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT CASE WHEN is_only AND NOT EXISTS (
                SELECT FROM notion.publish_columns(target, tables, server, columns,
                                                   except_columns) c
                 WHERE pg_catalog.lower(c.property) = pg_catalog.lower(title))
           THEN title ELSE pg_catalog.format('%s (%s)', title, property) END;
END;
REVOKE ALL ON FUNCTION notion.synced_name(text, text, regclass, regclass[], name, jsonb, text[],
                                          boolean) FROM PUBLIC;
COMMENT ON FUNCTION notion.synced_name(text, text, regclass, regclass[], name, jsonb, text[],
                                       boolean) IS
    'what the other end of a relation is called: like the database that it comes from';

CREATE FUNCTION notion.publication(table_id regclass, tables regclass[], server name, parent text,
                                   schema regnamespace, direction text, columns jsonb,
                                   except_columns text[], two_way boolean)
    RETURNS notion.publications
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    made notion.publications;
BEGIN
    SELECT notion.words(c.relname), left(obj_description(c.oid, 'pg_class'), 2000)
      INTO made.title, made.reason FROM pg_class c WHERE c.oid = table_id;
    made.table_id := table_id;
    made.server := server;
    made.parent := notion.data_source(parent);
    made.schema := (SELECT n.nspname FROM pg_namespace n WHERE n.oid = publication.schema);
    made.direction := direction;
    made.time_zone := current_setting('TimeZone');
    SELECT json_build_object(
               'parent', jsonb_build_object('type', 'page_id', 'page_id', made.parent),
               'title', notion.rich_text(made.title),
               'description', CASE WHEN made.reason IS NULL THEN '[]'
                                   ELSE notion.rich_text(made.reason) END,
               'initial_data_source', json_build_object('properties', json_object_agg(c.property,
                   notion.property_config(c.type, notion.choices_of(c.choices, c.wish), c.wish,
                                          c.comment) ORDER BY c.o)
                   FILTER (WHERE c.type <> 'relation'))),
           jsonb_agg(jsonb_build_object('column', c.column_name, 'property', c.property,
               'type', c.type, 'column_type', notion.foreign_type(c.type, c.kind, c.is_key),
               'foreign_column', CASE WHEN c.column_name = '(key)' THEN 'row_key'
                   ELSE coalesce(c.column_name, lower(replace(c.property, ' ', '_'))) END
                   || CASE WHEN c.column_name LIKE 'page\_%' THEN '_2' ELSE '' END,
               'fk_columns', c.fk_columns) ORDER BY c.o),
           max(CASE WHEN c.column_name = '(key)' THEN 'row_key' END),
           coalesce(jsonb_agg(jsonb_build_object('property', c.property, 'relation',
               CASE WHEN two_way THEN jsonb_build_object('type', 'dual_property', 'dual_property',
                    jsonb_build_object('synced_property_name', notion.synced_name(made.title,
                        c.property, c.target, tables, server, columns, except_columns,
                        c.of_target = 1)))
                    ELSE '{"type": "single_property", "single_property": {}}' END)
               || CASE WHEN c.comment IS NULL THEN '{}'
                       ELSE jsonb_build_object('description', left(c.comment, 280)) END
               ORDER BY c.o) FILTER (WHERE c.type = 'relation'), '[]'),
           coalesce(array_agg(c.target ORDER BY c.o) FILTER (WHERE c.type = 'relation'), '{}')
      INTO made.request, made.columns, made.marker, made.relations, made.targets
      FROM (SELECT k.*, count(*) OVER (PARTITION BY k.target) AS of_target,
                   row_number() OVER (ORDER BY k.type <> 'title', k.n) AS o
              FROM notion.publish_columns(table_id, tables, server, columns, except_columns) k) c;
    made.left_out := ARRAY(
        SELECT a.attname FROM pg_attribute a
         WHERE a.attrelid = table_id AND a.attnum > 0 AND NOT a.attisdropped
           AND EXISTS (SELECT FROM unnest(except_columns) x
                        WHERE notion.is_named(x, table_id, a.attname)));
    made.reason := NULL;
    RETURN made;
END
$$;
REVOKE ALL ON FUNCTION notion.publication(regclass, regclass[], name, text, regnamespace, text,
                                          jsonb, text[], boolean) FROM PUBLIC;
COMMENT ON FUNCTION notion.publication(regclass, regclass[], name, text, regnamespace, text, jsonb,
                                       text[], boolean) IS
    'what is kept of a table that is to be published: requests and columns, before any answer';

CREATE FUNCTION notion.rich_text(text) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    RETURN pg_catalog.jsonb_build_array(pg_catalog.jsonb_build_object(
        'type', 'text', 'text', pg_catalog.jsonb_build_object('content', $1)));
COMMENT ON FUNCTION notion.rich_text(text) IS
    'a text of at most 2,000 characters as Notion''s API takes it';

CREATE FUNCTION notion.foreign_type(property_type text, kind text, is_key boolean) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    RETURN CASE WHEN property_type = 'relation' THEN 'uuid[]'
                WHEN is_key AND property_type <> 'number' THEN 'text'
                ELSE CASE kind WHEN 'int2' THEN 'smallint' WHEN 'int4' THEN 'integer'
                     WHEN 'int8' THEN 'bigint' WHEN 'float8' THEN 'double precision'
                     WHEN 'text_array' THEN 'text[]' WHEN 'uuid_array' THEN 'uuid[]'
                     ELSE kind END END;
COMMENT ON FUNCTION notion.foreign_type(text, text, boolean) IS
    'the type of a column of the foreign table that notion.publish makes';

CREATE FUNCTION notion.publish(tables regclass[], server name, parent text, schema regnamespace,
                               direction text DEFAULT 'to_notion', columns jsonb DEFAULT '{}',
                               except_columns text[] DEFAULT '{}', two_way boolean DEFAULT false)
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    made bigint;
    seen text;
    wanted integer;
BEGIN
    PERFORM notion.require_owner(t) FROM unnest(tables) t;
    PERFORM notion.check_publish(tables, server, parent, schema, direction, columns, except_columns,
                                 two_way);
    DELETE FROM notion.publications p
     WHERE NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = p.table_id);
    -- What is under way goes on, what failed is taken up where it was, what is done stays.
    PERFORM notion.adopt_first();
    made := nextval(pg_get_serial_sequence('notion.jobs', 'id'));
    INSERT INTO notion.publications AS p (job, table_id, server, parent, schema, direction,
                   time_zone, title, request, columns, marker, relations, targets, left_out,
                   asked_by)
    SELECT made, m.table_id, m.server, m.parent, m.schema, m.direction, m.time_zone, m.title,
           m.request, m.columns, m.marker, m.relations, m.targets, m.left_out,
           notion.invoker()
      FROM unnest(tables) WITH ORDINALITY t(id, n)
     CROSS JOIN LATERAL notion.publication(t.id, tables, server, parent, schema, direction,
                                           columns, except_columns, two_way) m
     ORDER BY t.n
        ON CONFLICT (table_id) DO UPDATE
       SET job = excluded.job, reason = NULL, due = now(), attempts = 0, found = NULL,
           finished_at = NULL, schema = excluded.schema, direction = excluded.direction,
           -- Of what Notion may have, and what it has, nothing changes any more.
           (parent, title, request, columns, marker, relations, targets, left_out) =
               (SELECT f.* FROM (VALUES
                    (true, excluded.parent, excluded.title, excluded.request, excluded.columns,
                     excluded.marker, excluded.relations, excluded.targets, excluded.left_out),
                    (false, p.parent, p.title, p.request, p.columns, p.marker, p.relations,
                     p.targets, p.left_out)) v(is_new, a, b, c, d, e, f, g, h)
                 CROSS JOIN LATERAL (SELECT v.a, v.b, v.c, v.d, v.e, v.f, v.g, v.h) f
                 WHERE v.is_new = (p.step = 'create' AND p.sent_at IS NULL)),
           state = CASE WHEN p.step = 'create' AND p.sent_at IS NOT NULL THEN 'unknown'
                        ELSE 'due' END,
           step = CASE p.step WHEN 'done' THEN 'link' ELSE p.step END
     WHERE p.state = 'failed'
        OR p.step = 'done' AND NOT EXISTS (SELECT FROM notion.links l
                                            WHERE l.table_id = p.table_id);
    SELECT string_agg(notion.publish_later(made, m), E'\n' ORDER BY t.n) INTO seen
      FROM unnest(tables) WITH ORDINALITY t(id, n)
     CROSS JOIN LATERAL notion.publication(t.id, tables, server, parent, schema, direction,
                                           columns, except_columns, two_way) m
     WHERE EXISTS (SELECT FROM notion.publications p
                    WHERE p.table_id = t.id AND p.step = 'done');
    IF seen IS NOT NULL THEN
        RAISE NOTICE 'properties will be added in Notion for later columns' USING DETAIL = seen,
            HINT = 'Everyone who may see the database will see them; the rows'' values follow.';
    END IF;
    SELECT string_agg(format('%s as "%s": %s%s', p.table_id, p.title,
               (SELECT string_agg(format('%s (%s)', c ->> 'property', c ->> 'type'), ', ')
                  FROM jsonb_array_elements(p.columns) c),
               '; left out: ' || nullif(array_to_string(p.left_out, ', '), '')),
               E'\n' ORDER BY p.id), count(*) INTO seen, wanted
      FROM notion.publications p WHERE p.job = made AND p.data_source IS NULL;
    IF wanted > 0 THEN
        RAISE NOTICE '% will be made in Notion below page %', CASE wanted WHEN 1 THEN 'a database'
                     ELSE format('%s databases', wanted) END, notion.data_source(parent)
            USING DETAIL = seen,
                  HINT = 'Everyone who may see that page will see these properties; rows are sent '
                         'only by notion.sync.';
    END IF;
    PERFORM notion.wake();
    RETURN made;
END
$$;
COMMENT ON FUNCTION notion.publish(regclass[], name, text, regnamespace, text, jsonb, text[],
                                   boolean) IS
    'Makes a Notion database of each table, below the page parent (URL or id), a foreign table of '
    'the same name in schema, and links them; sends no row: notion.sync does. The worker makes two '
    'requests a table, after the commit (notion.published shows how far it is); called again, it '
    'takes up what failed, adds properties for columns that a table got since, and leaves alone '
    'what is done. direction: of the links. columns: '
    '{"column" or "table.column": {"property": name, "type", "format": of a number, '
    '"description", "options": […]}}. except_columns: those that Notion must not have. two_way: '
    'relations show at both ends. Returns the number of the job. Errors: 42501 not the owner, '
    '42704 no such server, 22023 with every reason in DETAIL.';

CREATE FUNCTION notion.unpublish("table" regclass) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM notion.require_owner("table");
    DELETE FROM notion.publications p WHERE p.table_id = "table";
    IF NOT FOUND THEN
        RAISE EXCEPTION 'table % is not published', "table"
            USING ERRCODE = 'undefined_object', HINT = 'notion.published lists those that are.';
    END IF;
END
$$;
COMMENT ON FUNCTION notion.unpublish(regclass) IS
    'Forgets which database notion.publish made of a table, so that it may be published anew. '
    'Leaves the database, the foreign table and the link alone. Errors: 42501 not the owner, 42704 '
    'not published.';

CREATE VIEW notion.published WITH (security_invoker = true) AS
SELECT p.table_id AS "table", p.server, p.title, p.database, p.data_source, p.url,
       CASE WHEN p.step = 'done' THEN 'done'
            WHEN p.state = 'failed' OR s.oid IS NULL OR c.oid IS NULL THEN 'failed'
            WHEN p.state = 'unknown' THEN 'outcome unknown'
            ELSE CASE p.step WHEN 'create' THEN 'to be made' WHEN 'define' THEN 'to be related'
                             ELSE 'to be linked' END END AS state,
       CASE WHEN c.oid IS NULL THEN 'the table is gone' WHEN s.oid IS NULL THEN 'the server is gone'
            ELSE p.reason END AS reason,
       p.job, p.asked_by, p.asked_at, p.finished_at
  FROM notion.publications p
  LEFT JOIN pg_catalog.pg_class c ON c.oid = p.table_id
  LEFT JOIN pg_catalog.pg_foreign_server s ON s.srvname = p.server;
COMMENT ON VIEW notion.published IS
    'the tables of notion.publish, with the ids of their databases and how far each is; for the '
    'tables'' owners';
GRANT SELECT ON notion.published TO PUBLIC;
