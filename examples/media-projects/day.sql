-- A day at the platform.
\set SHOW_CONTEXT never

-- The workspaces, live: whose token it is, and whether Notion answers.
SELECT server, state, bot_name, workspace_name FROM notion.connections ORDER BY 1;
SELECT what, name, level, state FROM notion.health WHERE what = 'server' AND name = 'studio';

-- The first sync, looked at before.
SELECT action, count(*) FROM notion.plan('projects') GROUP BY action ORDER BY 1;
SELECT count(notion.sync(table_id)) AS syncs FROM notion.links;
CALL notion.flush('projects');
CALL notion.flush('distribution_logs');
CALL notion.flush('performance_metrics');
CALL notion.flush('impact_stories');
SELECT title, type, status, start_date, budget, team, channels FROM studio.projects ORDER BY id;

-- Both ways: the platform counts, Ada writes.
UPDATE distribution_logs SET reach = 15500, conversions = 402 WHERE id = 1;
UPDATE ada.projects SET status = 'editing', description = 'A year on the Mura, and under it' WHERE id = 1;
INSERT INTO ada.impact_stories (title, story) VALUES ('Fishers count herons', 'Every Sunday.');
SELECT count(notion.sync(t)) AS syncs FROM unnest('{projects,impact_stories}'::regclass[]) t;
CALL notion.flush('distribution_logs');
CALL notion.flush('projects');
CALL notion.flush('impact_stories');
SELECT status, description FROM projects WHERE id = 1;
SELECT id, title, story FROM impact_stories ORDER BY id;

-- Both write the same words at once: the rule of that column is notion, and the loser is kept.
SELECT notion.pause('projects');
UPDATE projects SET description = 'Six nights' WHERE id = 2;
UPDATE ada.projects SET description = 'Six nights, seven jobs' WHERE id = 2;
SELECT notion.resume('projects');
SELECT count(notion.sync('projects')) AS syncs;
CALL notion.flush('projects');
SELECT description FROM projects WHERE id = 2;
SELECT column_name, postgres, notion, rule, winner, state FROM notion.conflicts ORDER BY id;

-- Money is not Notion's to change: it is put back, and the log says who tried.
UPDATE ada.projects SET budget = 1 WHERE id = 2;
SELECT count(notion.sync('projects')) AS syncs;
CALL notion.flush('projects');
SELECT p.budget AS here, n.budget AS notion FROM projects p JOIN ada.projects n USING (id) WHERE id = 2;

-- Every row has its page, and every cell its history.
SELECT key, state, url IS NOT NULL AS has_page FROM notion.rows WHERE link = 'projects'::regclass ORDER BY key;
SELECT side, action, was, became FROM notion.history('projects', '1', 'status');

-- What Notion refuses is set aside with the reason, and the rest goes on; mended, it is tried again.
UPDATE projects SET channels = '{radio}', team = '{"Ada, Jun"}' WHERE id = 2;
CALL notion.flush('projects');
SELECT link, key, reason FROM notion.failures;
UPDATE projects SET team = '{Ada,Jun}' WHERE id = 2;
CALL notion.flush('projects');
SELECT team, channels FROM studio.projects WHERE id = 2;
SELECT count(*) AS failures FROM notion.failures;

-- Somebody else's database, kept here as a table that follows it: a mirror, for reports that must
-- not wait for the network.
SELECT notion.api('ada', 'POST', '/v1/databases', jsonb_build_object(
    'parent', jsonb_build_object('type', 'page_id', 'page_id', p.parent),
    'title', '[{"text": {"content": "Calls"}}]'::jsonb,
    'initial_data_source', '{"properties": {"Call": {"title": {}}, "Closes": {"date": {}}}}'::jsonb))
    ->> 'object' AS made FROM notion.publications p LIMIT 1;
IMPORT FOREIGN SCHEMA workspace LIMIT TO (calls) FROM SERVER studio INTO studio;
INSERT INTO studio.calls (call, closes) VALUES ('River films', '2026-09-01'), ('Night work', '2026-10-15');
SELECT notion.mirror('calls', 'studio.calls');
CALL notion.flush('calls');
SELECT call, closes::date FROM calls ORDER BY closes;

-- Interval, retries, timeouts are settings and options.
SELECT name, setting, unit FROM pg_settings
 WHERE name IN ('notion.poll_interval', 'notion.log_retention', 'notion.max_parallel_requests')
 ORDER BY 1;
SELECT option_name, option_value FROM pg_foreign_server, pg_options_to_table(srvoptions)
 WHERE srvname = 'studio' AND option_name IN ('budget_per_minute', 'request_timeout_ms') ORDER BY 1;

-- Notion's templates (made in Notion: here "One page", the default, and "Series", of a database
-- Pitches) are listed, and chosen when a page is made.
IMPORT FOREIGN SCHEMA workspace LIMIT TO (pitches) FROM SERVER studio INTO studio
    OPTIONS (page_columns 'page_template, page_content');
SELECT template, is_default FROM notion.templates('studio.pitches') ORDER BY 1;
INSERT INTO studio.pitches (pitch, page_template) VALUES ('Salt', 'default');
INSERT INTO studio.pitches (pitch, page_template)
SELECT 'Night Shift', id FROM notion.templates('studio.pitches', 'series');
SELECT pitch, page_content FROM studio.pitches ORDER BY 1;

-- A template of one's own is SQL: a new episode is filled from its project.
CREATE FUNCTION from_template() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.story := coalesce(NEW.story, (SELECT format('%s for %s: what changed, for whom, since when?',
        p.title, p.target_audience) FROM projects p WHERE p.id = NEW.project_id));
    RETURN NEW;
END $$;
CREATE TRIGGER fill BEFORE INSERT ON impact_stories FOR EACH ROW EXECUTE FUNCTION from_template();
INSERT INTO impact_stories (title, project_id) VALUES ('To be told', 2);
CALL notion.flush('impact_stories');
SELECT story FROM studio.impact_stories WHERE title = 'To be told';

-- The dashboard.
SELECT * FROM dashboard.success ORDER BY 1;
SELECT count(*) = 1 OR count(*) = 2 AS hours, sum(changes) > 0 AS changes FROM dashboard.throughput;
SELECT kind, count(*) > 0 AS jobs, max(took) < '1 hour' AS quick FROM dashboard.durations GROUP BY 1 ORDER BY 1;
SELECT * FROM dashboard.errors;
SELECT * FROM dashboard.usage WHERE workspace <> 'ada' ORDER BY 1;
SELECT what, name FROM dashboard.alerts;

-- A workspace goes: its links end, tables and pages stay.
SELECT notion.unlink('calls');
DROP FOREIGN TABLE studio.calls;
SET client_min_messages = warning;
DROP SERVER ada CASCADE;
SELECT server FROM notion.connections WHERE server IS NOT NULL;
