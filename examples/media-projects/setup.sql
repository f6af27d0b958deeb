-- Connects two workspaces, makes four databases in the first, links them, and builds the dashboard.
-- psql -v token_file=… -v parent=… (README.md); api_url and ada_token_file are for the emulator.

CREATE EXTENSION IF NOT EXISTS pg_notion;

-- A workspace is a foreign server. Timeouts, budget and the like are its options.
CREATE SERVER studio FOREIGN DATA WRAPPER notion_fdw
    OPTIONS (budget_per_minute '180', request_timeout_ms '30000');
\if :{?api_url}
ALTER SERVER studio OPTIONS (ADD api_url :'api_url');
\endif
SELECT notion.set_token('studio', file => :'token_file');       -- sealed, and verified with Notion

CREATE SCHEMA studio;
SELECT notion.publish('{projects,distribution_logs,performance_metrics,impact_stories}', 'studio',
    :'parent', 'studio', direction => 'both', two_way => true,
    columns => '{"budget": {"format": "euro"}, "engagement": {"format": "percent"},
                 "value": {"format": "percent"}, "url": {"type": "url"}}');
DO $$
BEGIN
    WHILE EXISTS (SELECT FROM notion.published WHERE state NOT IN ('done', 'failed')) LOOP
        COMMIT;
        PERFORM pg_sleep(0.1);
    END LOOP;
END $$;

-- Money is the platform's: an edit of it in Notion is put back. Words are the producers'.
SELECT notion.alter_link('projects', columns => (
    SELECT jsonb_object_agg(c.column_name, jsonb_build_object('property', c.foreign_column,
               'direction', CASE c.column_name WHEN 'budget' THEN 'to_notion' ELSE 'both' END,
               'rule', CASE c.column_name WHEN 'description' THEN 'notion' ELSE 'newest' END))
      FROM notion.columns c WHERE c.link = 'projects'::regclass));

-- ---- the dashboard ----------------------------------------------------------------------------

CREATE SCHEMA dashboard;
CREATE VIEW dashboard.success AS
SELECT l.table_id AS link, count(g.id) AS changes,
       count(g.id) FILTER (WHERE g.side = 'postgres') AS sent,
       count(g.id) FILTER (WHERE g.side = 'notion') AS taken,
       (SELECT count(*) FROM notion.failures f WHERE f.link = l.table_id) AS failed,
       round(100.0 * count(g.id) / nullif(count(g.id)
           + (SELECT count(*) FROM notion.failures f WHERE f.link = l.table_id), 0)) AS success_percent
  FROM notion.links l LEFT JOIN notion.log g ON g.link = l.id AND g.action <> 'pair'
 GROUP BY l.id, l.table_id;
CREATE VIEW dashboard.throughput AS
SELECT date_trunc('hour', g.at) AS hour, count(*) AS changes FROM notion.log g GROUP BY 1;
CREATE VIEW dashboard.durations AS
SELECT p.link, p.kind, p.finished_at - p.asked_at AS took FROM notion.progress p
 WHERE p.finished_at IS NOT NULL;
CREATE VIEW dashboard.errors AS
SELECT split_part(f.reason, ':', 1) AS kind, f.direction, count(*) AS rows FROM notion.failures f
 GROUP BY 1, 2;
CREATE VIEW dashboard.usage AS
SELECT s.srvname AS workspace, count(DISTINCT l.id) AS links, count(m.page) AS pages
  FROM pg_foreign_server s
  LEFT JOIN pg_foreign_table t ON t.ftserver = s.oid
  LEFT JOIN notion.links l ON l.foreign_table_id = t.ftrelid
  LEFT JOIN notion.mappings m ON m.link = l.id AND m.page_state = 'live'
 GROUP BY 1;
CREATE VIEW dashboard.alerts AS
SELECT what, name, level, state, hint FROM notion.health WHERE level <> 'ok';

\if :{?ada_token_file}
CREATE SERVER ada FOREIGN DATA WRAPPER notion_fdw;
\if :{?api_url}
ALTER SERVER ada OPTIONS (ADD api_url :'api_url');
\endif
SELECT notion.set_token('ada', file => :'ada_token_file');
CREATE SCHEMA ada;
-- Her tables are those that were just made, whatever else she may see.
SELECT format('IMPORT FOREIGN SCHEMA workspace FROM SERVER ada INTO ada OPTIONS (data_source %L)', data_source)
  FROM notion.published \gexec
\endif
