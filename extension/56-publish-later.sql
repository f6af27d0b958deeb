-- Columns that a table gets after notion.publish made its database: published when it is called
-- again. Properties that are there already, or whose columns went, are never changed.

ALTER TABLE notion.publications ADD added jsonb;
COMMENT ON COLUMN notion.publications.added IS
    'properties that are being added: name -> as Notion''s API takes them, null for relations';

CREATE FUNCTION notion.later_columns(it notion.publications, wanted notion.publications)
    RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    -- A pair of the link follows its column's name; what a user unpaired stays so.
    SELECT pg_catalog.jsonb_agg(c.value ORDER BY c.n)
      FROM pg_catalog.jsonb_array_elements((wanted).columns) WITH ORDINALITY c(value, n)
     CROSS JOIN LATERAL (SELECT CASE c.value ->> 'type' WHEN 'relation' THEN
                ARRAY(SELECT f::name FROM pg_catalog.jsonb_array_elements_text(
                          c.value -> 'fk_columns') f)
                ELSE ARRAY[(c.value ->> 'column')::name] END AS own) o
     WHERE NOT EXISTS (SELECT FROM pg_catalog.jsonb_array_elements((it).columns) k
                        WHERE (k -> 'column', k -> 'fk_columns')
                              IS NOT DISTINCT FROM (c.value -> 'column', c.value -> 'fk_columns'))
       AND NOT EXISTS (SELECT FROM notion.links l JOIN notion.link_columns p ON p.link = l.id
                        WHERE l.table_id = (it).table_id
                          AND coalesce(p.columns, ARRAY[p.column_name]) = o.own);
END;
REVOKE ALL ON FUNCTION notion.later_columns(notion.publications, notion.publications) FROM PUBLIC;
COMMENT ON FUNCTION notion.later_columns(notion.publications, notion.publications) IS
    'the columns of a published table that it got since, as notion.publication gives them; null: '
    'none';

CREATE FUNCTION notion.publish_later(job bigint, wanted notion.publications) RETURNS text
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    it notion.publications;
    later jsonb;
    gone text;
BEGIN
    SELECT * INTO it FROM notion.publications p
     WHERE p.table_id = wanted.table_id AND p.step = 'done' FOR UPDATE;
    IF it.id IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT string_agg(format('%s (property "%s")', c ->> 'column', c ->> 'property'), ', ')
      INTO gone FROM jsonb_array_elements(it.columns) c
     WHERE c ->> 'column' <> '(key)'
       AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = it.table_id
                          AND a.attname = c ->> 'column' AND NOT a.attisdropped)
       AND NOT EXISTS (SELECT FROM notion.links l JOIN notion.link_columns p ON p.link = l.id
                        WHERE l.table_id = it.table_id
                          AND p.foreign_column = c ->> 'foreign_column');
    IF gone IS NOT NULL THEN
        RAISE NOTICE 'columns of % are gone: their properties stay in Notion', it.table_id
            USING DETAIL = gone, HINT = 'Delete them there, if nobody needs them.';
    END IF;
    later := notion.later_columns(it, wanted);
    IF later IS NULL THEN
        RETURN NULL;
    END IF;
    -- Looked at before anything is sent: what has such a name already is not ours.
    UPDATE notion.publications p
       SET job = publish_later.job, columns = it.columns || later,
           added = (SELECT jsonb_object_agg(c ->> 'property', (wanted.request
                        #> ARRAY['initial_data_source', 'properties', c ->> 'property'])::jsonb)
                      FROM jsonb_array_elements(later) c),
           relations = it.relations || coalesce(r.relations, '[]'),
           targets = it.targets || coalesce(r.targets, '{}'),
           step = 'define', state = 'unknown', sent_at = NULL, found = NULL, due = now(),
           attempts = 0, reason = NULL, finished_at = NULL
      FROM (SELECT jsonb_agg(w.value ORDER BY w.n) AS relations,
                   array_agg(t.target ORDER BY w.n) AS targets
              FROM jsonb_array_elements(wanted.relations) WITH ORDINALITY w(value, n)
              JOIN unnest(wanted.targets) WITH ORDINALITY t(target, n) ON t.n = w.n
             WHERE EXISTS (SELECT FROM jsonb_array_elements(later) c
                            WHERE c -> 'property' = w.value -> 'property')) r
     WHERE p.id = it.id;
    RETURN (SELECT format('%s as "%s": %s', it.table_id, it.title,
                          string_agg(format('%s (%s)', c ->> 'property', c ->> 'type'), ', '))
              FROM jsonb_array_elements(later) c);
END
$$;
REVOKE ALL ON FUNCTION notion.publish_later(bigint, notion.publications) FROM PUBLIC;
COMMENT ON FUNCTION notion.publish_later(bigint, notion.publications) IS
    'begins to add the properties of columns that a published table got since: which, in words; '
    'null: none. Tells of those that are gone';

CREATE FUNCTION notion.publish_pair_added(it notion.publications) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    paired jsonb := (SELECT notion.columns_of(l.id) FROM notion.links l
                      WHERE l.table_id = it.table_id);
    pairs jsonb;
BEGIN
    SELECT jsonb_object_agg(p.key, p.value) INTO pairs
      FROM jsonb_each(notion.publish_pairs(it)) p
      JOIN jsonb_array_elements(it.columns) c ON c -> 'foreign_column' = p.value
     WHERE it.added ? (c ->> 'property') AND NOT paired ? p.key;
    IF pairs IS NOT NULL THEN
        PERFORM notion.alter_link(it.table_id, columns => paired || pairs);
    END IF;
END
$$;
REVOKE ALL ON FUNCTION notion.publish_pair_added(notion.publications) FROM PUBLIC;
COMMENT ON FUNCTION notion.publish_pair_added(notion.publications) IS
    'pairs the columns that were added to a publication';
