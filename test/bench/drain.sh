#!/bin/bash
# 100,000 rows that wait in the outbox, sent without a budget and without latency: requests a second
# and the memory of the workers, at the beginning and at the end; then a third as many again while
# another session holds an old snapshot. Assumes: extension and emulator are built, node.
# scope: one run.
set -euo pipefail
. "$(dirname "$0")/../../tools/lib.sh"
. "$(dirname "$0")/lib.sh"
rows=${ROWS:-100000}
start_items "notion.max_parallel_requests = 64"

memory_kb() {
    for pid in $(sql -c "SELECT pid FROM pg_stat_activity WHERE backend_type IN
        ('pg_notion net', 'pg_notion apply') ORDER BY backend_type"); do
        awk '/^RssAnon/ { print $2 }' "/proc/$pid/status"
    done | paste -sd' '
}
fill() { # FROM TO
    worker off
    sql -c "INSERT INTO items SELECT i, 'item ' || i, i FROM generate_series($1, $2) i"
    start=$(now)
    worker on
}
rate() { # COUNT
    calc '%.0f' "$1 / ($(now) - $start)"
}

fill 1 "$rows"
until_true "SELECT count(*) >= $rows / 5 FROM notion.mappings WHERE page IS NOT NULL"
early=$(memory_kb)
until_true "$drained"
all=$(rate "$rows")
echo "$rows creates: $all requests a second; private memory of apply and net in kB: $early after a"
echo "fifth of them, $(memory_kb) at the end"
third=$((rows / 3))
in_scratch "$scratch" psql -h "$scratch/socket" -XqAt postgres -c \
    "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1; SELECT pg_sleep(3600)" >/dev/null &
old=$!
until_true "SELECT count(*) = 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(3600)' AND
    backend_xmin IS NOT NULL AND pid <> pg_backend_pid()"
fill $((rows + 1)) $((rows + third))
until_true "$drained"
held=$(rate "$third")
kill $old
sql -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE query LIKE '%pg_sleep(3600)' AND pid <> pg_backend_pid()" >/dev/null
fill $((rows + third + 1)) $((rows + 2 * third))
until_true "$drained"
free=$(rate "$third")
echo "$third creates: $held a second beside an old snapshot, $free without it," \
    "ratio $(calc '%.2f' "$held / $free")"
[ "$(requests '^POST /v1/pages$')" = $((rows + 2 * third)) ] ||
    { echo "requests: $(requests '^POST /v1/pages$')"; exit 1; }
