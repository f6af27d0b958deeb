-- What a DBA looks at. Values of rows are only in views that the table's owner may see.

CREATE VIEW notion.status WITH (security_barrier = true) AS
SELECT l.table_id AS link, l.direction, l.state, l.reason,
       (SELECT count(*) FROM notion.mappings m
         WHERE m.link = l.id AND m.page_state = 'live') AS pages,
       (SELECT count(*) FROM notion.work w WHERE w.link = l.id AND w.state <> 'failed') AS queued,
       (SELECT min(w.captured_at) FROM notion.work w
         WHERE w.link = l.id AND w.state <> 'failed') AS oldest_queued,
       (SELECT count(*) FROM notion.snapshots s WHERE s.link = l.id AND NOT s.failed) AS arriving,
       (SELECT count(*) FROM notion.mappings m WHERE m.link = l.id AND m.flight = 'unknown')
           AS unknown_outcomes,
       (SELECT count(*) FROM notion.work w WHERE w.link = l.id AND w.state = 'failed')
           + (SELECT count(*) FROM notion.snapshots s WHERE s.link = l.id AND s.failed)
           AS failures,
       (SELECT count(*) FROM notion.conflicts c WHERE c.link = l.id AND c.state = 'open')
           AS open_conflicts,
       p.asked_at AS last_poll, l.synced_at AS first_sync
  FROM notion.links l LEFT JOIN notion.polls p ON p.link = l.id
  JOIN pg_catalog.pg_class c ON c.oid = l.table_id
 WHERE pg_catalog.pg_has_role(c.relowner, 'USAGE')
    OR pg_catalog.pg_has_role('pg_monitor', 'USAGE');
COMMENT ON VIEW notion.status IS
    'a line for each link: what is queued, arriving, failed; changes of open transactions not'
    ' yet. No values of rows: pg_monitor sees all links, others those of their tables';
GRANT SELECT ON notion.status TO PUBLIC;

CREATE VIEW notion.rows WITH (security_invoker = true) AS
SELECT l.table_id AS link, k.key, m.page, m.url,
       CASE WHEN m.flight = 'unknown' THEN 'outcome unknown'
            WHEN m.flight = 'sending' THEN 'sending'
            WHEN w.state IN ('failed', 'held') THEN w.state
            WHEN w.key IS NOT NULL THEN 'queued'
            WHEN m.held <> '{}' THEN 'held'
            WHEN m.page_state = 'live' THEN 'in step'
            ELSE m.page_state END AS state,
       coalesce(w.reason, m.reason) AS reason, m.edited AS page_edited_at
  FROM notion.links l
  JOIN (SELECT link, key FROM notion.mappings UNION SELECT link, key FROM notion.work) k
       ON k.link = l.id
  LEFT JOIN notion.mappings m ON m.link = k.link AND m.key = k.key
  LEFT JOIN notion.work w ON w.link = k.link AND w.key = k.key;
COMMENT ON VIEW notion.rows IS
    'each row that a link knows: key, page, url, state and, where it is not in step, the reason';
GRANT SELECT ON notion.rows TO PUBLIC;

CREATE VIEW notion.failures WITH (security_invoker = true) AS
SELECT l.table_id AS link, w.key, m.page, 'to_notion' AS direction, w.reason, w.attempts,
       w.captured_at AS since
  FROM notion.work w JOIN notion.links l ON l.id = w.link
  LEFT JOIN notion.mappings m ON m.link = w.link AND m.key = w.key
 WHERE w.state = 'failed'
UNION ALL
SELECT l.table_id, m.key, s.page, 'from_notion', s.reason, s.attempts, s.asked_at
  FROM notion.snapshots s JOIN notion.links l ON l.id = s.link
  LEFT JOIN notion.mappings m ON m.link = s.link AND m.page = s.page
 WHERE s.failed
UNION ALL
SELECT l.table_id, m.key, m.page, c.direction, h.reason, 0, m.changed_at
  FROM notion.mappings m JOIN notion.links l ON l.id = m.link
  CROSS JOIN LATERAL jsonb_each_text(m.held) h(property, reason)
  LEFT JOIN notion.link_columns c ON c.link = m.link AND c.property_id = h.property;
COMMENT ON VIEW notion.failures IS
    'what was set aside, with Notion''s or PostgreSQL''s own words, until someone mends the '
    'cause and calls notion.retry, or gives it up with notion.discard';
GRANT SELECT ON notion.failures TO PUBLIC;
