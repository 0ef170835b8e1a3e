# Reporting for shell tests: "ok - NAME" or "not ok - NAME: WHY" for each, and the counts at the
# end; sourced.
# shellcheck shell=bash

passed=0 failed=0

ok() {
    passed=$((passed + 1))
    echo "ok - $1"
}

# not_ok NAME WHY
not_ok() {
    failed=$((failed + 1))
    echo "not ok - $1: ${2//$'\n'/ | }"
}

# check NAME WHY COMMAND...: ok when COMMAND succeeds.
check() {
    local name=$1 why=$2
    shift 2
    if "$@"; then ok "$name"; else not_ok "$name" "$why"; fi
}

finish() {
    echo "$passed passed, $failed failed"
    exit "$((failed > 0))"
}
