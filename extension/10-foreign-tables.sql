-- Foreign tables: the wrapper. 36-drift.sql keeps columns and comments in step with Notion.
-- docs/foreign-tables.md has the options.

CREATE FUNCTION notion.fdw_handler() RETURNS fdw_handler
    LANGUAGE c STRICT
    AS 'MODULE_PATHNAME', 'notion_fdw_handler';
COMMENT ON FUNCTION notion.fdw_handler() IS 'foreign tables over data sources of Notion';

CREATE FUNCTION notion.fdw_validator(options text[], catalog oid) RETURNS void
    LANGUAGE c STRICT
    AS 'MODULE_PATHNAME', 'notion_fdw_validator';
COMMENT ON FUNCTION notion.fdw_validator(text[], oid) IS 'checks the options of notion_fdw';

CREATE FOREIGN DATA WRAPPER notion_fdw
    HANDLER notion.fdw_handler VALIDATOR notion.fdw_validator;
COMMENT ON FOREIGN DATA WRAPPER notion_fdw IS 'Notion workspaces; a server is one connection';

CREATE FUNCTION notion.data_sources(
    server name, data_source text DEFAULT NULL,
    OUT data_source_id text, OUT table_name text, OUT url text, OUT table_comment text,
    OUT column_name text, OUT property_type text, OUT column_type text, OUT property_id text,
    OUT property text, OUT column_comment text, OUT related text) RETURNS SETOF record
    LANGUAGE c VOLATILE PARALLEL RESTRICTED
    AS 'MODULE_PATHNAME', 'notion_data_sources';
COMMENT ON FUNCTION notion.data_sources(name, text) IS
    'what the connection sees of its workspace, a row for each property, as IMPORT FOREIGN SCHEMA '
    'would name and type it; one data source if an id or URL is given. related: of a relation, '
    'the id of the data source whose pages it names';
