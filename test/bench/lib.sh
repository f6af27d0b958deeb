# What the benchmarks of the sync share: a cluster and an emulator with one linked table. Sourced
# after tools/lib.sh. Refuses to judge by one absolute time where a ratio can be had. scope: a run.
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

sql() { in_scratch "$scratch" psql -h "$scratch/socket" -v ON_ERROR_STOP=1 -XqAt postgres "$@"; }
# Seconds, with a fraction.
now() { date +%s.%N; }
# $1 with what awk makes of the expression $2.
calc() { awk "BEGIN { printf \"$1\", $2 }"; }
# Requests that the emulator has served, of routes ("POST /v1/pages") that match $1.
requests() {
    curl -sf "$emulator_url/_emulator/stats" |
        node -e 'let n = 0;
            const routes = JSON.parse(require("fs").readFileSync(0)).routes;
            for (const [route, its] of Object.entries(routes))
                if (new RegExp(process.argv[1]).test(route)) n += its.requests;
            console.log(n)' "$1"
}
# Milliseconds of CPU that process $1 has used, user and system.
cpu_ms() { awk -v hz="$(getconf CLK_TCK)" '{ print ($14 + $15) * 1000 / hz }' "/proc/$1/stat"; }
# The emulator's own process: $emulator is the shell that waits for it.
emulator_pid() { awk '{ print $1 }' "/proc/$emulator/task/$emulator/children"; }
# The process of the backend type $1.
pid_of() { sql -c "SELECT pid FROM pg_stat_activity WHERE backend_type = '$1'"; }
failed=0
# Prints the words $1, the value $2 and the limit $3; remembers a miss: the script ends by
# `exit $failed`.
at_most() {
    echo "$1: $2 (at most $3)"
    awk "BEGIN { exit !($2 <= $3) }" || failed=1
}
at_least() {
    echo "$1: $2 (at least $3)"
    awk "BEGIN { exit !($2 >= $3) }" || failed=1
}
# The median of the numbers in file $1, column $2 (1).
median() {
    sort -g -k"${2:-1}" "$1" | awk -v c="${2:-1}" '{ v[NR] = $c }
        END { printf "%.10g", v[int((NR + 1) / 2)] }'
}
# Waits until the query $1 gives t; asks every $2 seconds (0.2).
until_true() { until [ "$(sql -c "$1" 2>/dev/null)" = t ]; do sleep "${2:-0.2}"; done; }
drained="SELECT NOT EXISTS (SELECT FROM notion.outbox) AND NOT EXISTS (SELECT FROM notion.work)"

# A cluster (lines of postgresql.conf), an emulator with a data source, and in `options` what the
# server gets; the table items linked in direction $direction, synced, at rest.
start_items() {
    prepare_scratch test/emulator
    start_cluster "$scratch" "notion.poll_interval = 3600" "notion.settle = '10s'" "$@"
    start_emulator "$scratch" --no-journal ${emulator_flags---budget 0}
    curl -sf "$emulator_url/_emulator/load" -o /dev/null -d '{"workspace":"Acme",
        "users":[{"name":"Ada","email":"ada@acme.test","type":"person"}],"databases":[
        {"title":"Items","properties":{"Name":"title","Key":"rich_text","Points":"number"}}]}'
    echo ntn_bot_bench >"$scratch/tmp/token"
    chmod 644 "$scratch/tmp/token"
    sql >/dev/null <<SQL
CREATE EXTENSION pg_notion;
CREATE SERVER acme FOREIGN DATA WRAPPER notion_fdw
    OPTIONS (api_url '$emulator_url', budget_per_minute '${budget--1}');
CREATE USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS (token_file '$scratch/tmp/token');
CREATE SCHEMA crm;
IMPORT FOREIGN SCHEMA workspace FROM SERVER acme INTO crm;
CREATE TABLE items (id bigint PRIMARY KEY, name text, points float8);
SELECT notion.link('items', 'crm.items', direction => '${direction-to_notion}',
    columns => '{"id": "key", "name": "name", "points": "points"}');
SELECT notion.sync('items');
SQL
    until_true "SELECT state = 'active' FROM notion.links"
}
# Sets port: a free one, for a listener.
find_port() {
    port=$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => {
        console.log(s.address().port); s.close(); })')
}
# After start_items "notion.listen = '127.0.0.1:$port'": a key, and a webhook that is expected.
expect_webhook() {
    head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$scratch/tmp/key"
    [ "$(id -u)" != 0 ] || chown nobody "$scratch/tmp/key"
    chmod 600 "$scratch/tmp/key"
    sql -c "ALTER SYSTEM SET notion.key_file = '$scratch/tmp/key'" \
        -c 'SELECT pg_reload_conf()' >/dev/null
    until_true "SELECT current_setting('notion.key_file') <> ''"
    sql -c "SELECT notion.expect_webhook('acme')" >/dev/null
}
# Keeps the workers out, or lets them in.
worker() {
    sql -c "ALTER SYSTEM SET notion.worker = $1" -c 'SELECT pg_reload_conf()' >/dev/null
    local wanted=0
    [ "$1" = off ] || wanted=2
    until_true "SELECT count(*) = $wanted FROM pg_stat_activity
        WHERE backend_type IN ('pg_notion net', 'pg_notion apply')"
}
