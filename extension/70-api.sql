-- What Notion offers beyond tables: any request (notion.api), the search, a page's content.

CREATE FUNCTION notion.request(server name, role name, method text, path text, body text,
                               action text DEFAULT 'read') RETURNS jsonb
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'notion_request';
REVOKE ALL ON FUNCTION notion.request(name, name, text, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION notion.request(name, name, text, text, text, text) IS
    'one request to Notion with a role''s token, unchecked; action is for notion.log: notion.api, '
    'notion.search and notion.content say who may';

CREATE FUNCTION notion.api(server name, method text, path text, body jsonb DEFAULT NULL)
    RETURNS jsonb
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    caller name := notion.invoker();
    owner oid;
BEGIN
    SELECT s.srvowner INTO owner FROM pg_foreign_server s
      JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
     WHERE s.srvname = server AND w.fdwname = 'notion_fdw';
    IF owner IS NULL THEN
        RAISE EXCEPTION 'server "%" is not a server of notion_fdw', server
            USING ERRCODE = 'undefined_object',
                  HINT = 'CREATE SERVER … FOREIGN DATA WRAPPER notion_fdw makes one; \des lists '
                         'those there are.';
    END IF;
    IF NOT pg_has_role(caller, owner, 'USAGE') THEN
        RAISE EXCEPTION 'must be owner of server "%"', server
            USING ERRCODE = 'insufficient_privilege',
                  HINT = 'notion.api can do whatever the connection may do in Notion.';
    END IF;
    RETURN notion.request(server, caller, upper(method), path, body::text, 'api');
END
$$;
COMMENT ON FUNCTION notion.api(name, text, text, jsonb) IS
    'Any request of Notion''s API, with the caller''s user mapping, within the budget: method '
    '(GET, POST, PATCH, DELETE), path (from /v1/ on), body. Returns Notion''s answer. Only the '
    'server''s owner may; each call stands in notion.log, rolled back or not. Errors: 42501, '
    '22023 not a method or path, 08007 a write of unknown outcome (it is never repeated), and '
    'those of docs/errors.md.';

CREATE FUNCTION notion.check_usage(server name) RETURNS name
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    caller name := notion.invoker();
BEGIN
    IF NOT EXISTS (SELECT FROM pg_foreign_server s
                     JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
                    WHERE s.srvname = server AND w.fdwname = 'notion_fdw') THEN
        RAISE EXCEPTION 'server "%" is not a server of notion_fdw', server
            USING ERRCODE = 'undefined_object',
                  HINT = 'CREATE SERVER … FOREIGN DATA WRAPPER notion_fdw makes one; \des lists '
                         'those there are.';
    END IF;
    IF NOT has_server_privilege(caller, server, 'USAGE') THEN
        RAISE EXCEPTION 'permission denied for foreign server %', server
            USING ERRCODE = 'insufficient_privilege',
                  HINT = format('Its owner may GRANT USAGE ON FOREIGN SERVER %I TO %I.', server,
                                caller);
    END IF;
    RETURN caller;
END
$$;
COMMENT ON FUNCTION notion.check_usage(name) IS
    'the invoker, if it may use this server of notion_fdw; else raises 42501 or 42704';

CREATE FUNCTION notion.plain(rich_text jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT pg_catalog.string_agg(run.value ->> 'plain_text', '' ORDER BY run.ordinality)
      FROM pg_catalog.jsonb_array_elements(
               CASE WHEN pg_catalog.jsonb_typeof(rich_text) = 'array' THEN rich_text END)
           WITH ORDINALITY AS run;
END;
COMMENT ON FUNCTION notion.plain(jsonb) IS 'the plain text of a rich-text array of Notion';

CREATE FUNCTION notion.search(server name, query text DEFAULT '', max_results integer DEFAULT NULL)
    RETURNS TABLE (object text, id uuid, title text, url text, edited_at timestamptz,
                   parent jsonb)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    caller name := notion.check_usage(server);
    body jsonb := jsonb_build_object('query', query, 'page_size', 100);
    answer jsonb;
    it jsonb;
    found integer := 0;
BEGIN
    LOOP
        answer := notion.request(server, caller, 'POST', '/v1/search', body::text);
        FOR it IN SELECT e.value FROM jsonb_array_elements(answer -> 'results') e LOOP
            EXIT WHEN found >= max_results;
            found := found + 1;
            object := it ->> 'object';
            id := it ->> 'id';
            url := it ->> 'url';
            edited_at := it ->> 'last_edited_time';
            parent := it -> 'parent';
            title := notion.plain(it -> 'title');
            IF title IS NULL THEN
                SELECT notion.plain(p.value -> 'title') INTO title
                  FROM jsonb_each(it -> 'properties') p WHERE p.value ->> 'type' = 'title';
            END IF;
            RETURN NEXT;
        END LOOP;
        EXIT WHEN found >= max_results;
        IF answer #>> '{request_status,type}' = 'incomplete' THEN
            RAISE EXCEPTION 'Notion cut the result of the search'
                USING ERRCODE = 'fdw_inconsistent_descriptor_information',
                      HINT = 'Search for more words, or give max_results.';
        END IF;
        EXIT WHEN NOT (answer ->> 'has_more')::boolean;
        body := body || jsonb_build_object('start_cursor', answer -> 'next_cursor');
    END LOOP;
END
$$;
COMMENT ON FUNCTION notion.search(name, text, integer) IS
    'Notion''s own search: pages and data sources by their titles, best first, a request for each '
    '100; max_results: stop after so many (null: all). For roles with USAGE on the server, with '
    'their own user mapping. Errors: 42501, 42704, HV021 Notion cut the result.';

CREATE FUNCTION notion.only_server(caller name) RETURNS name
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    names name[];
BEGIN
    SELECT array_agg(s.srvname ORDER BY s.srvname) INTO names FROM pg_foreign_server s
      JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
     WHERE w.fdwname = 'notion_fdw' AND has_server_privilege(caller, s.oid, 'USAGE');
    IF cardinality(names) = 1 THEN
        RETURN names[1];
    END IF;
    RAISE EXCEPTION '% servers of notion_fdw: say which', coalesce(cardinality(names), 0)
        USING ERRCODE = 'invalid_parameter_value',
              HINT = format('notion.content(page, server => ''%s'').', coalesce(names[1], '…'));
END
$$;
COMMENT ON FUNCTION notion.only_server(name) IS
    'the one server of notion_fdw that a role may use; raises 22023 where there are more or none';

CREATE FUNCTION notion.read_content(server name, role name, page uuid) RETURNS text
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'notion_read_content';
REVOKE ALL ON FUNCTION notion.read_content(name, name, uuid) FROM PUBLIC;
COMMENT ON FUNCTION notion.read_content(name, name, uuid) IS
    'the content of a page with a role''s token, unchecked: notion.content says who may';

CREATE FUNCTION notion.content(page uuid, server name DEFAULT NULL) RETURNS text
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    chosen name := coalesce(server, notion.only_server(notion.invoker()));
BEGIN
    RETURN notion.read_content(chosen, notion.check_usage(chosen), page);
END
$$;
COMMENT ON FUNCTION notion.content(uuid, name) IS
    'The content of a page as Markdown: a request for each call, so above joins and LIMIT; more '
    'where Notion cuts a large page, whose parts are then put together. Parts that are not shared '
    'with the connection stay marked: <unknown …/>. server: may be left out where the caller may '
    'use only one. Errors: 42501, 22023, HV00R no such page, HV021 cut, and it does not say where.';

CREATE FUNCTION notion.set_content(page uuid, markdown text, server name DEFAULT NULL)
    RETURNS text
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    chosen name := coalesce(server, notion.only_server(notion.invoker()));
BEGIN
    RETURN notion.api(chosen, 'PATCH', '/v1/pages/' || page || '/markdown',
                      jsonb_build_object('type', 'replace_content', 'replace_content',
                                         jsonb_build_object('new_str', markdown))) ->> 'markdown';
END
$$;
COMMENT ON FUNCTION notion.set_content(uuid, text, name) IS
    'Replaces the content of a page by Markdown; returns what Notion made of it. Rights and '
    'errors as for notion.api.';
