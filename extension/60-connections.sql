-- Connections: tokens sealed in the database, who they are, and their keys.
-- docs/security.md says what each way of giving a token leaves where. Secrets never pass through
-- SQL: functions in C seal them.

CREATE TABLE notion.tokens (
    server uuid NOT NULL,               -- the server's own id: its option id
    role name NOT NULL,                 -- at sealing time; public; '' where it is the server's own
    kind name NOT NULL
        CHECK (kind ~ '^(token|refresh|client|(code|revoke|webhook) [0-9]+)$'),
    sealed bytea NOT NULL,
    key_id text NOT NULL,
    role_oid oid NOT NULL,
    system_identifier bigint NOT NULL,
    set_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    set_by name,
    renewable boolean NOT NULL DEFAULT false,   -- of a token: there is a refresh token for it
    bot uuid,                           -- of a token of OAuth: whose budget it counts on
    PRIMARY KEY (server, role, kind)
);
ALTER TABLE notion.tokens ALTER sealed SET STORAGE PLAIN;
REVOKE ALL ON notion.tokens FROM PUBLIC;
COMMENT ON TABLE notion.tokens IS
    'secrets, sealed by AES-256-GCM with the key of notion.key_file; each bound to its server, '
    'role and kind: moved to another row it does not open';
COMMENT ON COLUMN notion.tokens.key_id IS 'which key sealed it: digits that say nothing of the key';
COMMENT ON COLUMN notion.tokens.role_oid IS
    'the role''s oid in the system of system_identifier: a later role of that name is another one';
SELECT pg_catalog.pg_extension_config_dump('notion.tokens', '');

CREATE TABLE notion.accounts (
    server uuid NOT NULL,
    role name NOT NULL,
    given text NOT NULL CHECK (given IN ('literal', 'file', 'copy', 'oauth')),
    state text NOT NULL CHECK (state IN ('connecting', 'connected', 'expired', 'refused',
                                         'disconnecting', 'disconnected')),
    reason text,                        -- why it is not connected, or what is tried again
    bot_id uuid,
    bot_name text,
    workspace_id uuid,
    workspace_name text,
    workspace_icon text,
    owner jsonb,                        -- of OAuth: who gave access
    scope text,                         -- of OAuth: what notion.introspect was told
    connected_at timestamptz,
    checked_at timestamptz,             -- when Notion last said who the token is
    renewed_at timestamptz,             -- when a token was last given
    PRIMARY KEY (server, role)
);
REVOKE ALL ON notion.accounts FROM PUBLIC;
COMMENT ON TABLE notion.accounts IS
    'who the sealed token of a role is for a server, as Notion said when it was given';
COMMENT ON COLUMN notion.accounts.state IS
    'connecting: the code is being exchanged; expired: Notion takes the tokens no more, a person '
    'has to connect again; refused: Notion did not take what was given (see reason)';
SELECT pg_catalog.pg_extension_config_dump('notion.accounts', '');

CREATE FUNCTION notion.secrets_changed() RETURNS trigger
    LANGUAGE c
    SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'notion_secrets_changed';
REVOKE ALL ON FUNCTION notion.secrets_changed() FROM PUBLIC;
COMMENT ON FUNCTION notion.secrets_changed() IS
    'trigger of notion.tokens: sessions forget the tokens that they opened';
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON notion.tokens
    FOR EACH STATEMENT EXECUTE FUNCTION notion.secrets_changed();

CREATE FUNCTION notion.server_ids(OUT id uuid, OUT name name, OUT oid oid) RETURNS SETOF record
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT o.option_value::uuid, s.srvname, s.oid
      FROM pg_catalog.pg_foreign_server s
      JOIN pg_catalog.pg_foreign_data_wrapper w ON w.oid = s.srvfdw AND w.fdwname = 'notion_fdw'
      CROSS JOIN LATERAL pg_catalog.pg_options_to_table(s.srvoptions) o
     WHERE o.option_name = 'id';
END;
COMMENT ON FUNCTION notion.server_ids() IS 'the ids of the servers that have one';

CREATE FUNCTION notion.need_server_id(server name) RETURNS uuid
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'notion_need_server_id';
REVOKE ALL ON FUNCTION notion.need_server_id(name) FROM PUBLIC;
COMMENT ON FUNCTION notion.need_server_id(name) IS
    'the server''s id, made where it has none: what its secrets are bound to';

CREATE FUNCTION notion.key_id() RETURNS text
    LANGUAGE c VOLATILE PARALLEL RESTRICTED
    AS 'MODULE_PATHNAME', 'notion_key_id';
REVOKE ALL ON FUNCTION notion.key_id() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION notion.key_id() TO pg_monitor;
COMMENT ON FUNCTION notion.key_id() IS
    'which key seals here; null where none is configured. Raises F0000 where it cannot be used';

CREATE FUNCTION notion.set_token(
    server name, token text DEFAULT NULL, file text DEFAULT NULL, role name DEFAULT NULL,
    verify boolean DEFAULT true) RETURNS text
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'notion_set_token';
COMMENT ON FUNCTION notion.set_token(name, text, text, name, boolean) IS
    'asks Notion whose token it is (one request, made by this statement; verify => false makes '
    'none), seals it and stores it for the role, by default the invoker; ''public'' is everybody. '
    'A literal token gives a WARNING: COPY notion.token_in and file => leave no trace. 42501 '
    'unless the server''s owner, or for oneself with USAGE; file also pg_read_server_files; 28P01 '
    'Notion refuses it; 55000 another workspace than the links'', or no key; F0000 a bad key';

CREATE VIEW notion.token_in AS
    SELECT NULL::name AS server, NULL::text AS token, NULL::name AS role WHERE false;
COMMENT ON VIEW notion.token_in IS
    'COPY notion.token_in (server, token) FROM STDIN: as notion.set_token, and the token is in no '
    'statement. A third column, role, is optional; the view holds nothing, ever';
CREATE FUNCTION notion.take_token() RETURNS trigger
    LANGUAGE c SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'notion_token_in';
REVOKE ALL ON FUNCTION notion.take_token() FROM PUBLIC;
COMMENT ON FUNCTION notion.take_token() IS 'trigger of notion.token_in: seals and discards';
CREATE TRIGGER seal INSTEAD OF INSERT ON notion.token_in
    FOR EACH ROW EXECUTE FUNCTION notion.take_token();
GRANT INSERT ON notion.token_in TO PUBLIC;

CREATE FUNCTION notion.rotate_key() RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'notion_rotate_key';
REVOKE ALL ON FUNCTION notion.rotate_key() FROM PUBLIC;
COMMENT ON FUNCTION notion.rotate_key() IS
    'seals every secret anew with the first key, in one transaction; the key file holds the new '
    'key in its first line and the old one in the next until then. Returns how many';

CREATE FUNCTION notion.rebind(server name, role name, was name DEFAULT NULL) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'notion_rebind';
REVOKE ALL ON FUNCTION notion.rebind(name, name, name) FROM PUBLIC;
COMMENT ON FUNCTION notion.rebind(name, name, name) IS
    'after a role was renamed: its secrets are sealed for its new name. was: the name that it had; '
    'by default what this system knows. For superusers, and logged; 42704 where there is nothing';

CREATE FUNCTION notion.sees_account(server uuid, role name) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT EXISTS (SELECT FROM pg_catalog.pg_roles r
                    WHERE r.rolname = sees_account.role
                      AND pg_catalog.pg_has_role(notion.invoker(), r.oid, 'USAGE'))
        OR EXISTS (SELECT FROM notion.server_ids() i
                     JOIN pg_catalog.pg_foreign_server s ON s.oid = i.oid
                    WHERE i.id = sees_account.server
                      AND pg_catalog.pg_has_role(notion.invoker(), s.srvowner, 'USAGE'));
END;
COMMENT ON FUNCTION notion.sees_account(uuid, name) IS
    'whether the invoker is that role, or owns that server: the policy of notion.accounts';

ALTER TABLE notion.accounts ENABLE ROW LEVEL SECURITY;
CREATE POLICY holder ON notion.accounts FOR SELECT USING (notion.sees_account(server, role));
GRANT SELECT ON notion.accounts TO PUBLIC;

CREATE FUNCTION notion.server_name(id uuid) RETURNS name
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT s.name FROM notion.server_ids() s
     WHERE s.id = server_name.id AND notion.invoker() IS NOT NULL;
END;
COMMENT ON FUNCTION notion.server_name(uuid) IS 'the server with that id';

CREATE VIEW notion.connections WITH (security_invoker = true) AS
SELECT notion.server_name(a.server) AS server, a.role, a.state, a.reason, a.given, a.bot_id,
       a.bot_name, a.workspace_id, a.workspace_name, a.workspace_icon, a.owner, a.scope,
       a.connected_at, a.checked_at, a.renewed_at
  FROM notion.accounts a;
COMMENT ON VIEW notion.connections IS
    'who each token is: yours, and those of servers that you own. A restrictive '
    'policy on notion.accounts narrows that further';
GRANT SELECT ON notion.connections TO PUBLIC;

CREATE FUNCTION notion.key_fault() RETURNS text
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM notion.key_id();
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLERRM;
END
$$;
REVOKE ALL ON FUNCTION notion.key_fault() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION notion.key_fault() TO pg_monitor;
COMMENT ON FUNCTION notion.key_fault() IS
    'why the key of notion.key_file or notion.key_command cannot be used; null where it can, or '
    'where none is configured';

CREATE VIEW notion.connection_health AS
WITH key AS MATERIALIZED (SELECT notion.key_fault() AS fault),
used AS MATERIALIZED (
    SELECT k.fault, CASE WHEN k.fault IS NULL THEN notion.key_id() END AS id FROM key k),
seals AS (
    SELECT u.fault, u.id, pg_catalog.count(t.key_id) AS secrets,
           pg_catalog.count(t.key_id) FILTER (WHERE t.key_id <> u.id) AS older
      FROM used u LEFT JOIN notion.tokens t ON true GROUP BY u.fault, u.id)
SELECT 'key' AS what, coalesce(s.id, 'none') AS name,
       CASE WHEN s.fault IS NOT NULL OR s.id IS NULL AND s.secrets > 0 THEN 'trouble'
            WHEN s.older > 0 THEN 'warning' ELSE 'ok' END AS level,
       coalesce(s.fault, pg_catalog.format('%s secrets, %s of them sealed with another key',
                                           s.secrets, s.older)) AS state,
       CASE WHEN s.fault IS NOT NULL OR s.id IS NULL AND s.secrets > 0
            THEN 'without the key no sealed token opens: see notion.key_file'
            WHEN s.older > 0 THEN 'SELECT notion.rotate_key()' END AS hint
  FROM seals s WHERE s.fault IS NOT NULL OR s.secrets > 0
UNION ALL
SELECT 'token', pg_catalog.format('%s, server %s', coalesce(r.rolname, 'public'), s.srvname),
       'warning', 'stands in clear in a user mapping, and in dumps',
       'give it anew by COPY notion.token_in (server, token) FROM STDIN, DROP the option token, '
       'revoke the old one in Notion'
  FROM pg_catalog.pg_user_mapping m
  JOIN pg_catalog.pg_foreign_server s ON s.oid = m.umserver
  JOIN pg_catalog.pg_foreign_data_wrapper w ON w.oid = s.srvfdw AND w.fdwname = 'notion_fdw'
  LEFT JOIN pg_catalog.pg_roles r ON r.oid = m.umuser
 WHERE EXISTS (SELECT FROM pg_catalog.pg_options_to_table(m.umoptions) o
                WHERE o.option_name = 'token')
UNION ALL
SELECT 'token', pg_catalog.format('%s, server %s', a.role, i.name), 'warning',
       'was given in clear in a statement, which logs and statistics may hold',
       'give it anew by COPY notion.token_in (server, token) FROM STDIN, and revoke the old one in '
       'Notion'
  FROM notion.accounts a JOIN notion.server_ids() i ON i.id = a.server
 WHERE a.given = 'literal'
UNION ALL
SELECT 'connection', pg_catalog.format('%s, server %s', a.role, i.name),
       CASE WHEN a.state IN ('expired', 'refused') THEN 'trouble' ELSE 'warning' END,
       pg_catalog.concat_ws(': ', a.state, a.reason),
       CASE WHEN a.state IN ('expired', 'refused')
            THEN pg_catalog.format('SELECT notion.connect_url(%L), and open it in a browser',
                                   i.name)
            WHEN a.state = 'connected'
            THEN pg_catalog.format('the connection goes on; where this does not pass by itself: '
                     'SELECT notion.connect_url(%L)', i.name) END
  FROM notion.accounts a JOIN notion.server_ids() i ON i.id = a.server
 WHERE a.state IN ('connecting', 'expired', 'refused', 'disconnecting') OR a.reason IS NOT NULL;
COMMENT ON VIEW notion.connection_health IS
    'the lines of notion.health about keys and tokens. No secret, no value of a row';
GRANT SELECT ON notion.connection_health TO pg_monitor;
