#!/bin/bash
# From commit to request: 500 single-row commits, 20 ms apart, each row with the time at which its
# statement ran; the emulator notes when the request that carries it is there. Creates and updates
# of a link that sends only; before, a tenth as many updates, 200 ms apart, of one that reads too,
# whose pages are looked at before they are written (told, not judged: it is a request more).
# Assumes: extension and emulator are built, node. scope: one run.
set -euo pipefail
. "$(dirname "$0")/../../tools/lib.sh"
. "$(dirname "$0")/lib.sh"
commits=${COMMITS:-500}
direction=both
start_items
journal() { curl -sf "$emulator_url/_emulator/journal" "$@"; }
journal -o /dev/null -d '{"enabled":true}'

# The milliseconds from $3 statements $1 (of row $i), $4 seconds apart, to requests of route $2:
# p50, p99.
delays() {
    journal -o /dev/null -X DELETE
    for i in $(seq "$3"); do
        echo "${1//\$i/$i}; SELECT pg_sleep($4);"
    done >"$scratch/tmp/commits.sql"
    sql -f - <"$scratch/tmp/commits.sql" >/dev/null
    until_true "$drained"
    journal | node -e '
        const delays = require("fs").readFileSync(0, "utf8").trim().split("\n")
            .map(line => JSON.parse(line)).filter(it => it.route == process.argv[1])
            .map(it => [it, Object.values(it.request.properties).find(p => p.title).title[0]])
            .map(([it, title]) => Date.parse(it.at) - 1000 * Number(title.text.content))
            .sort((a, b) => a - b);
        if (delays.length != process.argv[2]) throw delays.length + " requests";
        const at = share => delays[Math.floor((delays.length - 1) * share)].toFixed(1);
        console.log(at(0.5), at(0.99))' "$2" "$3"
}
judge() { # WORDS P50 P99
    at_most "$1, p50 in ms" "$2" 10
    at_most "$1, p99 in ms" "$3" 50
}
patch="PATCH /v1/pages/:page_id"
clock="extract(epoch FROM clock_timestamp())::text"
few=$((commits / 10))
sql -c "INSERT INTO items SELECT i FROM generate_series(1, $few) i"
until_true "$drained"
read -r p50 p99 < <(delays "UPDATE items SET name = $clock WHERE id = \$i" "$patch" "$few" 0.2)
echo "updates of a link that reads too, after a look: p50 $p50 ms, p99 $p99 ms"
sql -c "SELECT notion.alter_link('items', direction => 'to_notion')" >/dev/null
until_true "$drained AND (SELECT direction = 'to_notion' AND state = 'active' FROM notion.links)"
judge "commit to request, creates" \
    $(delays "INSERT INTO items VALUES ($few + \$i, $clock, 1)" "POST /v1/pages" "$commits" 0.02)
judge "commit to request, updates" \
    $(delays "UPDATE items SET name = $clock WHERE id = $few + \$i" "$patch" "$commits" 0.02)
exit $failed
