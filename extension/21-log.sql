-- The log, in eight parts that are filled in turn, so that dropping what is old is one TRUNCATE of
-- the part that is next, whatever is in it.

CREATE SEQUENCE notion.log_turn MINVALUE 0;
SELECT pg_catalog.setval('notion.log_turn', 0);

CREATE TABLE notion.log (
    id bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    link integer,
    key text,
    page uuid,
    side text NOT NULL CHECK (side IN ('postgres', 'notion')), -- where the change came from
    action text NOT NULL,               -- create, update, trash, insert, pair, ...
    changes jsonb,                      -- column -> {"from":…,"to":…,"rule":…}
    actor text,                         -- a person or bot in Notion, or role and application here
    request_id text,
    outcome text NOT NULL DEFAULT 'done',
    part smallint NOT NULL
        DEFAULT (pg_catalog.pg_sequence_last_value('notion.log_turn'::regclass) % 8),
    PRIMARY KEY (id, part)
) PARTITION BY LIST (part);
CREATE INDEX log_key ON notion.log (link, key, id);
CREATE INDEX log_at ON notion.log (at);
COMMENT ON TABLE notion.log IS
    'every write to Notion, every change applied here, every call of notion.api';
COMMENT ON COLUMN notion.log.link IS
    'the link''s number in notion.links; of one that has ended, the entry with action unlink has '
    'the table''s name in changes ->> ''table''; null: a statement on a foreign table, or of none';
COMMENT ON COLUMN notion.log.part IS 'the part that holds it, of eight: for notion.keep_log';

-- Who may read what stands in the policy of the whole; nobody reads around it.
DO $parts$
BEGIN
    FOR part IN 0 .. 7 LOOP
        EXECUTE format('CREATE TABLE notion.%I PARTITION OF notion.log FOR VALUES IN (%s)',
                       'log_' || part, part);
        EXECUTE format('ALTER TABLE notion.%I ENABLE ROW LEVEL SECURITY', 'log_' || part);
        EXECUTE format('COMMENT ON TABLE notion.%I IS %L', 'log_' || part,
                       'entries of notion.log of one stretch of time');
    END LOOP;
END
$parts$;

CREATE FUNCTION notion.log_part_is_empty(part integer, before timestamptz) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    youngest timestamptz;
BEGIN
    EXECUTE format('SELECT max(at) FROM notion.%I', 'log_' || part) INTO youngest;
    IF youngest IS NULL THEN
        RETURN true;
    ELSIF youngest >= before THEN
        RETURN false;
    END IF;
    EXECUTE format('LOCK TABLE notion.%I IN ACCESS EXCLUSIVE MODE NOWAIT', 'log_' || part);
    -- Once more: what was being written has been committed since.
    EXECUTE format('SELECT max(at) FROM notion.%I', 'log_' || part) INTO youngest;
    IF youngest >= before THEN
        RETURN false;
    END IF;
    EXECUTE format('TRUNCATE notion.%I', 'log_' || part);
    RETURN true;
EXCEPTION WHEN lock_not_available THEN
    RETURN false; -- somebody reads it: later
END
$$;
REVOKE ALL ON FUNCTION notion.log_part_is_empty(integer, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION notion.log_part_is_empty(integer, timestamptz) IS
    'whether a part of notion.log holds nothing, after emptying it where all of it is older than '
    'before; waits for nobody';

CREATE FUNCTION notion.keep_log(retention interval, at timestamptz DEFAULT clock_timestamp())
    RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    turn bigint := pg_sequence_last_value('notion.log_turn');
    oldest timestamptz;
BEGIN
    -- Seven stretches of a sixth are more than the whole: when a part's turn comes again, all that
    -- it holds is old.
    EXECUTE format('SELECT min(at) FROM notion.%I', 'log_' || turn % 8) INTO oldest;
    IF oldest < at - retention / 6
       AND notion.log_part_is_empty(((turn + 1) % 8)::integer, at - retention) THEN
        turn := turn + 1;
        PERFORM setval('notion.log_turn', turn);
    END IF;
    FOR part IN 0 .. 7 LOOP
        IF part <> turn % 8 THEN
            PERFORM notion.log_part_is_empty(part, at - retention);
        END IF;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION notion.keep_log(interval, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION notion.keep_log(interval, timestamptz) IS
    'drops what is older than retention from notion.log, as far as a whole part is, and gives the '
    'next part its turn after a sixth of that time; at: what time it is. Called by the worker. A '
    'part that somebody uses stays until the next call. An entry is kept for retention at least, '
    'and for a sixth more at most; after a change of retention for a sixth of the longer one.';

CREATE FUNCTION notion.log_without_values() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT FROM notion.links l WHERE l.id = NEW.link AND NOT l.log_values) THEN
        -- By what is known to be no value: {column: {…}}, or [{"column": …}].
        NEW.changes := CASE jsonb_typeof(NEW.changes)
            WHEN 'object' THEN (SELECT jsonb_object_agg(c.key, jsonb_strip_nulls(jsonb_build_object(
                    'rule', c.value -> 'rule', 'side', c.value -> 'side')))
                FROM jsonb_each(NEW.changes) c)
            WHEN 'array' THEN (SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                    'column', c -> 'column', 'rule', c -> 'rule', 'side', c -> 'side')))
                FROM jsonb_array_elements(NEW.changes) c) END;
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION notion.log_without_values() FROM PUBLIC;
COMMENT ON FUNCTION notion.log_without_values() IS
    'trigger of notion.log: of links with log_values false it keeps which fields, not what';
CREATE TRIGGER without_values BEFORE INSERT ON notion.log FOR EACH ROW
    WHEN (NEW.link IS NOT NULL AND NEW.changes IS NOT NULL)
    EXECUTE FUNCTION notion.log_without_values();
