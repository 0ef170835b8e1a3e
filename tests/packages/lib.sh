# What the tests of the packages share; sourced from the repository's root.
# shellcheck shell=bash
# shellcheck disable=SC2034  # for those who source this
root=$PWD
# shellcheck source=tests/report.sh
. tests/report.sh

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
