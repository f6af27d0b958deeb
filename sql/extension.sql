-- The extension installs into a schema of its own, and leaves as cleanly.
CREATE EXTENSION pg_notion;
SELECT extname, nspname, extrelocatable
  FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace
 WHERE extname = 'pg_notion';
SELECT extversion = notion.library_version() AS library_fits
  FROM pg_extension WHERE extname = 'pg_notion';
DROP EXTENSION pg_notion;
CREATE EXTENSION pg_notion;
DROP EXTENSION pg_notion;
