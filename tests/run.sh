#!/bin/bash
# Runs tests one after the other and adds their counts up: cmocka programs and scripts
# that end in "N passed, N failed".  Shows the whole output of what failed, one line of
# what did not.  Ends with "N passed, N failed" and a status that says the same.
set -uo pipefail
passed=0 failed=0
out=$(mktemp)
trap 'rm -f "$out"' EXIT

for test in "$@"; do
    start=$SECONDS
    timeout -k 10 "${TEST_TIMEOUT:-900}" "$test" >"$out" 2>&1 </dev/null
    status=$?
    # cmocka: "[  PASSED  ] 12 test(s)." and "[  FAILED  ] 1 test(s), listed below:"; scripts
    # print a line for each part of them.
    read -r p f < <(awk '
        /^\[  PASSED  \] [0-9]+ test/ { p += $4 }
        /^\[  FAILED  \] [0-9]+ test/ { f += $4 }
        /^[0-9]+ passed, [0-9]+ failed/ { p += $1; f += $3 }
        END { print p + 0, f + 0 }' "$out")
    # A program that crashed, hung or counted nothing has failed, whatever it printed.
    if ((status != 0 && f == 0)); then f=1; fi
    if ((status == 0 && p == 0 && f == 0)); then f=1; echo "(no test ran)" >>"$out"; fi
    passed=$((passed + p)) failed=$((failed + f))
    if ((f > 0)); then
        printf 'FAIL %s (status %d)\n' "$test" "$status"
        sed 's/^/    /' "$out"
    else
        printf 'ok   %-50s %4d passed  %3ds\n' "$test" "$p" "$((SECONDS - start))"
        grep -i '^skip' "$out" | sed 's/^/     /'
    fi
done
echo "$passed passed, $failed failed"
((failed == 0))
