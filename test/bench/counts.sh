#!/bin/bash
# What is counted and not timed, in the sizes of `make check-long`: requests of a burst of 5,000
# changed pages, reads and writes that 15,000 echoes cause, writes of 10,000 updates over 100 rows.
# These are TAP tests; this prints their counts. Assumes: extension and emulator are built.
# scope: one run.
set -euo pipefail
. "$(dirname "$0")/../../tools/lib.sh"
failed=0
for test in 061_coalesced 071_receipts 072_burst; do
    told=$(NOTION_LONG=1 VERBOSE=1 "$root/tools/test" tap "$test" 2>&1) || failed=1
    grep -E '^not ok|^ok .*(writes|requests|queries|reads|events)' <<<"$told" || true
done
exit $failed
