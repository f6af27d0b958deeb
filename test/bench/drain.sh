#!/bin/bash
# 100,000 rows that wait in the outbox, sent without a budget and without latency: requests a
# second, the CPU time that a row costs in each process (all of them, the emulator too, share this
# machine), the memory of the workers at the beginning and at the end; then pieces of a fifth, in
# turn beside another session that holds an old snapshot for all of the piece, and without it.
# Assumes: extension and emulator are built, node. scope: one run.
set -euo pipefail
. "$(dirname "$0")/../../tools/lib.sh"
. "$(dirname "$0")/lib.sh"
rows=${ROWS:-100000}
rounds=${ROUNDS:-3}
start_items "notion.max_parallel_requests = 64"

memory_kb() {
    for type in apply net; do
        awk '/^RssAnon/ { print $2 }' "/proc/$(pid_of "pg_notion $type")/status"
    done | paste -sd' '
}
sent=0
fill() { # COUNT
    worker off
    sql -c "INSERT INTO items SELECT i, 'item ' || i, i
        FROM generate_series($sent + 1, $sent + $1) i"
    sent=$((sent + $1))
    start=$(now)
    worker on
}
rate() { # COUNT
    calc '%.0f' "$1 / ($(now) - $start)"
}

# CPU milliseconds of apply, net and the emulator so far.
cpu() { echo "$(cpu_ms "$(pid_of 'pg_notion apply')") $(cpu_ms "$(pid_of 'pg_notion net')")" \
    "$(cpu_ms "$(emulator_pid)")"; }
# Sends COUNT rows; their seconds, and milliseconds of CPU of apply, net, emulator a row.
drain() { # COUNT
    local before after
    fill "$1"
    before=$(cpu)
    until_true "$drained" 0.05
    after=$(cpu)
    echo "$before $after $(calc '%.3f' "$(now) - $start")" | awk -v n="$1" \
        '{ printf "%.2f %.4f %.4f %.4f\n", $7, ($4 - $1) / n, ($5 - $2) / n, ($6 - $3) / n }'
}

fill "$rows"
before=$(cpu)
until_true "SELECT count(*) >= $rows / 5 FROM notion.mappings WHERE page IS NOT NULL"
early=$(memory_kb)
until_true "$drained"
at_least "$rows creates, requests a second" "$(rate "$rows")" 2000
echo "$before $(cpu)" | awk -v n="$rows" '{
    printf "    ms of CPU a row: apply %.3f, net %.3f, emulator %.3f: alone on two processors ",
        ($4 - $1) / n, ($5 - $2) / n, ($6 - $3) / n
    printf "at most %d a second\n", 2000 * n / ($4 + $5 + $6 - $1 - $2 - $3) }'
late=$(memory_kb)
echo "    private memory of apply and net in kB: $early after a fifth of them, $late at the end"
at_most "    net's memory at the end, against that after a fifth" \
    "$(calc '%.2f' "${late#* } / ${early#* }")" 1.1

# A session holds an old snapshot while a piece is sent: what is dead behind it stays. In turn with
# pieces without it. Judged by the CPU time of the workers, which waits for nobody.
hold() {
    in_scratch "$scratch" psql -h "$scratch/socket" -XqAt postgres -c \
        "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1; SELECT pg_sleep(3600)" &>/dev/null &
    old=$!
    until_true "SELECT count(*) = 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(3600)' AND
        backend_xmin IS NOT NULL AND pid <> pg_backend_pid()"
}
release() {
    sql -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE query LIKE '%pg_sleep(3600)' AND pid <> pg_backend_pid()" >/dev/null
    wait "$old" || true
}
piece=$((rows / 5))
for _ in $(seq "$rounds"); do
    hold
    drain "$piece" >>"$scratch/tmp/held"
    release
    drain "$piece" >>"$scratch/tmp/free"
done
work() {
    awk '{ print $2 + $3 }' "$scratch/tmp/$1" >"$scratch/tmp/work"
    median "$scratch/tmp/work"
}
at_most "ms of CPU a row beside an old snapshot $(work held), without $(work free), ratio" \
    "$(calc '%.3f' "$(work held) / $(work free)")" 1.05
echo "    by the clock" \
    "$(calc '%.3f' "$(median "$scratch/tmp/held") / $(median "$scratch/tmp/free")")"
[ "$(requests '^POST /v1/pages$')" = "$sent" ] ||
    { echo "requests: $(requests '^POST /v1/pages$') for $sent rows"; failed=1; }
exit $failed
