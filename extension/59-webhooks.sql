-- What comes in by webhooks, as people see it: events of types that are not known, and whether the
-- doors are open. No values of rows: events hold none.

CREATE VIEW notion.unknown_events WITH (security_barrier = true) AS
SELECT i.server, i.type, pg_catalog.count(*) AS events, pg_catalog.min(i.received_at) AS first_at,
       pg_catalog.max(i.received_at) AS last_at
  FROM notion.inbox i
 WHERE i.state = 'kept'
   AND (pg_catalog.pg_has_role('pg_monitor', 'USAGE')
        OR EXISTS (SELECT FROM pg_catalog.pg_foreign_server s
                    WHERE s.srvname = i.server AND pg_catalog.pg_has_role(s.srvowner, 'USAGE')))
 GROUP BY i.server, i.type;
COMMENT ON VIEW notion.unknown_events IS
    'webhook events of types that this version does not know: signed, kept in notion.inbox for as '
    'long as notion.log_retention says, and nothing done about them; for the server''s owner and '
    'pg_monitor';
GRANT SELECT ON notion.unknown_events TO PUBLIC;

-- Who owns a linked table sees the events of its pages, as their mappings; who owns a server, all.
ALTER TABLE notion.inbox ENABLE ROW LEVEL SECURITY;
CREATE POLICY owner ON notion.inbox FOR SELECT USING (
    entity IN (SELECT m.page::text FROM notion.mappings m)
    OR EXISTS (SELECT FROM pg_catalog.pg_foreign_server s
                WHERE s.srvname = inbox.server
                  AND pg_catalog.pg_has_role(s.srvowner, 'USAGE')));
GRANT SELECT ON notion.inbox TO PUBLIC;

-- Notion delivers most events within a minute, all that arrive at once within five.
CREATE VIEW notion.door_health AS
SELECT 'listener' AS what, s.address AS name,
       CASE WHEN l.port IS NULL OR l.address <> s.address THEN 'trouble'
            WHEN l.limited_at > pg_catalog.now() - interval '1 hour' THEN 'warning'
            ELSE 'ok' END AS level,
       CASE WHEN l.address <> s.address THEN 'not open yet: the worker listens on ' || l.address
            WHEN l.port IS NULL THEN coalesce(l.reason, 'not open')
            WHEN l.limited_at > pg_catalog.now() - interval '1 hour'
            THEN pg_catalog.format('open, answered 429 last at %s', l.limited_at)
            ELSE pg_catalog.format('open on port %s', l.port) END AS state,
       CASE WHEN l.address = s.address AND l.port IS NULL
            THEN 'another address in notion.listen, or free this one: it is tried again every ten '
                 'seconds; until it is open events are lost, and found by polls'
            WHEN l.address IS DISTINCT FROM s.address
            THEN 'it opens with the next start of the worker, which needs a link: SELECT '
                 'pg_terminate_backend(pid) FROM notion.workers() WHERE process = ''net'''
            WHEN l.limited_at > pg_catalog.now() - interval '1 hour'
            THEN 'more came than notion.listen_rate lets in, or many that are not signed: limit '
                 'these in the proxy' END AS hint
  FROM (SELECT pg_catalog.current_setting('notion.listen', true) AS address) s
  LEFT JOIN notion.listener l ON true
 WHERE s.address <> ''
UNION ALL
SELECT 'webhook', k.srvname::text, 'warning',
       pg_catalog.format('silent for %s: no event told of what a poll found at %s',
                         k.table_id::regclass, k.missed_at),
       'polls go on every notion.poll_interval; look whether the subscription is active in Notion, '
       'and reaches this address; a new one: notion.expect_webhook'
  FROM (SELECT s.srvname, l.table_id, p.missed_at
          FROM notion.polls p
          JOIN notion.links l ON l.id = p.link
          JOIN pg_catalog.pg_foreign_table f ON f.ftrelid = l.foreign_table_id
          JOIN pg_catalog.pg_foreign_server s ON s.oid = f.ftserver
         WHERE p.missed_at > coalesce(p.told_at, '-infinity')
           AND p.missed_at < pg_catalog.now() - interval '5 min'
           AND EXISTS (SELECT FROM notion.webhooks w
                        WHERE w.server = s.srvname AND w.verified_at < p.missed_at)) k
UNION ALL
SELECT 'webhook', u.server::text, 'warning',
       pg_catalog.format('%s events of unknown types: %s', pg_catalog.sum(u.events),
                         pg_catalog.string_agg(u.type, ', ' ORDER BY u.type)),
       'notion.unknown_events; they are kept, and a newer version may know them'
  FROM notion.unknown_events u GROUP BY u.server;
COMMENT ON VIEW notion.door_health IS
    'the lines of notion.health about the listener and webhooks';
GRANT SELECT ON notion.door_health TO pg_monitor;
