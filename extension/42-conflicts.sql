-- Conflicts: what the worker keeps of them, who hears of them, how a person decides.
-- The value that lost is always in them.

ALTER TABLE notion.mappings ADD changed_by text;
COMMENT ON COLUMN notion.mappings.changed_by IS
    'role and application_name of the row''s last change here, as far as captured';

ALTER TABLE notion.conflicts ADD decided text CHECK (decided IN ('postgres', 'notion', 'value'));
ALTER TABLE notion.conflicts ADD decided_value text;
ALTER TABLE notion.conflicts ADD decided_by text;
ALTER TABLE notion.conflicts ADD decided_at timestamptz;
COMMENT ON COLUMN notion.conflicts.decided IS
    'what notion.resolve was told; open until the page was read again and nobody had moved on';
CREATE INDEX conflicts_open ON notion.conflicts (link, key) WHERE state = 'open';

CREATE FUNCTION notion.field_id(link integer, column_name name) RETURNS text
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT c.property_id || CASE c.part WHEN 'end' THEN '#end' ELSE '' END
      FROM notion.link_columns c
     WHERE c.link = field_id.link AND c.column_name = field_id.column_name;
END;
COMMENT ON FUNCTION notion.field_id(integer, name) IS
    'the key of a column in base and held (docs/sync.md)';

CREATE FUNCTION notion.is_content(link integer, column_name name) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT EXISTS (SELECT FROM notion.links l
                    WHERE l.id = is_content.link AND l.content = is_content.column_name);
END;
REVOKE ALL ON FUNCTION notion.is_content(integer, name) FROM PUBLIC;
COMMENT ON FUNCTION notion.is_content(integer, name) IS
    'whether this column holds the content of a link''s pages';

CREATE FUNCTION notion.keep_conflicts(link integer, key text, page uuid, told jsonb)
    RETURNS void
    LANGUAGE sql
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    -- What is not held any more needs no decision.
    UPDATE notion.conflicts o
       SET state = 'closed', closed_at = pg_catalog.clock_timestamp(),
           note = CASE told ->> 'row_state' WHEN 'deleted' THEN 'the row was deleted'
                       ELSE 'both sides agree again' END
     WHERE o.link = keep_conflicts.link AND o.key = keep_conflicts.key AND o.state = 'open'
       AND CASE WHEN o.column_name IS NULL
                THEN o.kind = 'deleted here, edited there' AND NOT told -> 'held' ? '*'
                ELSE o.kind <> 'overwritten unseen' AND NOT told -> 'held'
                     ? coalesce(notion.field_id(o.link, o.column_name), '')
                     AND NOT notion.is_content(o.link, o.column_name) END
       AND NOT EXISTS (
           SELECT FROM pg_catalog.jsonb_array_elements(coalesce(told -> 'conflicts', '[]')) c
            WHERE c ->> 'column_name' IS NOT DISTINCT FROM o.column_name::text);
    -- An open conflict follows its sides as they move on, and keeps its number.
    WITH told_now AS (
        SELECT c.*, coalesce(c.kind, 'both changed') AS what,
               coalesce(w.captured_at, m.changed_at) AS postgres_at,
               coalesce(w.who, m.changed_by) AS postgres_by,
               s.edited AS notion_at, s.edited_by::text AS notion_by
          FROM pg_catalog.jsonb_to_recordset(coalesce(told -> 'conflicts', '[]')) AS c(
                   column_name name, kind text, base text, postgres text, notion text, rule text,
                   winner text, value text, state text, note text)
          LEFT JOIN notion.work w ON w.link = keep_conflicts.link AND w.key = keep_conflicts.key
          LEFT JOIN notion.mappings m ON m.link = keep_conflicts.link
               AND m.key = keep_conflicts.key
          LEFT JOIN notion.snapshots s ON s.link = keep_conflicts.link
               AND s.page = keep_conflicts.page),
    followed AS (
        UPDATE notion.conflicts o
           SET kind = c.what, base = c.base, postgres = c.postgres, notion = c.notion,
               rule = c.rule, winner = c.winner, state = coalesce(c.state, 'open'),
               postgres_at = CASE WHEN o.postgres IS DISTINCT FROM c.postgres
                                  THEN c.postgres_at ELSE o.postgres_at END,
               postgres_by = CASE WHEN o.postgres IS DISTINCT FROM c.postgres
                                  THEN c.postgres_by ELSE o.postgres_by END,
               notion_at = CASE WHEN o.notion IS DISTINCT FROM c.notion
                                THEN c.notion_at ELSE o.notion_at END,
               notion_by = CASE WHEN o.notion IS DISTINCT FROM c.notion
                                THEN c.notion_by ELSE o.notion_by END,
               note = CASE WHEN o.notion IS DISTINCT FROM c.notion
                           THEN c.note ELSE coalesce(c.note, o.note) END,
               decided = CASE c.state WHEN 'closed' THEN o.decided END,
               decided_value = CASE c.state WHEN 'closed'
                                    THEN coalesce(c.value, o.decided_value) END,
               closed_at = CASE c.state WHEN 'closed' THEN pg_catalog.clock_timestamp() END
          FROM told_now c
         WHERE o.link = keep_conflicts.link AND o.key = keep_conflicts.key AND o.state = 'open'
           AND o.column_name IS NOT DISTINCT FROM c.column_name
           -- What was overwritten unseen stays said, whatever becomes of the column.
           AND (o.kind = c.what OR c.column_name IS NOT NULL AND o.kind <> 'overwritten unseen')
        RETURNING o.column_name, o.kind)
    INSERT INTO notion.conflicts (link, key, page, column_name, kind, base, postgres, notion, rule,
                                  winner, state, postgres_at, postgres_by, notion_at, notion_by,
                                  closed_at, decided_value, note)
    SELECT keep_conflicts.link, keep_conflicts.key, keep_conflicts.page, c.column_name,
           c.what, c.base, c.postgres, c.notion, c.rule, c.winner,
           coalesce(c.state, 'open'), c.postgres_at, c.postgres_by, c.notion_at, c.notion_by,
           CASE c.state WHEN 'closed' THEN pg_catalog.clock_timestamp() END, c.value, c.note
      FROM told_now c
     WHERE NOT EXISTS (SELECT FROM followed f
                        WHERE f.column_name IS NOT DISTINCT FROM c.column_name
                          AND f.kind = c.what)
       -- Decided more than once, since a snapshot came between: told once.
       AND NOT EXISTS (
           SELECT FROM notion.conflicts o
            WHERE o.link = keep_conflicts.link AND o.key = keep_conflicts.key
              AND c.column_name IS NULL AND o.column_name IS NULL AND o.kind = c.what
              AND o.state = c.state AND o.postgres_at = c.postgres_at);
END;
COMMENT ON FUNCTION notion.keep_conflicts(integer, text, uuid, jsonb) IS
    'keeps the conflicts of what the core told about a row; open ones of the same column are '
    'brought up to date, and those of columns that agree again are closed';
REVOKE ALL ON FUNCTION notion.keep_conflicts(integer, text, uuid, jsonb) FROM PUBLIC;

-- Who listens on channel notion hears of what needs a person. Anyone in the database may listen:
-- so the words hold no key and no value, and what they name is looked up with one's own rights.
CREATE FUNCTION notion.notify() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM pg_notify('notion', jsonb_build_object('what', TG_ARGV[0],
        'link', (SELECT l.table_id::regclass::text FROM notion.links l WHERE l.id = NEW.link),
        'conflict', to_jsonb(NEW) -> CASE TG_ARGV[0] WHEN 'conflict' THEN 'id' END,
        'kind', to_jsonb(NEW) -> 'kind', 'page', to_jsonb(NEW) -> 'page')::text);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION notion.notify() IS
    'trigger: NOTIFY notion, {"what": "conflict" | "failure", "link": table, "conflict": id, '
    '"kind": …, "page": id}, null where it does not apply';
REVOKE ALL ON FUNCTION notion.notify() FROM PUBLIC;
CREATE TRIGGER notify AFTER INSERT ON notion.conflicts FOR EACH ROW
    WHEN (NEW.state = 'open') EXECUTE FUNCTION notion.notify('conflict');
CREATE TRIGGER notify_again AFTER UPDATE OF decided ON notion.conflicts FOR EACH ROW
    WHEN (NEW.state = 'open' AND OLD.decided IS NOT NULL AND NEW.decided IS NULL)
    EXECUTE FUNCTION notion.notify('conflict');
CREATE TRIGGER notify AFTER UPDATE OF state ON notion.work FOR EACH ROW
    WHEN (NEW.state IN ('failed', 'held') AND OLD.state NOT IN ('failed', 'held'))
    EXECUTE FUNCTION notion.notify('failure');
CREATE TRIGGER notify AFTER UPDATE OF failed ON notion.snapshots FOR EACH ROW
    WHEN (NEW.failed AND NOT OLD.failed) EXECUTE FUNCTION notion.notify('failure');
CREATE TRIGGER notify AFTER UPDATE OF held ON notion.mappings FOR EACH ROW
    WHEN (NEW.held <> '{}' AND NOT NEW.held <@ OLD.held
          AND NEW.held::text !~ '"(resolve: |conflict: |doubt: |oscillates|not followed)')
    EXECUTE FUNCTION notion.notify('failure');

CREATE TRIGGER notify AFTER UPDATE OF aside ON notion.link_columns FOR EACH ROW
    WHEN (NEW.aside IS NOT NULL AND OLD.aside IS NULL)
    EXECUTE FUNCTION notion.notify('failure');

CREATE FUNCTION notion.resolutions(link integer, key text) RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT pg_catalog.jsonb_object_agg(notion.field_id(o.link, o.column_name),
               pg_catalog.jsonb_build_object('winner', o.decided, 'postgres', o.postgres,
                                             'notion', o.notion, 'value', o.decided_value))
      FROM notion.conflicts o
     WHERE o.link = resolutions.link AND o.key = resolutions.key AND o.state = 'open'
       AND o.decided IS NOT NULL AND o.column_name IS NOT NULL
       AND notion.field_id(o.link, o.column_name) IS NOT NULL;
END;
COMMENT ON FUNCTION notion.resolutions(integer, text) IS
    'what persons decided of a row''s fields, and what both sides held when they did';
REVOKE ALL ON FUNCTION notion.resolutions(integer, text) FROM PUBLIC;

CREATE FUNCTION notion.resolve_row(it notion.conflicts, winner text) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF it.kind = 'deleted here, edited there' THEN
        UPDATE notion.mappings m SET held = m.held || jsonb_build_object('*', 'resolve: ' || winner)
         WHERE m.link = it.link AND m.key = it.key;
        RETURN;
    END IF;
    -- Writes of unknown outcome: looked at anew, with all the patience of the first time.
    UPDATE notion.mappings m
       SET held = m.held - '*', attempts = 0, reason = NULL,
           flight = CASE WHEN m.flight_kind IS NULL THEN m.flight ELSE 'unknown' END,
           settle_until = clock_timestamp() + current_setting('notion.settle')::interval
     WHERE m.link = it.link AND m.key = it.key AND m.held ? '*';
    UPDATE notion.work w
       SET state = CASE WHEN EXISTS (SELECT FROM notion.mappings m WHERE m.link = it.link
                                        AND m.key = it.key AND m.flight = 'unknown')
                        THEN 'sending' ELSE 'new' END, due = now(), reason = NULL
     WHERE w.link = it.link AND w.key = it.key AND w.state = 'held';
    UPDATE notion.conflicts c
       SET state = 'closed', winner = 'postgres', closed_at = clock_timestamp()
     WHERE c.id = it.id;
END
$$;
COMMENT ON FUNCTION notion.resolve_row(notion.conflicts, text) IS
    'carries out a decision about a row as a whole';
REVOKE ALL ON FUNCTION notion.resolve_row(notion.conflicts, text) FROM PUBLIC;

CREATE FUNCTION notion.serve_resolve(asked jsonb) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    wanted bigint := asked ->> 'conflict';
    decision text := asked ->> 'winner';
    it notion.conflicts;
BEGIN
    -- The mapping first, as the worker locks it.
    PERFORM FROM notion.mappings m JOIN notion.conflicts c ON c.link = m.link AND c.key = m.key
      WHERE c.id = wanted FOR UPDATE OF m;
    SELECT * INTO it FROM notion.conflicts c WHERE c.id = wanted FOR UPDATE;
    IF it.id IS NULL OR it.state = 'closed' THEN
        RETURN;
    END IF;
    IF it.column_name IS NOT NULL AND notion.field_id(it.link, it.column_name) IS NULL
       AND NOT notion.is_content(it.link, it.column_name) THEN
        UPDATE notion.conflicts c
           SET state = 'closed', closed_at = clock_timestamp(),
               note = 'the column is not linked any more'
         WHERE c.id = wanted;
        RETURN;
    END IF;
    -- The value that would be overwritten must be the one that its author saw.
    IF decision <> 'postgres' AND it.postgres IS DISTINCT FROM asked ->> 'postgres'
       OR decision <> 'notion' AND it.notion IS DISTINCT FROM asked ->> 'notion' THEN
        UPDATE notion.conflicts c SET note = 'decided, but a side has changed since'
         WHERE c.id = wanted;
        RETURN;
    END IF;
    UPDATE notion.conflicts c
       SET decided = decision, decided_value = asked ->> 'value',
           decided_at = (asked ->> 'at')::timestamptz, decided_by = asked ->> 'by'
     WHERE c.id = wanted;
    IF it.column_name IS NULL OR it.kind = 'overwritten unseen' THEN
        PERFORM notion.resolve_row(it, decision);
    ELSIF notion.is_content(it.link, it.column_name) THEN
        UPDATE notion.contents c SET due = clock_timestamp(), attempts = 0, failed = false
          FROM notion.mappings m
         WHERE m.link = it.link AND m.key = it.key AND c.link = m.link AND c.page = m.page;
        RETURN; -- apply carries it out when the page was read
    ELSE
        UPDATE notion.mappings m
           SET held = m.held || jsonb_build_object(
                   notion.field_id(it.link, it.column_name), 'resolve: ' || decision),
               hops = 0, hopped_at = NULL
         WHERE m.link = it.link AND m.key = it.key;
    END IF;
    INSERT INTO notion.due_pages AS d (link, page, why)
    SELECT m.link, m.page, 'resolved' FROM notion.mappings m
     WHERE m.link = it.link AND m.key = it.key AND m.page IS NOT NULL
        ON CONFLICT (link, page) DO UPDATE SET due = now(), attempts = 0, why = excluded.why;
END
$$;
REVOKE ALL ON FUNCTION notion.serve_resolve(jsonb) FROM PUBLIC;
COMMENT ON FUNCTION notion.serve_resolve(jsonb) IS
    'carries out notion.resolve, unless a side has changed since it was asked';

CREATE FUNCTION notion.check_winner(it notion.conflicts, winner text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF winner <> 'postgres' AND it.kind <> 'deleted here, edited there'
       AND (it.column_name IS NULL OR it.kind = 'overwritten unseen') THEN
        RAISE EXCEPTION 'conflict % (%) can only be resolved with postgres', it.id, it.kind
            USING ERRCODE = 'feature_not_supported',
                  HINT = CASE it.kind WHEN 'overwritten unseen'
                         THEN 'What was overwritten stands in the page''s history in Notion; '
                              'write it there, or into the row.'
                         ELSE 'Trash or restore the page in Notion first; postgres then looks '
                              'again.' END;
    END IF;
END
$$;
REVOKE ALL ON FUNCTION notion.check_winner(notion.conflicts, text) FROM PUBLIC;
COMMENT ON FUNCTION notion.check_winner(notion.conflicts, text) IS
    'raises 0A000 where a conflict has nothing to choose';

CREATE FUNCTION notion.check_value(it notion.conflicts, value text) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
    SET datestyle = 'ISO, YMD' -- as the worker reads it
AS $$
DECLARE
    type text;
BEGIN
    -- A domain's CHECK, and what builds upon it, is its owner's code, which nobody runs with our
    -- rights: the worker meets it as the table's owner. References hold pages, not such a type.
    SELECT format_type(a.atttypid, a.atttypmod) INTO type
      FROM notion.links l
      JOIN notion.link_columns c ON c.link = l.id AND c.column_name = it.column_name
      JOIN pg_attribute a ON a.attrelid = l.table_id AND a.attname = it.column_name
      JOIN pg_type t ON t.oid = a.atttypid
     WHERE l.id = it.link AND c.refers_to IS NULL
       AND (t.typnamespace = 'pg_catalog'::regnamespace OR t.typtype = 'e');
    IF type IS NULL OR value IS NULL THEN
        RETURN;
    END IF;
    -- A literal, not a parameter: it meets the type's input function and no cast that a user made.
    EXECUTE format('SELECT %L::%s', value, type);
EXCEPTION WHEN data_exception THEN
    RAISE EXCEPTION 'conflict %: column "%" of type % cannot hold the value', it.id,
        it.column_name, type
        USING ERRCODE = SQLSTATE, DETAIL = SQLERRM,
              HINT = 'Give it as PostgreSQL prints it under DateStyle ISO, TimeZone UTC.';
END
$$;
REVOKE ALL ON FUNCTION notion.check_value(notion.conflicts, text) FROM PUBLIC;
COMMENT ON FUNCTION notion.check_value(notion.conflicts, text) IS
    'raises the error of class 22 that the column''s type has for a value of one''s own: met '
    'later, it would keep the whole page from being merged';

CREATE FUNCTION notion.resolve(conflicts bigint[], winner text, value text DEFAULT NULL)
    RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    wanted bigint;
    it notion.conflicts;
    resolved bigint := 0;
BEGIN
    IF winner IS NULL OR winner NOT IN ('postgres', 'notion', 'value') THEN
        RAISE EXCEPTION 'winner must be postgres, notion or value, not "%"', winner
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'A value of your own: notion.resolve(id, ''value'', ''…'').';
    END IF;
    IF value IS NOT NULL AND winner <> 'value' THEN
        RAISE EXCEPTION 'a value goes with winner "value" only'
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'A value of your own: notion.resolve(id, ''value'', ''…'').';
    END IF;
    FOR wanted IN SELECT DISTINCT unnest(conflicts) ORDER BY 1 LOOP
        SELECT * INTO it FROM notion.conflicts c WHERE c.id = wanted;
        IF it.id IS NULL OR NOT notion.sees(it.link) THEN
            RAISE EXCEPTION 'there is no conflict %', wanted
                USING ERRCODE = 'undefined_object',
                      HINT = 'SELECT id FROM notion.conflicts WHERE state = ''open'' lists them.';
        END IF;
        CONTINUE WHEN it.state = 'closed';
        PERFORM notion.check_winner(it, winner);
        PERFORM notion.check_value(it, value);
        PERFORM notion.request(it.link, 'resolve', jsonb_build_object('conflict', it.id,
            'winner', winner, 'value', value, 'postgres', it.postgres, 'notion', it.notion,
            'at', clock_timestamp(),
            'by', format('%s (%s)', notion.invoker(), current_setting('application_name'))));
        resolved := resolved + 1;
    END LOOP;
    RETURN resolved;
END
$$;
COMMENT ON FUNCTION notion.resolve(bigint[], text, text) IS
    'Decides open conflicts (notion.conflicts.id). winner: postgres, notion, or value with the '
    'column''s text in value (null: NULL). Takes effect after the commit. The worker reads the '
    'page again first; if a value that would be overwritten has changed since the conflict was '
    'shown, it is judged anew and may stay it. Returns how many were it. Errors: 42704 no such '
    'conflict of yours, 22023, 0A000 where there is nothing to choose, class 22 (22P02, 22007, …) '
    'where the column''s type does not take value, which is read under DateStyle ISO and '
    'TimeZone UTC.';

CREATE FUNCTION notion.resolve(conflict bigint, winner text, value text DEFAULT NULL)
    RETURNS bigint
    LANGUAGE sql
    SET search_path = pg_catalog, pg_temp
    RETURN notion.resolve(ARRAY[conflict], winner, value);
COMMENT ON FUNCTION notion.resolve(bigint, text, text) IS
    'the same for one conflict';
