# What the shell tests of the whole program share; sourced.
# shellcheck shell=bash

: "${CREDTOP_CONF:?run this through tests/e2e/run.sh: it needs a sandbox}" "${SANDBOX_DIR:?}" "${CREDTOP:?}"
# shellcheck source=tests/report.sh
. "$(dirname "${BASH_SOURCE[0]}")/../report.sh"
