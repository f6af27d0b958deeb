#!/bin/bash
# What capture costs a user: a bulk insert into a linked table against the same insert without a
# trigger, and with one that does nothing (notion.capture off), which is what PostgreSQL itself
# takes for calling it; int8, text and composite keys. The WAL that a captured row adds; single-row
# commits by pgbench. Rounds in turn, medians of the session's CPU time and, beside it, of the
# clock's, in one server whose workers are kept out.
# Assumes: extension and emulator are built, node. scope: one run.
set -euo pipefail
. "$(dirname "$0")/../../tools/lib.sh"
. "$(dirname "$0")/lib.sh"
rows=${ROWS:-300000}
rounds=${ROUNDS:-9}
commits=${COMMITS:-1000}
start_items "max_wal_size = 4GB" "min_wal_size = 2GB" "checkpoint_timeout = 1h" "autovacuum = off"
worker off
# Two more tables need data sources of their own: any will do, nothing is sent.
curl -sf "$emulator_url/_emulator/load" -o /dev/null -d '{"workspace":"Acme","databases":[
    {"title":"Words","properties":{"Name":"title","Key":"rich_text","Points":"number"}},
    {"title":"Pairs","properties":{"Name":"title","Key":"rich_text","Points":"number"}}]}'
sql >/dev/null <<'SQL'
CREATE TABLE words (id text PRIMARY KEY, name text, points float8);
CREATE TABLE pairs (year integer, number bigint, name text, points float8,
                    PRIMARY KEY (year, number));
CREATE TABLE items_plain (LIKE items INCLUDING ALL);
CREATE TABLE words_plain (LIKE words INCLUDING ALL);
CREATE TABLE pairs_plain (LIKE pairs INCLUDING ALL);
IMPORT FOREIGN SCHEMA workspace LIMIT TO (words, pairs) FROM SERVER acme INTO crm;
SELECT notion.link('words', 'crm.words', direction => 'to_notion',
    columns => '{"id": "key", "name": "name", "points": "points"}');
SELECT notion.link('pairs', 'crm.pairs', direction => 'to_notion', marker => 'key',
    columns => '{"name": "name", "points": "points"}');
SQL

# CPU and wall-clock milliseconds and WAL bytes of one bulk insert, after which the table and the
# outbox are empty.
insert() { # TABLE KEYS CAPTURE
    sql <<SQL
SET client_min_messages = warning;
SET notion.capture = $3;
CHECKPOINT;
SELECT pg_current_wal_insert_lsn() AS before, clock_timestamp() AS start,
       split_part(pg_read_file('/proc/self/schedstat'), ' ', 1)::bigint AS ran \gset
INSERT INTO $1 SELECT $2, 'item ' || i, i FROM generate_series(1, $rows) i;
SELECT (split_part(pg_read_file('/proc/self/schedstat'), ' ', 1)::bigint - :ran) / 1e6 || ' ' ||
       extract(epoch FROM clock_timestamp() - :'start') * 1000 || ' ' ||
       (pg_current_wal_insert_lsn() - :'before')::bigint;
SET notion.capture = off;
TRUNCATE $1;
DELETE FROM notion.outbox;
SQL
}
declare -A keys=([items]="i" [words]="'key ' || i" [pairs]="2000 + i % 20, i")
for round in $(seq 0 "$rounds"); do # the first warms the files up
    for table in items words pairs; do
        [ "$round" -gt 0 ] || { insert "$table" "${keys[$table]}" on >/dev/null; continue; }
        insert "$table" "${keys[$table]}" on >>"$scratch/tmp/$table.on"
        insert "$table" "${keys[$table]}" off >>"$scratch/tmp/$table.off"
        insert "${table}_plain" "${keys[$table]}" on >>"$scratch/tmp/$table.plain"
    done
done
bulk() { # TABLE WORDS LIMIT
    local at=$scratch/tmp/$1
    local on off plain
    on=$(median "$at.on" 1) off=$(median "$at.off" 1) plain=$(median "$at.plain" 1)
    at_most "bulk insert of $rows rows, $2: $on ms of CPU, $plain without the trigger, ratio" \
        "$(calc '%.3f' "$on / $plain")" "$3"
    echo "    with a trigger that does nothing $(calc '%.3f' "$off / $plain"); by the clock" \
        "$(calc '%.3f' "$(median "$at.on" 2) / $(median "$at.plain" 2)")"
    at_most "    WAL of a captured row in bytes" \
        "$(calc '%.1f' "($(median "$at.on" 3) - $(median "$at.plain" 3)) / $rows")" 80
}
bulk items "int8 keys" 1.2
bulk words "text keys" 1.35
bulk pairs "composite keys" 1.35

# Single-row commits, in turn; the median of the rounds: durable ones, as a user's are, and for what
# it tells of the work alone, ones that wait for no disk.
for table in items items_plain; do
    echo "\\set id random(1, 2000000000)
INSERT INTO $table VALUES (:id, 'x', 1) ON CONFLICT (id) DO UPDATE SET points = 2;" \
        >"$scratch/tmp/$table.sql"
done
commit() { # ON|OFF: durable
    sql -c "ALTER SYSTEM SET fsync = $1" -c 'SELECT pg_reload_conf()' >/dev/null
    rm -f "$scratch"/tmp/*.ms
    for _ in $(seq $((2 * rounds))); do
        for table in items items_plain; do
            in_scratch "$scratch" pgbench -h "$scratch/socket" -n -M prepared -c 1 -t "$commits" \
                -f "$scratch/tmp/$table.sql" postgres |
                sed -n 's/^tps = \([0-9.]*\).*/\1/p' | awk '{ print 1000 / $1 }' \
                >>"$scratch/tmp/$table.ms"
        done
    done
    linked=$(median "$scratch/tmp/items.ms" 1)
    plain=$(median "$scratch/tmp/items_plain.ms" 1)
}
commit on
at_most "single-row commits: $linked ms, $plain without the trigger, ratio" \
    "$(calc '%.3f' "$linked / $plain")" 1.10
commit off
echo "    without a disk to wait for: $linked ms, $plain, ratio $(calc '%.3f' "$linked / $plain")"
exit $failed
