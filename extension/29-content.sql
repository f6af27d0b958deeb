-- Content of pages in a column of a link, templates of new pages, and what a link never sends.

ALTER TABLE notion.links
    ADD content name,                   -- the column that holds the page's content; null: none
    ADD content_direction text NOT NULL DEFAULT 'from_notion'
        CHECK (content_direction IN ('from_notion', 'both')),
    ADD template text,                  -- of new pages: default, an id, or column:name
    ADD forbid text;                    -- a regular expression: what matches is not sent

CREATE TABLE notion.contents (
    link integer NOT NULL,
    page uuid NOT NULL,
    edited timestamptz,                 -- the page's minute, as far as we heard
    read_at timestamptz,                -- Notion's time at which the content was asked for
    begun text,                         -- of a large page, what was read so far
    lossy boolean NOT NULL DEFAULT false, -- it marks parts that Markdown does not hold
    due timestamptz,                    -- when it is to be read; null: it is known
    attempts integer NOT NULL DEFAULT 0,
    arrived text,                       -- Markdown that waits for its row
    apply_at timestamptz NOT NULL DEFAULT now(),
    reason text,
    failed boolean NOT NULL DEFAULT false,
    since timestamptz NOT NULL DEFAULT clock_timestamp(), -- of what waits
    base_row bytea,                     -- SHA-256 of the column when both sides last agreed, and
    base_page bytea,                    -- of the page then: Notion spells Markdown its own way
    base_column name,                   -- whose base, and whose `sent`: another column has none
    wish text,                          -- what is to replace the page's content; null: nothing
    who text,                           -- role and application_name of the wish
    guarded_at timestamptz,             -- Notion's time of the look that allows to send the wish
    shown text,                         -- the beginning of what that look saw, for the log
    flight text NOT NULL DEFAULT 'none' -- landed: what Notion made of `sent` is not known yet;
        CHECK (flight IN ('none', 'sending', 'unknown', 'settled', 'landed')), -- settled: an
    sent text,                          -- unknown one that is not on its way any more
    settle_until timestamptz,
    PRIMARY KEY (link, page)
);
CREATE INDEX contents_due ON notion.contents (due) WHERE due IS NOT NULL AND NOT failed;
CREATE INDEX contents_wished ON notion.contents (link) WHERE wish IS NOT NULL;
CREATE INDEX contents_arrived ON notion.contents (apply_at)
    WHERE arrived IS NOT NULL AND NOT failed;
COMMENT ON TABLE notion.contents IS
    'what is known of the content of pages whose link pairs it with a column';
ALTER TABLE notion.contents ENABLE ROW LEVEL SECURITY;

CREATE FUNCTION notion.note_contents(link integer, shown jsonb) RETURNS bigint
    LANGUAGE sql
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    -- A page's minute is over only after it: what was read before that may be old.
    WITH noted AS (
    INSERT INTO notion.contents AS c (link, page, edited, due)
    SELECT m.link, m.page, (o.value ->> 'edited')::timestamptz, pg_catalog.clock_timestamp()
      FROM pg_catalog.jsonb_array_elements(note_contents.shown) o
      JOIN notion.mappings m ON m.link = note_contents.link AND m.page_state = 'live'
           AND m.page = (o.value ->> 'page')::uuid
           AND m.held ->> '*' IS DISTINCT FROM 'forgotten'
     ORDER BY 2
        ON CONFLICT (link, page) DO UPDATE SET edited = excluded.edited,
           due = coalesce(c.due, excluded.due), failed = false, begun = NULL,
           attempts = CASE WHEN c.due IS NULL OR c.failed
                             OR c.edited IS DISTINCT FROM excluded.edited
                           THEN 0 ELSE c.attempts END
     WHERE c.read_at IS NULL AND c.due IS NULL
        OR c.read_at < excluded.edited + interval '1 min'
           AND (c.due IS NULL OR c.failed OR c.edited IS DISTINCT FROM excluded.edited)
    RETURNING 1)
    SELECT count(*) FROM noted;
END;
REVOKE ALL ON FUNCTION notion.note_contents(integer, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION notion.note_contents(integer, jsonb) IS
    'pages were shown, with the minutes of their last edits: contents that may be newer than what '
    'was read are due; how many became so';

CREATE FUNCTION notion.missing_contents() RETURNS bigint
    LANGUAGE sql
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH added AS (
        INSERT INTO notion.contents (link, page, due)
        SELECT m.link, m.page, pg_catalog.clock_timestamp()
          FROM notion.links l JOIN notion.mappings m ON m.link = l.id
         WHERE l.content IS NOT NULL AND l.state = 'active' AND m.page_state = 'live'
           AND m.flight = 'none' AND m.page IS NOT NULL
           AND m.held ->> '*' IS DISTINCT FROM 'forgotten'
           AND NOT EXISTS (SELECT FROM notion.contents c
                            WHERE c.link = m.link AND c.page = m.page)
         LIMIT 1000
            ON CONFLICT DO NOTHING RETURNING 1)
    SELECT count(*) FROM added;
END;
REVOKE ALL ON FUNCTION notion.missing_contents() FROM PUBLIC;
COMMENT ON FUNCTION notion.missing_contents() IS
    'contents of pages that were paired lately become due; how many did';

CREATE FUNCTION notion.extra_faults(table_id regclass, pairs jsonb, key name[], content name,
                                    template text, forbid text, direction text,
                                    content_direction text) RETURNS SETOF text
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    wanted name;
BEGIN
    FOREACH wanted IN ARRAY ARRAY[content, substring(template FROM '^column:(.*)$')::name] LOOP
        CONTINUE WHEN wanted IS NULL;
        RETURN QUERY
        SELECT format('column %I: %s', wanted, fault)
          FROM (SELECT 1) one
          LEFT JOIN pg_attribute a ON a.attrelid = table_id AND a.attname = wanted
               AND a.attnum > 0 AND NOT a.attisdropped
         CROSS JOIN LATERAL (
                SELECT 'the table has no such column' WHERE a.attnum IS NULL
                UNION ALL SELECT format('content and templates are text, not %s',
                                        format_type(a.atttypid, a.atttypmod))
                 WHERE a.attnum IS NOT NULL
                   AND notion.column_type(a.atttypid) IS DISTINCT FROM 'text'
                UNION ALL SELECT 'it is paired with a property, and cannot hold the content too'
                 WHERE wanted = content AND (wanted = ANY (key) OR pairs ? wanted::text)
                UNION ALL SELECT 'PostgreSQL computes it: the page''s content cannot be written '
                                 'to it' WHERE wanted = content AND a.attgenerated <> '') f(fault);
    END LOOP;
    IF content_direction NOT IN ('from_notion', 'both') THEN
        RETURN NEXT format('content_direction is from_notion or both, not "%s"', content_direction);
    ELSIF content_direction = 'both' AND coalesce(content, '') = '' THEN
        RETURN NEXT 'content_direction both needs a column: content => ''…''';
    ELSIF content_direction = 'both' AND direction = 'from_notion' THEN
        RETURN NEXT 'content_direction both: the link sends nothing (direction from_notion)';
    END IF;
    IF template !~ '^column:' AND template NOT IN ('', 'default')
       AND notion.data_source(template) IS NULL THEN
        RETURN NEXT format('template "%s" is none of default, a template''s id or URL, '
                           'column:name', template);
    END IF;
    BEGIN
        PERFORM 'x' ~ forbid;
    EXCEPTION WHEN invalid_regular_expression THEN
        RETURN NEXT 'forbid: ' || SQLERRM;
    END;
END
$$;
COMMENT ON FUNCTION notion.extra_faults(regclass, jsonb, name[], name, text, text, text, text) IS
    'what is wrong with the content, template and forbid of a link, a line each';

CREATE FUNCTION notion.keep_extras(link integer, content name, template text, forbid text,
                                   content_direction text) RETURNS void
    LANGUAGE sql
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    UPDATE notion.links l
       SET content = CASE WHEN keep_extras.content IS NULL THEN l.content
                          ELSE nullif(keep_extras.content, '') END,
           content_direction = CASE WHEN keep_extras.content = '' THEN 'from_notion'
                                    ELSE coalesce(keep_extras.content_direction,
                                                  l.content_direction) END,
           template = CASE WHEN keep_extras.template IS NULL THEN l.template
                           ELSE nullif(keep_extras.template, '') END,
           forbid = CASE WHEN keep_extras.forbid IS NULL THEN l.forbid
                         ELSE nullif(keep_extras.forbid, '') END
     WHERE l.id = keep_extras.link;
END;
REVOKE ALL ON FUNCTION notion.keep_extras(integer, name, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION notion.keep_extras(integer, name, text, text, text) IS
    'keeps content, its direction, template and forbid of a link; null leaves one as it is, empty '
    'takes it away';

CREATE FUNCTION notion.credentials() RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    RETURN '-----BEGIN [A-Z ]*PRIVATE KEY|(^|[^A-Za-z0-9])('
           '(ntn|secret|sk|pk|rk|ghp|gho|ghs|ghu|glpat|xox[abprs]|whsec|npm|dop_v1)[-_]'
           '[A-Za-z0-9_-]{16,}|github_pat_[A-Za-z0-9_]{20,}|(AKIA|ASIA)[A-Z0-9]{16}|'
           'AIza[A-Za-z0-9_-]{35}|eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.|'
           '[a-z][a-z0-9+.-]*://[^/\s:@]+:[^/\s@]+@)'
           '|([Pp]assw(or)?d|PASSW(OR)?D|[Aa](pi|PI)[-_ ]?[Kk](ey|EY)|[Tt]oken|TOKEN|'
           '[Cc]lient[-_ ]?[Ss]ecret|CLIENT_SECRET)\s*[:=]\s*\S{6,}';
COMMENT ON FUNCTION notion.credentials() IS
    'a regular expression for what looks like a credential: keys and tokens of known make, private '
    'keys, URLs with a password, "password: …". For the option forbid of notion.link';
