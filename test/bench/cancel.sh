#!/bin/bash
# How long a scan lives after it was cancelled, in each of its states: the median of fifteen times,
# as the test of cancelling measures it. Assumes: nothing else runs. scope: one run.
. "$(dirname "$0")/setup"
mapfile -t states < <(NOTION_ROUNDS=${ROUNDS:-15} VERBOSE=1 "$root/tools/test" tap 012_foreign |
    sed -n 's/^# *\(.*: cancelled in .*\)/\1/p')
[ ${#states[@]} -ge 9 ] || die "the test did not come to its end"
for state in "${states[@]}"; do
    ms=$(sed 's/.*cancelled in \([0-9.]*\) ms.*/\1/' <<<"$state")
    must "$state" "$ms < 50"
done
conclude
