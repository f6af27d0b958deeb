-- Connects a workspace and gives agents their tools: SQL functions that write each call down. Agents
-- have no right on the foreign tables and the server, so that there is no other way.
-- psql -v token_file=… -v parent=… (README.md); api_url is for the emulator.

CREATE EXTENSION IF NOT EXISTS pg_notion;

CREATE SERVER acme FOREIGN DATA WRAPPER notion_fdw;
\if :{?api_url}
ALTER SERVER acme OPTIONS (ADD api_url :'api_url');
\endif
CREATE USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS (token_file :'token_file');

-- A database to work on. With your own, leave this out and share yours with the integration.
SELECT notion.api('acme', 'POST', '/v1/databases', jsonb_build_object(
    'parent', jsonb_build_object('type', 'page_id', 'page_id', notion.data_source(:'parent')),
    'title', '[{"text": {"content": "Errands"}}]'::jsonb,
    'initial_data_source', '{"properties": {"Errand": {"title": {}}, "Due": {"date": {}},
        "Effort": {"number": {}},
        "State": {"select": {"options": [{"name": "open"}, {"name": "done"}]}}}}'::jsonb))
    ->> 'object' AS made;

CREATE SCHEMA work;
IMPORT FOREIGN SCHEMA workspace LIMIT TO (errands) FROM SERVER acme INTO work
    OPTIONS (page_columns 'page_content');
CREATE SCHEMA notion_objects;
IMPORT FOREIGN SCHEMA system FROM SERVER acme INTO notion_objects;

CREATE FUNCTION assistant.note(tool text, arguments jsonb) RETURNS void LANGUAGE sql
    SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO assistant.calls (actor, tool, arguments)
    VALUES (notion.invoker(), tool, jsonb_strip_nulls(arguments));
$$;

-- ---- tools that read ------------------------------------------------------------------------

CREATE FUNCTION assistant.search(words text) RETURNS TABLE (kind text, title text)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT assistant.note('search', jsonb_build_object('words', words));
    SELECT 'page', p.title FROM notion_objects.pages p WHERE p.title ILIKE '%' || words || '%'
    UNION ALL
    SELECT 'data source', d.title FROM notion_objects.data_sources d
     WHERE d.title ILIKE '%' || words || '%' ORDER BY 1, 2;
$$;
CREATE FUNCTION assistant.data_sources() RETURNS TABLE (title text, foreign_table regclass)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT assistant.note('data_sources', '{}');
    SELECT d.title, t.ftrelid::regclass FROM notion_objects.data_sources d
      LEFT JOIN pg_foreign_table t
             ON 'data_source=' || d.data_source_id = ANY (t.ftoptions) ORDER BY 1;
$$;
CREATE FUNCTION assistant.describe(source regclass) RETURNS TABLE (name name, type text, property text)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT assistant.note('describe', jsonb_build_object('source', source));
    SELECT a.attname, format_type(a.atttypid, a.atttypmod), notion.option(a.attfdwoptions, 'type')
      FROM pg_attribute a
     WHERE a.attrelid = source AND a.attnum > 0 AND NOT a.attisdropped
       AND a.attfdwoptions IS NOT NULL ORDER BY a.attname;
$$;
-- A filter is a JSON object: {"column": value}, all of which must hold; Notion is asked for just that.
CREATE FUNCTION assistant.query(source regclass, filter jsonb DEFAULT '{}') RETURNS SETOF jsonb
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM assistant.note('query', jsonb_build_object('source', source, 'filter', filter));
    PERFORM assistant.check_source(source);
    RETURN QUERY EXECUTE format(
        'SELECT to_jsonb(q) - ''{page_id,page_url,page_created_at,page_edited_at}''::text[]'
        '  FROM (SELECT %s FROM %s WHERE %s ORDER BY 1) q',
        (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
          WHERE attrelid = source AND attnum > 0 AND NOT attisdropped
            AND attfdwoptions IS NOT NULL), source,
        coalesce((SELECT string_agg(format('%I = %L', key, value), ' AND ')
                    FROM jsonb_each_text(filter)), 'true'));
END $$;
CREATE FUNCTION assistant.read(source regclass, page uuid) RETURNS TABLE (row_values jsonb, content text)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM assistant.note('read', jsonb_build_object('source', source, 'page', page));
    PERFORM assistant.check_source(source);
    RETURN QUERY EXECUTE format('SELECT to_jsonb(q) - ''{page_id,page_url,page_created_at,'
        'page_edited_at,page_content}''::text[], q.page_content FROM %s q WHERE page_id = $1', source)
        USING page;
END $$;

-- ---- tools that write -----------------------------------------------------------------------

CREATE FUNCTION assistant.check_source(source regclass) RETURNS void LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_class WHERE oid = source AND relnamespace = 'work'::regnamespace
                      AND relkind = 'f') THEN
        RAISE EXCEPTION '% is nothing that agents work on', source
            USING ERRCODE = 'insufficient_privilege',
                  HINT = 'SELECT * FROM assistant.data_sources() lists what they may use.';
    END IF;
END $$;
CREATE FUNCTION assistant.create(source regclass, row_values jsonb, content text DEFAULT NULL)
    RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    page uuid;
BEGIN
    PERFORM assistant.note('create', jsonb_build_object('source', source, 'values', row_values,
                                                        'content', content));
    PERFORM assistant.check_source(source);
    EXECUTE format('INSERT INTO %s (%s, page_content) SELECT %2$s, $2 '
                   'FROM jsonb_populate_record(NULL::%1$s, $1) RETURNING page_id', source,
                   (SELECT string_agg(quote_ident(k), ', ') FROM jsonb_object_keys(row_values) k))
        INTO page USING row_values, content;
    RETURN page;
END $$;
CREATE FUNCTION assistant.update(source regclass, page uuid, row_values jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM assistant.note('update', jsonb_build_object('source', source, 'page', page,
                                                        'values', row_values));
    PERFORM assistant.check_source(source);
    EXECUTE format('UPDATE %s SET (%s) = (SELECT %2$s FROM jsonb_populate_record(NULL::%1$s, $1)) '
                   'WHERE page_id = $2', source,
                   (SELECT string_agg(quote_ident(k), ', ') FROM jsonb_object_keys(row_values) k))
        USING row_values, page;
END $$;
CREATE FUNCTION assistant.append(page uuid, markdown text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM assistant.note('append', jsonb_build_object('page', page, 'markdown', markdown));
    RETURN notion.append('acme', page::text, markdown);
END $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA assistant FROM PUBLIC;
GRANT EXECUTE ON FUNCTION assistant.search, assistant.data_sources, assistant.describe,
    assistant.query, assistant.read TO agent_reader;
GRANT EXECUTE ON FUNCTION assistant.create, assistant.update, assistant.append TO agent_writer;
GRANT USAGE ON SCHEMA work TO agent_reader;             -- its names; no table of it
