-- Tables of which notion.publish makes Notion databases, and how far each is.

CREATE TABLE notion.publications (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job bigint NOT NULL,
    table_id regclass NOT NULL UNIQUE,
    server name NOT NULL,
    parent uuid NOT NULL,               -- the page below which the database is made
    schema name NOT NULL,               -- of the foreign table
    direction text NOT NULL,
    time_zone text NOT NULL,
    title text NOT NULL,
    request json NOT NULL,              -- body of POST /v1/databases, properties in order
    columns jsonb NOT NULL,             -- [{column, foreign_column, property, type, column_type}]
    marker name,                        -- foreign column that holds a key of several columns
    relations jsonb NOT NULL DEFAULT '[]', -- [{property, config, columns}], made once both ends are
    targets regclass[] NOT NULL DEFAULT '{}', -- the tables of `relations`, in their order
    left_out name[] NOT NULL DEFAULT '{}', -- columns that Notion was not to have
    step text NOT NULL DEFAULT 'create' CHECK (step IN ('create', 'define', 'link', 'done')),
    state text NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'sending', 'unknown', 'failed')),
    database uuid,
    data_source uuid,
    url text,
    properties jsonb,                   -- as Notion has them, once defined
    found jsonb,                        -- of a look-up under way: {cursor, databases}
    sent_at timestamptz,
    due timestamptz NOT NULL DEFAULT now(),
    attempts integer NOT NULL DEFAULT 0,
    reason text,
    request_id text,
    asked_by name NOT NULL DEFAULT current_user,
    asked_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz
);
CREATE INDEX publications_due ON notion.publications (due) WHERE step <> 'done';
COMMENT ON TABLE notion.publications IS
    'tables published in Notion: the database of each, and what is left to do for it';
COMMENT ON COLUMN notion.publications.step IS
    'create: the database; define: relations, and ids of properties; link: foreign table and link '
    'here; done';
