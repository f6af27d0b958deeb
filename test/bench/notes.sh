#!/bin/bash
# What publishing and notes cost: requests a table for the sixteen tables of the agent network's
# hub, and when it is run again; requests a page for 1,000 contents that changed in Notion; the time
# of a search over 100,000 notes of the notes cockpit, and its ratio to reading them all.
# Assumes: extension and emulator are built, node. scope: one run.
set -euo pipefail
. "$(dirname "$0")/../../tools/lib.sh"
. "$(dirname "$0")/lib.sh"
pages=${PAGES:-1000}
notes=${NOTES:-100000}
start_items "notion.max_parallel_requests = 16" "notion.schema_interval = 0"

# ---- publish ----------------------------------------------------------------------------------

sql -f - <"$root/examples/agent-hub/schema.sql" >/dev/null
home=$(curl -sf "$emulator_url/v1/pages" -H 'Authorization: Bearer ntn_bot_bench' \
    -H 'Notion-Version: 2026-03-11' -H 'Content-Type: application/json' -d '{"parent":
    {"type":"workspace","workspace":true},"properties":{"title":{"title":[{"text":{"content":
    "Home"}}]}}}' | node -e 'console.log(JSON.parse(require("fs").readFileSync(0)).id)')
publish() {
    sql -c "SELECT notion.publish(ARRAY(SELECT c.oid::regclass FROM pg_class c
        WHERE c.relnamespace = 'hub'::regnamespace AND c.relkind = 'r' AND c.relname <> 'history'
        ORDER BY c.oid), 'acme', '$home', 'crm', two_way => true,
        except_columns => '{workflow_instances.data}')" >/dev/null 2>&1
    until_true "SELECT bool_and(state = 'done') FROM notion.published" 0.05
}
before=$(requests .)
publish
tables=$(sql -c 'SELECT count(*) FROM notion.published')
at_most "$tables tables published, requests a table" \
    "$(calc '%.2f' "($(requests .) - $before) / $tables")" 2
before=$(requests .)
publish
at_most "    run again, requests" "$(($(requests .) - before))" 0

# ---- contents ---------------------------------------------------------------------------------

sql -c 'ALTER TABLE items ADD note text' \
    -c "INSERT INTO items SELECT i, 'item ' || i, i FROM generate_series(1, $pages) i"
until_true "$drained"
sql -c "SELECT notion.alter_link('items', content => 'note')" >/dev/null
until_true "SELECT NOT EXISTS (SELECT FROM notion.jobs WHERE finished_at IS NULL)"
ids=$(sql -c "SELECT json_agg(page) FROM notion.mappings m JOIN notion.links l ON l.id = m.link
    WHERE l.table_id = 'items'::regclass")
until_true "SELECT count(*) = $pages FROM notion.contents WHERE read_at IS NOT NULL"
node -e 'const [url, ids] = process.argv.slice(1);
    (async () => {
        for (const id of JSON.parse(ids)) {
            const answer = await fetch(`${url}/v1/pages/${id}/markdown`, { method: "PATCH",
                headers: { Authorization: "Bearer ntn_person_ada", "Notion-Version": "2026-03-11",
                    "Content-Type": "application/json" },
                body: JSON.stringify({ type: "replace_content", replace_content: {
                    new_str: `# Note\n\nAbout **${id}**.\n\n- one\n- two` } }) });
            if (!answer.ok) throw new Error(await answer.text());
        }
    })();' "$emulator_url" "$ids"
# A page that is edited in the running minute is read once more: what is measured is edited before.
curl -sf "$emulator_url/_emulator/clock" -o /dev/null -d '{"advance_ms": 120000}'
before=$(requests .)
start=$(now)
sql -c "SELECT notion.sync('items')" >/dev/null
until_true "SELECT count(*) = $pages FROM items WHERE note LIKE '# Note%'"
took=$(calc '%.2f' "$(now) - $start")
at_most "$pages contents ingested, requests a page" \
    "$(calc '%.3f' "($(requests .) - $before) / $pages")" 1.05
echo "    in $took s, without budget and latency: $(calc '%.0f' "$pages / $took") a second"

# ---- search -----------------------------------------------------------------------------------

sql -c 'CREATE SCHEMA cockpit' -c 'SET search_path = cockpit, public' \
    -f - <"$root/examples/notes-cockpit/schema.sql" >/dev/null 2>&1
sql >/dev/null <<SQL
SET search_path = cockpit, public;
INSERT INTO notes (name, entity_type, entity_id, content)
SELECT 'note ' || i, (ARRAY['organisation', 'contact', 'project', 'document'])[1 + i % 4],
       '00000000-0000-4000-8000-0000000000a1',
       format(E'# Note %s\n\nThe **%s** of %s was %s.\n\n- call %s\n- ask about %s', i,
              (ARRAY['budget', 'meeting', 'oven', 'quote', 'river'])[1 + i % 5], md5(i::text),
              (ARRAY['late', 'early', 'lost', 'found', 'good', 'bad', 'new'])[1 + i % 7],
              md5((i / 10)::text), md5((i / 100)::text))
  FROM generate_series(1, $notes) i;
VACUUM ANALYZE notes;
SQL
timed() { # SQL: its milliseconds, as the server measures them
    sql -c 'SET search_path = cockpit, public' -c "EXPLAIN (ANALYZE, TIMING OFF) $1" |
        sed -n 's/.*Execution Time: \([0-9.]*\).*/\1/p'
}
search="SELECT name, entity_type FROM notes
    WHERE words @@ websearch_to_tsquery('english', 'quote lost ' || md5(($notes / 200)::text))
    ORDER BY name LIMIT 20"
for _ in 1 2 3 4 5; do
    timed "$search" >>"$scratch/tmp/indexed"
    timed "SELECT count(*) FROM notes WHERE plain LIKE '%nowhere%'" >>"$scratch/tmp/read"
done
at_most "a search over $notes notes, milliseconds" "$(median "$scratch/tmp/indexed")" 20
echo "    against reading them all: $(calc '1 / %.0f' \
    "$(median "$scratch/tmp/read") / $(median "$scratch/tmp/indexed")")"
exit $failed
