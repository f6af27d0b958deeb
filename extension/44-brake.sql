-- The brake: more than 20 rows and more than 5 % of a link, deleted or trashed within an hour in
-- one direction, stop it until someone says that this is meant.

ALTER TABLE notion.links ADD deletes_allowed_until timestamptz;
COMMENT ON COLUMN notion.links.deletes_allowed_until IS
    'until then the brake lets deletes through: set by notion.resume(…, allow_deletes => true)';

CREATE FUNCTION notion.brake() RETURNS void
    LANGUAGE sql
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    -- Rows, each once: one that comes and goes is no mass delete.
    WITH deletes (link, what, row) AS (
        SELECT w.link, 'to be trashed in Notion', w.key
          FROM notion.work w WHERE w.wish ->> 'action' = 'trash'
        UNION
        SELECT g.link, 'to be trashed in Notion', g.key FROM notion.log g
         WHERE g.action = 'trash' AND g.at > pg_catalog.now() - interval '1 hour'
        UNION
        SELECT s.link, 'to be deleted here', s.page::text
          FROM notion.snapshots s JOIN notion.links l ON l.id = s.link
          JOIN notion.mappings m ON m.link = s.link AND m.page = s.page
         WHERE s.in_trash AND l.on_notion_trash = 'delete' AND m.row_state = 'present'
        UNION
        SELECT g.link, 'to be deleted here', g.page::text FROM notion.log g
         WHERE g.action = 'delete' AND g.at > pg_catalog.now() - interval '1 hour'),
    totals AS (SELECT d.link, d.what, count(*) AS rows FROM deletes d
                GROUP BY d.link, d.what HAVING count(*) > 20)
    UPDATE notion.links l
       SET state = 'paused',
           reason = pg_catalog.format('the brake: at least %s rows %s within an hour; if that is '
                                      'meant: notion.resume(%L, allow_deletes => true)',
                                      t.rows, t.what, l.table_id::regclass)
      FROM totals t
     WHERE t.link = l.id AND l.state = 'active'
       AND coalesce(l.deletes_allowed_until < pg_catalog.now(), true)
       -- Of the rows that there were: not of the memory of those that went long ago.
       AND t.rows > 0.05 * (CASE t.what WHEN 'to be trashed in Notion' THEN t.rows ELSE 0 END
                            + (SELECT count(*) FROM notion.mappings m
                                WHERE m.link = l.id AND m.row_state = 'present'));
END;
COMMENT ON FUNCTION notion.brake() IS
    'pauses links that are about to delete too much; called by the worker before it does';
REVOKE ALL ON FUNCTION notion.brake() FROM PUBLIC;
