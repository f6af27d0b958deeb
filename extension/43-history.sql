-- Who changed what: for triggers while it happens, for people afterwards.

CREATE FUNCTION notion.applying() RETURNS boolean
    LANGUAGE c STABLE PARALLEL RESTRICTED
    AS 'MODULE_PATHNAME', 'notion_applying';
COMMENT ON FUNCTION notion.applying() IS
    'whether this transaction writes what was changed in Notion: true in triggers and constraints '
    'that the worker fires, false in every other session';

CREATE FUNCTION notion.actor() RETURNS uuid
    LANGUAGE c STABLE PARALLEL RESTRICTED
    AS 'MODULE_PATHNAME', 'notion_actor';
COMMENT ON FUNCTION notion.actor() IS
    'while notion.applying(): the id in Notion of the person or bot who edited the page last; '
    'null where it is not known, and in every other session';

CREATE FUNCTION notion.cell_history(link integer, key text, "column" name)
    RETURNS TABLE (at timestamptz, column_name name, side text, actor text, was text, became text,
                   rule text, action text, request_id text)
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH changes AS (
        SELECT g.id, g.at, g.action, g.actor, g.request_id, g.side, c.key AS name, c.value AS change
          FROM notion.log g,
               pg_catalog.jsonb_each(CASE pg_catalog.jsonb_typeof(g.changes)
                                     WHEN 'object' THEN g.changes ELSE '{}' END) c
         WHERE g.link = cell_history.link
           AND g.key = cell_history.key
        UNION ALL
        SELECT g.id, g.at, g.action, g.actor, g.request_id, g.side, c.value ->> 'column', c.value
          FROM notion.log g,
               pg_catalog.jsonb_array_elements(CASE pg_catalog.jsonb_typeof(g.changes)
                                               WHEN 'array' THEN g.changes ELSE '[]' END) c
         WHERE g.link = cell_history.link
           AND g.key = cell_history.key)
    SELECT at, column_name, side, actor, was, became, rule, action, request_id FROM (
        SELECT c.at, c.name::name AS column_name, coalesce(c.change ->> 'side', c.side) AS side,
               -- A value that a person gave came with a page, and from nobody who edited that.
               CASE WHEN c.side = 'notion' AND c.change ->> 'side' = 'postgres'
                         AND c.change ->> 'rule' = 'resolved'
                    THEN (SELECT o.decided_by FROM notion.conflicts o
                           WHERE o.link = cell_history.link AND o.column_name = c.name
                             AND o.key = cell_history.key
                             AND o.winner = 'value' AND o.closed_at <= c.at
                           ORDER BY o.closed_at DESC LIMIT 1)
                    ELSE c.actor END AS actor,
               c.change ->> 'from' AS was, c.change ->> 'to' AS became,
               c.change ->> 'rule' AS rule, c.action, c.request_id, c.id AS place
          FROM changes c WHERE c.name = coalesce("column"::text, c.name)
        UNION ALL
        -- What lost: by whom it was, and what it lost to.
        SELECT o.closed_at, o.column_name,
               CASE o.winner WHEN 'notion' THEN 'postgres' ELSE 'notion' END,
               CASE o.winner WHEN 'notion' THEN o.postgres_by ELSE o.notion_by END,
               CASE o.winner WHEN 'notion' THEN o.postgres ELSE o.notion END,
               CASE o.winner WHEN 'notion' THEN o.notion WHEN 'value' THEN o.decided_value
                             ELSE o.postgres END,
               coalesce(o.decided_by, o.rule), 'lost', NULL, NULL
          FROM notion.conflicts o
         WHERE o.link = cell_history.link
           AND o.key = cell_history.key
           AND o.state = 'closed' AND o.winner IS NOT NULL
           AND o.column_name = coalesce("column", o.column_name)) h
     ORDER BY at, place, column_name;
END;
REVOKE ALL ON FUNCTION notion.cell_history(integer, text, name) FROM PUBLIC;
COMMENT ON FUNCTION notion.cell_history(integer, text, name) IS
    'what notion.history shows, without asking who may see it';

CREATE FUNCTION notion.history("table" regclass, key text, "column" name DEFAULT NULL)
    RETURNS TABLE (at timestamptz, column_name name, side text, actor text, was text, became text,
                   rule text, action text, request_id text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    linked integer := notion.link_id("table");
BEGIN
    RETURN QUERY SELECT * FROM notion.cell_history(linked, notion.key_of(linked, key), "column");
    -- What was paired once has a history, and is no mistake.
    IF NOT FOUND AND "column" IS NOT NULL
       AND NOT EXISTS (SELECT FROM notion.link_columns c
                        WHERE c.link = linked AND c.column_name = "column")
       AND NOT notion.is_content(linked, "column") THEN
        RAISE EXCEPTION 'column "%" of % is not linked', "column", "table"
            USING ERRCODE = 'undefined_column',
                  DETAIL = (SELECT 'Linked are: ' || string_agg(c.column_name, ', '
                                                                ORDER BY c.column_name) || '.'
                              FROM notion.link_columns c WHERE c.link = linked),
                  HINT = 'Without a column it shows all of the row.';
    END IF;
END
$$;
COMMENT ON FUNCTION notion.history(regclass, text, name) IS
    'How the cells of a row came to be what they are, oldest first: when, from which side, by whom '
    '(an id in Notion; role and application_name here), from what to what, by which rule. action '
    'lost: a value that lost a conflict, and the value it lost to; rule then names who decided, '
    'where a person did. key: text, or a JSON object where it has several columns. '
    'column null: all. As far back as notion.log_retention. Errors: 42501 not '
    'the owner, 42704 not linked, 42703 a column that is not linked (DETAIL lists those that are).';
