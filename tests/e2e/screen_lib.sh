# The live screen in a tmux of our own: start it, press keys, wait for what it shows.
# Sourced; sets $work, a folder for the test.
# shellcheck shell=bash

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
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

# shows NAME PATTERN [SECONDS]
shows() {
    if seen "$2" "${3:-8}"; then ok "$1"; else not_ok "$1" "no /$2/ on: $(screen)"; fi
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
