#!/bin/bash
# Eight sessions read at once for more than a minute, under a budget that they exhaust: Notion,
# which counts too, never has to answer 429. scope: one run.
. "$(dirname "$0")/setup"
sessions=${SESSIONS:-8}
per_minute=${PER_MINUTE:-120}
seconds=${SECONDS_EACH:-150}

start_bench "$per_minute" --budget "$per_minute/60"
generate 2000 '"seed":1,"spread_minutes":4000'
for _ in $(seq "$sessions"); do
    sql -c "SET statement_timeout = '${seconds}s'; SET client_min_messages = error" \
        -c "DO \$\$ BEGIN LOOP PERFORM count(*) FROM crm.participants; END LOOP; END \$\$" \
        2>/dev/null &
    readers+=($!)
done
for reader in "${readers[@]}"; do wait "$reader" || true; done
stats=$(curl -sf "$emulator_url/_emulator/stats")
refused=$({ grep -o '"429":[0-9]*' <<<"$stats" || true; } | cut -d: -f2 |
    awk '{ n += $1 } END { print n + 0 }')
made=$(grep -o '"requests":[0-9]*' <<<"$stats" | head -1 | cut -d: -f2)
echo "$sessions sessions, $seconds s, $per_minute a minute: $made requests, $refused refused"
must "not one 429" "$refused == 0"
must "and the budget was used" "$made >= $per_minute * ($seconds / 60 - 0.6)"
conclude
