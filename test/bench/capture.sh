#!/bin/bash
# What capture costs a user: a bulk insert into a linked table against the same insert without a
# trigger, for int8 and text keys; the WAL that a captured row adds; single-row commits by pgbench.
# Rounds in turn, the best of each, in one server whose workers are kept out.
# Assumes: extension and emulator are built, node. scope: one run.
set -euo pipefail
. "$(dirname "$0")/../../tools/lib.sh"
. "$(dirname "$0")/lib.sh"
rows=${ROWS:-300000}
rounds=${ROUNDS:-7}
seconds=${SECONDS_EACH:-5}
start_items "max_wal_size = 4GB" "checkpoint_timeout = 1h" "autovacuum = off"
worker off
sql >/dev/null <<'SQL'
CREATE TABLE items_plain (LIKE items INCLUDING ALL);
CREATE TABLE words (id text PRIMARY KEY, name text, points float8);
CREATE TABLE words_plain (LIKE words INCLUDING ALL);
-- The same trigger on a second table needs a data source of its own: any will do, nothing is sent.
SQL
curl -sf "$emulator_url/_emulator/load" -o /dev/null -d '{"workspace":"Acme","databases":[
    {"title":"Words","properties":{"Name":"title","Key":"rich_text","Points":"number"}}]}'
sql >/dev/null <<'SQL'
IMPORT FOREIGN SCHEMA workspace LIMIT TO (words) FROM SERVER acme INTO crm;
SELECT notion.link('words', 'crm.words', direction => 'to_notion',
    columns => '{"id": "key", "name": "name", "points": "points"}');
SQL

# Milliseconds and WAL bytes of one bulk insert, after which the table and the outbox are empty.
insert() { # TABLE KEY
    sql <<SQL
CHECKPOINT;
SELECT pg_current_wal_insert_lsn() AS before, clock_timestamp() AS start \gset
INSERT INTO $1 SELECT $2, 'item ' || i, i FROM generate_series(1, $rows) i;
SELECT round(extract(epoch FROM clock_timestamp() - :'start') * 1000)::bigint || ' ' ||
       (pg_current_wal_insert_lsn() - :'before')::bigint;
SET notion.capture = off;
TRUNCATE $1;
DELETE FROM notion.outbox;
SQL
}
best() { sort -n "$1" | head -1; }
failed=0
judge() { # WORDS VALUE LIMIT
    echo "$1: $2 (at most $3)"
    awk "BEGIN { exit !($2 <= $3) }" || failed=1
}

for round in $(seq "$rounds"); do
    insert items i >>"$scratch/tmp/items"
    insert items_plain i >>"$scratch/tmp/items_plain"
    insert words "'key ' || i" >>"$scratch/tmp/words"
    insert words_plain "'key ' || i" >>"$scratch/tmp/words_plain"
done
read -r linked linked_wal < <(best "$scratch/tmp/items")
read -r plain plain_wal < <(best "$scratch/tmp/items_plain")
judge "bulk insert of $rows rows, int8 keys: $linked ms, $plain ms without the trigger, ratio" \
    "$(calc '%.3f' "$linked / $plain")" 1.2
judge "WAL of a captured row in bytes" "$(calc '%.1f' "($linked_wal - $plain_wal) / $rows")" 80
read -r linked linked_wal < <(best "$scratch/tmp/words")
read -r plain plain_wal < <(best "$scratch/tmp/words_plain")
judge "bulk insert of $rows rows, text keys: $linked ms, $plain ms without the trigger, ratio" \
    "$(calc '%.3f' "$linked / $plain")" 1.35

# Single-row commits, in turn; the median of the rounds.
for table in items items_plain; do
    echo "\\set id random(1, 2000000000)
INSERT INTO $table VALUES (:id, 'x', 1) ON CONFLICT (id) DO UPDATE SET points = 2;" \
        >"$scratch/tmp/$table.sql"
done
for round in $(seq "$rounds"); do
    for table in items items_plain; do
        in_scratch "$scratch" pgbench -h "$scratch/socket" -n -M prepared -c 1 -T "$seconds" \
            -f "$scratch/tmp/$table.sql" postgres | sed -n 's/^tps = \([0-9.]*\).*/\1/p' \
            >>"$scratch/tmp/$table.tps"
    done
done
median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
linked=$(median "$scratch/tmp/items.tps")
plain=$(median "$scratch/tmp/items_plain.tps")
judge "single-row commits: $linked tps, $plain without the trigger, time ratio" \
    "$(calc '%.3f' "$plain / $linked")" 1.10
exit $failed
