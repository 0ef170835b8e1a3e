#!/bin/bash
# The demo: a sandbox, credtop on it, and everything ends with it.  On a terminal the
# dashboard, else `credtop status`.  Exit status 0 when the demo ran: status's own
# verdict (the sandbox is failing on purpose) is the show, not a failure of it.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
credtop=${CREDTOP:-$here/../../build/release/credtop}

if [[ ${1:-} != --inside ]]; then
    [[ -x $credtop ]] || { echo "demo: $credtop is missing: make" >&2; exit 1; }
    echo "Starting PostgreSQL, the AWS simulator and the simulated Lambdas..." >&2
    exec "$here/sandbox.sh" run -- "$here/demo.sh" --inside "$@"
fi
shift

if [[ -t 0 && -t 1 ]]; then
    "$credtop" --config "$CREDTOP_CONF" "$@"
    exit
fi
# The containers that go wrong (two stale, one poisoned) show it when they are called:
# give them a moment.
for _ in {1..60}; do
    (($(grep -cE '"state":"(stale|poisoned)".*"stale_hits":[1-9]' "$SANDBOX_DIR/truth.json") >= 3)) && break
    sleep 0.5
done
"$credtop" --config "$CREDTOP_CONF" status "$@"
status=$?
# 0 healthy, 1 degraded, 2 failing: it could tell.
((status <= 2)) || { echo "demo: credtop status could not tell (exit status $status)" >&2; exit "$status"; }
