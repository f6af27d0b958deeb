#!/bin/bash
# A scan of 20,000 pages without latency, beside the official SDK, which only receives them, and
# curl, which receives the same bytes and does nothing with them, not even unpack them: one request
# after another, and as many at a time as the scan has. Five rounds in turn, the best of each, one
# emulator. Assumes also: node and npm. scope: one run.
. "$(dirname "$0")/setup"
pages=${PAGES:-20000}
rounds=${ROUNDS:-5}
conformance=$root/test/conformance

(cd "$conformance" && { [ -d node_modules/@notionhq/client ] ||
    npm ci --silent --no-audit --no-fund --ignore-scripts; })
start_bench -1 --budget 0 --query-limit 100000
generate "$pages" '"seed":1'

# All requests of a scan with their cursors, for one curl: as SELECT * asks.
url=$emulator_url/v1/data_sources/$source/query?filter_properties=$(
    sql -c "EXPLAIN SELECT * FROM crm.participants" |
        sed -n 's/.*Notion Properties: //p' | sed 's/, /\&filter_properties=/g')
ask() { # CURSOR
    printf '{"page_size":100,"sorts":[{"timestamp":"created_time","direction":"ascending"}]'
    printf '%s}' "${1:+,\"start_cursor\":\"$1\"}"
}
cursor=
requests=$scratch/tmp/requests
while :; do
    body=$(ask "$cursor")
    cat >>"$requests" <<CONF
next
url = "$url"
data = "${body//\"/\\\"}"
header = "Authorization: Bearer ntn_bot_curl"
header = "Notion-Version: 2026-03-11"
header = "Content-Type: application/json"
header = "Accept-Encoding: gzip"
output = "/dev/null"
CONF
    cursor=$(curl -sf "$url" -d "$body" \
        -H 'Authorization: Bearer ntn_bot_curl' -H 'Notion-Version: 2026-03-11' \
        -H 'Content-Type: application/json' |
        grep -o '"next_cursor":"[^"]*"' | tail -1 | cut -d'"' -f4 || true)
    [ -n "$cursor" ] || break
done
sed -i 1d "$requests" # "next" stands between

raw_ms() { # FLAGS...
    local since=${EPOCHREALTIME/./}
    curl -sS "$@" -K "$requests" 2>/dev/null
    echo $(((${EPOCHREALTIME/./} - since) / 1000))
}
sdk_ms() {
    node "$conformance/receive.mjs" "$emulator_url" ntn_bot_sdk "$source" |
        sed 's/.*"ms":\([0-9]*\).*/\1/'
}
for _ in $(seq "$rounds"); do
    query_ms "SELECT * FROM crm.participants" >>"$scratch/tmp/wide"
    query_ms "SELECT name, fee FROM crm.participants" >>"$scratch/tmp/narrow"
    raw_ms >>"$scratch/tmp/raw"
    raw_ms -Z --parallel-max 8 >>"$scratch/tmp/raw8"
    sdk_ms >>"$scratch/tmp/sdk"
done
wide=$(best "$scratch/tmp/wide") narrow=$(best "$scratch/tmp/narrow")
raw=$(best "$scratch/tmp/raw") sdk=$(best "$scratch/tmp/sdk") raw8=$(best "$scratch/tmp/raw8")
echo "$pages pages: curl receives them in $raw ms, eight at a time in $raw8 ms, the SDK in $sdk ms"
echo "SELECT * makes rows of them in $wide ms, SELECT of two columns in $narrow ms"
must "SELECT *: $(divide "$sdk" "$wide") times the SDK's rows per second (4 wanted)" \
    "$sdk >= 4 * $wide"
must "SELECT *: $(divide "$wide" "$raw") times the time of receiving the bytes (2 allowed)" \
    "$wide <= 2 * $raw"
must "SELECT *: $(divide "$wide" "$raw8") times that, eight at a time (2 allowed)" \
    "$wide <= 2 * $raw8"
conclude
