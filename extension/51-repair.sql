-- Repair: what fires no row trigger (a rewrite, a trigger disabled, a partition attached)
-- is found by a full scan, which is asked for where a table's definition changed.

CREATE FUNCTION notion.on_alter() RETURNS event_trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO notion.jobs (kind, link, args)
    SELECT DISTINCT 'sync', l.id, '{"scan": true}'::jsonb
      FROM pg_event_trigger_ddl_commands() d
      JOIN notion.links l ON l.synced_at IS NOT NULL
           AND (l.table_id = d.objid
                OR l.table_id IN (SELECT a.relid FROM pg_partition_ancestors(d.objid) a))
     WHERE d.classid = 'pg_class'::regclass
       AND NOT EXISTS (SELECT FROM notion.jobs j WHERE j.link = l.id AND j.state = 'queued');
EXCEPTION WHEN OTHERS THEN
    -- An error here would block every ALTER TABLE of the database; the next scan finds the rows.
    RAISE WARNING 'pg_notion could not ask for a scan of an altered table: %', SQLERRM;
END
$$;
COMMENT ON FUNCTION notion.on_alter() IS
    'event trigger: asks for a full scan where a linked table, or a partition of one, was altered';
REVOKE ALL ON FUNCTION notion.on_alter() FROM PUBLIC;
CREATE EVENT TRIGGER notion_on_alter ON ddl_command_end WHEN TAG IN ('ALTER TABLE')
    EXECUTE FUNCTION notion.on_alter();
