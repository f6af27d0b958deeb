-- What a DBA looks at. Values of rows are only in views that the table's owner may see.

CREATE FUNCTION notion.is_failure(held text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    RETURN held !~ '^(resolve: |conflict: |doubt: |oscillates|not followed|forgotten)';
COMMENT ON FUNCTION notion.is_failure(text) IS
    'whether the reason for which a field is held is a failure: neither a conflict, which is in '
    'notion.conflicts, nor a reference that waits';

CREATE VIEW notion.failed AS
SELECT w.link, 'row' AS what FROM notion.work w WHERE w.state = 'failed'
UNION ALL SELECT s.link, 'page' FROM notion.snapshots s WHERE s.failed
UNION ALL SELECT m.link, 'field' FROM notion.mappings m, LATERAL jsonb_each_text(m.held) h
           WHERE m.held <> '{}' AND notion.is_failure(h.value)
UNION ALL SELECT c.link, 'column' FROM notion.link_columns c WHERE c.aside IS NOT NULL
UNION ALL SELECT a.link, 'append' FROM notion.appends a WHERE a.state = 'held'
UNION ALL SELECT c.link, 'content' FROM notion.contents c WHERE c.failed;
COMMENT ON VIEW notion.failed IS
    'a line for each of notion.failures with state failed, without keys and words: what status and '
    'health count';

CREATE VIEW notion.status WITH (security_barrier = true) AS
SELECT l.table_id AS link, l.direction, w.state, coalesce(w.reason, u.reason) AS reason,
       l.needs_sync,
       (SELECT count(*) FROM notion.mappings m
         WHERE m.link = l.id AND m.page_state = 'live') AS pages,
       (SELECT count(*) FROM notion.work w WHERE w.link = l.id AND w.state <> 'failed') AS queued,
       (SELECT min(w.captured_at) FROM notion.work w
         WHERE w.link = l.id AND w.state <> 'failed') AS oldest_queued,
       (SELECT count(*) FROM notion.snapshots s WHERE s.link = l.id AND NOT s.failed) AS arriving,
       (SELECT count(*) FROM notion.mappings m WHERE m.link = l.id AND m.flight = 'unknown')
           AS unknown_outcomes,
       (SELECT count(*) FROM notion.failed f WHERE f.link = l.id) AS failures,
       (SELECT count(*) FROM notion.conflicts c WHERE c.link = l.id AND c.state = 'open')
           AS open_conflicts,
       p.asked_at AS last_poll, l.synced_at AS first_sync
  FROM notion.links l JOIN notion.wished_states w ON w.link = l.id
  LEFT JOIN notion.polls p ON p.link = l.id
  LEFT JOIN notion.unsent u ON u.link = l.id
  JOIN pg_catalog.pg_class c ON c.oid = l.table_id
 WHERE pg_catalog.pg_has_role(c.relowner, 'USAGE')
    OR pg_catalog.pg_has_role('pg_monitor', 'USAGE');
COMMENT ON VIEW notion.status IS
    'a line for each link: what is queued, arriving, failed; changes of open transactions not'
    ' yet. No values of rows: pg_monitor sees all links, others those of their tables';
GRANT SELECT ON notion.status TO PUBLIC;

CREATE VIEW notion.rows WITH (security_invoker = true) AS
SELECT l.table_id AS link, notion.shown_key(l.key_columns, k.key) AS key, m.page, m.url,
       CASE WHEN m.flight = 'unknown' THEN 'outcome unknown'
            WHEN m.flight = 'sending' THEN 'sending'
            WHEN w.state IN ('failed', 'held') THEN w.state
            WHEN w.key IS NOT NULL THEN 'queued'
            WHEN t.failed OR s.failed THEN 'failed'
            WHEN s.reason IS NOT NULL THEN 'waiting'
            WHEN t.wish IS NOT NULL OR t.sent IS NOT NULL THEN 'queued'
            WHEN h.reason IS NOT NULL THEN 'held'
            WHEN a.reason IS NOT NULL THEN 'waiting'
            WHEN m.page_state = 'live' THEN 'in step'
            ELSE m.page_state END AS state,
       coalesce(w.reason, m.reason, a.reason, t.reason, s.reason, h.reason) AS reason,
       m.edited AS page_edited_at
  FROM notion.links l
  JOIN (SELECT link, key FROM notion.mappings UNION SELECT link, key FROM notion.work) k
       ON k.link = l.id
  LEFT JOIN notion.mappings m ON m.link = k.link AND m.key = k.key
  LEFT JOIN notion.work w ON w.link = k.link AND w.key = k.key
  LEFT JOIN notion.contents t ON t.link = m.link AND t.page = m.page
  LEFT JOIN notion.snapshots s ON s.link = m.link AND s.page = m.page
  LEFT JOIN (SELECT d.link, d.key, notion.waits_for(d.link, d.key) AS reason
               FROM (SELECT DISTINCT o.link, o.key FROM notion.waits o) d) a
       ON a.link = k.link AND a.key = k.key
  LEFT JOIN LATERAL (SELECT string_agg(concat_ws(': ', c.column_name, f.value), '; '
                                       ORDER BY c.column_name) AS reason
                       FROM jsonb_each_text(m.held) f
                       LEFT JOIN notion.link_columns c
                            ON c.link = m.link AND notion.field_id(c.link, c.column_name) = f.key
                      WHERE f.value NOT LIKE 'not followed%') h ON m.held <> '{}'
 WHERE m.held ->> '*' IS DISTINCT FROM 'forgotten';
COMMENT ON VIEW notion.rows IS
    'each row that a link knows: key, page, url, state and, where it is not in step, the reason';
GRANT SELECT ON notion.rows TO PUBLIC;

CREATE VIEW notion.failures WITH (security_invoker = true) AS
SELECT l.table_id AS link, notion.shown_key(l.key_columns, w.key) AS key, m.page,
       'to_notion' AS direction, w.reason, greatest(w.attempts, w.refusals) AS attempts,
       w.captured_at AS since, 'failed' AS state, NULL AS detail,
       NULL::name AS column_name
  FROM notion.work w JOIN notion.links l ON l.id = w.link
  LEFT JOIN notion.mappings m ON m.link = w.link AND m.key = w.key
 WHERE w.state = 'failed'
UNION ALL
SELECT l.table_id, notion.shown_key(l.key_columns, m.key), s.page, 'from_notion', s.reason,
       s.attempts, coalesce(s.refused_at, s.asked_at),
       CASE WHEN s.failed THEN 'failed' ELSE 'waiting' END, s.detail, NULL
  FROM notion.snapshots s JOIN notion.links l ON l.id = s.link
  LEFT JOIN notion.mappings m ON m.link = s.link AND m.page = s.page
 WHERE s.failed OR s.refused_at IS NOT NULL
UNION ALL
SELECT l.table_id, notion.shown_key(l.key_columns, m.key), m.page, c.direction, h.reason,
       0, m.changed_at, 'failed', NULL, c.column_name
  FROM notion.mappings m JOIN notion.links l ON l.id = m.link
  CROSS JOIN LATERAL jsonb_each_text(m.held) h(property, reason)
  LEFT JOIN notion.link_columns c ON c.link = m.link
       AND notion.field_id(c.link, c.column_name) = h.property
 WHERE m.held <> '{}' AND notion.is_failure(h.reason)
UNION ALL
SELECT l.table_id, NULL, NULL, c.direction,
       format('column "%s" is set aside: %s', c.column_name, c.aside), 0, s.read_at,
       'failed', NULL, c.column_name
  FROM notion.link_columns c JOIN notion.links l ON l.id = c.link
  LEFT JOIN notion.schemas s ON s.link = c.link
 WHERE c.aside IS NOT NULL
UNION ALL
SELECT l.table_id, notion.shown_key(l.key_columns, a.key), a.page, 'to_notion',
       'append ' || a.id || ': ' || a.reason, a.attempts, a.asked_at, 'failed', NULL, NULL
  FROM notion.appends a LEFT JOIN notion.links l ON l.id = a.link
 WHERE a.state = 'held'
UNION ALL
SELECT l.table_id, notion.shown_key(l.key_columns, m.key), c.page,
       CASE WHEN c.wish IS NULL THEN 'from_notion' ELSE 'to_notion' END, 'content: ' || c.reason,
       c.attempts, c.since, 'failed', NULL, l.content
  FROM notion.contents c JOIN notion.links l ON l.id = c.link
  LEFT JOIN notion.mappings m ON m.link = c.link AND m.page = c.page
 WHERE c.failed;
COMMENT ON VIEW notion.failures IS
    'what was set aside, with Notion''s or PostgreSQL''s own words, until someone mends the '
    'cause and calls notion.retry, or gives it up with notion.discard; appends by their number: '
    'notion.retry_append, notion.discard_append. state waiting: a page that its table refuses is '
    'listed at once, tried again by itself, and failed after ten minutes; one whose triggers or '
    'rule take longer than notion.apply_timeout is never failed. detail: the DETAIL of what '
    'refused it, where there is one. column_name: the column that is held, while the rest of its '
    'row goes on; null: the row or page as a whole';
GRANT SELECT ON notion.failures TO PUBLIC;

CREATE VIEW notion.columns WITH (security_invoker = true) AS
SELECT l.table_id AS link, c.column_name, c.foreign_column, c.direction, c.rule,
       c.is_marker AS holds_key, c.property_type, c.property_id, c.part, c.refers_to
  FROM notion.links l JOIN notion.link_columns c ON c.link = l.id;
COMMENT ON VIEW notion.columns IS
    'the paired columns of each link; "(key)" stands for a key of several columns. refers_to: the '
    'linked table whose keys a reference holds';
GRANT SELECT ON notion.columns TO PUBLIC;

CREATE VIEW notion.progress WITH (security_invoker = true) AS
SELECT p.job, p.table_id AS link, 'publish' AS kind,
       CASE WHEN p.state IN ('failed', 'unknown') THEN p.state ELSE p.step END AS state,
       0 AS pages_read, 0 AS pages_known, 0 AS rows_left, NULL::numeric AS minutes_left,
       pg_catalog.jsonb_build_object('server', p.server, 'parent', p.parent) AS args, p.reason,
       p.asked_by, p.asked_at, p.finished_at
  FROM notion.publications p
UNION ALL
SELECT j.id AS job, l.table_id AS link, j.kind,
       CASE WHEN j.state = 'done' AND w.left_over > 0 AND j.id = n.id THEN 'sending'
            ELSE j.state END AS state,
       j.done AS pages_read, greatest(j.done, m.pages) AS pages_known, w.left_over AS rows_left,
       CASE WHEN w.left_over > 0 AND b.budget > 0
            THEN round(w.left_over::numeric / b.budget, 1) END AS minutes_left,
       j.args - 'key' AS args, j.reason, j.asked_by, j.asked_at, j.finished_at
  FROM notion.jobs j JOIN notion.links l ON l.id = j.link
 CROSS JOIN LATERAL (SELECT count(*) AS pages FROM notion.mappings m
                      WHERE m.link = l.id AND m.page_state = 'live') m
 CROSS JOIN LATERAL (SELECT count(*) AS left_over FROM notion.work w
                      WHERE w.link = l.id AND w.state IN ('new', 'wish', 'sending')) w
 CROSS JOIN LATERAL (SELECT max(o.id) AS id FROM notion.jobs o WHERE o.link = j.link) n
 CROSS JOIN LATERAL (SELECT notion.budget_per_minute(l.foreign_table_id) AS budget) b;
COMMENT ON VIEW notion.progress IS
    'what was asked of the worker and how far it is: pages read of those known, then rows left to '
    'be sent and the minutes they take at the server''s budget';
GRANT SELECT ON notion.progress TO PUBLIC;
