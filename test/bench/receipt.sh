#!/bin/bash
# Signed webhook events, each on a connection of its own, as a proxy brings them: how many a second
# are verified, durable (fsync is on) and answered, and the processor time that one costs the net
# process, which says what one processor could do; then 500 a second: how long an answer takes.
# Assumes: extension and emulator are built, node. scope: one run.
set -euo pipefail
. "$(dirname "$0")/../../tools/lib.sh"
. "$(dirname "$0")/lib.sh"
events=${EVENTS:-20000}
find_port
start_items "notion.listen = '127.0.0.1:$port'" "fsync = on"
expect_webhook
deliver() { # EVENTS CLIENTS RATE
    node "$root/test/bench/deliver.mjs" "$port" /webhook/acme secret_bench "$@"
}
member() { grep -o "\"$1\":[0-9.]*" | cut -d: -f2; }
deliver 0 1 0

net=$(pid_of 'pg_notion net')
before=$(cpu_ms "$net")
told=$(deliver "$events" 32 0)
each=$(calc '%.4f' "($(cpu_ms "$net") - $before) / $events")
[ "$(member 200 <<<"$told")" = "$events" ] || { echo "answers: $told"; failed=1; }
[ "$(sql -c 'SELECT count(*) FROM notion.inbox')" = "$events" ] ||
    { echo "not all kept"; failed=1; }
echo "$events events: $(calc '%.0f' "$events / $(member seconds <<<"$told")") a second beside" \
    "their sender, p99 $(member p99 <<<"$told") ms"
at_least "    $each ms of CPU an event: on one processor, a second" \
    "$(calc '%.0f' "1000 / $each")" 5000
disk_ms=$(node -e 'const fs = require("fs"), file = fs.openSync(process.argv[1], "w");
    const each = Array.from({ length: 200 }, () => { const start = performance.now();
        fs.writeSync(file, "x".repeat(8192)); fs.fdatasyncSync(file);
        return performance.now() - start; }).sort((a, b) => a - b);
    console.log(each[100].toFixed(1), each[197].toFixed(1))' "$scratch/tmp/disk")
echo "the disk, for one write to be durable: p50 and p99 in ms $disk_ms"
told=$(deliver 5000 32 500)
[ "$(member 200 <<<"$told")" = 5000 ] || { echo "answers: $told"; failed=1; }
at_most "500 events a second: p50 $(member p50 <<<"$told") ms, p99 in ms" \
    "$(member p99 <<<"$told")" 50
exit $failed
