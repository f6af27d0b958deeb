-- What pg_dump keeps: links and everything that would be lost with them, the queues too. What it
-- does not keep: notion.instance, so that a restored copy rests until notion.adopt(); the tokens of
-- webhooks, which are secrets; what was only to be erased here.

DO $dump$
DECLARE
    kept text;
    counter text;
BEGIN
    FOREACH kept IN ARRAY ARRAY['links', 'link_columns', 'mappings', 'outbox', 'work', 'polls',
                                'inbox', 'snapshots', 'due_pages', 'jobs', 'requests', 'log',
                                'log_0', 'log_1', 'log_2', 'log_3', 'log_4', 'log_5', 'log_6',
                                'log_7', 'log_turn', 'conflicts', 'receipts', 'appends', 'contents',
                                'publications', 'waits', 'arrivals'] LOOP
        PERFORM pg_catalog.pg_extension_config_dump(format('notion.%I', kept), '');
        -- Without its sequence a table would give its numbers out again.
        counter := pg_catalog.pg_get_serial_sequence(format('notion.%I', kept), 'id')
                   FROM pg_catalog.pg_attribute a
                  WHERE a.attrelid = format('notion.%I', kept)::regclass AND a.attname = 'id';
        IF counter IS NOT NULL THEN
            PERFORM pg_catalog.pg_extension_config_dump(counter, '');
        END IF;
    END LOOP;
END
$dump$;
