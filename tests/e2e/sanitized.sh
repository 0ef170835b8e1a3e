#!/bin/bash
# The whole program built with sanitizers ($CREDTOP) against the sandbox: every watch, the
# counts, a busy group in slices, orders, the screen and its faults.  A report of a
# sanitizer ends the program with a status no test expects.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
: "${CREDTOP:?the program built with sanitizers}"
CREDTOP=$(realpath "$CREDTOP")
export CREDTOP
export ASAN_OPTIONS=abort_on_error=0:exitcode=99 TSAN_OPTIONS=exitcode=99:report_thread_leaks=0 UBSAN_OPTIONS=print_stacktrace=1
export BUSY_INVOCATIONS=8000
# Threads meet in all of these; memory is also asked about the counts of every format and order.
tests=(verdicts.py busy.py test_order.py faults.py)
[[ $CREDTOP == *tsan* ]] || tests+=(counts.py journal.py)
exec "$here/run.sh" "${tests[@]}"
