-- Rules of conflicts, and what becomes of a row whose page goes to the trash.

CREATE FUNCTION notion.rule_fault(rule text) RETURNS text
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT CASE
        WHEN rule IS NULL OR rule IN ('newest', 'notion', 'postgres', 'manual') THEN NULL
        WHEN rule !~ '^("[^"]+"|[a-z_][a-z0-9_$]*)\.("[^"]+"|[a-z_][a-z0-9_$]*)$' THEN
            pg_catalog.format('rule "%s" is none of newest, notion, postgres, manual, and no '
                              'schema.function', rule)
        WHEN NOT EXISTS (
            SELECT FROM pg_catalog.pg_proc p
              JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
             WHERE ARRAY[n.nspname, p.proname]::text[] = pg_catalog.parse_ident(rule)
               AND p.prokind = 'f' AND p.pronargs = 4
               AND p.proargtypes[3] = 'jsonb'::regtype) THEN
            pg_catalog.format('there is no function %s(base, postgres, notion, context jsonb)',
                              rule) END;
END;
COMMENT ON FUNCTION notion.rule_fault(text) IS
    'why this cannot be a rule; null: it can. A rule is newest, notion, postgres, manual, or '
    'schema.function of (base, postgres, notion, context jsonb), the first three of the column''s '
    'type, which returns the value that both sides are to have';

CREATE FUNCTION notion.rule_type_fault(rule text, type oid) RETURNS text
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    -- As the parser would find it, without asking it: what is immutable would be run by that.
    WITH named AS (
        SELECT p.proretset, p.prorettype, NOT EXISTS (
                   SELECT FROM pg_catalog.unnest(p.proargtypes::oid[]) WITH ORDINALITY u(arg, n)
                     JOIN pg_catalog.pg_type a ON a.oid = u.arg
                    WHERE u.n <= 3 AND u.arg NOT IN (t.oid, t.base) AND a.typtype <> 'p'
                      AND NOT (a.typcategory = 'A' AND t.typcategory = 'A')
                      AND NOT EXISTS (SELECT FROM pg_catalog.pg_cast k
                                       WHERE k.castsource = t.base AND k.casttarget = u.arg
                                         AND k.castcontext = 'i')) AS takes
          FROM (SELECT y.oid, y.typcategory, notion.base_type(y.oid) AS base
                  FROM pg_catalog.pg_type y WHERE y.oid = rule_type_fault.type) t,
               pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
         WHERE rule LIKE '%.%' AND notion.rule_fault(rule) IS NULL
           AND ARRAY[n.nspname, p.proname]::text[] = pg_catalog.parse_ident(rule)
           AND p.prokind = 'f' AND p.pronargs = 4 AND p.proargtypes[3] = 'jsonb'::regtype)
    SELECT CASE WHEN NOT bool_or(f.takes) THEN pg_catalog.format(
                    'rule %s takes no %s; it is given (base, postgres, notion, context) as '
                    '(%2$s, %2$s, %2$s, jsonb)', rule, pg_catalog.format_type(type, NULL))
                WHEN NOT bool_or(f.takes AND NOT f.proretset
                                 AND f.prorettype NOT IN ('void'::regtype, 'record'::regtype))
                THEN pg_catalog.format('rule %s does not return one value', rule) END
      FROM named f;
END;
COMMENT ON FUNCTION notion.rule_type_fault(text, oid) IS
    'why a function cannot be the rule of a column of this type; null: it can, or is no function';

ALTER TABLE notion.links DROP CONSTRAINT links_on_notion_trash_check;
ALTER TABLE notion.links ADD CONSTRAINT links_on_notion_trash_check
    CHECK (on_notion_trash IN ('ignore', 'delete') OR on_notion_trash LIKE 'mark:_%');

ALTER TABLE notion.mappings ADD trashed_since timestamptz;
ALTER TABLE notion.mappings ADD tombstone jsonb;
COMMENT ON COLUMN notion.mappings.trashed_since IS 'when the page was first seen in the trash';
COMMENT ON COLUMN notion.mappings.tombstone IS
    'the row that went with its page, so that unpaired columns come back with it too';

CREATE FUNCTION notion.trash_fault(table_id regclass, on_notion_trash text) RETURNS text
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT CASE
        WHEN on_notion_trash IN ('ignore', 'delete') THEN NULL
        WHEN on_notion_trash NOT LIKE 'mark:_%' THEN pg_catalog.format(
            'on_notion_trash "%s" is none of ignore, delete, mark:column', on_notion_trash)
        WHEN NOT EXISTS (
            SELECT FROM pg_catalog.pg_attribute a
              JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
             WHERE a.attrelid = table_id AND a.attname = pg_catalog.substr(on_notion_trash, 6)::name
               AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
               AND (t.typcategory IN ('B', 'S', 'D') OR t.typtype = 'e')) THEN
            pg_catalog.format('on_notion_trash "%s": the table has no such column of type '
                              'boolean, date, time or text', on_notion_trash) END;
END;
COMMENT ON FUNCTION notion.trash_fault(regclass, text) IS
    'why on_notion_trash cannot be this; null: it can';

CREATE FUNCTION notion.revived(link integer, image jsonb, write jsonb) RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT image || coalesce(pg_catalog.jsonb_object_agg(v.key,
               CASE WHEN c.column_type = 'jsonb' THEN v.value::jsonb
                    ELSE pg_catalog.to_jsonb(v.value) END)
               FILTER (WHERE v.key <> '(key)'), '{}')
      FROM pg_catalog.jsonb_each_text(write) v
      LEFT JOIN notion.link_columns c ON c.link = revived.link AND c.column_name = v.key::name;
END;
COMMENT ON FUNCTION notion.revived(integer, jsonb, jsonb) IS
    'the image of a row with the values that its page has now';
REVOKE ALL ON FUNCTION notion.revived(integer, jsonb, jsonb) FROM PUBLIC;
