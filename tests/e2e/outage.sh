#!/bin/bash
# The databases go down under a running screen and come back: the screen says so, in words
# and within a poll or two, the rest of it goes on, and it recovers by itself.  Last of all
# tests: the fleet's failed logins stay in the logs.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/e2e/screen_lib.sh
. "$here/screen_lib.sh"
database=("$here/../sandbox/sandbox.sh" database)

start 80 24
shows 'before: prod-eu is up' '^[!^+ >▸]*prod-eu\*? .* ok '
"${database[@]}" stop "$SANDBOX_DIR" || not_ok 'the database stops' 'sandbox.sh database stop failed'
shows 'down: prod-eu is FAILED in connect' '^[!^+ >▸]*prod-eu\*? +FAILED .* tcp '
shows 'down: dev too' '^[!^+ >▸]*dev +FAILED .* tcp '
shows 'down: AWS still answers' 'AWS ok'
keys 5
shows 'down: the connectivity screen has it' '^[!^+ >▸]*prod-eu\*? +ok +<?[0-9]+ms refused .* down '
shows 'down: in words' 'refused: nothing listens on that port'
keys '?'
shows 'down: keys are answered' 'a key that is not in this list does nothing'
keys Escape
"${database[@]}" start "$SANDBOX_DIR" || not_ok 'the database starts' 'sandbox.sh database start failed'
shows 'up: prod-eu logs in again' '^[!^+ >▸]*prod-eu\*? +ok .* up ' 15
keys 1
hides 'up: prod-eu is no longer FAILED' '^[!^+ >▸]*prod-eu\*? +FAILED'
leaves 'after an outage'

rm -rf "$work"
finish
