-- Templates of data sources: what new pages may be made from.

CREATE FUNCTION notion.templates(foreign_table regclass, name text DEFAULT NULL)
    RETURNS TABLE (id uuid, template text, is_default boolean)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    caller name;
    server name;
    source uuid;
    answer jsonb;
    path text;
BEGIN
    SELECT s.srvname, notion.data_source(notion.option(f.ftoptions, 'data_source'))
      INTO server, source
      FROM pg_foreign_table f JOIN pg_foreign_server s ON s.oid = f.ftserver
     WHERE f.ftrelid = foreign_table;
    IF source IS NULL THEN
        RAISE EXCEPTION '% is no foreign table of a data source', foreign_table
            USING ERRCODE = 'wrong_object_type',
                  HINT = 'IMPORT FOREIGN SCHEMA workspace makes such tables.';
    END IF;
    caller := notion.check_usage(server);
    path := format('/v1/data_sources/%s/templates?page_size=100', source);
    LOOP
        answer := notion.request(server, caller, 'GET', path
                                 || coalesce('&start_cursor=' || (answer ->> 'next_cursor'), ''),
                                 NULL);
        RETURN QUERY
        SELECT (t.value ->> 'id')::uuid, t.value ->> 'name', (t.value ->> 'is_default')::boolean
          FROM jsonb_array_elements(answer -> 'templates') t
         WHERE templates.name IS NULL
            OR strpos(lower(t.value ->> 'name'), lower(templates.name)) > 0;
        EXIT WHEN NOT (answer ->> 'has_more')::boolean;
    END LOOP;
END
$$;
COMMENT ON FUNCTION notion.templates(regclass, text) IS
    'The templates of a foreign table''s data source, a request for each 100: id, name, whether '
    'new pages are made from it by default. name: those whose name holds it, in any case. For '
    'roles with USAGE on the server. An id goes into the option template of notion.link, or the '
    'column page_template. Errors: 42501, 42809 no foreign table of a data source.';
