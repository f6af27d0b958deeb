-- What goes to Notion and what stays here, as EXPLAIN says it; no request is made, no token needed.
-- Options are checked when they are written.
\set VERBOSITY terse
CREATE EXTENSION pg_notion;
CREATE SERVER acme FOREIGN DATA WRAPPER notion_fdw;
CREATE TYPE stage AS ENUM ('Lead', 'Won');
CREATE FOREIGN TABLE deals (
    page_id uuid,
    page_edited_at timestamptz,
    name text OPTIONS (property_id 'title', type 'title'),
    amount float8 OPTIONS (property_id 'amnt', type 'number'),
    rounded numeric(8,2) OPTIONS (property_id 'amnt', type 'number'),
    won boolean OPTIONS (property_id 'wonn', type 'checkbox'),
    stage text OPTIONS (property_id 'stag', type 'select'),
    stage_enum stage OPTIONS (property_id 'stag', type 'select'),
    tags text[] OPTIONS (property_id 'tags', type 'multi_select'),
    due timestamptz OPTIONS (property_id 'duee', type 'date'),
    untyped float8 OPTIONS (property 'Amount'))
SERVER acme OPTIONS (data_source '1234567890abcdef1234567890abcdef', time_zone 'Europe/Berlin');

-- Notion decides
EXPLAIN (COSTS OFF) SELECT name FROM deals WHERE amount >= 100 AND won;
EXPLAIN (COSTS OFF) SELECT name FROM deals WHERE stage IS NULL AND NOT won AND amount IS NOT NULL;
-- Notion narrows
EXPLAIN (COSTS OFF) SELECT name FROM deals WHERE stage = 'Won';
EXPLAIN (COSTS OFF) SELECT name FROM deals WHERE stage IN ('Won', 'Lead') AND stage_enum = 'Won';
EXPLAIN (COSTS OFF) SELECT name FROM deals WHERE tags @> '{a}' AND 'b' = ANY (tags);
EXPLAIN (COSTS OFF) SELECT name FROM deals WHERE due >= '2026-03-01 09:30:15+00';
EXPLAIN (COSTS OFF) SELECT name FROM deals WHERE page_edited_at > '2026-03-01 09:30+00';
-- Texts are found by what they are and by parts of it; checked again
EXPLAIN (COSTS OFF) SELECT won FROM deals WHERE name = 'x';
EXPLAIN (COSTS OFF) SELECT won FROM deals WHERE name LIKE 'John%' AND name LIKE '%2026';
-- Trees: NOT is carried inwards, a third level multiplied out, what is not known widens
EXPLAIN (COSTS OFF) SELECT name FROM deals WHERE NOT (won OR amount > 5);
EXPLAIN (COSTS OFF) SELECT name FROM deals
 WHERE won OR (amount BETWEEN 1 AND 5 AND (amount <> 3 OR stage IS NULL));
EXPLAIN (COSTS OFF) SELECT name FROM deals WHERE won OR (amount > 5 AND untyped > 5);
-- It stays here
EXPLAIN (COSTS OFF) SELECT name FROM deals WHERE name <> 'x' AND stage < 'W' AND rounded > 5;
EXPLAIN (COSTS OFF) SELECT name FROM deals WHERE untyped > 5 OR amount > 5;
EXPLAIN (COSTS OFF) SELECT name FROM deals WHERE amount > random();
EXPLAIN (COSTS OFF) SELECT name FROM deals WHERE stage = 'Won' COLLATE "de-x-icu";
SET notion.pushdown = off;
EXPLAIN (COSTS OFF) SELECT name FROM deals WHERE won;
RESET notion.pushdown;
-- Pages by id, nothing at all, and no property
EXPLAIN (COSTS OFF) SELECT name FROM deals
 WHERE page_id = '11111111-2222-3333-4444-555555555555' AND won;
EXPLAIN (COSTS OFF) SELECT name FROM deals WHERE amount = ANY ('{}');
EXPLAIN (COSTS OFF) SELECT count(*) FROM deals;
-- A LIMIT becomes the page size only where nothing stands between
EXPLAIN (COSTS OFF) SELECT name FROM deals WHERE won LIMIT 10;
EXPLAIN (COSTS OFF) SELECT name FROM deals WHERE stage = 'Won' LIMIT 10;
EXPLAIN (COSTS OFF) SELECT name FROM deals WHERE won ORDER BY name LIMIT 10;
-- The last edited, the largest: Notion sorts; not where NULLs, or conditions checked here, remain
EXPLAIN (COSTS OFF) SELECT name FROM deals WHERE won ORDER BY page_edited_at DESC LIMIT 10;
EXPLAIN (COSTS OFF) SELECT name FROM deals WHERE amount > 0 ORDER BY amount DESC LIMIT 10;
EXPLAIN (COSTS OFF) SELECT name FROM deals ORDER BY amount DESC LIMIT 10;
EXPLAIN (COSTS OFF) SELECT name FROM deals WHERE name LIKE 'INV-%' ORDER BY page_edited_at LIMIT 10;

-- Options
CREATE SERVER x FOREIGN DATA WRAPPER notion_fdw OPTIONS (uri 'x');
CREATE SERVER x FOREIGN DATA WRAPPER notion_fdw OPTIONS (api_url 'ftp://api.notion.com');
CREATE SERVER x FOREIGN DATA WRAPPER notion_fdw OPTIONS (budget_per_minute '0');
CREATE SERVER x FOREIGN DATA WRAPPER notion_fdw OPTIONS (request_timeout_ms '5 s');
CREATE SERVER x FOREIGN DATA WRAPPER notion_fdw OPTIONS (names 'camelCase');
CREATE SERVER x FOREIGN DATA WRAPPER notion_fdw OPTIONS (api_version '2022-06-28');
CREATE USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS (token 'ntn_a b');
CREATE USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS (token_file 'relative');
CREATE USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS (token 'ntn_a', token_file '/a');
ALTER FOREIGN TABLE deals OPTIONS (ADD on_misfit 'zero');
ALTER FOREIGN TABLE deals ALTER COLUMN due OPTIONS (ADD part 'middle');
ALTER FOREIGN TABLE deals ALTER COLUMN due OPTIONS (SET type 'datum');
ALTER FOREIGN DATA WRAPPER notion_fdw OPTIONS (ADD debug 'on');

-- Columns that nothing fills
CREATE FOREIGN TABLE odd (price money OPTIONS (property 'Price')) SERVER acme
    OPTIONS (data_source '1234567890abcdef1234567890abcdef');
SELECT * FROM odd;
CREATE FOREIGN TABLE odd_page (page_id int) SERVER acme
    OPTIONS (data_source '1234567890abcdef1234567890abcdef');
SELECT * FROM odd_page;
CREATE FOREIGN TABLE odd_type (won date OPTIONS (property_id 'wonn', type 'checkbox')) SERVER acme
    OPTIONS (data_source '1234567890abcdef1234567890abcdef');
SELECT * FROM odd_type;

DROP EXTENSION pg_notion CASCADE;
DROP SCHEMA IF EXISTS notion;
