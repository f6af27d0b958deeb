-- OAuth: a person connects a workspace in the browser; the worker exchanges, renews and revokes.
-- Secrets never pass through SQL: functions in C seal them (docs/security.md).

CREATE TABLE notion.oauth_clients (
    server uuid PRIMARY KEY,
    client_id text NOT NULL,
    redirect_uri text,                  -- null: the one that the integration has
    configured_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    configured_by name
);
REVOKE ALL ON notion.oauth_clients FROM PUBLIC;
COMMENT ON TABLE notion.oauth_clients IS
    'the integration by which people connect a server; its secret is sealed in notion.tokens';

CREATE TABLE notion.oauth_states (
    digest text PRIMARY KEY,
    server uuid NOT NULL,
    role name NOT NULL,                 -- whose connection it will be; public
    asked_by oid NOT NULL,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
REVOKE ALL ON notion.oauth_states FROM PUBLIC;
COMMENT ON TABLE notion.oauth_states IS
    'what notion.connect_url gave out: SHA-256 of each state, which says nothing of it';

CREATE TABLE notion.oauth_tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    server uuid NOT NULL,
    role name NOT NULL,
    task text NOT NULL CHECK (task IN ('exchange', 'refresh', 'introspect', 'revoke',
                                       'identify')),
    due timestamptz NOT NULL DEFAULT clock_timestamp(),
    attempts integer NOT NULL DEFAULT 0,
    begun_at timestamptz                -- when the last attempt left
);
CREATE INDEX oauth_tasks_due ON notion.oauth_tasks (due);
REVOKE ALL ON notion.oauth_tasks FROM PUBLIC;
COMMENT ON TABLE notion.oauth_tasks IS
    'what the worker is to ask Notion about tokens; what belongs to it is sealed in notion.tokens';

-- oauth_states are not dumped: a copy must not finish what the original began.
SELECT pg_catalog.pg_extension_config_dump('notion.oauth_clients', '');

CREATE FUNCTION notion.come_alive() RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM notion.instance) AND NOT EXISTS (SELECT FROM notion.links)
       AND NOT EXISTS (SELECT FROM notion.tokens t WHERE t.kind = 'refresh') THEN
        PERFORM notion.adopt();
    END IF;
END
$$;
REVOKE ALL ON FUNCTION notion.come_alive() FROM PUBLIC;
COMMENT ON FUNCTION notion.come_alive() IS
    'lets the workers run where nothing was linked or connected yet; a copy rests until adopted';

CREATE FUNCTION notion.oauth_configure(
    server name, client_id text DEFAULT NULL, client_secret text DEFAULT NULL,
    redirect_uri text DEFAULT NULL, file text DEFAULT NULL, same_as name DEFAULT NULL)
    RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'notion_oauth_configure';
COMMENT ON FUNCTION notion.oauth_configure(name, text, text, text, text, name) IS
    'says by which public integration of Notion people connect this server: its OAuth client id '
    'and secret, and the redirect URI, as registered with Notion (null: the only one registered). '
    'file: the secret is read from a file of the server, once. same_as: all of it from another '
    'server, which the invoker owns as well. A literal secret gives a WARNING: COPY '
    'notion.client_in leaves no trace. 42501 unless the server''s owner; 55000 no key to seal with';

CREATE VIEW notion.client_in AS
    SELECT NULL::name AS server, NULL::text AS client_id, NULL::text AS client_secret,
           NULL::text AS redirect_uri WHERE false;
COMMENT ON VIEW notion.client_in IS
    'COPY notion.client_in (server, client_id, client_secret) FROM STDIN: as '
    'notion.oauth_configure, and the secret is in no statement; the view holds nothing, ever';
CREATE FUNCTION notion.take_client() RETURNS trigger
    LANGUAGE c SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'notion_client_in';
REVOKE ALL ON FUNCTION notion.take_client() FROM PUBLIC;
COMMENT ON FUNCTION notion.take_client() IS 'trigger of notion.client_in: seals and discards';
CREATE TRIGGER seal INSTEAD OF INSERT ON notion.client_in
    FOR EACH ROW EXECUTE FUNCTION notion.take_client();
GRANT INSERT ON notion.client_in TO PUBLIC;

CREATE FUNCTION notion.connect_url(
    server name, role name DEFAULT NULL, valid_for interval DEFAULT '10 min') RETURNS text
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'notion_connect_url';
COMMENT ON FUNCTION notion.connect_url(name, name, interval) IS
    'a page of Notion on which a person gives this server access to a workspace, for a role (by '
    'default the invoker; ''public'' is everybody). It is good once, for valid_for (at most an '
    'hour), for that role and server. Notion then calls the listener at /oauth/callback, or an '
    'application which calls notion.oauth_finish; notion.connections says when it is connected. '
    '42501 as notion.set_token; 55000 without notion.oauth_configure or a key';

CREATE FUNCTION notion.oauth_finish(state text, code text) RETURNS text
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'notion_oauth_finish';
COMMENT ON FUNCTION notion.oauth_finish(text, text) IS
    'takes what Notion sent to the redirect URI, where the listener does not: the worker exchanges '
    'the code after COMMIT, and notion.connections says how it went. Returns the server. For the '
    'role that called notion.connect_url. 28000 a state that is unknown, expired, was used '
    'already, or belongs to another role. COPY notion.code_in (state, code) FROM STDIN does the '
    'same, and leaves no trace of a code in logs';

CREATE VIEW notion.code_in AS
    SELECT NULL::text AS state, NULL::text AS code WHERE false;
COMMENT ON VIEW notion.code_in IS
    'COPY notion.code_in (state, code) FROM STDIN: as notion.oauth_finish, and the code is in no '
    'statement; the view holds nothing, ever';
CREATE FUNCTION notion.take_code() RETURNS trigger
    LANGUAGE c SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'notion_code_in';
REVOKE ALL ON FUNCTION notion.take_code() FROM PUBLIC;
COMMENT ON FUNCTION notion.take_code() IS 'trigger of notion.code_in: seals and discards';
CREATE TRIGGER seal INSTEAD OF INSERT ON notion.code_in
    FOR EACH ROW EXECUTE FUNCTION notion.take_code();
GRANT INSERT ON notion.code_in TO PUBLIC;

CREATE FUNCTION notion.disconnect(server name, role name DEFAULT NULL) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'notion_disconnect';
COMMENT ON FUNCTION notion.disconnect(name, name) IS
    'forgets the sealed token of a role (by default the invoker) for a server; no session uses it '
    'after COMMIT, and the links of that role rest. What OAuth gave is revoked in Notion by the '
    'worker; any other token goes on being good until it is removed in Notion. False where there '
    'was none. 42501 as notion.set_token';

CREATE FUNCTION notion.introspect(server name, role name DEFAULT NULL) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'notion_introspect';
COMMENT ON FUNCTION notion.introspect(name, name) IS
    'has the worker ask Notion whether a token of OAuth is still good: notion.connections then '
    'shows scope and checked_at, and a token that is not is renewed. 42501 as notion.set_token; '
    '55000 the connection is none of OAuth';
