-- What keeps tables from being published: everything, before anything is sent.

CREATE FUNCTION notion.publish_column_faults(table_id regclass, tables regclass[], server name,
                                             columns jsonb, except_columns text[])
    RETURNS SETOF text
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH listed AS (
        SELECT c.*, notion.choices_of(c.choices, c.wish) AS names,
               count(*) OVER (PARTITION BY pg_catalog.lower(pg_catalog.btrim(c.property))) AS alike,
               coalesce(c.column_name::text, pg_catalog.array_to_string(c.fk_columns, ', '))
                   AS column_s
          FROM notion.publish_columns(publish_column_faults.table_id,
                   publish_column_faults.tables, publish_column_faults.server,
                   publish_column_faults.columns, publish_column_faults.except_columns) c)
    SELECT pg_catalog.format('%s, column %s: %s', publish_column_faults.table_id, l.column_s, fault)
      FROM listed l, LATERAL (
        SELECT pg_catalog.format('type %s has no counterpart in Notion; leave it out by '
                                 'except_columns', l.sql_type) AS fault
         WHERE l.type IS NULL
        UNION ALL SELECT pg_catalog.format('type %s does not go with a property of type %s',
                                           l.sql_type, l.type)
         WHERE l.type <> 'relation' AND NOT l.is_key
           AND NOT coalesce(notion.property_accepts(l.type, l.kind), false)
        UNION ALL SELECT pg_catalog.format('the key cannot be held by a property of type %s: use '
                                           'title, rich_text or, for numbers, number', l.type)
         WHERE l.is_key AND (l.type NOT IN ('title', 'rich_text', 'number') OR l.type = 'number'
                             AND l.kind NOT IN ('int2', 'int4', 'int8', 'numeric', 'float8'))
        UNION ALL SELECT pg_catalog.format('a relation needs a foreign key to a table that is '
                                           'published too')
         WHERE l.type = 'relation' AND l.target IS NULL
        UNION ALL SELECT pg_catalog.format('Notion has no properties of type %s to be made',
                                           l.wish ->> 'type')
         WHERE l.wish ->> 'type' NOT IN ('title', 'rich_text', 'number', 'select', 'multi_select',
                   'status', 'date', 'people', 'files', 'checkbox', 'url', 'email',
                   'phone_number', 'relation')
        UNION ALL SELECT pg_catalog.format('its property "%s" has the name of another one, without '
                                           'case; give one of them {"property": …}', l.property)
         WHERE l.alike > 1
        UNION ALL SELECT 'the name of its property is empty, or longer than 100 characters'
         WHERE pg_catalog.length(pg_catalog.btrim(l.property)) NOT BETWEEN 1 AND 100
        UNION ALL SELECT 'no property but the title may be called "title": that is the title''s id'
         WHERE l.property = 'title' AND l.type <> 'title'
        UNION ALL SELECT pg_catalog.format('"%s" is no format of numbers', l.wish ->> 'format')
         WHERE l.wish ->> 'format' <> ALL (notion.number_formats())
        UNION ALL SELECT pg_catalog.format('a format is for numbers, and this is a %s', l.type)
         WHERE l.wish -> 'format' IS NOT NULL AND l.type <> 'number'
        UNION ALL SELECT pg_catalog.format('%s options; Notion takes 100 at once',
                                           pg_catalog.cardinality(l.names))
         WHERE l.type IN ('select', 'multi_select', 'status')
           AND pg_catalog.cardinality(l.names) > 100
        UNION ALL SELECT pg_catalog.format('option "%s": %s', o.name, o.why)
          FROM (SELECT v.name, CASE
                    WHEN pg_catalog.length(v.name) NOT BETWEEN 1 AND 100
                    THEN 'it is empty, or longer than 100 characters'
                    WHEN v.name LIKE '%,%' THEN 'Notion takes no comma in it'
                    WHEN count(*) OVER (PARTITION BY pg_catalog.lower(v.name)) > 1
                    THEN 'another one has the same name, without case' END AS why
                  FROM pg_catalog.unnest(l.names) v(name)) o
         WHERE l.type IN ('select', 'multi_select', 'status') AND o.why IS NOT NULL
        ) AS faults;
END;
REVOKE ALL ON FUNCTION notion.publish_column_faults(regclass, regclass[], name, jsonb, text[])
    FROM PUBLIC;
COMMENT ON FUNCTION notion.publish_column_faults(regclass, regclass[], name, jsonb, text[]) IS
    'why columns of a table cannot be published so, a line each';

CREATE FUNCTION notion.publish_table_faults(table_id regclass, tables regclass[], server name,
                                            schema regnamespace, columns jsonb,
                                            except_columns text[], two_way boolean)
    RETURNS SETOF text
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    owner oid := (SELECT c.relowner FROM pg_class c WHERE c.oid = table_id);
    relation name := (SELECT c.relname FROM pg_class c WHERE c.oid = table_id);
    properties bigint;
BEGIN
    RETURN QUERY SELECT f FROM notion.table_faults(table_id) f;
    RETURN QUERY SELECT format('%s, %s', table_id, f) FROM notion.key_faults(table_id, NULL) f;
    IF NOT has_server_privilege(owner, server, 'USAGE') THEN
        RETURN NEXT format('%s: its owner lacks a right: GRANT USAGE ON FOREIGN SERVER %I TO %I',
                           table_id, server, pg_get_userbyid(owner));
    END IF;
    IF NOT has_schema_privilege(owner, schema, 'CREATE') THEN
        RETURN NEXT format('%s: its owner lacks a right: GRANT CREATE ON SCHEMA %s TO %I',
                           table_id, schema, pg_get_userbyid(owner));
    END IF;
    IF NOT EXISTS (SELECT FROM pg_user_mappings m WHERE m.srvname = server
                      AND m.umuser IN (owner, 0)) THEN
        RETURN NEXT format('%s: its owner %I has no user mapping for the server: the link acts as '
                           'that role', table_id, pg_get_userbyid(owner));
    END IF;
    IF EXISTS (SELECT FROM notion.links l WHERE l.table_id = publish_table_faults.table_id)
       AND notion.published_on(table_id) IS DISTINCT FROM server THEN
        RETURN NEXT format('%s is linked already', table_id);
    ELSIF notion.published_on(table_id) <> server THEN
        RETURN NEXT format('%s is published on server %I already; notion.unpublish forgets that',
                           table_id, notion.published_on(table_id));
    END IF;
    IF notion.published_on(table_id) IS NULL
       AND EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = schema AND c.relname = relation)
    THEN
        RETURN NEXT format('%s: schema %s has something called %I already', table_id, schema,
                           relation);
    END IF;
    RETURN QUERY SELECT f FROM notion.publish_column_faults(table_id, tables, server, columns,
                                                            except_columns) f;
    SELECT count(*) + CASE WHEN two_way THEN (
               SELECT count(*) FROM unnest(tables) t, notion.foreign_keys(t) k
                WHERE k.target = table_id) ELSE 0 END INTO properties
      FROM notion.publish_columns(table_id, tables, server, columns, except_columns);
    IF properties > 500 THEN
        RETURN NEXT format('%s: %s properties; a Notion database has room for 500', table_id,
                           properties);
    END IF;
END
$$;
REVOKE ALL ON FUNCTION notion.publish_table_faults(regclass, regclass[], name, regnamespace, jsonb,
                                                   text[], boolean) FROM PUBLIC;
COMMENT ON FUNCTION notion.publish_table_faults(regclass, regclass[], name, regnamespace, jsonb,
                                                text[], boolean) IS
    'why a table cannot be published so, a line each';

CREATE FUNCTION notion.published_on(table_id regclass) RETURNS name
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT p.server FROM notion.publications p WHERE p.table_id = published_on.table_id;
END;
REVOKE ALL ON FUNCTION notion.published_on(regclass) FROM PUBLIC;
COMMENT ON FUNCTION notion.published_on(regclass) IS
    'the server on which a table is published, or about to be; null: none';

CREATE FUNCTION notion.publish_faults(tables regclass[], server name, parent text,
                                      schema regnamespace, direction text, columns jsonb,
                                      except_columns text[], two_way boolean)
    RETURNS SETOF text
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF coalesce(cardinality(tables), 0) = 0 THEN
        RETURN NEXT 'no table is named';
    END IF;
    IF notion.data_source(parent) IS NULL THEN
        RETURN NEXT format('parent "%s" is no page: neither a URL of Notion nor an id', parent);
    END IF;
    IF notion.read_only_by(server, NULL) IS NOT NULL THEN
        RETURN NEXT format('%s is read only', notion.read_only_by(server, NULL));
    END IF;
    IF direction IS NULL OR direction NOT IN ('to_notion', 'from_notion', 'both') THEN
        RETURN NEXT 'direction must be to_notion, from_notion or both';
    END IF;
    RETURN QUERY SELECT format('%s is named twice', t) FROM unnest(tables) t
                  GROUP BY t HAVING count(*) > 1;
    RETURN QUERY SELECT format('%s and %s would both be foreign table %I',
                               min(c.oid::regclass::text),
                               max(c.oid::regclass::text), c.relname)
                   FROM pg_class c WHERE c.oid = ANY (tables)
                  GROUP BY c.relname HAVING count(*) > 1;
    -- A name that means nothing is a mistake, and may be what was to stay unseen.
    RETURN QUERY SELECT format('%s: no table has a column "%s"', n.argument, n.name)
                   FROM (SELECT 'except_columns' AS argument, x AS name
                           FROM unnest(except_columns) x
                         UNION ALL SELECT 'columns', k FROM jsonb_object_keys(columns) k) n
                  WHERE NOT EXISTS (
                        SELECT FROM pg_attribute a
                         WHERE a.attrelid = ANY (tables) AND a.attnum > 0 AND NOT a.attisdropped
                           AND notion.is_named(n.name, a.attrelid, a.attname));
    RETURN QUERY SELECT format('columns, "%s": "%s" is none of property, type, format, '
                               'description, options', w.key, k)
                   FROM jsonb_each(columns) w,
                        jsonb_object_keys(CASE jsonb_typeof(w.value) WHEN 'object' THEN w.value
                                          ELSE jsonb_build_object(w.value::text, 1) END) k
                  WHERE k NOT IN ('property', 'type', 'format', 'description', 'options');
    RETURN QUERY SELECT f FROM (SELECT DISTINCT t FROM unnest(tables) t) t,
                        notion.publish_table_faults(t, tables, server, schema, columns,
                                                    except_columns, two_way) f;
END
$$;
REVOKE ALL ON FUNCTION notion.publish_faults(regclass[], name, text, regnamespace, text, jsonb,
                                             text[], boolean) FROM PUBLIC;
COMMENT ON FUNCTION notion.publish_faults(regclass[], name, text, regnamespace, text, jsonb, text[],
                                          boolean) IS
    'everything that keeps tables from being published so, a line each; none: nothing does';
