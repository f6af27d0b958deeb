-- The workers, as seen from SQL. They start by themselves where pg_notion is in
-- shared_preload_libraries; docs/operations.md says how they live.

CREATE FUNCTION notion.announce() RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'notion_announce';
REVOKE ALL ON FUNCTION notion.announce() FROM PUBLIC;
COMMENT ON FUNCTION notion.announce() IS
    'at commit: asks the launcher to look at this database again';

CREATE FUNCTION notion.start_worker() RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'notion_start_worker';
REVOKE ALL ON FUNCTION notion.start_worker() FROM PUBLIC;
COMMENT ON FUNCTION notion.start_worker() IS
    'starts the workers where pg_notion is not in shared_preload_libraries, until the next restart '
    'of the server; false if they were running';

CREATE FUNCTION notion.wake() RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'notion_wake';
REVOKE ALL ON FUNCTION notion.wake() FROM PUBLIC;
COMMENT ON FUNCTION notion.wake() IS 'at commit: wakes the workers of this database';

CREATE FUNCTION notion.workers(
    OUT database oid, OUT process text, OUT pid integer, OUT state text) RETURNS SETOF record
    LANGUAGE c VOLATILE PARALLEL RESTRICTED
    AS 'MODULE_PATHNAME', 'notion_workers';
REVOKE ALL ON FUNCTION notion.workers() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION notion.workers() TO pg_monitor;
COMMENT ON FUNCTION notion.workers() IS 'launcher and workers of this server, and what they are at';

CREATE FUNCTION notion.identity(
    OUT system_identifier bigint, OUT database_oid oid, OUT timeline integer)
    LANGUAGE c VOLATILE PARALLEL RESTRICTED
    AS 'MODULE_PATHNAME', 'notion_identity';
REVOKE ALL ON FUNCTION notion.identity() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION notion.identity() TO pg_monitor;
COMMENT ON FUNCTION notion.identity() IS
    'which cluster, database and timeline this is; notion.instance holds what the links know';

CREATE FUNCTION notion.doubt_queued(why text, settle interval) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    UPDATE notion.appends a
       SET state = 'unknown', sent_at = a.asked_at, due = pg_catalog.clock_timestamp(),
           settle_until = pg_catalog.clock_timestamp() + settle, reason = why
     WHERE a.state IN ('queued', 'sending');
    UPDATE notion.publications p
       SET state = 'unknown', sent_at = coalesce(p.sent_at, p.asked_at), found = NULL,
           due = pg_catalog.clock_timestamp() + settle, reason = why
     WHERE p.step IN ('create', 'define') AND p.state IN ('due', 'sending');
END;
REVOKE ALL ON FUNCTION notion.doubt_queued(text, interval) FROM PUBLIC;
COMMENT ON FUNCTION notion.doubt_queued(text, interval) IS
    'another server had these queues, too, and may have worked them off: appends and publications '
    'are looked up before they are sent (creates: notion.instance.since). settle: how long an '
    'unknown outcome is left alone';

CREATE FUNCTION notion.adopt() RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF getdatabaseencoding() <> 'UTF8' THEN
        RAISE EXCEPTION 'the worker needs a database in UTF8, and this one is in %',
            getdatabaseencoding()
            USING ERRCODE = 'feature_not_supported',
                  DETAIL = 'It keeps what pages hold as they hold it, in letters that another '
                           'encoding does not have.',
                  HINT = 'Link, publish and append in a database made with ENCODING ''UTF8''; '
                         'foreign tables work in every encoding.';
    END IF;
    INSERT INTO notion.instance AS i (system_identifier, database_oid, timeline)
        SELECT d.system_identifier, d.database_oid, d.timeline FROM notion.identity() d
        ON CONFLICT (only_one) DO UPDATE
            SET system_identifier = excluded.system_identifier,
                database_oid = excluded.database_oid,
                timeline = excluded.timeline,
                since = pg_catalog.now();
    -- What happened to the tables while nobody looked.
    PERFORM notion.arm(l.id), notion.look_at_shape(l.id) FROM notion.links l
      WHERE EXISTS (SELECT FROM pg_class c WHERE c.oid = l.table_id);
    PERFORM notion.forget_link(l.id, l.table_id::text) FROM notion.links l
      WHERE NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = l.table_id)
         OR NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = l.foreign_table_id);
    PERFORM notion.doubt_queued('queued before this database was adopted',
                                current_setting('notion.settle')::interval);
    -- What the original did since this copy was made is found by a scan.
    PERFORM notion.request(l.id, 'unseen', jsonb_build_object('why',
        'what the original did since this copy was made')) FROM notion.links l;
    PERFORM notion.announce();
END
$$;
REVOKE ALL ON FUNCTION notion.adopt() FROM PUBLIC;
COMMENT ON FUNCTION notion.adopt() IS
    'makes the links of a restored or copied database this database''s own, so that its workers '
    'speak to Notion; the original must not run any more, or both will. Errors: 0A000 a database '
    'in another encoding than UTF8';

CREATE FUNCTION notion.awaits_page(link integer, marker text) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT EXISTS (
            SELECT FROM notion.mappings f
             WHERE f.link = awaits_page.link AND f.sent_marker = awaits_page.marker
               AND f.flight <> 'none' AND f.flight_kind = 'create')
        OR EXISTS (
            SELECT FROM notion.work w
              JOIN notion.links l ON l.id = w.link AND l.state <> 'new'
              LEFT JOIN notion.mappings m ON m.link = w.link AND m.key = w.key
             WHERE w.link = awaits_page.link AND w.key = awaits_page.marker
               AND w.state IN ('new', 'wish', 'sending') AND m.page IS NULL);
END;
REVOKE ALL ON FUNCTION notion.awaits_page(integer, text) FROM PUBLIC;
COMMENT ON FUNCTION notion.awaits_page(integer, text) IS
    'whether a row with this key is queued or under way and has no page yet: a page that nobody '
    'maps and that bears the key may be its own, and is no new page before that is settled';

CREATE FUNCTION notion.receive_webhook(server name, body bytea, signature text) RETURNS integer
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'notion_receive_webhook';
REVOKE ALL ON FUNCTION notion.receive_webhook(name, bytea, text) FROM PUBLIC;
COMMENT ON FUNCTION notion.receive_webhook(name, bytea, text) IS
    'What the listener does, for those who receive webhooks elsewhere. body: the raw bytes as they '
    'came. signature: the header X-Notion-Signature (sha256=…), empty where there is none. Returns '
    'the HTTP status to answer after COMMIT: 200, 400, 401, 403, 404, 413, 503 (as in '
    'docs/operations.md, Webhooks). For roles that were granted EXECUTE.';

CREATE FUNCTION notion.expect_webhook(server name, valid_for interval DEFAULT '10 min')
    RETURNS timestamptz
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    owner oid;
    armed timestamptz := clock_timestamp() + valid_for;
BEGIN
    SELECT s.srvowner INTO owner
      FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
     WHERE s.srvname = server AND w.fdwname = 'notion_fdw';
    IF owner IS NULL THEN
        RAISE EXCEPTION 'server "%" is not a server of notion_fdw', server
            USING ERRCODE = 'undefined_object',
                  HINT = 'CREATE SERVER … FOREIGN DATA WRAPPER notion_fdw makes one; \des lists '
                         'those there are.';
    END IF;
    IF NOT pg_has_role(notion.invoker(), owner, 'USAGE') THEN
        RAISE EXCEPTION 'must be owner of foreign server %', server
            USING ERRCODE = 'insufficient_privilege',
                  HINT = 'Webhooks belong to the owner of their server; ask '
                         || quote_ident(pg_get_userbyid(owner)) || '.';
    END IF;
    IF valid_for <= interval '0' OR valid_for > interval '1 day' THEN
        RAISE EXCEPTION 'valid_for must be more than nothing and at most a day, not %', valid_for
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Ten minutes will do: it ends with the first handshake.';
    END IF;
    IF notion.key_id() IS NULL THEN
        RAISE EXCEPTION 'no key to seal secrets with'
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = 'The verification token of a subscription is kept sealed.',
                  HINT = 'openssl rand -hex 32 >FILE; chmod 600 FILE; then ALTER SYSTEM SET '
                         'notion.key_file = ''FILE'' and SELECT pg_reload_conf().';
    END IF;
    PERFORM notion.need_server_id(server);
    DELETE FROM notion.webhooks w
     WHERE w.server = expect_webhook.server AND w.verified_at IS NULL;
    INSERT INTO notion.webhooks (server, armed_until) VALUES (expect_webhook.server, armed);
    RETURN armed;
END
$$;
COMMENT ON FUNCTION notion.expect_webhook(name, interval) IS
    'Arms a server for one handshake of a new webhook subscription; returns until when. valid_for: '
    'more than nothing, at most a day. Subscriptions that made theirs stay (notion.webhooks). The '
    'server''s owner then reads the token with notion.webhook_token and pastes it into Notion. '
    'Errors: 42501 not the owner, 42704 no such server, 22023 valid_for, 55000 no key to seal '
    'with.';

CREATE FUNCTION notion.webhook_token(server name) RETURNS text
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'notion_webhook_token';
COMMENT ON FUNCTION notion.webhook_token(name) IS
    'The token of the newest handshake, for the server''s owner to paste into Notion; null before '
    'it came. Shown once (notion.webhooks.shown_at), unless the transaction rolls back. Errors: '
    '42501 not the owner, 42704 no such server, 55000 shown before.';

-- A schema-only restore, a template copy, CREATE EXTENSION: the launcher looks once.
DO $$ BEGIN PERFORM notion.announce(); END $$;
