#!/bin/bash
# The live screen, in tmux at two sizes: the right state beside each environment, keys that
# work, a terminal that comes back.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/e2e/screen_lib.sh
. "$here/screen_lib.sh"

states() {
    local env state
    while read -r env state; do
        shows "$1: $env is $state" "^[!^+ >▸]*$env\\*? +$state "
    done <<'END'
legacy FAILED
dr-eu FAILED
test POISONED
stage STUCK
prod-ap STALE
prod-eu OK
prod-us OK
batch OK
json-eu OK
py-us OK
dev OK
END
}

keys_work() {
    local size=$1
    keys /
    keys -l prod
    keys Enter
    # dev is well: it stands in the table alone, not under what needs attention.
    hides "$size: a filter hides the others" '^[!^+ >▸]*dev +OK'
    shows "$size: and keeps what matches" '^[!^+ >▸]*prod-us'
    keys Escape
    shows "$size: Esc brings them back" '^[!^+ >▸]*dev +OK'
    keys g
    keys Enter
    shows "$size: Enter opens an environment" 'AWSCURRENT'
    keys Escape
    shows "$size: Esc goes back" '^[!^+ >▸]*prod-us'
    keys '?'
    shows "$size: ? is help" 'a key that is not in this list does nothing'
    keys Escape
    hides "$size: and goes away" 'a key that is not in this list does nothing'
    keys 3
    shows "$size: 3 shows events" '(HIT|FETCH|INVOKE|COLD|DB-ERROR)'
    keys /
    keys -l 'env:legacy kind:db re:^error:.*failed'
    keys Enter
    shows "$size: a filter by columns and a regular expression" '^ >?.*legacy\*? +DB-ERROR .*error: '
    hides "$size: and nothing else" 'prod-us\*? +HIT'
    keys Enter
    shows "$size: Enter shows an event whole" 'THE EVENT +legacy'
    keys Escape
    keys Escape
    shows "$size: Esc twice: all of them again" '(prod|stage|test|dev)[^ ]* +HIT'
    keys 1
    shows "$size: 1 is the overview" '^[!^+ >▸]*prod-us'
}

for size in '80 24' '160 48'; do
    read -r columns rows <<<"$size"
    start "$columns" "$rows"
    shows "${columns}x$rows: first paint" 'credtop'
    states "${columns}x$rows"
    keys_work "${columns}x$rows"
    # What a Lambda prints never reaches the terminal as it is.
    check "${columns}x$rows: no escape of a log line took effect" "$(mux display-message -p -t "$name" '#{pane_title}')" \
        test "$(mux display-message -p -t "$name" '#{pane_title}')" != 'owned by the log'
    leaves "${columns}x$rows"
done

start 80 24
seen '^[!^+ >▸]*prod-us'
mux resize-window -t "$name" -x 60 -y 15
shows '80x24 to 60x15: still drawn' '^[!^+ >▸]*legacy\*? +FAILED'
mux resize-window -t "$name" -x 120 -y 40
shows 'to 120x40: still drawn' '^[!^+ >▸]*prod-us\*? +OK'
leaves 'after resizes'

rm -rf "$work"
finish
