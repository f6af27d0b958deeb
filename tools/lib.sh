# What the scripts in tools/ share. Sourced, from bash, with `set -euo pipefail`.
# Assumes: util-linux and coreutils. Refuses: to run PostgreSQL as root. scope: one script.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
PG_CONFIG=${PG_CONFIG:-pg_config}

say() { printf '%s\n' "$*" >&2; }
die() { say "$(basename "$0"): $*"; exit 1; }

# PostgreSQL refuses to run as root; then its tests run as nobody, which owns nothing else.
drop_root=(env)
if [ "$(id -u)" = 0 ]; then
    drop_root=(setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups --inh-caps=-all --)
fi

# A folder of our own in the system's temporary folder: short enough for socket paths, readable
# by the user of the tests even where the clone (in /root, say) is not.
scratch_folder() {
    local folder
    folder=$(mktemp -d "${TMPDIR:-/tmp}/pg_notion.XXXXXX")
    chmod 755 "$folder"
    [ "$(id -u)" != 0 ] || chown nobody "$folder"
    echo "$folder"
}

# Runs a command in scratch folder $1, with its private PostgreSQL first in PATH, and nothing of
# the caller's environment but NOTION_ENV. In the background, $! is the command's own process.
in_scratch() {
    local scratch=$1
    shift
    (cd "$scratch" && exec "${drop_root[@]}" env -i \
        PATH="$scratch/bin:$scratch/pg$("$PG_CONFIG" --bindir):/usr/local/bin:/usr/bin:/bin" \
        HOME="$scratch" TMPDIR="$scratch/tmp" LANG=C.UTF-8 LC_ALL=C.UTF-8 PGUSER=postgres \
        SCRATCH="$scratch" \
        ${NOTION_ENV[@]+"${NOTION_ENV[@]}"} "$@")
}
