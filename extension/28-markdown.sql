-- Markdown, as far as the database understands it by itself.

CREATE FUNCTION notion.plain_text(markdown text) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 100
    AS 'MODULE_PATHNAME', 'notion_plain_text';
COMMENT ON FUNCTION notion.plain_text(text) IS
    'The words of Notion''s Markdown without its marks: a line a block, a tab after a cell; '
    'addresses of links and images go. Immutable, so fit for generated columns and indexes: '
    'to_tsvector(''english'', notion.plain_text(content)).';
