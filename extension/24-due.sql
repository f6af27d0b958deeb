-- Which due pages may come together, by a walk, rather than one by one.

ALTER TABLE notion.due_pages ADD event_at timestamptz; -- Notion's time; null: no event named it
ALTER TABLE notion.due_pages ADD since timestamptz NOT NULL DEFAULT now();
ALTER TABLE notion.due_pages ADD heard_at timestamptz NOT NULL DEFAULT clock_timestamp();
COMMENT ON COLUMN notion.due_pages.event_at IS
    'time of the newest event that named the page, by Notion''s clock';
COMMENT ON COLUMN notion.due_pages.heard_at IS
    'when the newest event was taken up here, after the edit that it tells of: a walk asked for '
    'later than that and the lag of the index shows the edit, whatever the clocks of Notion say';

-- Shapes of a burst: ten pages and more of one source come by queries of a hundred each, as soon as
-- no event came for the lag of the index, or after half a minute; what no walk showed is read after
-- two.
CREATE FUNCTION notion.bursts(lag interval)
    RETURNS TABLE (link integer, is_ready boolean, ready_in_ms bigint)
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT b.link, b.at <= pg_catalog.clock_timestamp(),
           (extract(epoch FROM b.at - pg_catalog.clock_timestamp()) * 1000)::bigint + 1
      FROM (SELECT d.link, least(max(d.heard_at) + lag, min(d.since) + interval '30 s') AS at
              FROM notion.links l JOIN notion.due_pages d ON d.link = l.id
             WHERE l.state = 'active' AND d.why = 'event' AND d.event_at IS NOT NULL
               AND d.since > pg_catalog.now() - interval '2 min'
             GROUP BY d.link HAVING count(*) >= 10) b;
END;
COMMENT ON FUNCTION notion.bursts(interval) IS
    'links with so many pages due by events that a walk brings them, and when it should begin';
REVOKE ALL ON FUNCTION notion.bursts(interval) FROM PUBLIC;
