#!/bin/bash
# Runs the end-to-end tests, all against one sandbox: run.sh [TEST...]
#
# A test is a program in this folder that finds $CREDTOP, $CREDTOP_CONF and $SANDBOX_DIR,
# prints "ok - name" or "not ok - name: why" and at the end "N passed, N failed".
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
export CREDTOP=${CREDTOP:-$root/build/release/credtop}
# Verdicts and counts first, while the fleet is undisturbed; faults, rotations and an outage last.
all=(botocore_check.py moto.py verdicts.py counts.py late.py restart.py formats.py filter.py insights.py
    busy.py audit.py passwords.py posture.py test_order.py usage.sh scripts.py outputs.py screen.sh
    logins.py databases.py pgbouncer.py traces.py
    notify.py faults.py journal.py recycle.py rotate.py cancel.py outage.sh orders.sh)
# These have secrets and roles of their own, and disturb nobody: they run beside the others.
beside=(discover.py crash.py alternating.py on_a_bastion.sh)

if [[ ${1:-} != --inside ]]; then
    [[ -x $CREDTOP ]] || { echo "run.sh: $CREDTOP is missing: make" >&2; exit 1; }
    exec "$root/tests/sandbox/sandbox.sh" run -- "$here/run.sh" --inside "$@"
fi
shift
run_each() {
    local test status=0
    for test in "$@"; do
        echo "== $test"
        "$here/$(basename "$test")" || status=1
    done
    return "$status"
}

if (($#)); then
    run_each "$@"
    exit
fi
said=$(mktemp)
run_each "${beside[@]}" >"$said" 2>&1 &
other=$!
failed=0
run_each "${all[@]}" || failed=1
wait "$other" || failed=1
cat "$said"
rm -f "$said"
exit "$failed"
