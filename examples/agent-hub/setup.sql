-- Connects a workspace and makes the sixteen databases of the hub in one call.
-- psql -v token_file=… -v parent=… (README.md); api_url and ada_token_file are for the emulator.

CREATE EXTENSION IF NOT EXISTS pg_notion;
SET search_path = hub, public;

CREATE SERVER acme FOREIGN DATA WRAPPER notion_fdw;
\if :{?api_url}
ALTER SERVER acme OPTIONS (ADD api_url :'api_url');
\endif
CREATE USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS (token_file :'token_file');
CREATE SCHEMA notion_hub;

-- All tables of the model but the history, which grows on the pages. data is jsonb, and stays here.
SELECT notion.publish(
    ARRAY(SELECT c.oid::regclass FROM pg_class c
           WHERE c.relnamespace = 'hub'::regnamespace AND c.relkind = 'r'
             AND c.relname <> 'history' ORDER BY c.oid),
    'acme', :'parent', 'notion_hub', two_way => true,
    except_columns => '{workflow_instances.data}',
    columns => '{"revenue": {"format": "euro"}, "price": {"format": "euro"},
                 "progress": {"format": "percent"}, "email": {"type": "email"},
                 "phone": {"type": "phone_number"}, "endpoint": {"type": "url"}}');

DO $$
BEGIN
    WHILE EXISTS (SELECT FROM notion.published WHERE state NOT IN ('done', 'failed')) LOOP
        COMMIT;
        PERFORM pg_sleep(0.1);
    END LOOP;
END $$;

-- No credential is ever in Notion: what looks like one is refused, on every link.
SELECT count(notion.alter_link(table_id, forbid => notion.credentials())) AS guarded FROM notion.links;

-- The history of an instance grows on its page: queued with the change itself, sent in order, once.
CREATE FUNCTION hub.history_to_page() RETURNS trigger LANGUAGE plpgsql
    SET search_path = hub, pg_temp AS $$
BEGIN
    PERFORM notion.append('hub.workflow_instances'::regclass, NEW.instance_id::text, format(
        E'- %s **%s** %s%s%s', to_char(NEW.at, 'YYYY-MM-DD HH24:MI'), NEW.state, NEW.action,
        ' by ' || NEW.agent, ': `' || NEW.data::text || '`'));
    RETURN NULL;
END $$;
CREATE TRIGGER to_page AFTER INSERT ON hub.history
    FOR EACH ROW EXECUTE FUNCTION hub.history_to_page();
