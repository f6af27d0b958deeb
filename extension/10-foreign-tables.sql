-- The foreign data wrapper. Until it has a handler its tables can be linked but not read.
CREATE FOREIGN DATA WRAPPER notion_fdw;
COMMENT ON FOREIGN DATA WRAPPER notion_fdw IS 'Notion data sources as foreign tables';
