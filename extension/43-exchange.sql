-- What a unique index or an exclusion constraint forbids, as apply needs it where two pages pass a
-- value on that only one row may hold (src/pg/apply/exchange.cpp).

-- Shapes: conditions, of a row of the table, with the row as it would be in "n"; parks, a JSON
-- object of columns and what each may hold for a moment: NULL, or a value that nobody has, where
-- one is to be made; null where none is.
CREATE FUNCTION notion.place_of(table_id oid, schema_name text, index_name text,
                                OUT conditions text, OUT parks jsonb)
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH place AS (
        SELECT x.indexrelid, x.indrelid, x.indnkeyatts, x.indkey, x.indclass, x.indpred,
               c.conexclop
          FROM pg_index x
          JOIN pg_class i ON i.oid = x.indexrelid AND i.relname = index_name
          JOIN pg_namespace n ON n.oid = i.relnamespace AND n.nspname = schema_name
          LEFT JOIN pg_constraint c ON c.conindid = x.indexrelid AND c.contype = 'x'
         WHERE (x.indisunique OR c.oid IS NOT NULL)
           AND (x.indrelid = table_id
                OR EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = x.indrelid
                              AND (h.inhparent = table_id OR table_id IN (
                                   SELECT a.relid FROM pg_partition_ancestors(x.indrelid) a))))),
    part AS (
        SELECT k.n, pg_get_indexdef(p.indexrelid, k.n, false) AS expression,
               coalesce(p.conexclop[k.n],
                   (SELECT o.amopopr FROM pg_opclass c
                      JOIN pg_amop o ON o.amopfamily = c.opcfamily
                           AND o.amoplefttype = c.opcintype AND o.amoprighttype = c.opcintype
                           AND o.amopstrategy = 3 -- equality, of btree
                     WHERE c.oid = p.indclass[k.n - 1])) AS operator
          FROM place p, generate_series(1, p.indnkeyatts) k(n)),
    member AS (
        SELECT DISTINCT a.attname, a.attnotnull, a.atttypid, a.atttypmod, p.indrelid,
               t.typcategory, t.typnotnull
          FROM place p
          JOIN pg_attribute a ON a.attrelid = p.indrelid AND a.attnum > 0 AND a.attgenerated = ''
               AND (a.attnum = ANY (p.indkey)
                    OR a.attnum IN (SELECT d.refobjsubid FROM pg_depend d
                                     WHERE d.classid = 'pg_class'::regclass
                                       AND d.objid = p.indexrelid
                                       AND d.refclassid = 'pg_class'::regclass
                                       AND d.refobjid = p.indrelid))
          JOIN pg_type t ON t.oid = a.atttypid)
    SELECT (SELECT string_agg(format('(%s) OPERATOR(%I.%s) (SELECT (%s) FROM n)', q.expression,
                                     s.nspname, o.oprname, q.expression), ' AND ' ORDER BY q.n)
              FROM part q JOIN pg_operator o ON o.oid = q.operator
              JOIN pg_namespace s ON s.oid = o.oprnamespace)
               || (SELECT coalesce(' AND ' || pg_get_expr(p.indpred, p.indrelid), '') FROM place p),
           (SELECT jsonb_object_agg(m.attname, CASE
                WHEN NOT m.attnotnull AND NOT m.typnotnull THEN 'NULL'
                WHEN m.typcategory = 'S' THEN
                    format('pg_catalog.left(pg_catalog.gen_random_uuid()::text, %s)',
                           CASE WHEN m.atttypmod > 4 THEN m.atttypmod - 4 ELSE 36 END)
                WHEN m.atttypid = 'uuid'::regtype THEN 'pg_catalog.gen_random_uuid()'
                WHEN m.typcategory = 'N' THEN
                    format('(SELECT pg_catalog.min(p.%I) - 1 FROM %s p)', m.attname,
                           m.indrelid::regclass)
                WHEN m.typcategory = 'D' THEN
                    format('(SELECT pg_catalog.min(p.%I) - pg_catalog.make_interval(days => 1)'
                           ' FROM %s p)', m.attname, m.indrelid::regclass)
                END) FROM member m);
END;
COMMENT ON FUNCTION notion.place_of(oid, text, text) IS
    'of a unique index or an exclusion constraint: how to find the row that keeps another out, and'
    ' what its columns may hold for a moment';
REVOKE ALL ON FUNCTION notion.place_of(oid, text, text) FROM PUBLIC;
