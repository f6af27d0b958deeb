-- What the worker keeps of conflicts. The value that lost is always in them.

CREATE FUNCTION notion.keep_conflicts(link integer, key text, page uuid, told jsonb,
                                      notion_by text)
    RETURNS void
    LANGUAGE sql
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    -- Fields that agree again need no decision any more.
    UPDATE notion.conflicts o
       SET state = 'closed', closed_at = pg_catalog.clock_timestamp(),
           note = 'both sides agree again'
     WHERE o.link = keep_conflicts.link AND o.key = keep_conflicts.key AND o.state = 'open'
       AND coalesce(told -> 'agreed', '[]') ? o.column_name::text;
    -- An open conflict follows its sides as they move on.
    DELETE FROM notion.conflicts o
     USING pg_catalog.jsonb_array_elements(coalesce(told -> 'conflicts', '[]')) c
     WHERE o.link = keep_conflicts.link AND o.key = keep_conflicts.key AND o.state = 'open'
       AND o.column_name::text = c ->> 'column_name';
    INSERT INTO notion.conflicts (link, key, page, column_name, kind, base, postgres, notion, rule,
                                  winner, state, postgres_at, postgres_by, notion_at, notion_by,
                                  closed_at, note)
    SELECT keep_conflicts.link, keep_conflicts.key, keep_conflicts.page, c.column_name,
           coalesce(c.kind, 'both changed'), c.base, c.postgres, c.notion, c.rule, c.winner,
           coalesce(c.state, 'open'), w.captured_at, w.who, s.edited, keep_conflicts.notion_by,
           CASE c.state WHEN 'closed' THEN pg_catalog.clock_timestamp() END, c.note
      FROM pg_catalog.jsonb_to_recordset(coalesce(told -> 'conflicts', '[]')) AS c(
               column_name name, kind text, base text, postgres text, notion text, rule text,
               winner text, state text, note text)
      LEFT JOIN notion.work w ON w.link = keep_conflicts.link AND w.key = keep_conflicts.key
      LEFT JOIN notion.snapshots s ON s.link = keep_conflicts.link
           AND s.page = keep_conflicts.page;
END;
COMMENT ON FUNCTION notion.keep_conflicts(integer, text, uuid, jsonb, text) IS
    'keeps the conflicts of what the core told about a row, replaces open ones of the same '
    'column, and closes those of columns that agree again';
REVOKE ALL ON FUNCTION notion.keep_conflicts(integer, text, uuid, jsonb, text) FROM PUBLIC;
