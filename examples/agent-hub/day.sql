-- A day at the hub.
\set SHOW_CONTEXT never
SET search_path = hub, public;

-- One call made sixteen databases, with their relations in both directions, and recorded their ids.
SELECT count(*) AS databases, count(DISTINCT data_source) AS ids, string_agg(DISTINCT state, ', ') AS state
  FROM notion.published;
SELECT attname AS property_column, format_type(atttypid, atttypmod) AS type
  FROM pg_attribute
 WHERE attrelid = 'notion_hub.workflows'::regclass AND attnum > 0 AND attname NOT LIKE 'page\_%';

-- Run again, it finds nothing to do.
SELECT count(notion.publish(ARRAY[p."table"], 'acme', p.database::text, 'notion_hub',
                            except_columns => CASE p."table" WHEN 'workflow_instances'::regclass
                                                             THEN '{data}' ELSE '{}' END::text[])) AS calls
  FROM notion.published p;

-- Types are checked before anything is sent: all that would not do is said at once.
CREATE TABLE experiments (id integer PRIMARY KEY, "Name" text, name text, settings jsonb,
                          took interval, mood text CHECK (mood IN ('good', 'Good', 'so, so')));
SELECT notion.publish('{experiments}', 'acme', '00000000-0000-4000-8000-000000000000', 'notion_hub');
DROP TABLE experiments;

-- The first sync, parents before children.
SELECT count(notion.sync(table_id)) AS syncs FROM notion.links;
DO $$ BEGIN
    WHILE EXISTS (SELECT FROM notion.status WHERE first_sync IS NULL) LOOP
        COMMIT; PERFORM pg_sleep(0.1);
    END LOOP;
END $$;
CALL notion.flush('agents');
CALL notion.flush('workflows');
SELECT name, kind, skills FROM notion_hub.agents ORDER BY id;

-- An instance runs, and fails. Its history is on its page, in order, each line once; its failure is
-- a task, in Notion too.
INSERT INTO workflow_instances VALUES
    (1, 'Import of 1 June', 1, 2, 'waiting', 0, '2026-06-01 22:00Z', '{"files": 3}');
UPDATE workflow_instances SET state = 'running', progress = 0.4 WHERE id = 1;
UPDATE workflow_instances SET state = 'failed', data = '{"error": "timeout"}' WHERE id = 1;
CALL notion.flush('workflow_instances');
CALL notion.flush('tasks');
SELECT name, state, progress, regexp_replace(notion.content(page_id, 'acme'),
           '\d{4}-\d\d-\d\d \d\d:\d\d', '(time)', 'g') AS history
  FROM notion_hub.workflow_instances;
SELECT t.name, t.done, i.name AS instance, a.name AS agent
  FROM notion_hub.tasks t
  JOIN notion_hub.workflow_instances i ON i.page_id = t.instance_id[1]
  JOIN notion_hub.agents a ON a.page_id = t.agent_id[1];

-- A credential stays here, whoever typed it where: a reference goes, a key does not, nor into a history.
UPDATE api_integrations SET secret_reference = 'vault://meters/writer' WHERE id = 1;
CALL notion.flush('api_integrations');
UPDATE api_integrations SET secret_reference = 'AKIAIOSFODNN7EXAMPLE' WHERE id = 1;
CALL notion.flush('api_integrations');
SELECT secret_reference AS in_notion FROM notion_hub.api_integrations;
SELECT link, key, reason FROM notion.failures;
SELECT notion.append('workflow_instances'::regclass, '1', 'used AKIAIOSFODNN7EXAMPLE');
UPDATE api_integrations SET secret_reference = 'vault://meters/writer' WHERE id = 1;
CALL notion.flush('api_integrations');
SELECT count(*) AS failures FROM notion.failures;

-- Models and databases cannot drift apart unnoticed: somebody renames a property in Notion, drops
-- one, and makes another a text.
SELECT notion.api('acme', 'PATCH', '/v1/data_sources/' || data_source,
                  '{"properties": {"Description": {"name": "About"}, "Schedule": {"rich_text": {}},
                                   "Owner": null, "Mood": {"select": {}}}}') ->> 'object' AS edited
  FROM notion.published WHERE "table" = 'workflows'::regclass;
SELECT foreign_table, column_name, difference FROM notion.drift('hub')
 ORDER BY foreign_table::text, column_name, difference;
