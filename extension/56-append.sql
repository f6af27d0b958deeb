-- notion.append: Markdown added to the end of a page, by the worker, once and in order.

ALTER TABLE notion.appends ENABLE ROW LEVEL SECURITY;
CREATE POLICY owner ON notion.appends FOR SELECT
    USING (CASE WHEN link IS NULL THEN pg_has_role(notion.invoker(), role, 'USAGE')
                ELSE notion.sees(link) END);
GRANT SELECT ON notion.appends TO PUBLIC;
CREATE TRIGGER notify AFTER UPDATE OF state ON notion.appends
    FOR EACH ROW WHEN (new.state = 'held' AND old.state <> 'held')
    EXECUTE FUNCTION notion.notify('failure');

CREATE FUNCTION notion.queue_append(caller name, server name, link integer, key text, page uuid,
                                    markdown text) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    queued bigint;
BEGIN
    IF markdown IS NULL OR btrim(markdown, E' \t\r\n') = '' THEN
        RETURN NULL;
    END IF;
    -- Notion takes 500 KB a request, and what JSON makes of a text is longer than the text.
    IF octet_length(to_json(markdown)::text) > 480000 THEN
        RAISE EXCEPTION 'the Markdown is longer than Notion takes at once'
            USING ERRCODE = 'program_limit_exceeded',
                  DETAIL = format('%s bytes as JSON; 480000 go.',
                                  octet_length(to_json(markdown)::text)),
                  HINT = 'Append it in parts: they are done in order.';
    END IF;
    IF NOT EXISTS (SELECT FROM notion.instance) THEN
        PERFORM notion.adopt_first();
    END IF;
    INSERT INTO notion.appends (server, role, link, key, page, markdown, who)
    VALUES (server, caller, link, key, page, markdown,
            session_user || coalesce(' (' || nullif(current_setting('application_name', true), '')
                                     || ')', ''))
    RETURNING id INTO queued;
    PERFORM notion.wake();
    RETURN queued;
END
$$;
REVOKE ALL ON FUNCTION notion.queue_append(name, name, integer, text, uuid, text) FROM PUBLIC;
COMMENT ON FUNCTION notion.queue_append(name, name, integer, text, uuid, text) IS
    'writes an append down, its rights checked; null where there is nothing to append';

CREATE FUNCTION notion.queue_append_to_page(caller name, server name, page text, markdown text)
    RETURNS bigint
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    owner oid;
    wanted uuid := notion.data_source(page);
BEGIN
    SELECT s.srvowner INTO owner FROM pg_foreign_server s
      JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
     WHERE s.srvname = server AND w.fdwname = 'notion_fdw';
    IF owner IS NULL THEN
        RAISE EXCEPTION 'server "%" is not a server of notion_fdw', server
            USING ERRCODE = 'undefined_object',
                  HINT = 'To append to the page of a row of a linked table: '
                         'notion.append(''table''::regclass, key, markdown).';
    END IF;
    IF NOT pg_has_role(caller, owner, 'USAGE') THEN
        RAISE EXCEPTION 'must be owner of server "%"', server
            USING ERRCODE = 'insufficient_privilege',
                  HINT = 'Who may write a linked table may append to the pages of its rows: '
                         'notion.append(''table''::regclass, key, markdown).';
    END IF;
    PERFORM notion.require_writable(server, NULL, 'notion.append writes to Notion');
    IF wanted IS NULL THEN
        RAISE EXCEPTION '"%" is no page: neither a URL of Notion nor an id', page
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'In Notion: the page''s menu, "Copy link".';
    END IF;
    RETURN notion.queue_append(caller, server, NULL, NULL, wanted, markdown);
END
$$;
REVOKE ALL ON FUNCTION notion.queue_append_to_page(name, name, text, text) FROM PUBLIC;
COMMENT ON FUNCTION notion.queue_append_to_page(name, name, text, text) IS
    'notion.append to a page, for the role that asks';

CREATE FUNCTION notion.queue_append_to_row(caller name, table_id regclass, key text, markdown text)
    RETURNS bigint
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    linked notion.links;
    owner name;
    guarded boolean;
    server name;
BEGIN
    SELECT * INTO linked FROM notion.links l WHERE l.table_id = queue_append_to_row.table_id;
    IF linked.id IS NULL THEN
        RAISE EXCEPTION 'table % is not linked', table_id
            USING ERRCODE = 'undefined_object',
                  HINT = 'Link it first: SELECT notion.link(table, foreign_table, ...).';
    END IF;
    SELECT pg_get_userbyid(c.relowner), c.relrowsecurity INTO owner, guarded
      FROM pg_class c WHERE c.oid = queue_append_to_row.table_id;
    IF NOT pg_has_role(caller, owner, 'USAGE')
       AND NOT (has_any_column_privilege(caller, table_id, 'UPDATE') AND NOT guarded) THEN
        RAISE EXCEPTION 'permission denied for table %', table_id
            USING ERRCODE = 'insufficient_privilege',
                  DETAIL = CASE WHEN guarded THEN 'The table has row security: only its owner '
                                                  'may say which rows a role may append to.'
                                ELSE 'Appending needs UPDATE on a column of the table.' END,
                  HINT = 'Its owner, and without row security who has UPDATE on it, may append to '
                         'the pages of its rows; a function of the owner''s, SECURITY DEFINER, '
                         'gives that right.';
    END IF;
    PERFORM notion.require_writable(NULL, linked.foreign_table_id,
                                    'notion.append writes to Notion');
    IF markdown ~ linked.forbid THEN
        RAISE EXCEPTION 'the Markdown looks like what the link of % forbids to send', table_id
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'What looks like a credential stays out of Notion: append a reference.';
    END IF;
    SELECT s.srvname INTO server FROM pg_foreign_table f
      JOIN pg_foreign_server s ON s.oid = f.ftserver WHERE f.ftrelid = linked.foreign_table_id;
    RETURN notion.queue_append(owner, server, linked.id, notion.key_of(linked.id, key), (
        SELECT m.page FROM notion.mappings m
         WHERE m.link = linked.id AND m.key = notion.key_of(linked.id, queue_append_to_row.key)
           AND m.page_state = 'live'), markdown);
END
$$;
REVOKE ALL ON FUNCTION notion.queue_append_to_row(name, regclass, text, text) FROM PUBLIC;
COMMENT ON FUNCTION notion.queue_append_to_row(name, regclass, text, text) IS
    'notion.append to the page of a row, for the role that asks';

CREATE FUNCTION notion.append(server name, page text, markdown text) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'notion_append_to_page';
COMMENT ON FUNCTION notion.append(name, text, text) IS
    'Appends Markdown to the end of a page (URL or id): queued in this transaction, done by the '
    'worker after its commit, once, in the order of each page''s appends. Returns its number in '
    'notion.appends; null where there is nothing to append. For the server''s owner, with the '
    'user mapping of the role that asks. Errors: 42501, 42704, 22023 no page, 54000 too long. '
    'What Notion refuses is in notion.failures.';

CREATE FUNCTION notion.append("table" regclass, key text, markdown text) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'notion_append_to_row';
COMMENT ON FUNCTION notion.append(regclass, text, text) IS
    'The same for the page of a row of a linked table, by key; where the row has no page yet, it '
    'waits for it. Fit for triggers: notion.append(TG_RELID::regclass, new.id::text, …). For the '
    'table''s owner, and for who may UPDATE the table where it has no row security; it goes by '
    'the owner''s connection. Errors: 42501, 42704 not linked, 22023 no key, 54000 too long.';

CREATE FUNCTION notion.held_append(append bigint, caller name) RETURNS notion.appends
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found notion.appends;
BEGIN
    SELECT * INTO found FROM notion.appends a WHERE a.id = append AND a.state = 'held'
        AND CASE WHEN a.link IS NULL THEN pg_has_role(caller, a.role, 'USAGE')
                 ELSE notion.sees(a.link) END;
    IF found.id IS NULL THEN
        RAISE EXCEPTION 'no append % was set aside', append
            USING ERRCODE = 'undefined_object', HINT = 'notion.appends lists them: state held.';
    END IF;
    RETURN found;
END
$$;
REVOKE ALL ON FUNCTION notion.held_append(bigint, name) FROM PUBLIC;
COMMENT ON FUNCTION notion.held_append(bigint, name) IS
    'an append that waits for a person, if the caller may decide about it; else raises 42704';

CREATE FUNCTION notion.retry_append(append bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    held notion.appends := notion.held_append(append, notion.invoker());
BEGIN
    UPDATE notion.appends a SET state = 'queued', attempts = 0, due = now(), reason = NULL
     WHERE a.id = held.id;
    PERFORM notion.wake();
END
$$;
COMMENT ON FUNCTION notion.retry_append(bigint) IS
    'Sends an append again that was set aside, by its number in notion.appends. Where its outcome '
    'was unknown, look at the page first: it may be there. Errors: 42704.';

CREATE FUNCTION notion.discard_append(append bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    given_up notion.appends := notion.held_append(append, notion.invoker());
BEGIN
    DELETE FROM notion.appends a WHERE a.id = given_up.id;
    INSERT INTO notion.log (link, key, page, side, action, actor, outcome)
    VALUES (given_up.link, given_up.key, given_up.page, 'postgres', 'discard append',
            notion.invoker(), given_up.reason);
    PERFORM notion.wake();
END
$$;
COMMENT ON FUNCTION notion.discard_append(bigint) IS
    'Gives up an append that was set aside, by its number in notion.appends; those of the page '
    'that wait behind it go on. Errors: 42704.';
