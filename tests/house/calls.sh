#!/bin/bash
# How many AWS calls the dashboard makes, for README's figures: N environments (20) with the
# default refresh, all in one account and region, watched for S seconds (120) after a
# start of 30.  Counts what the simulator saw of credtop's own key.
#
#   tests/sandbox/sandbox.sh run -- tests/house/calls.sh [N [S]]
set -euo pipefail
: "${CREDTOP_CONF:?run this through tests/sandbox/sandbox.sh}" "${SANDBOX_DIR:?}" "${AWS_ENDPOINT_URL:?}"
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
credtop=${CREDTOP:-$root/build/release/credtop}
n=${1:-20} seconds=${2:-120}
conf=$SANDBOX_DIR/calls.conf
name=credtop-calls-$$

{
    printf '[credtop]\nsyslog = no\nendpoint_url = %s\n' "$AWS_ENDPOINT_URL"
    for ((i = 1; i <= n; i++)); do
        printf '\n[environment e%02d]\nregion = eu-central-1\nsecret = prod-eu/app/db\nfunction = app-prod-eu\n' "$i"
        printf 'db_sslrootcert = %s/ca.crt\n' "$SANDBOX_DIR"
    done
} >"$conf"
chmod 600 "$conf"

calls() {
    curl -sf "$AWS_ENDPOINT_URL/_sim/calls" | python3 -c '
import json, sys
for name, count in sorted(json.load(sys.stdin)["keys"].get(sys.argv[1], {}).items()):
    print(name, count)' "$AWS_ACCESS_KEY_ID"
}

mux() {
    TMUX='' tmux -S "$SANDBOX_DIR/calls.tmux" -f /dev/null "$@"
}

mux new-session -d -s "$name" -x 120 -y 40 env TERM=screen-256color LC_ALL=C.UTF-8 "$credtop" --config "$conf"
trap 'mux kill-session -t "$name" 2>/dev/null || true' EXIT
sleep 30
before=$(calls)
sleep "$seconds"
after=$(calls)
mux send-keys -t "$name" Q
echo "calls in $seconds s, $n environments:"
join -a 2 -e 0 -o 0,1.2,2.2 <(echo "$before") <(echo "$after") | awk '$3 > $2 { printf "  %-22s %5d\n", $1, $3 - $2 }'
