#!/bin/bash
# The live screen, in tmux at two sizes: the right state beside each environment, keys that
# work, a terminal that comes back.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/e2e/lib.sh
. "$here/lib.sh"
command -v tmux >/dev/null || { echo "skipped: tmux is not installed"; echo "0 passed, 0 failed"; exit 0; }

name=credtop-e2e-$$
work=$(mktemp -d "$SANDBOX_DIR/screen.XXXXXX") || exit 1
# A server of our own, with a socket in the sandbox; it ends with its only session.
mux() {
    TMUX='' tmux -S "$work/tmux" -f /dev/null "$@"
}

screen() {
    mux capture-pane -p -t "$name"
}

keys() {
    mux send-keys -t "$name" "$@"
}

# seen PATTERN [SECONDS]: waits for it on the screen.
seen() {
    local tries=$((${2:-8} * 10))
    until screen | grep -qE -e "$1"; do
        ((tries-- > 0)) || return 1
        sleep 0.1
    done
}

gone() {
    local tries=80
    while screen | grep -qE -e "$1"; do
        ((tries-- > 0)) || return 1
        sleep 0.1
    done
}

# shows NAME PATTERN
shows() {
    if seen "$2"; then ok "$1"; else not_ok "$1" "no /$2/ on: $(screen)"; fi
}

hides() {
    if gone "$2"; then ok "$1"; else not_ok "$1" "/$2/ still on: $(screen)"; fi
}

start() {
    mux new-session -d -s "$name" -x "$1" -y "$2" env -i HOME="$work" PATH="$PATH" TERM=screen-256color LC_ALL=C.UTF-8 \
        bash --norc --noprofile
    mux set-option -t "$name" status off
    mux resize-window -t "$name" -x "$1" -y "$2" 2>/dev/null
    # No secret on the screen or in the shell's arguments: the keys come from the file.
    keys ". $SANDBOX_DIR/env; PS1='shell> '; cd $work; clear" Enter
    seen '^shell>' || not_ok "$1x$2: a shell" "$(screen)"
    keys "echo before-marker; stty -g > tty.before" Enter
    keys "'$CREDTOP' --config '$CREDTOP_CONF'; echo \"status \$?.\"; stty -g > tty.after" Enter
}

states() {
    local env state
    while read -r env state; do
        shows "$1: $env is $state" "^[ >▸]*$env\\*? +$state "
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
    hides "$size: a filter hides the others" '^[ >▸]*dev +OK'
    shows "$size: and keeps what matches" '^[ >▸]*prod-us'
    keys Escape
    shows "$size: Esc brings them back" '^[ >▸]*dev +OK'
    keys g
    keys Enter
    shows "$size: Enter opens an environment" 'AWSCURRENT'
    keys Escape
    shows "$size: Esc goes back" '^[ >▸]*prod-us'
    keys '?'
    shows "$size: ? is help" 'a key that is not in this list does nothing'
    keys Escape
    hides "$size: and goes away" 'a key that is not in this list does nothing'
    keys 3
    shows "$size: 3 shows events" '(HIT|FETCH|INVOKE|COLD|DB-ERROR)'
    keys 1
    shows "$size: 1 is the overview" '^[ >▸]*prod-us'
}

leaves() {
    keys q
    shows "$1: q leaves with status 0" '^status 0\.$'
    shows "$1: what was on the terminal is back" '^before-marker'
    hides "$1: nothing of the screen stays" 'POISONED'
    check "$1: the terminal's settings are back" "$(diff "$work/tty.before" "$work/tty.after" 2>&1)" \
        cmp -s "$work/tty.before" "$work/tty.after"
    keys "exit" Enter
    sleep 0.3
    mux kill-session -t "$name" 2>/dev/null
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
seen '^[ >▸]*prod-us'
mux resize-window -t "$name" -x 60 -y 15
shows '80x24 to 60x15: still drawn' '^[ >▸]*legacy\*? +FAILED'
mux resize-window -t "$name" -x 120 -y 40
shows 'to 120x40: still drawn' '^[ >▸]*prod-us\*? +OK'
leaves 'after resizes'

rm -rf "$work"
finish
