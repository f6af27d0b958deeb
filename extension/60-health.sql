-- Whether all is well, for the DBA: nothing here shows a value of a row.

CREATE FUNCTION notion.breakers(
    OUT server oid, OUT state text, OUT failures integer, OUT opened_at timestamptz,
    OUT retry_at timestamptz, OUT opened_total bigint) RETURNS SETOF record
    LANGUAGE c VOLATILE PARALLEL RESTRICTED
    AS 'MODULE_PATHNAME', 'notion_breakers';
REVOKE ALL ON FUNCTION notion.breakers() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION notion.breakers() TO pg_monitor;
COMMENT ON FUNCTION notion.breakers() IS
    'the breaker of each foreign server of this database that the worker has asked since the '
    'server started: closed; open (no request before retry_at, no attempt is counted); half-open '
    '(one probe). failures: in a row, now';

-- A view calls functions as whoever reads it, and pg_monitor may read none of what this one reads.
CREATE FUNCTION notion.drifted(
    OUT link integer, OUT differences bigint, OUT read_at timestamptz) RETURNS SETOF record
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT s.link, pg_catalog.count(*), s.read_at
      FROM notion.schemas s
     CROSS JOIN LATERAL notion.schema_drift(s.link, s.properties) d
     WHERE s.properties IS NOT NULL GROUP BY s.link, s.read_at;
END;
REVOKE ALL ON FUNCTION notion.drifted() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION notion.drifted() TO pg_monitor;
COMMENT ON FUNCTION notion.drifted() IS
    'links that differ from their table or data source, by what the worker read of it at read_at, '
    'and in how many points; notion.drift lists them';

CREATE VIEW notion.health AS
WITH here AS (
    SELECT d.oid AS database FROM pg_catalog.pg_database d
     WHERE d.datname = pg_catalog.current_database()),
workers AS (
    SELECT pg_catalog.count(*) FILTER (WHERE w.pid IS NOT NULL) AS running,
           pg_catalog.min(w.state) FILTER (WHERE w.database IS NOT NULL) AS state
      FROM here LEFT JOIN notion.workers() w ON w.database = here.database),
home AS (
    SELECT CASE WHEN i.system_identifier IS NULL AND EXISTS (SELECT FROM notion.links) THEN 'copy'
                WHEN i.system_identifier IS NULL THEN 'unknown'
                WHEN i.system_identifier <> d.system_identifier
                     OR i.database_oid <> d.database_oid THEN 'copy'
                WHEN i.timeline <> d.timeline THEN 'promoted' ELSE 'home' END AS place
      FROM notion.identity() d LEFT JOIN notion.instance i ON true)
SELECT 'workers' AS what, 'this database' AS name,
       CASE WHEN w.running = 2 OR NOT EXISTS (SELECT FROM notion.links)
                 AND NOT EXISTS (SELECT FROM notion.publications p
                                  WHERE p.step <> 'done' AND p.state <> 'failed')
                 AND NOT EXISTS (SELECT FROM notion.appends a
                                  WHERE a.state NOT IN ('held', 'done')) THEN 'ok'
            ELSE 'trouble' END AS level,
       pg_catalog.format('%s of 2 running (%s)', w.running, coalesce(w.state, 'not started'))
           AS state,
       CASE WHEN w.running < 2 THEN 'notion.worker = on, pg_notion in shared_preload_libraries or '
            'notion.start_worker(), max_worker_processes' END AS hint
  FROM workers w
UNION ALL
SELECT 'identity', 'this database',
       CASE h.place WHEN 'copy' THEN 'trouble' ELSE 'ok' END,
       CASE h.place
           WHEN 'home' THEN 'the links belong to this database'
           WHEN 'promoted' THEN 'promoted or recovered: creates queued before are looked up first'
           WHEN 'copy' THEN 'the links belong to another database: nothing is sent'
           ELSE 'nothing was linked yet' END,
       CASE h.place
           WHEN 'copy' THEN 'if the original runs no more: SELECT notion.adopt()'
           ELSE 'a clone of this server that runs beside it looks the same from inside: keep the '
                'key or token file outside the cluster, and let your failover tool fence' END
  FROM home h
UNION ALL
SELECT 'server', s.srvname::text,
       CASE b.state WHEN 'closed' THEN 'ok' ELSE 'trouble' END,
       CASE b.state WHEN 'closed' THEN 'answers'
           ELSE pg_catalog.format('breaker %s: %s failures in a row, next probe %s',
                                  b.state, b.failures, b.retry_at) END,
       CASE b.state WHEN 'closed' THEN NULL
           ELSE 'nothing is lost: rows wait, and no attempt is counted' END
  FROM notion.breakers() b JOIN pg_catalog.pg_foreign_server s ON s.oid = b.server
UNION ALL
SELECT 'link', l.table_id::regclass::text,
       CASE WHEN l.state = 'resting' THEN 'trouble'
            WHEN l.state = 'paused' OR u.link IS NOT NULL OR j.state = 'failed' THEN 'warning'
            ELSE 'ok' END,
       pg_catalog.concat_ws(': ', l.state, l.reason, u.reason,
                            CASE j.state WHEN 'failed' THEN 'the last sync failed' END),
       CASE WHEN l.state = 'paused' THEN 'notion.resume'
            WHEN u.link IS NOT NULL THEN notion.allow_writes(NULL, l.foreign_table_id)
            WHEN j.state = 'failed' THEN 'notion.progress says why; then notion.sync'
            WHEN l.state = 'new' THEN 'nothing is sent before notion.sync' END
  FROM notion.links l LEFT JOIN notion.unsent u ON u.link = l.id
  LEFT JOIN LATERAL (SELECT o.state FROM notion.jobs o WHERE o.link = l.id
                      ORDER BY o.id DESC LIMIT 1) j ON true
UNION ALL
SELECT 'server', s.srvname::text, 'warning',
       pg_catalog.format('read only: %s appends and publications wait', pg_catalog.count(*)),
       notion.allow_writes(s.srvname, NULL)
  FROM (SELECT a.server FROM notion.appends a WHERE a.state IN ('queued', 'unknown')
        UNION ALL
        SELECT p.server FROM notion.publications p
         WHERE p.step <> 'done' AND p.state <> 'failed') w
  JOIN pg_catalog.pg_foreign_server s ON s.srvname = w.server
 WHERE notion.read_only_by(s.srvname, NULL) IS NOT NULL GROUP BY s.srvname
UNION ALL
SELECT 'drift', l.table_id::regclass::text, 'warning',
       pg_catalog.format('%s differences between table and data source, as of %s',
                         d.differences, d.read_at),
       pg_catalog.format('SELECT * FROM notion.drift(%L) lists them',
                         c.relnamespace::regnamespace::text)
  FROM notion.drifted() d
  JOIN notion.links l ON l.id = d.link
  JOIN pg_catalog.pg_class c ON c.oid = l.table_id
UNION ALL
SELECT 'capture', l.table_id::regclass::text, 'warning',
       'rows may have changed unseen: ' || l.needs_sync,
       'the next notion.sync finds them; one follows by itself where the link is active'
  FROM notion.links l WHERE l.needs_sync IS NOT NULL
UNION ALL
SELECT 'unknown outcomes', l.table_id::regclass::text, 'warning',
       pg_catalog.format('%s writes whose outcome is not known yet, the oldest sent %s',
                         pg_catalog.count(*), pg_catalog.min(m.sent_at)),
       'they are looked up until it is known: nothing to do'
  FROM notion.mappings m JOIN notion.links l ON l.id = m.link
 WHERE m.flight = 'unknown' GROUP BY l.table_id
UNION ALL
SELECT 'failures', l.table_id::regclass::text, 'warning',
       pg_catalog.string_agg(pg_catalog.format('%s %s%s', f.n, f.what,
                                               CASE WHEN f.n > 1 THEN 's' END), ', '
                             ORDER BY f.what DESC) || ' set aside',
       'notion.failures says why; notion.retry once the cause is mended, or notion.discard'
  FROM (SELECT o.link, o.what, pg_catalog.count(*) AS n FROM notion.failed o
         WHERE o.what <> 'page' GROUP BY o.link, o.what) f
  JOIN notion.links l ON l.id = f.link GROUP BY l.table_id
UNION ALL
SELECT 'failures', l.table_id::regclass::text, 'warning',
       pg_catalog.format('%s pages refused by the table, %s of them for ten minutes and more',
                         pg_catalog.count(*), pg_catalog.count(*) FILTER (WHERE s.failed)),
       'notion.failures says why; they are tried again when they change, for ten minutes by '
       'themselves, and by notion.retry'
  FROM notion.snapshots s JOIN notion.links l ON l.id = s.link
 WHERE s.failed OR s.refused_at IS NOT NULL GROUP BY l.table_id
UNION ALL
SELECT d.what, d.name, d.level, d.state, d.hint FROM notion.door_health d
UNION ALL
SELECT c.what, c.name, c.level, c.state, c.hint FROM notion.connection_health c;
COMMENT ON VIEW notion.health IS
    'whether all is well: level ok, warning or trouble; what to do stands in hint. Workers, '
    'whose database this is, breakers, links, unknown outcomes, failures, the '
    'listener, webhooks, keys, tokens. No values of rows: '
    'for pg_monitor';
GRANT SELECT ON notion.health TO pg_monitor;
