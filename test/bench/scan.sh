#!/bin/bash
# A scan of 20,000 pages, against the time in which the official SDK only receives them. Five rounds
# in turn, the best of each; both use one connection, one request at a time or ahead, and the same
# emulator. Assumes: the extension and the emulator are built, node and npm. scope: one run.
set -euo pipefail
. "$(dirname "$0")/../../tools/lib.sh"
pages=${PAGES:-20000}
rounds=${ROUNDS:-5}
conformance=$root/test/conformance

emulator=
scratch=
finish() {
    local status=$?
    [ -z "$scratch" ] || stop_cluster "$scratch" || true
    [ -z "$emulator" ] || kill "$emulator" 2>/dev/null || true
    clear_scratch
    exit $status
}
trap finish EXIT
trap 'exit 130' INT TERM

(cd "$conformance" && { [ -d node_modules/@notionhq/client ] ||
    npm ci --silent --no-audit --no-fund --ignore-scripts; })
prepare_scratch test/emulator
start_cluster "$scratch" "max_parallel_workers_per_gather = 0"
start_emulator "$scratch" --seed "$scratch/test/emulator/seeds/demo.json" --budget 0 --no-journal \
    --query-limit 100000
curl -sf "$emulator_url/_emulator/generate" -o /dev/null \
    -d "{\"data_source\":\"Participants\",\"count\":$pages,\"seed\":1}"
echo ntn_bot_bench >"$scratch/tmp/token"
chmod 644 "$scratch/tmp/token"
sql() { in_scratch "$scratch" psql -h "$scratch/socket" -XqAt postgres "$@"; }
sql -v ON_ERROR_STOP=1 <<SQL
CREATE EXTENSION pg_notion;
CREATE SERVER acme FOREIGN DATA WRAPPER notion_fdw
    OPTIONS (api_url '$emulator_url', budget_per_minute '-1');
CREATE USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS (token_file '$scratch/tmp/token');
CREATE SCHEMA crm;
IMPORT FOREIGN SCHEMA workspace FROM SERVER acme INTO crm;
SQL
source=$(sql -c "SELECT DISTINCT data_source_id FROM notion.data_sources('acme')
                  WHERE table_name = 'participants'")

# Milliseconds of one scan, as the server measures it: every column of every row is made.
scan_ms() {
    sql -c "$1" | sed -n 's/.*Execution Time: \([0-9]*\).*/\1/p'
}
receive_ms() {
    node "$conformance/receive.mjs" "$emulator_url" ntn_bot_sdk "$source" |
        sed 's/.*"ms":\([0-9]*\).*/\1/'
}
best() { sort -n | head -1; }

wide="EXPLAIN (ANALYZE, TIMING OFF) SELECT * FROM crm.participants"
narrow="EXPLAIN (ANALYZE, TIMING OFF) SELECT name, fee FROM crm.participants"
for _ in $(seq "$rounds"); do
    scan_ms "$wide" >>"$scratch/tmp/wide"
    scan_ms "$narrow" >>"$scratch/tmp/narrow"
    receive_ms >>"$scratch/tmp/sdk"
done
ours=$(best <"$scratch/tmp/wide")
two=$(best <"$scratch/tmp/narrow")
sdk=$(best <"$scratch/tmp/sdk")
echo "the SDK only receives $pages pages: $sdk ms"
ratio() { awk "BEGIN { printf \"%.2f\", $1 / $sdk }"; }
echo "SELECT * makes $pages rows of them:  $ours ms, ratio $(ratio "$ours")"
echo "SELECT of two columns:               $two ms, ratio $(ratio "$two")"
awk "BEGIN { exit !($ours <= 2 * $sdk) }" || { echo "more than twice as long"; exit 1; }
