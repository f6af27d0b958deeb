#!/bin/bash
# What a person changes in Notion: the time from a lone event to the row that shows it, a request
# in between; then the processor time of the workers for one of many such changes with 1,000 mapped
# rows and with 250,000 (those that nobody changes are put into the tables, not fetched).
# Assumes: extension and emulator are built, node. scope: one run.
set -euo pipefail
. "$(dirname "$0")/../../tools/lib.sh"
. "$(dirname "$0")/lib.sh"
edits=${EDITS:-500}
lone=${LONE:-30}
few=1000
many=${MANY:-250000}
find_port
direction=both
start_items "notion.listen = '127.0.0.1:$port'" "notion.index_lag = '2s'"
expect_webhook
curl -sf "$emulator_url/_emulator/webhooks" -o /dev/null \
    -d "{\"url\":\"http://127.0.0.1:$port/webhook/acme\",\"window_ms\":0}"
until_true "SELECT count(*) = 1 FROM notion.webhooks WHERE verified_at IS NOT NULL"
sql >/dev/null <<SQL
CREATE TABLE applied (id bigint, points float8, at timestamptz);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN
    INSERT INTO public.applied VALUES (new.id, new.points, clock_timestamp());
    RETURN NULL;
END \$\$;
INSERT INTO items SELECT i, 'item ' || i, 0 FROM generate_series(1, $few) i;
SQL
settled="SELECT NOT EXISTS (SELECT FROM notion.inbox WHERE state = 'new')
    AND NOT EXISTS (SELECT FROM notion.due_pages) AND NOT EXISTS (SELECT FROM notion.snapshots)
    AND NOT EXISTS (SELECT FROM notion.outbox) AND NOT EXISTS (SELECT FROM notion.work)"
until_true "$settled"
sql -c "CREATE TRIGGER note AFTER UPDATE ON items FOR EACH ROW EXECUTE FUNCTION note()" \
    -c "SELECT page FROM notion.mappings ORDER BY key::bigint LIMIT $edits" >"$scratch/tmp/pages"

# Edits the first COUNT pages, some seconds apart, to the number of the round; afterwards
# milliseconds from event to row: p50, p99, and of CPU of apply and net a change.
edit() { # ROUND COUNT SECONDS
    local round=$1
    sql -c "TRUNCATE applied; DELETE FROM notion.inbox WHERE state <> 'new'"
    local before after page
    before="$(cpu_ms "$(pid_of 'pg_notion apply')") $(cpu_ms "$(pid_of 'pg_notion net')")"
    while read -r page; do
        curl -sf "$emulator_url/_emulator/pages/$page/properties" -o /dev/null \
            -d "{\"as\":\"ada\",\"properties\":{\"Points\":{\"number\":$round}}}"
        [ "$3" = 0 ] || sleep "$3"
    done < <(head -n "$2" "$scratch/tmp/pages")
    until_true "SELECT count(*) >= $2 FROM applied WHERE points = $round"
    until_true "$settled"
    after="$(cpu_ms "$(pid_of 'pg_notion apply')") $(cpu_ms "$(pid_of 'pg_notion net')")"
    sql -c "SELECT string_agg(round(p::numeric, 1)::text, ' ') FROM unnest((
        SELECT percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (ORDER BY
                   extract(epoch FROM a.at - i.received_at) * 1000)
          FROM (SELECT id, min(at) AS at FROM applied WHERE points = $round GROUP BY id) a
          JOIN notion.mappings m ON m.key = a.id::text
          JOIN (SELECT entity, min(received_at) AS received_at FROM notion.inbox
                 WHERE type = 'page.properties_updated' GROUP BY entity) i
            ON i.entity::uuid = m.page)) p"
    echo "$before $after" | awk -v n="$2" '{ printf "%.4f\n", ($3 + $4 - $1 - $2) / n }'
}
round_of() { # FILE NUMBER: a line p50 p99 cpu for each of three rounds
    for i in 1 2 3; do edit "$2$i" "$edits" 0 | paste -sd' ' >>"$scratch/tmp/$1"; done
}
edit 1 "$edits" 0 >/dev/null # plans are made, connections opened
sleep 5
# What is one event a second is read at once; what is more waits to be read together.
read -r p50 p99 < <(edit 2 "$lone" 1.1)
at_most "a lone event to its row, p50 in ms (a request in it)" "$p50" 30
echo "    p99 $p99 ms"
round_of few 1
sql >/dev/null <<SQL
SET notion.capture = off;
INSERT INTO items SELECT i, 'item ' || i, 0 FROM generate_series($few + 1, $many) i;
INSERT INTO notion.mappings
SELECT (jsonb_populate_record(m, jsonb_build_object('key', i::text, 'page', gen_random_uuid()))).*
  FROM notion.mappings m, generate_series($few + 1, $many) i WHERE m.key = '1';
ANALYZE items;
ANALYZE notion.mappings;
SQL
edit 3 "$edits" 0 >/dev/null
round_of many 2
a=$(median "$scratch/tmp/few" 3) b=$(median "$scratch/tmp/many" 3)
at_most "ms of CPU an applied change: $a with $few mapped rows, $b with $many, ratio" \
    "$(calc '%.3f' "$b / $a")" 1.1
exit $failed
