-- Content of pages outward (content_direction both): what is written into the column replaces the
-- page's content, once the page was seen to hold what both sides last agreed on.

CREATE FUNCTION notion.fingerprint(content text) RETURNS bytea
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    RETURN pg_catalog.sha256(pg_catalog.convert_to(coalesce(content, ''), 'UTF8'));
REVOKE ALL ON FUNCTION notion.fingerprint(text) FROM PUBLIC;
COMMENT ON FUNCTION notion.fingerprint(text) IS
    'what is kept of a content that both sides agreed on; an empty page is an empty column';

CREATE FUNCTION notion.content_fault(link integer, content text, lossy boolean) RETURNS text
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT CASE
        WHEN content_fault.content ~ l.forbid
        THEN pg_catalog.format('column %I looks like what the link forbids to send (a '
                               'credential?): keep a reference there instead', l.content)
        -- Notion takes 500 KB a request, and what JSON makes of a text is longer than the text.
        WHEN pg_catalog.octet_length(pg_catalog.to_json(content_fault.content)::text) > 490000
        THEN pg_catalog.format('column %I is longer than Notion takes at once: %s bytes as JSON, '
                               '490000 go', l.content, pg_catalog.octet_length(
                                   pg_catalog.to_json(content_fault.content)::text))
        WHEN content_fault.lossy
        THEN 'the page holds parts that Markdown does not (<unknown …>), and what replaces its '
             'content would destroy them: edit it in Notion, or remove them there'
        END
      FROM notion.links l WHERE l.id = content_fault.link;
END;
REVOKE ALL ON FUNCTION notion.content_fault(integer, text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION notion.content_fault(integer, text, boolean) IS
    'why a content is not sent; null: it may be. lossy: of the page that it would replace';

CREATE FUNCTION notion.wish_content(link integer, key text, column_name name, content text)
    RETURNS boolean
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    known notion.contents;
    fault text := notion.content_fault(link, coalesce(content, ''), false);
    author text;
BEGIN
    SELECT c.* INTO known FROM notion.mappings m
      JOIN notion.contents c ON c.link = m.link AND c.page = m.page
     WHERE m.link = wish_content.link AND m.key = wish_content.key AND m.page_state = 'live'
       AND m.row_state = 'present' FOR UPDATE OF c;
    IF known.page IS NULL THEN
        RETURN false; -- it is read first: notion.missing_contents
    ELSIF known.base_column = wish_content.column_name
          AND known.base_row = notion.fingerprint(content) THEN
        UPDATE notion.contents c SET wish = NULL, guarded_at = NULL, shown = NULL,
               failed = c.failed AND c.arrived IS NOT NULL
         WHERE c.link = known.link AND c.page = known.page AND c.wish IS NOT NULL;
        RETURN false;
    ELSIF known.wish = coalesce(content, '') THEN
        RETURN false;
    END IF;
    SELECT coalesce((SELECT w.who FROM notion.work w
                      WHERE w.link = wish_content.link AND w.key = wish_content.key), m.changed_by)
      INTO author FROM notion.mappings m
     WHERE m.link = wish_content.link AND m.key = wish_content.key;
    UPDATE notion.contents c
       SET wish = coalesce(content, ''), who = author, guarded_at = NULL, shown = NULL,
           failed = fault IS NOT NULL, reason = fault, attempts = 0, since = clock_timestamp(),
           due = CASE WHEN fault IS NULL THEN clock_timestamp() END
     WHERE c.link = known.link AND c.page = known.page;
    RETURN fault IS NULL;
END
$$;
REVOKE ALL ON FUNCTION notion.wish_content(integer, text, name, text) FROM PUBLIC;
COMMENT ON FUNCTION notion.wish_content(integer, text, name, text) IS
    'the column of a row holds this content: whether its page is to be looked at, and then written';

CREATE FUNCTION notion.content_read(link integer, page uuid, attempts integer, content text,
                                    lossy boolean, read_at timestamptz, asked_at timestamptz)
    RETURNS boolean
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    known notion.contents;
    is_guard boolean;
    fault text;
BEGIN
    SELECT * INTO known FROM notion.contents c
     WHERE c.link = content_read.link AND c.page = content_read.page FOR UPDATE;
    IF known.page IS NULL OR known.flight = 'sending' THEN
        RETURN false; -- what the write is answered says more
    END IF;
    is_guard := known.wish IS NOT NULL AND known.flight = 'none'
                AND known.base_page IS NOT DISTINCT FROM notion.fingerprint(content)
                AND EXISTS (SELECT FROM notion.links l
                             WHERE l.id = known.link AND l.content = known.base_column);
    IF is_guard THEN
        fault := notion.content_fault(link, known.wish, lossy);
    END IF;
    -- What was noted while it was read has set attempts to 0: then it is read once more.
    UPDATE notion.contents c
       SET read_at = content_read.read_at, lossy = content_read.lossy, since = clock_timestamp(),
           attempts = 0, apply_at = clock_timestamp(), begun = NULL,
           due = CASE WHEN c.attempts <> content_read.attempts THEN clock_timestamp() END,
           arrived = CASE WHEN NOT is_guard THEN content END,
           wish = CASE WHEN is_guard THEN c.wish END,
           guarded_at = CASE WHEN is_guard AND fault IS NULL THEN content_read.read_at END,
           shown = CASE WHEN is_guard AND fault IS NULL THEN left(content, 10000) END,
           failed = fault IS NOT NULL, reason = fault,
           flight = CASE WHEN c.flight = 'unknown' AND content_read.asked_at > c.settle_until
                         THEN 'settled' ELSE c.flight END
     WHERE c.link = known.link AND c.page = known.page;
    RETURN NOT is_guard;
END
$$;
REVOKE ALL ON FUNCTION notion.content_read(integer, uuid, integer, text, boolean, timestamptz,
                                           timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION notion.content_read(integer, uuid, integer, text, boolean, timestamptz,
                                        timestamptz) IS
    'a page''s content was read: true where apply is to judge it, false where a wish waited for '
    'just this look. read_at: Notion''s time, asked_at: ours';

CREATE FUNCTION notion.content_guarded(content notion.contents) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
    RETURN (content).wish IS NOT NULL AND (content).flight = 'none' AND (content).due IS NULL
       AND NOT (content).failed AND (content).guarded_at IS NOT NULL;
REVOKE ALL ON FUNCTION notion.content_guarded(notion.contents) FROM PUBLIC;
COMMENT ON FUNCTION notion.content_guarded(notion.contents) IS
    'whether a content may be sent: its page was looked at, and nobody says that it changed since';

CREATE FUNCTION notion.content_sent(link integer, page uuid, shown text, acked_at timestamptz,
                                    request_id text) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    known notion.contents;
BEGIN
    SELECT * INTO known FROM notion.contents c WHERE c.link = content_sent.link
       AND c.page = content_sent.page AND c.flight = 'sending' FOR UPDATE;
    IF known.page IS NULL THEN
        RETURN; -- the link was ended meanwhile
    END IF;
    UPDATE notion.contents c
       SET base_row = notion.fingerprint(c.sent),
           base_page = CASE WHEN content_sent.shown IS NOT NULL
                            THEN notion.fingerprint(content_sent.shown) END,
           flight = CASE WHEN content_sent.shown IS NULL THEN 'landed' ELSE 'none' END,
           sent = CASE WHEN content_sent.shown IS NULL THEN c.sent END,
           wish = nullif(c.wish, c.sent), guarded_at = NULL, shown = NULL, settle_until = NULL,
           read_at = content_sent.acked_at, failed = false, reason = NULL, attempts = 0,
           due = CASE WHEN content_sent.shown IS NULL OR c.wish <> c.sent
                      THEN clock_timestamp() ELSE c.due END
     WHERE c.link = known.link AND c.page = known.page;
    INSERT INTO notion.receipts (link, page, kind, read_at, acked_at, properties)
    VALUES (known.link, known.page, 'patch', known.guarded_at, content_sent.acked_at,
            '{(content)}');
    INSERT INTO notion.log (link, key, page, side, action, changes, actor, request_id)
    SELECT l.id, (SELECT m.key FROM notion.mappings m
                   WHERE m.link = l.id AND m.page = known.page), known.page, 'postgres', 'update',
           jsonb_build_array(jsonb_build_object('column', l.content, 'from', known.shown,
                                                'to', left(known.sent, 10000))),
           known.who, content_sent.request_id
      FROM notion.links l WHERE l.id = known.link;
END
$$;
REVOKE ALL ON FUNCTION notion.content_sent(integer, uuid, text, timestamptz, text) FROM PUBLIC;
COMMENT ON FUNCTION notion.content_sent(integer, uuid, text, timestamptz, text) IS
    'Notion took a content, and shows it so (null: its answer does not say all of it); acked_at: '
    'Notion''s time';

CREATE FUNCTION notion.content_not_sent(link integer, page uuid, state text, reason text,
                                        wait interval) RETURNS void
    LANGUAGE sql
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    UPDATE notion.contents c
       SET flight = CASE content_not_sent.state WHEN 'unknown' THEN 'unknown' ELSE 'none' END,
           sent = CASE content_not_sent.state WHEN 'unknown' THEN c.sent END,
           settle_until = CASE content_not_sent.state WHEN 'unknown'
                               THEN pg_catalog.clock_timestamp() + content_not_sent.wait END,
           due = pg_catalog.clock_timestamp() + CASE content_not_sent.state
                     WHEN 'later' THEN content_not_sent.wait ELSE interval '0' END,
           failed = content_not_sent.state = 'failed', reason = content_not_sent.reason,
           guarded_at = NULL, shown = NULL, since = pg_catalog.clock_timestamp()
     WHERE c.link = content_not_sent.link AND c.page = content_not_sent.page
       AND c.flight = 'sending';
END;
REVOKE ALL ON FUNCTION notion.content_not_sent(integer, uuid, text, text, interval) FROM PUBLIC;
COMMENT ON FUNCTION notion.content_not_sent(integer, uuid, text, text, interval) IS
    'what became of a content that was not taken. state: later (certainly not, try again after '
    'wait), failed (refused), unknown (nobody knows, and wait is how long it may be on its way)';

CREATE FUNCTION notion.content_met(link integer, page uuid, column_name name, of_row text,
                                   of_page text) RETURNS void
    LANGUAGE sql
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    UPDATE notion.contents c
       SET base_row = notion.fingerprint(of_row), base_page = notion.fingerprint(of_page),
           base_column = content_met.column_name, arrived = NULL, flight = 'none', sent = NULL,
           settle_until = NULL, wish = NULL, guarded_at = NULL, shown = NULL, attempts = 0,
           failed = false, reason = NULL
     WHERE c.link = content_met.link AND c.page = content_met.page;
END;
REVOKE ALL ON FUNCTION notion.content_met(integer, uuid, name, text, text) FROM PUBLIC;
COMMENT ON FUNCTION notion.content_met(integer, uuid, name, text, text) IS
    'what arrived was judged: these are the contents that both sides agree on';

CREATE FUNCTION notion.content_conflict(link integer, key text, page uuid, of_row text,
                                        of_page text) RETURNS void
    LANGUAGE sql
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    UPDATE notion.contents c
       SET arrived = NULL, flight = 'none', sent = NULL, settle_until = NULL, wish = NULL,
           attempts = 0, failed = false, reason = NULL
     WHERE c.link = content_conflict.link AND c.page = content_conflict.page;
    -- An open conflict follows its sides as they move on, and keeps its number.
    WITH followed AS (
        UPDATE notion.conflicts o
           SET postgres = of_row, notion = of_page, decided = NULL, decided_value = NULL,
               postgres_at = CASE WHEN o.postgres IS DISTINCT FROM of_row
                                  THEN m.changed_at ELSE o.postgres_at END,
               postgres_by = CASE WHEN o.postgres IS DISTINCT FROM of_row
                                  THEN m.changed_by ELSE o.postgres_by END,
               notion_at = CASE WHEN o.notion IS DISTINCT FROM of_page
                                THEN c.read_at ELSE o.notion_at END,
               note = CASE WHEN o.decided IS NOT NULL
                           THEN 'decided, but a side has changed since' ELSE o.note END
          FROM notion.links l, notion.mappings m, notion.contents c
         WHERE l.id = content_conflict.link AND o.link = l.id AND o.key = content_conflict.key
           AND o.column_name = l.content AND o.state = 'open' AND o.kind = 'both changed'
           AND m.link = l.id AND m.key = o.key
           AND c.link = l.id AND c.page = content_conflict.page
        RETURNING o.id)
    INSERT INTO notion.conflicts (link, key, page, column_name, postgres, notion, rule, postgres_at,
                                  postgres_by, notion_at)
    SELECT l.id, m.key, c.page, l.content, of_row, of_page, 'manual', m.changed_at, m.changed_by,
           c.read_at
      FROM notion.links l
      JOIN notion.mappings m ON m.link = l.id AND m.key = content_conflict.key
      JOIN notion.contents c ON c.link = l.id AND c.page = content_conflict.page
     WHERE l.id = content_conflict.link AND NOT EXISTS (SELECT FROM followed);
END;
REVOKE ALL ON FUNCTION notion.content_conflict(integer, text, uuid, text, text) FROM PUBLIC;
COMMENT ON FUNCTION notion.content_conflict(integer, text, uuid, text, text) IS
    'both sides changed a content: kept, and neither sent nor taken until notion.resolve';

CREATE FUNCTION notion.content_settled(link integer, key text, winner text) RETURNS void
    LANGUAGE sql
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    UPDATE notion.conflicts o
       SET state = 'closed', closed_at = pg_catalog.clock_timestamp(),
           winner = content_settled.winner,
           note = CASE WHEN o.decided IS NULL THEN 'both sides agree again' ELSE o.note END
      FROM notion.links l
     WHERE l.id = content_settled.link AND o.link = l.id AND o.key = content_settled.key
       AND o.column_name = l.content AND o.kind = 'both changed' AND o.state = 'open';
END;
REVOKE ALL ON FUNCTION notion.content_settled(integer, text, text) FROM PUBLIC;
COMMENT ON FUNCTION notion.content_settled(integer, text, text) IS
    'a row''s content is no conflict any more';
