-- What the data sources of links said of their properties when they were last asked.

CREATE TABLE notion.schemas (
    link integer PRIMARY KEY,
    properties jsonb,                   -- as Notion gave them; null: not asked yet
    read_at timestamptz,
    next_at timestamptz NOT NULL DEFAULT now(),
    reason text,                        -- why the last try brought nothing
    in_trash boolean NOT NULL DEFAULT false -- the data source, not its pages: the link rests
);
COMMENT ON TABLE notion.schemas IS
    'properties of each link''s data source, read each notion.schema_interval and when an event '
    'says that they changed: what notion.health compares';
ALTER TABLE notion.link_columns ADD aside text;
COMMENT ON COLUMN notion.link_columns.aside IS
    'why the column is neither sent nor taken for now: what became of its property in Notion';
CREATE INDEX inbox_schemas ON notion.inbox (received_at) WHERE type LIKE '%.schema_updated';
