# What the scripts in tools/ share. Sourced, from bash, with `set -euo pipefail`.
# Assumes: util-linux and coreutils. Refuses: to run PostgreSQL as root. scope: one script.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
PG_CONFIG=${PG_CONFIG:-pg_config}

say() { printf '%s\n' "$*" >&2; }
die() { say "$(basename "$0"): $*"; exit 1; }

# The Debian release that has PostgreSQL MAJOR.
debian_release() {
    declare -A releases=([15]=bookworm [17]=trixie [18]=sid)
    [ -n "${releases[$1]:-}" ] && echo "${releases[$1]}"
}

# The URI that this machine, a Debian, takes its own release from; its security suite is another
# archive.
debian_archive() {
    grep -qs '^ID=debian' /etc/os-release || return 1
    { cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null || true; } |
        sed -nE 's/^URIs?: *([^ ]+).*/\1/p; s/^deb +(\[[^]]*\] +)?([^ ]+) .*/\2/p' |
        grep -E '/debian/?$' | sed -n 1p
}

# PostgreSQL refuses to run as root; then its tests run as nobody, which owns nothing else.
drop_root=(env)
if [ "$(id -u)" = 0 ]; then
    drop_root=(setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups --inh-caps=-all --)
fi

# A folder of our own in the system's temporary folder: short enough for socket paths, readable
# by the user of the tests even where the clone (in /root, say) is not. With a private PostgreSQL,
# the emulator, if built, and those of the project's folders that are named. Sets scratch.
prepare_scratch() {
    scratch=$(mktemp -d "${TMPDIR:-/tmp}/pg_notion.XXXXXX")
    chmod 755 "$scratch"
    mkdir -p "$scratch"/{bin,tmp,journals}
    local folder
    for folder in "$@"; do
        [ -d "$root/$folder" ] || continue
        mkdir -p "$scratch/$folder"
        cp -a "$root/$folder/." "$scratch/$folder/"
    done
    [ ! -x "$root/build/notion-emulator" ] || cp "$root/build/notion-emulator" "$scratch/bin/"
    [ "$(id -u)" != 0 ] || chown -R nobody "$scratch"
    "$root/tools/private-postgres" "$scratch/pg"
}

# Whoever runs a program of the scratch folder was started by us, and has outlived its use.
clear_scratch() {
    local pid left
    [ -n "$scratch" ] || return 0
    left=$(find /proc/[0-9]*/exe -lname "$scratch/*" 2>/dev/null | cut -d/ -f3 || true)
    for pid in $left; do kill "$pid" 2>/dev/null || true; done
    for pid in $left; do timeout 10 tail --pid="$pid" -f /dev/null || kill -9 "$pid"; done
    if [ -n "${KEEP:-}" ]; then say "left in $scratch"; else rm -rf "$scratch"; fi
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

# A PostgreSQL of our own in scratch folder $1, reached by a socket in a folder that only its user
# and root can enter. Further arguments: lines of postgresql.conf.
start_cluster() {
    local scratch=$1 folder
    shift
    for folder in data socket; do
        mkdir -m 700 "$scratch/$folder"
        [ "$(id -u)" != 0 ] || chown nobody "$scratch/$folder"
    done
    in_scratch "$scratch" initdb -U postgres -A trust -E UTF8 --no-locale --no-sync \
        -D "$scratch/data" >/dev/null
    printf '%s\n' "listen_addresses = ''" "unix_socket_directories = '$scratch/socket'" \
        "shared_preload_libraries = 'pg_notion'" "fsync = off" "$@" \
        >>"$scratch/data/postgresql.conf"
    in_scratch "$scratch" pg_ctl -s -w -D "$scratch/data" -l "$scratch/tmp/server.log" start
}

stop_cluster() { in_scratch "$1" pg_ctl -s -w -m fast -D "$1/data" stop; }

# Starts notion-emulator in scratch folder $1 with the arguments that follow; sets emulator (its
# process) and emulator_url.
start_emulator() {
    local scratch=$1 line out
    shift
    exec {out}< <(in_scratch "$scratch" notion-emulator --port 0 "$@")
    emulator=$!
    read -r -t 30 line <&"$out" || die "the emulator did not start"
    emulator_url=http://${line#listening on }
}
