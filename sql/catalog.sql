-- What every object of schema notion keeps to. Each query lists what breaks a rule: nothing.
CREATE EXTENSION pg_notion;
CREATE EXTENSION plpgsql_check;

CREATE TEMP VIEW members AS
    SELECT d.classid, d.objid, pg_describe_object(d.classid, d.objid, 0) AS object
      FROM pg_depend d
     WHERE d.deptype = 'e' AND d.refclassid = 'pg_extension'::regclass
       AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'pg_notion');
CREATE TEMP VIEW functions AS
    SELECT p.*, m.object
      FROM pg_proc p JOIN members m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid;
CREATE TEMP VIEW tables AS
    SELECT c.*, m.object
      FROM pg_class c JOIN members m ON m.classid = 'pg_class'::regclass AND m.objid = c.oid
     WHERE c.relkind IN ('r', 'p');
SELECT count(*) > 0 AS has_functions FROM functions;
SELECT count(*) > 0 AS has_tables FROM tables;

-- A publication of all tables must not make a user's commit fail.
SELECT object AS no_primary_key FROM tables t
 WHERE NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = t.oid AND i.indisprimary)
 ORDER BY 1;

-- pg_upgrade refuses these types in tables; regclass alone survives.
SELECT t.object AS type_that_stops_pg_upgrade, a.attname
  FROM tables t JOIN pg_attribute a ON a.attrelid = t.oid
 WHERE a.attnum > 0 AND NOT a.attisdropped
   AND a.atttypid IN ('regproc'::regtype, 'regprocedure'::regtype, 'regoper'::regtype,
                      'regoperator'::regtype, 'regconfig'::regtype, 'regdictionary'::regtype,
                      'regnamespace'::regtype, 'regcollation'::regtype, 'regrole'::regtype)
 ORDER BY 1, 2;

-- What a dump keeps of a table it must keep of the table's sequence, or ids begin again at 1.
SELECT t.object AS dumped_without_its_sequence, s.objid::regclass
  FROM pg_extension e, unnest(e.extconfig) AS config(oid)
  JOIN tables t ON t.oid = config.oid
  JOIN pg_depend s ON s.refclassid = 'pg_class'::regclass AND s.refobjid = t.oid
                  AND s.classid = 'pg_class'::regclass AND s.deptype IN ('a', 'i')
  JOIN pg_class sc ON sc.oid = s.objid AND sc.relkind = 'S'
 WHERE e.extname = 'pg_notion' AND NOT s.objid = ANY (e.extconfig)
 ORDER BY 1;

-- Row by row, what is ours says what it is for.
SELECT object AS no_comment FROM functions f
 WHERE obj_description(f.oid, 'pg_proc') IS NULL ORDER BY 1;
SELECT object AS no_comment FROM tables t
 WHERE obj_description(t.oid, 'pg_class') IS NULL ORDER BY 1;
SELECT m.object AS no_comment FROM members m JOIN pg_class c ON c.oid = m.objid
 WHERE m.classid = 'pg_class'::regclass AND c.relkind = 'v'
   AND obj_description(c.oid, 'pg_class') IS NULL ORDER BY 1;

-- Whoever runs with another's rights pins what names mean, and is not for everybody.
SELECT object AS search_path_not_pinned FROM functions
 WHERE (prosecdef OR prorettype IN ('trigger'::regtype, 'event_trigger'::regtype))
   AND prolang <> (SELECT oid FROM pg_language WHERE lanname = 'c')
   AND NOT EXISTS (SELECT FROM unnest(proconfig) AS c WHERE c LIKE 'search\_path=%')
 ORDER BY 1;
-- And whoever else: a body in plpgsql or in a string looks names up when it runs, and then by the
-- path of whoever calls; BEGIN ATOMIC looked them up once. Only notion.mirror wants it so: it makes
-- a table where the caller's path says, with his rights.
SELECT object AS search_path_of_the_caller FROM functions
 WHERE prolang <> (SELECT oid FROM pg_language WHERE lanname = 'c') AND prosqlbody IS NULL
   AND proname <> 'mirror'
   AND NOT EXISTS (SELECT FROM unnest(proconfig) AS c WHERE c LIKE 'search\_path=pg_catalog%')
 ORDER BY 1;
-- What everybody may call with the installer's rights asks first whose the object is. Functions in
-- C do so by pg/rights.hpp; those that do are listed here.
SELECT object AS everybody_may_execute FROM functions
 WHERE (prosecdef OR prorettype IN ('trigger'::regtype, 'event_trigger'::regtype))
   AND pg_get_functiondef(oid) !~
       'require_owner|require_server_owner|notion\.(link_id|sees|invoker|check_usage)\(|pg_has_role'
   AND NOT (prolang = (SELECT oid FROM pg_language WHERE lanname = 'c')
            AND proname IN ('set_token', 'webhook_token', 'oauth_configure', 'connect_url',
                            'oauth_finish', 'disconnect', 'introspect'))
   AND EXISTS (SELECT FROM aclexplode(coalesce(proacl, acldefault('f', proowner))) a
                WHERE a.grantee = 0 AND a.privilege_type = 'EXECUTE')
 ORDER BY 1;
SELECT object AS everybody_may_write FROM tables t
 WHERE EXISTS (SELECT FROM aclexplode(relacl) a
                WHERE a.grantee = 0 AND a.privilege_type <> 'SELECT')
 ORDER BY 1;

-- A function that writes, waits or asks Notion is no business of a parallel worker.
SELECT object AS parallel_safe_but_volatile FROM functions
 WHERE proparallel = 's' AND provolatile = 'v' ORDER BY 1;

-- Everything lives in schema notion, and names no other schema's function by accident.
SELECT object AS outside_of_schema_notion FROM functions
 WHERE pronamespace <> 'notion'::regnamespace ORDER BY 1;

-- plpgsql_check finds no error. ("table", a keyword, is the contract.) What it holds possible as
-- injection was read: plan_query and has_row quote all they are made of, and column types come from
-- the library.
SELECT f.object, c.lineno, c.level, c.message
  FROM functions f
  LEFT JOIN LATERAL (SELECT min(t.tgrelid::oid) AS oid
                       FROM pg_trigger t WHERE t.tgfoid = f.oid) trg ON true
  CROSS JOIN LATERAL plpgsql_check_function_tb(f.oid, coalesce(trg.oid, 0),
                                               other_warnings => false, extra_warnings => false,
                                               security_warnings => true) c
 WHERE f.prolang = (SELECT oid FROM pg_language WHERE lanname = 'plpgsql')
   AND (f.prorettype <> 'trigger'::regtype OR trg.oid IS NOT NULL)
   AND c.message <> 'name of parameter "table" is reserved keyword'
 ORDER BY 1, 2, 4;

DROP EXTENSION plpgsql_check;
DROP EXTENSION pg_notion CASCADE;
