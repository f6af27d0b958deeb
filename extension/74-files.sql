-- Files: uploads, and addresses that have not expired.

CREATE FUNCTION notion.send_file(server name, role name, name text, content_type text, data bytea)
    RETURNS uuid
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'notion_send_file';
REVOKE ALL ON FUNCTION notion.send_file(name, name, text, text, bytea) FROM PUBLIC;
COMMENT ON FUNCTION notion.send_file(name, name, text, text, bytea) IS
    'uploads a file with a role''s token, unchecked: notion.upload says who may';

CREATE FUNCTION notion.upload(name text, content_type text, data bytea, server name DEFAULT NULL)
    RETURNS text
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    chosen name := coalesce(server, notion.only_server(notion.invoker()));
BEGIN
    RETURN 'file_upload:' || notion.send_file(chosen, notion.check_usage(chosen), name,
                                              content_type, data);
END
$$;
COMMENT ON FUNCTION notion.upload(text, text, bytea, name) IS
    'Uploads a file (name, content type such as image/png, bytes), in one part up to 20 MB, else '
    'in parts of 10 MB; returns file_upload:<id>, which a column of type files takes like a URL: '
    'INSERT INTO crm.tasks (name, files) VALUES (…, ARRAY[notion.upload(…)]). What is attached to '
    'nothing within an hour is forgotten. For roles with USAGE on the server. server: may be left '
    'out where the caller may use only one. Errors: 42501, 22023, 08007 no answer.';

CREATE FUNCTION notion.files(page uuid, server name DEFAULT NULL)
    RETURNS TABLE (property text, name text, url text, expires_at timestamptz)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    chosen name := coalesce(server, notion.only_server(notion.invoker()));
    answer jsonb;
BEGIN
    IF page IS NULL THEN
        RETURN;
    END IF;
    answer := notion.request(chosen, notion.check_usage(chosen), 'GET', '/v1/pages/' || page,
                             NULL);
    RETURN QUERY
    SELECT p.key, f.value ->> 'name', f.value -> (f.value ->> 'type') ->> 'url',
           (f.value -> (f.value ->> 'type') ->> 'expiry_time')::timestamptz
      FROM jsonb_each(answer -> 'properties') p
     CROSS JOIN LATERAL jsonb_array_elements(p.value -> 'files') WITH ORDINALITY f(value, n)
     WHERE p.value ->> 'type' = 'files'
     ORDER BY p.key, f.n;
END
$$;
COMMENT ON FUNCTION notion.files(uuid, name) IS
    'The files of a page''s properties with addresses that are good now, one request: property, '
    'name, url, and until when the url is good (null: for good, the file is elsewhere). Notion''s '
    'own addresses expire within the hour; what a table keeps of them is told apart by name and '
    'path, and read anew by this. For roles with USAGE on the server. Errors: 42501, 22023, HV00R '
    'no such page.';
