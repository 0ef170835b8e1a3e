#!/bin/bash
# The sandbox keeps its promises: it gives a command's status back, two do not collide, and
# nothing is left whoever dies first.  Takes about a minute.
# shellcheck disable=SC2016,SC2317  # expanded inside the sandbox; called through check
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
sandbox=$here/sandbox.sh
passed=0 failed=0
work=$(mktemp -d "${TMPDIR:-/tmp}/sandbox-check.XXXXXX") || exit 1
# What the sandboxes make, they make here: what is left can be counted.
export TMPDIR=$work/tmp
mkdir "$TMPDIR" && chmod 0711 "$work" "$TMPDIR"
((EUID != 0)) || chmod 1777 "$TMPDIR"

check() {
    local name=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
        echo "ok - $name"
    else
        failed=$((failed + 1))
        echo "not ok - $name: $*"
    fi
}

# living FILE: how many of the processes recorded in it still run.
living() {
    local pid stat n=0
    while read -r _ pid _; do
        stat=$(cat "/proc/$pid/stat" 2>/dev/null) || continue
        [[ ${stat##*) } == Z* ]] || n=$((n + 1))
    done <"$1"
    echo "$n"
}

# all_gone FILE: none of them within some seconds.
all_gone() {
    local tries
    for ((tries = 80; tries > 0; tries--)); do
        (($(living "$1") == 0)) && return 0
        sleep 0.1
    done
    return 1
}

nothing_left() {
    local tries
    for ((tries = 50; tries > 0; tries--)); do
        [[ -z $(ls -A "$TMPDIR") ]] && return 0
        sleep 0.1
    done
    ls -l "$TMPDIR"
    return 1
}

pid_of() {
    awk -v name="$2" '$1 == name { print $2 }' "$1"
}

# started FILE: a background `run` has its processes up.
started() {
    local tries
    for ((tries = 300; tries > 0; tries--)); do
        [[ -s $1 ]] && return 0
        sleep 0.1
    done
    return 1
}

note='cp "$SANDBOX_DIR/pids" "$0.new" && mv "$0.new" "$0"'

"$sandbox" run bash -c 'test "$(stat -c %a "$SANDBOX_DIR")" = 700 && exit 7'
check 'run gives the status of its command' test $? = 7
check 'and leaves nothing' nothing_left

"$sandbox" up --parent 0 "$work/a" &
one=$!
"$sandbox" up --parent 0 "$work/b" &
wait "$one" && wait $!
check 'two start at once' test $? = 0
check 'both run' test "$(living "$work/a/pids") $(living "$work/b/pids")" = '4 4'
cp "$work/a/pids" "$work/a.pids"
cp "$work/b/pids" "$work/b.pids"
check 'up refuses a folder in use' test "$("$sandbox" up "$work/a" 2>/dev/null; echo $?)" = 1
"$sandbox" down "$work/a"
check 'down ends one' test "$(living "$work/a.pids")" = 0
check 'and not the other' test "$(living "$work/b.pids")" = 4
check 'down a second time says so' test "$("$sandbox" down "$work/a" 2>/dev/null; echo $?)" = 1
"$sandbox" database stop "$work/b"
check 'database stop ends PostgreSQL' test "$(living "$work/b/pids")" = 3
sleep 2
check 'and the rest goes on' test "$(living "$work/b/pids")" = 3
"$sandbox" database start "$work/b"
check 'database start brings it back' test "$? $(living "$work/b/pids")" = '0 4'
"$sandbox" database start "$work/b"
check 'a second start changes nothing' test "$? $(living "$work/b/pids")" = '0 4'
check 'no database without a sandbox' test "$("$sandbox" database stop "$work/a" 2>/dev/null; echo $?)" = 1
cp "$work/b/pids" "$work/b.pids"
kill -KILL "$(pid_of "$work/b.pids" keeper)"
check 'all end with a killed keeper' all_gone "$work/b.pids"
"$sandbox" down "$work/b"
check 'and down removes what it left' nothing_left

"$sandbox" up --parent 0 "$work/c"
cp "$work/c/pids" "$work/c.pids"
kill -KILL "$(pid_of "$work/c.pids" awsim)"
check 'all end with a killed awsim' all_gone "$work/c.pids"
check 'and nothing is left' nothing_left

bash -c '"$0" up --parent $$ "$1"; cp "$1/pids" "$1.pids"' "$sandbox" "$work/d"
check 'all end with the parent' all_gone "$work/d.pids"
check 'nothing is left by it' nothing_left

"$sandbox" up --parent 0 --lifetime 5 "$work/e"
cp "$work/e/pids" "$work/e.pids"
check 'all end with the lifetime' all_gone "$work/e.pids"

for signal in TERM INT KILL; do
    "$sandbox" run bash -c "$note; exec sleep 30" "$work/$signal.pids" 2>/dev/null &
    run=$!
    started "$work/$signal.pids"
    kill -s "$signal" "$run"
    wait "$run" 2>/dev/null
    check "run stopped by $signal: all end" all_gone "$work/$signal.pids"
    check "run stopped by $signal: nothing is left" nothing_left
done

rm -rf "$work"
echo "$passed passed, $failed failed"
exit "$((failed > 0))"
