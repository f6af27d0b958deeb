#!/bin/bash
# 10,000 pages at 300 ms latency and a budget of 600 a minute: side by side, and one page after
# another, in one run. The first scan knows nothing; the second knows what it learned.
# scope: one run.
. "$(dirname "$0")/setup"
pages=${PAGES:-10000}
latency_ms=${LATENCY_MS:-300}

start_bench 600 --budget 0 --latency-ms 0
generate "$pages" '"seed":1,"spread_minutes":20000'
control limits "{\"latency_ms\":$latency_ms}"

# The emulator counts no budget here: what is measured is ours, which begins half spent.
scan() { query_ms "SELECT count(*) FROM (SELECT name, fee FROM crm.participants OFFSET 0) s"; }
requests() {
    curl -sf "$emulator_url/_emulator/stats" | grep -o '"requests":[0-9]*' | head -1 | cut -d: -f2
}
before=$(requests)
first=$(scan)
unlearned=$(($(requests) - before))
second=$(scan)
alone=$(sql -c "SET notion.max_parallel_requests = 1" -c "EXPLAIN (ANALYZE, TIMING OFF)
    SELECT count(*) FROM (SELECT name, fee FROM crm.participants OFFSET 0) s" |
    sed -n 's/.*Execution Time: \([0-9]*\).*/\1/p')
echo "$pages pages at $latency_ms ms: one after another $alone ms"
echo "side by side $first ms the first time (for $unlearned requests), then $second ms"
must "the first time $(divide "$alone" "$first") times faster (5 wanted)" "$alone >= 5 * $first"
must "then $(divide "$alone" "$second") times faster (5 wanted)" "$alone >= 5 * $second"
must "for at most a tenth more requests" "$unlearned <= 1.1 * $pages / 100 + 2"
conclude
