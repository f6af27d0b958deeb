#!/bin/bash
# A budget of 180 requests a minute while more work waits than it can send: how much of it is used
# over three whole minutes, the first minute apart (after a start half of a window counts as spent),
# and not one answer 429 of the emulator, which counts too. Takes more than four minutes.
# Assumes: extension and emulator are built, node. scope: one run.
set -euo pipefail
. "$(dirname "$0")/../../tools/lib.sh"
. "$(dirname "$0")/lib.sh"
per_minute=${PER_MINUTE:-180}
minutes=${MINUTES:-3}
budget=$per_minute
emulator_flags="--budget $per_minute/60"
start_items
sql -c "SET client_min_messages = warning" -c "INSERT INTO items
    SELECT i, 'item ' || i, i FROM generate_series(1, $per_minute * ($minutes + 3)) i"
sleep 75
before=$(requests .)
sleep $((60 * minutes))
used=$(($(requests .) - before))
at_least "of $per_minute requests a minute, in $minutes minutes $used, a share of" \
    "$(calc '%.4f' "$used / ($per_minute * $minutes)")" 0.99
[ "$(sql -c "$drained")" = f ] || { echo "the work ended too soon"; failed=1; }
refused=$(curl -sf "$emulator_url/_emulator/stats" | grep -o '"429":[0-9]*' | head -1 || true)
refused=${refused##*:}
at_most "    answers 429" "${refused:-0}" 0
exit $failed
