-- Receipts: the window of each write of ours, between the look before it and Notion's answer
-- (docs/sync.md). They tell our own echoes, and what was overwritten unseen.

CREATE TABLE notion.receipts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    link integer NOT NULL,
    page uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('create', 'patch', 'trash', 'restore')),
    read_at timestamptz NOT NULL,       -- Notion's time, as all three
    acked_at timestamptz NOT NULL,
    properties text[] NOT NULL          -- ids of what was sent
);
CREATE INDEX receipts_page ON notion.receipts (page, acked_at);
CREATE INDEX receipts_acked ON notion.receipts (acked_at);
COMMENT ON TABLE notion.receipts IS
    'what we wrote, and when: from the look before it to Notion''s answer; kept for 48 hours';
