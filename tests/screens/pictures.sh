#!/bin/bash
# Takes the pictures of README: pictures.sh [FOLDER], packaging/pictures unless another is named.
#
# The real program on the sandbox, in a tmux of its own; what its cells hold goes through
# picture.py. Takes a minute and a half. They differ each time, so nothing compares them: look at
# them before they are committed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
export CREDTOP=${CREDTOP:-$root/build/release/credtop}
if [[ ${1:-} != --inside ]]; then
    [[ -x $CREDTOP ]] || { echo "pictures: $CREDTOP is missing: make" >&2; exit 1; }
    into=$(realpath -m "${1:-$root/packaging/pictures}")
    mkdir -p "$into"
    exec "$root/tests/sandbox/sandbox.sh" run -- "$here/pictures.sh" --inside "$into"
fi
into=$2
columns=120 rows=36
# shellcheck source=tests/e2e/screen_lib.sh
. "$root/tests/e2e/screen_lib.sh"

die() {
    echo "pictures: $1; on the screen:" >&2
    screen >&2
    exit 1
}

# wait_for PATTERN [SECONDS]
wait_for() {
    seen "$1" "${2:-20}" || die "no /$1/"
}

# Nothing of whoever takes the pictures: what is drawn is refused with these in it.
mine=("$HOME" "$root" "$SANDBOX_DIR" "$(uname -n)")
user=$(id -un)
[[ $user == root ]] || mine+=("$user")

# take NAME TITLE: the screen as it is.
take() {
    local word
    mux capture-pane -e -p -N -t "$name" >"$work/capture"
    for word in "${mine[@]}"; do
        if grep -qF -e "$word" "$work/capture"; then die "$1 shows \"$word\", which is of this machine"; fi
    done
    "$here/picture.py" "$2" "$columns" "$rows" <"$work/capture" >"$work/$1.svg"
    install -m 644 "$work/$1.svg" "$into/$1.svg"
    echo "$into/$1.svg"
}

# The journal names who ran it: let that be root, also for who is not.
be_root=()
((EUID == 0)) || be_root=(unshare -r)
mux new-session -d -s "$name" -x "$columns" -y "$rows" env -i HOME="$work" PATH="$PATH" TERM=tmux-256color LC_ALL=C.UTF-8 \
    "${be_root[@]}" bash --norc --noprofile
mux set-option -t "$name" status off
# One environment is rotated by credtop itself: that plan has more to show.
sed '/^\[environment json-eu\]/a rotation = credtop' "$CREDTOP_CONF" >"$SANDBOX_DIR/pictures.conf"
keys ". $SANDBOX_DIR/env; clear; '$CREDTOP' --config $SANDBOX_DIR/pictures.conf; exit" Enter
for state in FAILED POISONED STUCK STALE OK; do wait_for "^[ >!▸]*[a-z-]+\*? +$state"; done
# Some calls more, so that the charts have a shape.
sleep 40
take overview 'The overview: one line for each environment, what needs attention, live events'

# choose ENVIRONMENT: its line, whatever the order is.
choose() {
    keys 1 g
    for _ in {1..20}; do
        if screen | grep -qE "^[!▸ ]*>$1\*? "; then return; fi
        keys j
        sleep 0.2
    done
    die "$1 could not be chosen"
}
choose prod-ap
keys Enter
wait_for '^ Envs > prod-ap'
sleep 2
take environment 'An environment: versions on a time line, the login phase by phase, the last hour, its containers'
keys 3
wait_for '\[3 Events\]'
sleep 2
take events 'Live events, and the chosen one explained'
keys 5
wait_for '\[5 Connect\]'
keys g
sleep 2
take connect 'The way to each database, phase by phase'
choose json-eu
keys R
wait_for '^── CONFIRM'
sleep 1
take plan 'A rotation is planned first: each call and statement; nothing is sent before it is confirmed'
keys yes Enter
wait_for '\[4 Orders\]'
wait_for 'rotate of json-eu done' 40
sleep 5
take order 'The order, step by step, and the containers that still hold the old password'
keys 6
wait_for '\[6 Journal\]'
sleep 2
take journal 'The journal: who ordered what, each call before it was sent, sealed line by line'
keys 7
wait_for '\[7 Posture'
sleep 5
take posture 'Posture: what an auditor would ask of each environment, and how to mend what is wrong'
keys Q
for _ in {1..50}; do
    mux has-session -t "$name" 2>/dev/null || break
    sleep 0.1
done
rm -rf "$work"
