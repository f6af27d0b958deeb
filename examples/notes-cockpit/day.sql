-- A day at the cockpit.
\set SHOW_CONTEXT never

-- Ines has two workspaces; each has its own place for new notes. Tokens are sealed.
SELECT w.user_name, w.server, c.state, w.default_parent <> '' AS has_parent
  FROM workspaces w JOIN notion.connections c USING (server) ORDER BY 2;

-- "Create note" for a contact: a row, and then a page with its back-pointers and its first words.
INSERT INTO notes_acme (name, entity_type, entity_id, content)
SELECT name, 'contact', id, E'# First call\n\nWants **two** ovens.' FROM contacts WHERE name = 'Mira Holt';
SELECT id AS note FROM notes_acme WHERE name = 'Mira Holt' \gset
CALL notion.flush('notes_acme');
SELECT name, entity_type, entity_id, url, page_content FROM ada.notes_acme;

-- Ada writes in Notion: headings, a table, a to-do. "Sync now" for one note; a webhook, or a poll,
-- does it by itself.
UPDATE ada.notes_acme SET page_content =
    E'# First call\n\nWants **two** ovens, and a *quote* by Friday.\n\n- [ ] Ask Harbour Bakery\n- [x] Send the brochure\n'
 WHERE name = 'Mira Holt';
SELECT notion.sync('notes_acme', key => :'note') > 0 AS asked;
CALL notion.flush('notes_acme');
DO $$ BEGIN
    WHILE NOT EXISTS (SELECT FROM notes WHERE plain LIKE '%brochure%') LOOP
        COMMIT; PERFORM pg_sleep(0.1);
    END LOOP;
END $$;
SELECT content, plain FROM notes WHERE name = 'Mira Holt';

-- An existing page, linked by hand: its URL is enough.
INSERT INTO ada.notes_acme (name, page_content) VALUES ('Oven plans', E'Gas or electric?\nThe quote decides.');
SELECT page_url AS page FROM ada.notes_acme WHERE name = 'Oven plans' \gset
BEGIN;
INSERT INTO notes_acme (id, name, entity_type, entity_id)
SELECT '00000000-0000-4000-8000-00000000000d', 'Oven plans', 'project', id FROM projects;
SELECT notion.pair('notes_acme', '00000000-0000-4000-8000-00000000000d', :'page');
COMMIT;
CALL notion.flush('notes_acme');
DO $$ BEGIN
    WHILE NOT EXISTS (SELECT FROM notes WHERE plain LIKE 'Gas%') LOOP
        COMMIT; PERFORM pg_sleep(0.1);
    END LOOP;
END $$;
SELECT count(*) AS pages FROM ada.notes_acme;

-- Nothing was asked of Notion here: the worker has a queue of its own, and this is how far it is.
SELECT link, state, queued, failures FROM notion.status ORDER BY link::text;
SELECT link, kind, state FROM notion.progress WHERE kind = 'publish' ORDER BY link::text;

-- Search across all notes, grouped by what they are about, with a deep link to Notion.
SELECT n.entity_type, n.name, r.url LIKE 'https://%' AS deep_link,
       ts_headline('english', n.plain, q, 'MaxWords=6, MinWords=3') AS found
  FROM notes n JOIN notion.rows r ON r.key = n.id::text, websearch_to_tsquery('english', 'quote') q
 WHERE n.words @@ q ORDER BY 1;
SELECT entity_type, count(*) AS notes FROM notes GROUP BY 1 ORDER BY 1;

-- Semantic search: an embedding beside the text, computed by whom you like, stays here.
UPDATE notes SET embedding = CASE name WHEN 'Mira Holt' THEN '{0.9,0.1}' ELSE '{0.2,0.8}' END::real[];
SELECT name FROM notes
 ORDER BY (SELECT sum(a * b) FROM unnest(embedding, '{0.1,0.9}'::real[]) v(a, b)) DESC;

-- A user sees the notes of the entities that he may see.
SET ROLE crm_app;
SET app.who = 'ines';
SELECT name FROM notes ORDER BY 1;
SET app.who = 'tomas';
SELECT name FROM notes ORDER BY 1;
RESET ROLE;

-- A user of the application connects a workspace by OAuth: a server, a page to open in the browser;
-- and takes it away. The listener, or the application's callback, does the rest (docs/security.md).
CREATE SERVER tomas_1 FOREIGN DATA WRAPPER notion_fdw;
COPY notion.client_in (server, client_id, client_secret, redirect_uri) FROM STDIN;
tomas_1	client-of-the-crm	secret-of-the-crm	https://crm.example/oauth/callback
\.
SELECT split_part(notion.connect_url('tomas_1'), '&state=', 1) AS open_in_the_browser;
SELECT notion.disconnect('home') AS disconnected;
SELECT server, state FROM notion.connections WHERE server = 'home';

-- What calls itself a webhook and is not signed is turned away.
SELECT notion.receive_webhook('acme', '{"type": "page.content_updated"}', 'sha256=00') AS http_status;
