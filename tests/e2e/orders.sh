#!/bin/bash
# Orders from the screen: a rotation is planned, asked about, carried out step by step, and
# stands in the journal; what is not confirmed sends nothing.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/e2e/screen_lib.sh
. "$here/screen_lib.sh"

choose() {
    keys 1
    keys Escape
    keys /
    keys -l "$1"
    keys Enter
    seen "^[!^+ >▸]*$1\*? +[A-Z]"
}

# The plan is read to its end: before, yes is no answer.
reads() {
    keys NPage
    keys NPage
    seen 'Enter goes on'
}

# What changes something, as the simulator counts it.
changes() {
    python3 -c 'import json, sys, urllib.request as r; print(json.load(r.urlopen(sys.argv[1] + "/_sim/calls"))["classes"]["MUTATES"])' \
        "$AWS_ENDPOINT_URL"
}

set -a
# shellcheck source=/dev/null
. "$SANDBOX_DIR/env"
set +a

start 80 24
shows 'first paint' '^[!^+ >▸]*prod-us'
choose json-eu
before=$(changes)
keys R
shows 'R: the plan is there' '── PLAN '
shows 'R: it names the call' 'RotateSecret arn:aws'
shows 'R: and asks' 'CONFIRM: rotate'
reads
keys -l 'no'
keys Enter
shows 'another word is no answer' 'yes, or Esc'
keys Escape
shows 'Esc leaves it' 'left; nothing was done'
keys R
shows 'R again' 'CONFIRM: rotate'
keys Enter
shows 'nothing typed is no' 'left; nothing was done'
check 'nothing was sent' "$before, $(changes)" test "$before" = "$(changes)"
keys R
seen 'CONFIRM: rotate'
reads
keys -l yes
keys Enter
shows 'yes: it is done' 'rotate of json-eu done: AWSCURRENT is ' 30
shows 'yes: the last step is seen' 'finishSecret +done'
check 'yes: something was sent' "$before" test "$before" != "$(changes)"

choose prod-ap
keys R
shows 'a protected one asks for its name' 'prod-ap is protected: type its name'
reads
keys -l yes
keys Enter
shows 'and takes nothing else' 'that is not its name'
keys Escape
seen 'nothing was done'

choose dev
keys R
shows 'development has no secret to rotate' 'rotate of dev refused: .*development'
choose json-eu
keys X
shows 'X without a rotation that is stuck' 'no version has AWSPENDING: there is nothing to finish'

keys 6
shows 'the journal has the rotation' '[0-9]+ rotate +done: AWSCURRENT is ' 10
shows 'its chain is whole' 'chain whole, [0-9]+ lines' 10
keys /
keys -l RotateSecret
keys Enter
shows 'the call is in it' 'call +json-eu .*RotateSecret'
keys Escape
keys 1
keys Escape
leaves 'after orders'

# Left while AWS rotates: the shell's terminal has a line that says so.
start 80 24
shows 'again: first paint' '^[!^+ >▸]*prod-us'
choose json-eu
keys R
seen 'CONFIRM: rotate'
reads
keys -l yes
keys Enter
seen 'RotateSecret'
keys Q
shows 'Q while AWS rotates: says what is under way' 'rotate of json-eu was under way'
shows 'Q while AWS rotates: and leaves' '^status 0\.$'
mux kill-session -t "$name" 2>/dev/null
rm -rf "$work"
finish
