-- A CRM, its users, and what a note is: nothing in here knows of Notion but notion.plain_text.

CREATE EXTENSION IF NOT EXISTS pg_notion;

CREATE TABLE app_users (name text PRIMARY KEY, team text NOT NULL);
CREATE TABLE organisations (id uuid PRIMARY KEY, name text NOT NULL, team text NOT NULL);
CREATE TABLE contacts (id uuid PRIMARY KEY, name text NOT NULL, team text NOT NULL);
CREATE TABLE projects (id uuid PRIMARY KEY, name text NOT NULL, team text NOT NULL);
CREATE TABLE documents (id uuid PRIMARY KEY, name text NOT NULL, team text NOT NULL);
CREATE VIEW entities AS
SELECT 'organisation' AS type, o.* FROM organisations o UNION ALL
SELECT 'contact', c.* FROM contacts c UNION ALL
SELECT 'project', p.* FROM projects p UNION ALL
SELECT 'document', d.* FROM documents d;

-- A note: its back-pointers, its content as Markdown, and what is made of that. Each workspace has a
-- table of its own below this one; a query of notes sees them all.
CREATE TABLE notes (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL,
    entity_type text NOT NULL CHECK (entity_type IN ('organisation', 'contact', 'project', 'document')),
    entity_id uuid NOT NULL,
    entity_key text GENERATED ALWAYS AS (entity_id::text) STORED,
    url text GENERATED ALWAYS AS ('https://crm.example/' || entity_type || '/' || entity_id::text) STORED,
    content text,
    plain text GENERATED ALWAYS AS (notion.plain_text(content)) STORED,
    words tsvector GENERATED ALWAYS AS (to_tsvector('english', coalesce(notion.plain_text(content), ''))) STORED,
    embedding real[]                    -- with pgvector: vector(1536), and an index
);
CREATE INDEX ON notes USING gin (words);

-- A user sees the notes of the entities that he may see. Users are the application's, not roles: it
-- says who is asking in a setting.
CREATE TABLE workspaces (
    user_name text NOT NULL REFERENCES app_users,
    server name NOT NULL,
    default_parent text NOT NULL,       -- where new notes go
    PRIMARY KEY (user_name, server)
);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY by_entity ON notes USING (EXISTS (
    SELECT FROM entities e JOIN app_users u ON u.team = e.team
     WHERE e.type = entity_type AND e.id = entity_id AND u.name = current_setting('app.who', true)));
SELECT 'CREATE ROLE crm_app' WHERE to_regrole('crm_app') IS NULL \gexec    -- roles are of all databases
GRANT SELECT ON ALL TABLES IN SCHEMA public TO crm_app;

INSERT INTO app_users VALUES ('ines', 'north'), ('tomas', 'south');
INSERT INTO organisations VALUES ('00000000-0000-4000-8000-0000000000a1', 'Harbour Bakery', 'north');
INSERT INTO contacts VALUES ('00000000-0000-4000-8000-0000000000b1', 'Mira Holt', 'north'),
    ('00000000-0000-4000-8000-0000000000b2', 'Jonas Frey', 'south');
INSERT INTO projects VALUES ('00000000-0000-4000-8000-0000000000c1', 'New ovens', 'north');
