#!/bin/bash
# The memory of the apply process while a sync pairs rows and pages, with 2,000 and with 8,000 of
# them: it is not to grow with their number. scope: one run.
set -euo pipefail
. "$(dirname "$0")/../../tools/lib.sh"
. "$(dirname "$0")/lib.sh"
direction=both
start_items
link="SELECT notion.link('items', 'crm.items', direction => 'both',
    columns => '{\"id\": \"key\", \"name\": \"name\", \"points\": \"points\"}')"

# Largest of the process's own memory (files that it maps are the system's) in kB, above what it
# had before.
peak() { # ROWS
    sql -c "INSERT INTO items SELECT i, 'item ' || i, 0
        FROM generate_series((SELECT coalesce(max(id), 0) + 1 FROM items), $1) i"
    until_true "$drained"
    sql -c "SELECT notion.unlink('items')" >/dev/null
    until_true "SELECT NOT EXISTS (SELECT FROM notion.mappings)"
    sql -c "SELECT pg_terminate_backend(pid) FROM notion.workers()" >/dev/null
    until_true "SELECT count(*) = 2 FROM pg_stat_activity
        WHERE backend_type IN ('pg_notion net', 'pg_notion apply')"
    sql -c "$link" -c "SELECT notion.sync('items')" >/dev/null
    local pid most=0 first= own
    pid=$(pid_of 'pg_notion apply')
    until [ "$(sql -c "SELECT state = 'active' FROM notion.links")" = t ]; do
        own=$(sed -n 's/^RssAnon:\s*\([0-9]*\).*/\1/p' "/proc/$pid/status")
        first=${first:-$own}
        [ "$own" -le "$most" ] || most=$own
    done
    echo $((most - first))
}
few=$(peak 2000)
many=$(peak 8000)
[ "$(sql -c "SELECT count(*) FROM notion.mappings")" = 8000 ] || die "not all were paired"
echo "memory of apply while it pairs: $few kB with 2,000 rows, $many kB with 8,000"
at_most "kB for each of 6,000 rows more" "$(calc %.2f "($many - $few) / 12000")" 0.5
exit $failed
