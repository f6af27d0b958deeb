-- notion.plain_text makes Markdown searchable by what PostgreSQL has: generated columns and GIN.
CREATE EXTENSION pg_notion;
SELECT notion.plain_text(E'# Plan\n- **one** [two](https://example.com)\n\n| a | b |\n|---|---|\n'
                         '| c | d |');
SELECT notion.plain_text(NULL) IS NULL AS null_is_null, notion.plain_text('') = '' AS is_empty;
SELECT provolatile, proparallel, proisstrict FROM pg_proc
 WHERE oid = 'notion.plain_text(text)'::regprocedure;
CREATE TABLE note (
    id int PRIMARY KEY,
    content text,
    words tsvector GENERATED ALWAYS AS (to_tsvector('english', notion.plain_text(content))) STORED);
CREATE INDEX note_words ON note USING gin (words);
INSERT INTO note
SELECT i, format(E'## Note %s\n*Meeting* about [budget %s](https://example.com/secret)', i, i % 97)
  FROM generate_series(1, 2000) i;
ANALYZE note;
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT id FROM note WHERE words @@ to_tsquery('english', 'meetings & 42');
SELECT count(*) FROM note WHERE words @@ to_tsquery('english', 'meetings & 42');
SELECT count(*) AS addresses_found FROM note WHERE words @@ to_tsquery('english', 'secret');
RESET enable_seqscan;
-- Parallel workers know it too.
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
SELECT count(*) FROM note WHERE notion.plain_text(content) LIKE '%budget 7%';
DROP TABLE note;
DROP EXTENSION pg_notion;
