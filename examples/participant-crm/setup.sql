-- Connects a workspace, makes seven Notion databases from the seven tables, and links them.
-- psql -v token_file=… -v parent=… (README.md); api_url and ada_token_file are for the emulator.

CREATE EXTENSION IF NOT EXISTS pg_notion;

CREATE SERVER acme FOREIGN DATA WRAPPER notion_fdw OPTIONS (budget_per_minute '180');
\if :{?api_url}
ALTER SERVER acme OPTIONS (ADD api_url :'api_url');
\endif
CREATE USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS (token_file :'token_file');
CREATE SCHEMA crm;

-- Dry run: what Notion would show. Personal data that nobody needs there stays here.
SELECT * FROM notion.publish_plan(
    '{participants,support_plans,care_plans,incidents,complaints,risks,payments}', 'acme', :'parent',
    'crm', direction => 'both', two_way => true,
    except_columns => '{participants.ndis_number,participants.diagnosis}',
    columns => '{"email": {"type": "email"}, "budget": {"format": "australian_dollar"},
                 "amount": {"format": "australian_dollar"}}');

SELECT notion.publish(
    '{participants,support_plans,care_plans,incidents,complaints,risks,payments}', 'acme', :'parent',
    'crm', direction => 'both', two_way => true,
    except_columns => '{participants.ndis_number,participants.diagnosis}',
    columns => '{"email": {"type": "email"}, "budget": {"format": "australian_dollar"},
                 "amount": {"format": "australian_dollar"}}');

-- The worker makes them; a loop that waits for it.
DO $$
BEGIN
    WHILE EXISTS (SELECT FROM notion.published WHERE state NOT IN ('done', 'failed')) LOOP
        COMMIT;
        PERFORM pg_sleep(0.1);
    END LOOP;
END $$;

-- How conflicts are settled: by field and time (the default), by hand where it matters.
SELECT notion.alter_link('incidents', columns => (
    SELECT jsonb_object_agg(c.column_name, jsonb_build_object('property', c.foreign_column, 'rule',
               CASE c.column_name WHEN 'status' THEN 'manual' ELSE 'newest' END))
      FROM notion.columns c WHERE c.link = 'incidents'::regclass));

-- Who may do what: case workers write the tables and see no link; the team lead watches.
SELECT 'CREATE ROLE case_worker' WHERE to_regrole('case_worker') IS NULL \gexec
SELECT 'CREATE ROLE team_lead IN ROLE pg_monitor' WHERE to_regrole('team_lead') IS NULL \gexec
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO case_worker;

-- Ada, a colleague who works in Notion. Here she is a second connection with a token of her own,
-- so that day.sql can show her edits; with a real workspace, edit the pages in Notion instead.
\if :{?ada_token_file}
CREATE SERVER ada FOREIGN DATA WRAPPER notion_fdw;
\if :{?api_url}
ALTER SERVER ada OPTIONS (ADD api_url :'api_url');
\endif
CREATE USER MAPPING FOR CURRENT_USER SERVER ada OPTIONS (token_file :'ada_token_file');
CREATE SCHEMA ada;
-- Her tables are those that were just made, whatever else she may see.
SELECT format('IMPORT FOREIGN SCHEMA workspace FROM SERVER ada INTO ada OPTIONS (data_source %L)', data_source)
  FROM notion.published \gexec
\endif
