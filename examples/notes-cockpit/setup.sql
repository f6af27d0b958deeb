-- Connects two workspaces of one user, each with a place for new notes.
-- psql -v token_file=… -v parent=… (README.md); api_url and ada_token_file are for the emulator.

CREATE SCHEMA cockpit;                                  -- foreign tables

-- What "connect a workspace" does in the application, for a user and a server.
CREATE FUNCTION add_workspace(user_name text, server name, default_parent text) RETURNS bigint
    LANGUAGE plpgsql AS $$
DECLARE
    notes text := 'notes_' || server;
BEGIN
    INSERT INTO workspaces VALUES (user_name, server, default_parent);
    EXECUTE format('CREATE TABLE %I (LIKE notes INCLUDING ALL EXCLUDING GENERATED) '
                   'INHERITS (notes)', notes);
    RETURN notion.publish(ARRAY[notes::regclass], server, default_parent, 'cockpit',
        except_columns => '{entity_id,content,plain,words,embedding}',
        columns => '{"url": {"type": "url", "property": "URL"},
                     "entity_key": {"property": "Entity ID"}}');
END $$;

CREATE SERVER acme FOREIGN DATA WRAPPER notion_fdw;
CREATE SERVER home FOREIGN DATA WRAPPER notion_fdw;
\if :{?api_url}
ALTER SERVER acme OPTIONS (ADD api_url :'api_url');
ALTER SERVER home OPTIONS (ADD api_url :'api_url');
\endif
SELECT notion.set_token('acme', file => :'token_file'); -- or OAuth: see day.sql
SELECT notion.set_token('home', file => :'token_file'); -- a second workspace has a token of its own

SET client_min_messages = warning;
SELECT add_workspace('ines', 'acme', :'parent');
SELECT add_workspace('ines', 'home', :'parent');
DO $$
BEGIN
    WHILE EXISTS (SELECT FROM notion.published WHERE state NOT IN ('done', 'failed')) LOOP
        COMMIT;
        PERFORM pg_sleep(0.1);
    END LOOP;
END $$;

-- What people write in Notion becomes the note.
SELECT notion.alter_link('notes_acme', content => 'content'),
       notion.alter_link('notes_home', content => 'content');
SELECT notion.sync('notes_acme'), notion.sync('notes_home');
CALL notion.flush('notes_acme');
CALL notion.flush('notes_home');

\if :{?ada_token_file}
CREATE SERVER ada FOREIGN DATA WRAPPER notion_fdw;
\if :{?api_url}
ALTER SERVER ada OPTIONS (ADD api_url :'api_url');
\endif
SELECT notion.set_token('ada', file => :'ada_token_file');
CREATE SCHEMA ada;
-- Her tables are those that were just made, whatever else she may see.
SELECT format('IMPORT FOREIGN SCHEMA workspace FROM SERVER ada INTO ada OPTIONS (data_source %L, page_columns ''page_content'')', data_source)
  FROM notion.published \gexec
\endif
