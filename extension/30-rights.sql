-- Who may see and do what: rights follow the ownership of the linked table (docs/security.md).
-- Tables carry row security by it, so that views over them need no rights of their own.

CREATE FUNCTION notion.invoker() RETURNS name
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'notion_invoker';
COMMENT ON FUNCTION notion.invoker() IS
    'the role that runs the statement: the session''s, or the one of SET ROLE; never that of a '
    'SECURITY DEFINER function around it. Raises 42501 in triggers that the worker fires, index '
    'expressions and the like, whose author is not who runs them';

CREATE FUNCTION notion.require_owner(table_id regclass) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    owner oid;
BEGIN
    SELECT relowner INTO owner FROM pg_class WHERE oid = table_id;
    IF owner IS NULL THEN
        RAISE EXCEPTION 'table with oid % does not exist', table_id::oid
            USING ERRCODE = 'undefined_table',
                  HINT = 'notion.status lists the linked tables.';
    END IF;
    IF NOT pg_has_role(notion.invoker(), owner, 'USAGE') THEN
        RAISE EXCEPTION 'must be owner of table %', table_id
            USING ERRCODE = 'insufficient_privilege',
                  HINT = 'Links belong to the owner of their table; ask '
                         || quote_ident(pg_get_userbyid(owner)) || '.';
    END IF;
END
$$;
COMMENT ON FUNCTION notion.require_owner(regclass) IS
    'raises 42501 unless the invoker owns the table (or is a member of the role that does)';

CREATE FUNCTION notion.link_id(table_id regclass) RETURNS integer
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found integer;
BEGIN
    PERFORM notion.require_owner(table_id);
    SELECT l.id INTO found FROM notion.links l WHERE l.table_id = link_id.table_id;
    IF found IS NULL THEN
        RAISE EXCEPTION 'table % is not linked', table_id
            USING ERRCODE = 'undefined_object',
                  HINT = 'Link it first: SELECT notion.link(table, foreign_table, ...).';
    END IF;
    RETURN found;
END
$$;
COMMENT ON FUNCTION notion.link_id(regclass) IS
    'number of the table''s link; raises 42501 for another''s table, 42704 where there is none';

CREATE FUNCTION notion.sees(link integer) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT EXISTS (SELECT FROM notion.links l JOIN pg_catalog.pg_class c ON c.oid = l.table_id
                    WHERE l.id = sees.link
                      AND pg_catalog.pg_has_role(notion.invoker(), c.relowner, 'USAGE'));
END;
COMMENT ON FUNCTION notion.sees(integer) IS
    'whether the invoker owns the table of this link: the policy of every table of the sync';

DO $rights$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['link_columns', 'mappings', 'work', 'polls', 'snapshots', 'jobs',
                                'log', 'conflicts', 'receipts', 'requests', 'contents',
                                'schemas'] LOOP
        EXECUTE format('ALTER TABLE notion.%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY owner ON notion.%I FOR SELECT '
                       'USING (notion.sees(link))', name);
        EXECUTE format('GRANT SELECT ON notion.%I TO PUBLIC', name);
    END LOOP;
    ALTER TABLE notion.links ENABLE ROW LEVEL SECURITY;
    CREATE POLICY owner ON notion.links FOR SELECT USING (notion.sees(id));
    GRANT SELECT ON notion.links TO PUBLIC;
    GRANT USAGE ON SCHEMA notion TO PUBLIC;
END
$rights$;
