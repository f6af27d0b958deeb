#!/bin/bash
# 100,000 pages, 20,000 of them in one minute, and no list longer than 10,000: all there, once; then
# 250,000: the memory of the backend that reads them. scope: one run.
. "$(dirname "$0")/setup"
start_bench -1 --budget 0

control limits '{"rows_per_source":300000}'
generate 80000 '"seed":1,"spread_minutes":30000'
generate 20000 '"seed":2,"same_minute":20000'
held=$(sql -c "SELECT count(*), count(DISTINCT page_id) FROM crm.participants")
echo "100,008 pages, 20,000 of one minute: rows and different rows: $held"
must "all there, once" "\"$held\" == \"100008|100008\""

generate 150000 '"seed":3,"spread_minutes":40000'
# Memory of one session's own (files that it maps are the system's), after its first scan of a few
# rows, and after two of all: the second knows where to cut. Without JIT, which a large scan's cost
# would bring in: LLVM alone takes 20 MB.
read -r before after rows < <(sql <<'SQL' | paste -sd' '
SET jit = off;
SELECT FROM crm.participants LIMIT 100 \g /dev/null
SELECT (regexp_match(pg_read_file('/proc/' || pg_backend_pid() || '/status'),
                     'RssAnon:\s*(\d+)'))[1];
SELECT count(*) AS rows FROM (SELECT * FROM crm.participants OFFSET 0) s \gset
SELECT count(*) AS rows FROM (SELECT * FROM crm.participants OFFSET 0) s \gset
SELECT (regexp_match(pg_read_file('/proc/' || pg_backend_pid() || '/status'),
                     'RssAnon:\s*(\d+)'))[1];
SELECT :rows;
SQL
)
echo "$rows pages: the backend had $before kB before, $after kB after"
must "grows by less than 16 MB" "$after - $before < 16 * 1024 && $rows >= 250000"
conclude
