-- The option read_only, of a server or of a foreign table: Notion is read, and nothing is sent.

CREATE FUNCTION notion.read_only_by(server name, foreign_table_id regclass) RETURNS text
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT CASE WHEN notion.option(s.srvoptions, 'read_only')::boolean
                THEN pg_catalog.format('server "%s"', s.srvname)
                WHEN notion.option(t.ftoptions, 'read_only')::boolean
                THEN pg_catalog.format('foreign table %s', t.ftrelid::regclass) END
      FROM pg_catalog.pg_foreign_server s
      LEFT JOIN pg_catalog.pg_foreign_table t
           ON t.ftserver = s.oid AND t.ftrelid = read_only_by.foreign_table_id
     WHERE s.srvname = read_only_by.server OR t.ftrelid IS NOT NULL
     ORDER BY 1 LIMIT 1;
END;
COMMENT ON FUNCTION notion.read_only_by(name, regclass) IS
    'what has the option read_only: the server, or the foreign table, of which either may be null; '
    'null: neither has it';

CREATE VIEW notion.unsent AS
SELECT l.id AS link, l.table_id, l.foreign_table_id,
       'sends nothing: ' || notion.read_only_by(NULL, l.foreign_table_id)
           || ' is read only' AS reason
  FROM notion.links l
 WHERE (l.direction <> 'from_notion' OR l.content_direction = 'both'
        OR EXISTS (SELECT FROM notion.link_columns c
                    WHERE c.link = l.id AND c.direction <> 'from_notion'))
   AND notion.read_only_by(NULL, l.foreign_table_id) IS NOT NULL;
COMMENT ON VIEW notion.unsent IS
    'links that send to Notion, but for the option read_only; what they take goes on';

CREATE FUNCTION notion.allow_writes(server name, foreign_table_id regclass) RETURNS text
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT CASE WHEN notion.option(s.srvoptions, 'read_only')::boolean
                THEN pg_catalog.format('ALTER SERVER %I', s.srvname)
                ELSE pg_catalog.format('ALTER FOREIGN TABLE %s', foreign_table_id) END
           || ' OPTIONS (SET read_only ''false'')'
      FROM pg_catalog.pg_foreign_server s
     WHERE s.srvname = allow_writes.server
        OR s.oid = (SELECT t.ftserver FROM pg_catalog.pg_foreign_table t
                     WHERE t.ftrelid = allow_writes.foreign_table_id)
     LIMIT 1;
END;
COMMENT ON FUNCTION notion.allow_writes(name, regclass) IS
    'the statement that ends what notion.read_only_by tells of';

CREATE FUNCTION notion.require_writable(server name, foreign_table_id regclass, purpose text)
    RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF notion.read_only_by(server, foreign_table_id) IS NOT NULL THEN
        RAISE EXCEPTION '% is read only', notion.read_only_by(server, foreign_table_id)
            USING ERRCODE = 'insufficient_privilege',
                  DETAIL = format('It has the option read_only, and %s.', purpose),
                  HINT = notion.allow_writes(server, foreign_table_id) || '.';
    END IF;
END
$$;
COMMENT ON FUNCTION notion.require_writable(name, regclass, text) IS
    'raises 42501 where the option read_only forbids to write to Notion; purpose: what would';

CREATE FUNCTION notion.require_sendable(link integer) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    kept notion.unsent;
BEGIN
    SELECT * INTO kept FROM notion.unsent u WHERE u.link = require_sendable.link;
    IF kept.link IS NOT NULL THEN
        RAISE EXCEPTION 'the link of % %', kept.table_id, kept.reason
            USING ERRCODE = 'insufficient_privilege',
                  DETAIL = 'It has the option read_only, and the direction of the link, of one of '
                           'its columns or of its content is not from_notion.',
                  HINT = format('Link it with direction => ''from_notion'', or %s.',
                                notion.allow_writes(NULL, kept.foreign_table_id));
    END IF;
END
$$;
REVOKE ALL ON FUNCTION notion.require_sendable(integer) FROM PUBLIC;
COMMENT ON FUNCTION notion.require_sendable(integer) IS
    'raises 42501 where a link that is made or altered would send, and the option read_only '
    'forbids it';
