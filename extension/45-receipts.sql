-- What receipts tell of the edits of others.

CREATE FUNCTION notion.overwritten(link integer, event jsonb) RETURNS void
    LANGUAGE sql
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    INSERT INTO notion.conflicts (link, key, page, column_name, kind, base, postgres, rule, winner,
                                  state, postgres_at, postgres_by, notion_at, notion_by, note)
    SELECT m.link, m.key, m.page, c.column_name, 'overwritten unseen',
           CASE WHEN NOT r.is_trash THEN w.change ->> 'from' END,
           CASE WHEN NOT r.is_trash THEN w.change ->> 'to' END, c.rule, NULL, 'open', r.acked_at,
           CASE WHEN NOT r.is_trash THEN w.actor END,
           (event ->> 'timestamp')::timestamptz,
           (SELECT pg_catalog.string_agg(a ->> 'id', ', ')
              FROM pg_catalog.jsonb_array_elements(event -> 'authors') a),
           CASE WHEN r.is_trash
                THEN 'edited in Notion just before its page was moved to the trash, since the row '
                     'was deleted; what was typed there stands in the page'
                ELSE 'edited in Notion between our look and our write; what was typed there stands '
                     'in the page''s history in Notion' END
      FROM notion.mappings m
      CROSS JOIN LATERAL (
           SELECT p.column_name, p.property_id, p.rule FROM notion.link_columns p
            WHERE p.link = m.link
           UNION ALL -- named so in receipts; its events name nothing
           SELECT l.content, '(content)', 'manual' FROM notion.links l
            WHERE l.id = m.link AND l.content IS NOT NULL) c
      CROSS JOIN LATERAL (
           SELECT max(r.acked_at) AS acked_at, bool_or(r.kind = 'trash') AS is_trash
             FROM notion.receipts r
            WHERE r.page = m.page AND (r.kind = 'trash' AND c.property_id <> '(content)'
                  OR r.kind = 'patch' AND c.property_id = ANY (r.properties))
              AND (event ->> 'timestamp')::timestamptz
                  BETWEEN r.read_at AND r.acked_at + interval '1 second') r
      LEFT JOIN LATERAL (
           SELECT g.actor, change FROM notion.log g,
                  pg_catalog.jsonb_array_elements(CASE pg_catalog.jsonb_typeof(g.changes)
                      WHEN 'array' THEN g.changes ELSE '[]' END) change
            WHERE g.link = m.link AND g.key = m.key AND g.side = 'postgres'
              AND change ->> 'column' = c.column_name::text
            ORDER BY g.id DESC LIMIT 1) w ON true
     WHERE m.link = overwritten.link AND m.page::text = event ->> 'entity'
       -- Notion tells of an edited title as of edited content, too, and then names nothing.
       AND (event -> 'properties' ? c.property_id
            OR c.property_id IN ('title', '(content)')
               AND event ->> 'type' = 'page.content_updated')
       AND r.acked_at IS NOT NULL
       AND NOT EXISTS (
           SELECT FROM notion.conflicts o
            WHERE o.link = m.link AND o.key = m.key AND o.column_name = c.column_name
              AND o.kind = 'overwritten unseen'
              AND o.notion_at = (event ->> 'timestamp')::timestamptz);
END;
COMMENT ON FUNCTION notion.overwritten(integer, jsonb) IS
    'keeps a conflict for each property that an event names and a write of ours overwrote';
REVOKE ALL ON FUNCTION notion.overwritten(integer, jsonb) FROM PUBLIC;

-- Who owns a server sees its subscriptions, and pg_monitor all of them; nobody sees their tokens.
ALTER TABLE notion.webhooks ENABLE ROW LEVEL SECURITY;
CREATE POLICY owner ON notion.webhooks FOR SELECT USING (
    pg_catalog.pg_has_role('pg_monitor', 'USAGE')
    OR EXISTS (SELECT FROM pg_catalog.pg_foreign_server s
                WHERE s.srvname = webhooks.server
                  AND pg_catalog.pg_has_role(s.srvowner, 'USAGE')));
GRANT SELECT (server, id, armed_until, verified_at, last_event_at, events)
    ON notion.webhooks TO PUBLIC;
