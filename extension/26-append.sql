-- The queue of notion.append: operations, not keys, each to be done once, in order of each page.

CREATE TABLE notion.appends (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    server name NOT NULL,
    role name NOT NULL,                 -- whose connection it goes by
    link integer,                       -- of a row's append; null: of a page's
    key text,
    page uuid,                          -- null: the row has none yet
    markdown text NOT NULL,
    who text NOT NULL,                  -- role and application_name
    asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    state text NOT NULL DEFAULT 'queued'
        CHECK (state IN ('queued', 'sending', 'unknown', 'held', 'done')),
    due timestamptz NOT NULL DEFAULT now(),
    attempts integer NOT NULL DEFAULT 0,
    sent_at timestamptz,                -- Notion's time, as done_at
    makers uuid[] NOT NULL DEFAULT '{}', -- the bots that may have sent it: of its token, each time
    settle_until timestamptz,
    done_at timestamptz,
    reason text
);
CREATE INDEX appends_due ON notion.appends (state, due) WHERE state <> 'done';
CREATE INDEX appends_page ON notion.appends (page, id);
CREATE INDEX appends_pageless ON notion.appends (link, key) WHERE page IS NULL;
COMMENT ON TABLE notion.appends IS
    'what notion.append was asked to add to pages; done ones are kept for 48 hours: an unknown '
    'outcome is settled by what was appended before it';
