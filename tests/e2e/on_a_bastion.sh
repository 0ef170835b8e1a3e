#!/bin/bash
# Audit and restricted mode, sshd, and the whole set-up, in a sandbox of their own: they count
# every call and login, and others must not mix in.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [[ ${1:-} != --inside ]]; then
    exec "$here/../sandbox/sandbox.sh" run -- "$0" --inside
fi
status=0
for test in restricted.py random_keys.py sshd.py bastion_install.sh; do
    "$here/$test" || status=1
done
exit "$status"
