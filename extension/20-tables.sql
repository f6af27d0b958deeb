-- Tables of the sync. Who writes what, and the shape of each jsonb, stands in docs/sync.md.
-- Every table has a primary key (publications need one); none that users' commits write has a
-- foreign key, a check or a default expression.

CREATE TABLE notion.instance (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    system_identifier bigint NOT NULL,
    database_oid oid NOT NULL,
    timeline integer NOT NULL,
    since timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE notion.instance IS
    'cluster and database that the links know; a copy has another and rests until notion.adopt()';

CREATE TABLE notion.links (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    table_id regclass NOT NULL UNIQUE,
    foreign_table_id regclass NOT NULL UNIQUE,
    data_source uuid NOT NULL,
    direction text NOT NULL CHECK (direction IN ('to_notion', 'from_notion', 'both')),
    rule text NOT NULL DEFAULT 'newest',
    key_columns name[] NOT NULL,
    filter text,                        -- an expression over the table's columns; null: every row
    on_notion_trash text NOT NULL DEFAULT 'ignore'
        CHECK (on_notion_trash IN ('ignore', 'delete')),
    on_postgres_delete text NOT NULL DEFAULT 'trash'
        CHECK (on_postgres_delete IN ('trash', 'ignore')),
    log_values boolean NOT NULL DEFAULT true, -- whether notion.log has old and new values
    capture text NOT NULL DEFAULT 'origin' CHECK (capture IN ('origin', 'always')),
    state text NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'active', 'paused', 'resting')),
    reason text,
    created_at timestamptz NOT NULL DEFAULT now(),
    synced_at timestamptz,
    needs_sync text                     -- what changed rows unseen by capture; null: nothing
);
COMMENT ON TABLE notion.links IS 'pairings of an ordinary table with a foreign table';
COMMENT ON COLUMN notion.links.state IS
    'new: captured, nothing sent before the first sync; active; paused by a user; resting: reason';

CREATE TABLE notion.link_columns (
    link integer NOT NULL REFERENCES notion.links ON DELETE CASCADE,
    column_name name NOT NULL,
    foreign_column name NOT NULL,
    property_id text NOT NULL,
    property_type text NOT NULL,
    column_type text NOT NULL,
    part text NOT NULL DEFAULT 'start',
    direction text NOT NULL CHECK (direction IN ('to_notion', 'from_notion', 'both')),
    rule text NOT NULL,
    is_marker boolean NOT NULL DEFAULT false,
    not_null boolean NOT NULL DEFAULT false,
    PRIMARY KEY (link, column_name)
);
COMMENT ON TABLE notion.link_columns IS 'the paired columns of each link';
COMMENT ON COLUMN notion.link_columns.column_type IS
    'a ColumnType of src/core/notion/value.hpp: how the core reads the column''s text';
COMMENT ON COLUMN notion.link_columns.is_marker IS
    'the property that holds the row''s key; it is the key column''s, or that of no column, called '
    '"(key)", where the key has several';

CREATE TABLE notion.mappings (
    link integer NOT NULL,
    key text NOT NULL,
    page uuid,
    url text,
    row_state text NOT NULL DEFAULT 'present' CHECK (row_state IN ('present', 'deleted')),
    page_state text NOT NULL DEFAULT 'none'
        CHECK (page_state IN ('none', 'live', 'trashed', 'moved', 'unreachable', 'gone')),
    base jsonb NOT NULL DEFAULT '{}',
    edited timestamptz,                 -- highest last_edited_time admitted
    fence bigint NOT NULL DEFAULT 0,    -- tick of the last acknowledgement
    flight text NOT NULL DEFAULT 'none' CHECK (flight IN ('none', 'sending', 'unknown')),
    flight_kind text CHECK (flight_kind IN ('create', 'patch', 'trash', 'restore')),
    flight_payload jsonb,               -- the wish as sent
    flight_version bigint,              -- version of the work row that was claimed
    sent_marker text,
    makers uuid[] NOT NULL DEFAULT '{}', -- bots that may have made the page, as far as known
    tick bigint,
    sent_at timestamptz,
    settle_until timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    held jsonb NOT NULL DEFAULT '{}',   -- property id -> reason
    hops integer NOT NULL DEFAULT 0,    -- applies in a row that came out different and went back
    hopped_at timestamptz,              -- the last of them: they count for ten minutes
    changed_at timestamptz,             -- when the row last changed here, as far as captured
    seen_at timestamptz,                -- last snapshot in which the page equalled the base
    looked_at timestamptz,              -- when the page itself was last asked for, not by a query:
                                        -- what it held then is known, whatever an index says
    guarded_at timestamptz,             -- of the write last claimed: when the walk before it began
    reason text,
    PRIMARY KEY (link, key)
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX mappings_page ON notion.mappings (link, page) WHERE page IS NOT NULL;
CREATE UNIQUE INDEX mappings_sent_marker ON notion.mappings (link, sent_marker)
    WHERE flight <> 'none' AND flight_kind = 'create';
CREATE INDEX mappings_flight ON notion.mappings (flight) WHERE flight <> 'none';
CREATE INDEX mappings_held ON notion.mappings (link) WHERE held <> '{}';
COMMENT ON TABLE notion.mappings IS 'row (by key) and page, the base they agreed on, the flight';

CREATE TABLE notion.outbox (
    xid xid8 NOT NULL,
    part integer NOT NULL,
    link integer NOT NULL,
    keys text[] NOT NULL,
    evidence text NOT NULL,             -- a character a key: c changed, d deleted, t all truncated,
                                        -- r or R renamed: old key, new key (a command one letter)
    captured_at timestamptz NOT NULL,
    bulk boolean NOT NULL,
    hops integer NOT NULL,
    who text NOT NULL,                  -- role and application_name
    system bigint NOT NULL,             -- whose xid it is: a restored dump brings those of another
    PRIMARY KEY (xid, part, system)
);
ALTER TABLE notion.outbox ALTER keys SET STORAGE EXTERNAL;
COMMENT ON TABLE notion.outbox IS
    'batches of changed keys, written once by each transaction at its commit';

CREATE TABLE notion.work (
    link integer NOT NULL,
    key text NOT NULL,
    version bigint NOT NULL DEFAULT 1,
    state text NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'wish', 'sending', 'held', 'failed')),
    deleted boolean NOT NULL DEFAULT false,
    bulk boolean NOT NULL DEFAULT false,
    hops integer NOT NULL DEFAULT 0,
    who text,
    captured_at timestamptz NOT NULL DEFAULT now(), -- the last change
    queued_at timestamptz NOT NULL DEFAULT now(),   -- the first: what was queued before a promotion
                                                    -- may have been sent
    due timestamptz NOT NULL DEFAULT now(),
    renamed_from text,                  -- its mapping still has this key, and a flight under way
    wish jsonb,
    wished_at timestamptz,              -- when it was examined: a guard must be younger
    attempts integer NOT NULL DEFAULT 0,
    refusals integer NOT NULL DEFAULT 0, -- of this version, by Notion, in a row
    reason text,
    PRIMARY KEY (link, key)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX work_due ON notion.work (state, bulk, due);
CREATE INDEX work_wishes ON notion.work (link, bulk, due) WHERE state = 'wish';
-- Whether a guard is wanted is asked after every answer, with 100,000 creates queued too.
CREATE INDEX work_guarded ON notion.work (link)
    WHERE state = 'wish' AND wish ->> 'action' <> 'create';
CREATE UNIQUE INDEX work_renamed ON notion.work (link, renamed_from)
    WHERE renamed_from IS NOT NULL;
COMMENT ON TABLE notion.work IS 'dirty keys: what is here and not yet acknowledged by Notion';

CREATE TABLE notion.polls (
    link integer PRIMARY KEY,
    watermark timestamptz,              -- Notion's time; null: never polled
    asked_at timestamptz,               -- when the last complete poll was asked for
    guard_after timestamptz,            -- writes were kept back until then: a guard must be younger
    next_at timestamptz NOT NULL DEFAULT now(),
    quiet integer NOT NULL DEFAULT 0,   -- polls in a row without news
    told_at timestamptz,                -- when an event last told of an edit of this source
    missed_at timestamptz,              -- when a poll last found an edit that none had told
    reason text
);
COMMENT ON TABLE notion.polls IS 'where polling of each link stands';

CREATE TABLE notion.webhooks (
    server name NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    armed_until timestamptz,
    verified_at timestamptz,
    shown_at timestamptz,
    last_event_at timestamptz,
    events bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (server, id)
);
REVOKE ALL ON notion.webhooks FROM PUBLIC;
COMMENT ON COLUMN notion.webhooks.shown_at IS
    'when notion.webhook_token showed the token to the server''s owner: it does so once';
COMMENT ON TABLE notion.webhooks IS
    'webhook subscriptions; their verification tokens are sealed, in notion.tokens';

CREATE TABLE notion.listener (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    address text NOT NULL,              -- notion.listen, as the worker knows it
    port integer,                       -- null: not open, or not yet
    since timestamptz NOT NULL DEFAULT clock_timestamp(),
    limited_at timestamptz,             -- when it last answered 429
    reason text                         -- why it is not open
);
REVOKE ALL ON notion.listener FROM PUBLIC;
COMMENT ON TABLE notion.listener IS
    'what became of notion.listen, for notion.health; empty where there is no listener';

CREATE TABLE notion.inbox (
    server name NOT NULL,
    event_id text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    type text NOT NULL,
    entity text,
    event jsonb NOT NULL,
    state text NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'done', 'kept')),
    due timestamptz NOT NULL DEFAULT now(),
    attempts integer NOT NULL DEFAULT 0,
    reason text,
    PRIMARY KEY (server, event_id)
);
CREATE INDEX inbox_due ON notion.inbox (state, due);
COMMENT ON TABLE notion.inbox IS
    'webhook events by id; done ones are kept for deduplication, unknown ones for people';

CREATE TABLE notion.snapshots (
    link integer NOT NULL,
    page uuid NOT NULL,
    via text NOT NULL CHECK (via IN ('poll', 'get', 'answer', 'scan')),
    tick bigint NOT NULL,               -- when it was asked for
    asked_at timestamptz NOT NULL,
    edited timestamptz NOT NULL,
    lagging boolean NOT NULL,           -- by a query whose index may not know all of that minute
    created timestamptz NOT NULL,
    edited_by uuid,
    created_by uuid,
    in_trash boolean NOT NULL DEFAULT false,
    url text,
    marker text,                        -- decoded text of the marker property, null where empty
    properties jsonb NOT NULL,
    job bigint,                         -- the job whose scan brought it
    due timestamptz NOT NULL DEFAULT now(),
    attempts integer NOT NULL DEFAULT 0,
    reason text,
    detail text,                        -- the DETAIL of what refused it: may show values
    refused_at timestamptz,             -- since when what it shows is refused; null: it is not,
                                        -- or waits for a lock
    failed boolean NOT NULL DEFAULT false,
    deaths integer NOT NULL DEFAULT 0,  -- of the apply process, while it merged this one
    PRIMARY KEY (link, page)
);
CREATE INDEX snapshots_due ON notion.snapshots (failed, due);
COMMENT ON TABLE notion.snapshots IS
    'admitted snapshots of pages, waiting to be merged into their rows';

CREATE TABLE notion.due_pages (
    link integer NOT NULL,
    page uuid NOT NULL,
    why text NOT NULL,
    due timestamptz NOT NULL DEFAULT now(),
    attempts integer NOT NULL DEFAULT 0,
    asked bigint,                       -- tick of the reading under way; null: it began before
                                        -- the last reason to read, and does not settle it
    PRIMARY KEY (link, page)
);
CREATE INDEX due_pages_due ON notion.due_pages (link, due);
COMMENT ON TABLE notion.due_pages IS
    'pages that must be read themselves: named by an event, or where a query''s word is not enough';

CREATE TABLE notion.jobs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('sync')),
    link integer NOT NULL,
    args jsonb NOT NULL DEFAULT '{}',
    state text NOT NULL DEFAULT 'queued'
        CHECK (state IN ('queued', 'scanning', 'pairing', 'done', 'failed', 'cancelled')),
    cursor text,                        -- the minute of creation up to which its scan has read
    tick bigint,                        -- of the scan's first request
    began_at timestamptz,               -- when that was asked for
    done bigint NOT NULL DEFAULT 0,
    reason text,
    asked_by name NOT NULL DEFAULT current_user,
    asked_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz
);
COMMENT ON TABLE notion.jobs IS
    'what was asked of the worker: written in the caller''s transaction, done step by step';

CREATE TABLE notion.requests (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    link integer NOT NULL,
    kind text NOT NULL,                 -- pause, resume, retry, discard, touch, pair, altered,
                                        -- unseen, forget, forget row, resolve, follow, judge
    args jsonb NOT NULL DEFAULT '{}',
    asked_by name NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE notion.requests IS
    'what people asked of the worker: only added to, so that no transaction that is left open '
    'holds a lock that the worker needs; net carries it out after the commit';

CREATE TABLE notion.conflicts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    link integer NOT NULL,
    key text,
    page uuid,
    column_name name,
    kind text NOT NULL DEFAULT 'both changed',
    base text,
    postgres text,
    notion text,
    rule text,
    winner text,                        -- postgres, notion; null while open
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closed')),
    postgres_at timestamptz,
    notion_at timestamptz,
    postgres_by text,
    notion_by text,
    opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    closed_at timestamptz,
    note text
);
CREATE INDEX conflicts_key ON notion.conflicts (link, key);
COMMENT ON TABLE notion.conflicts IS
    'fields that both sides changed; the loser''s value is always kept here';
