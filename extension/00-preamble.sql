-- First part of pg_notion--VERSION.sql: who may run it, and into what schema it may install.
-- Assumes: CREATE EXTENSION has made schema notion, or found it. Refuses: a schema that someone
-- else prepared; he would stay its owner, and could add overloads or drop it with the extension.
\echo Use "CREATE EXTENSION pg_notion" to load this file. \quit

DO $preamble$
DECLARE
    space record;
BEGIN
    SELECT n.oid, n.nspacl, n.nspowner, r.rolname, r.rolsuper INTO STRICT space
      FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_roles r ON r.oid = n.nspowner
     WHERE n.nspname = 'notion';

    -- A superuser's empty schema is as good as a new one: pg_dump restores it before the extension.
    IF NOT space.rolsuper
       AND space.nspowner <> (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user) THEN
        RAISE EXCEPTION 'schema "notion" exists already and belongs to role "%"', space.rolname
            USING ERRCODE = 'duplicate_schema',
                  DETAIL = 'Its owner could change or drop what the extension keeps in it.',
                  HINT = 'Rename or drop that schema, then run CREATE EXTENSION pg_notion again.';
    END IF;
    IF EXISTS (SELECT FROM pg_catalog.pg_depend d
                WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
                  AND d.refobjid = space.oid
                  AND d.classid <> 'pg_catalog.pg_extension'::pg_catalog.regclass) THEN
        RAISE EXCEPTION 'schema "notion" exists already and is not empty'
            USING ERRCODE = 'duplicate_schema',
                  HINT = 'Rename or drop that schema, then run CREATE EXTENSION pg_notion again.';
    END IF;
    IF EXISTS (SELECT FROM pg_catalog.aclexplode(space.nspacl) a
                WHERE a.privilege_type = 'CREATE' AND a.grantee <> space.nspowner) THEN
        RAISE EXCEPTION 'schema "notion" exists already and others than its owner may create in it'
            USING ERRCODE = 'duplicate_schema',
                  HINT = 'Revoke CREATE on that schema, or drop it, then run CREATE EXTENSION '
                         'pg_notion again.';
    END IF;
END
$preamble$;

CREATE FUNCTION notion.library_version() RETURNS text
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'notion_library_version';
COMMENT ON FUNCTION notion.library_version() IS
    'Version of the loaded library; that of the SQL objects stands in pg_extension';
