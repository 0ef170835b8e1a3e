# Reporting for the tests of the packages; sourced from the repository's root.
# shellcheck shell=bash
# shellcheck disable=SC2034  # for those who source this
root=$PWD
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

# nothing NAME COMMAND...: ok when COMMAND succeeds and prints nothing; what it prints is the fault.
nothing() {
    local name=$1 found status
    shift
    found=$("$@" 2>&1)
    status=$?
    if [[ -z $found && $status -eq 0 ]]; then
        ok "$name"
    else
        not_ok "$name" "${found:-the check itself ended with status $status}"
    fi
}

finish() {
    echo "$passed passed, $failed failed"
    exit "$((failed > 0))"
}
