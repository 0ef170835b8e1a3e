#!/bin/bash
# Wrong configurations and wrong uses: a message that says what and where, and exit status 3.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/e2e/lib.sh
. "$here/lib.sh"
work=$(mktemp -d "$SANDBOX_DIR/usage.XXXXXX") || exit 1

# refused NAME TEXT... -- COMMAND...: exit status 3, nothing on stdout, each TEXT on stderr.
refused() {
    local name=$1 status text wanted=()
    shift
    while [[ $1 != -- ]]; do
        wanted+=("$1")
        shift
    done
    shift
    timeout 20 "$@" >"$work/out" 2>"$work/err" </dev/null
    status=$?
    if ((status != 3)); then
        not_ok "$name" "exit status $status: $(head -c 300 "$work/err")"
        return
    fi
    if [[ -s $work/out ]]; then
        not_ok "$name" "writes on stdout: $(head -c 300 "$work/out")"
        return
    fi
    for text in "${wanted[@]}"; do
        grep -qF -e "$text" "$work/err" || { not_ok "$name" "no '$text' in: $(head -c 400 "$work/err")"; return; }
    done
    ok "$name"
}

# broken NAME SED-SCRIPT TEXT...: the sandbox's configuration, spoiled.
broken() {
    local name=$1 script=$2
    shift 2
    sed -e "$script" -e "s|^env_file = |&$SANDBOX_DIR/|" "$CREDTOP_CONF" >"$work/bad.conf"
    chmod 600 "$work/bad.conf"
    refused "$name" "$work/bad.conf" "$@" -- "$CREDTOP" --config "$work/bad.conf" status
}

line_of() {
    grep -n -m 1 -e "$1" "$work/bad.conf" | cut -d: -f1
}

refused 'a configuration that is not there' "$work/none.conf" -- "$CREDTOP" --config "$work/none.conf" status
refused 'a folder as configuration' "$work" -- "$CREDTOP" --config "$work" status
broken 'an unknown key' 's/^secret_poll/secret_pol/' secret_pol
broken 'a duration that is none' 's/^log_poll = .*/log_poll = soon/' log_poll soon
check 'the line is named' "$(cat "$work/err")" grep -q "bad.conf:$(line_of '^log_poll')" "$work/err"
broken 'a port out of range' 's/^db_port = .*/db_port = 70000/' db_port
broken 'production without a secret' '/^secret = batch/d' batch
broken 'two mistakes at once' 's/^log_poll = .*/log_poll = soon/; s/^secret_poll = .*/secret_poll = later/' soon later
cp "$work/bad.conf" "$work/two.conf"
broken 'two environments of one name' 's/environment stage/environment test/' test

cp "$CREDTOP_CONF" "$work/open.conf"
chmod 666 "$work/open.conf"
refused 'a configuration that anybody may write' "$work/open.conf" chmod -- "$CREDTOP" --config "$work/open.conf" status

refused 'an unknown option' --frobnicate -- "$CREDTOP" --frobnicate
refused 'an unknown format' yaml -- "$CREDTOP" --config "$CREDTOP_CONF" status --format yaml
refused 'an option without its value' --config -- "$CREDTOP" --config
refused 'an unknown command' stauts -- "$CREDTOP" stauts

"$CREDTOP" --config "$CREDTOP_CONF" status >/dev/full 2>"$work/err"
status=$?
check 'a full disk under stdout: exit status 3' "$status: $(cat "$work/err")" test "$status" = 3
"$CREDTOP" --config "$CREDTOP_CONF" status 2>"$work/err" >&-
status=$?
check 'a closed stdout: exit status 3' "$status: $(cat "$work/err")" test "$status" = 3

env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY AWS_SHARED_CREDENTIALS_FILE="$work/none" \
    "$CREDTOP" --config "$CREDTOP_CONF" status >"$work/out" 2>"$work/err"
status=$?
check 'without AWS keys nobody is called healthy' "$status: $(cat "$work/out")" test "$status" -ge 2
check 'and it says what is missing' "$(cat "$work/out" "$work/err")" grep -qi 'credentials' "$work/out"

refused 'config check names every mistake' "two.conf:$(line_of '^log_poll')" "two.conf:$(line_of '^secret_poll')" later soon -- \
    "$CREDTOP" config check "$work/two.conf"
refused 'config show of a wrong one' later -- "$CREDTOP" --config "$work/two.conf" config show
check 'config check' 'fails' test "$("$CREDTOP" config check "$CREDTOP_CONF")" = "$CREDTOP_CONF: no mistake, 11 environments"
"$CREDTOP" config show "$CREDTOP_CONF" >"$work/shown.conf"
chmod 600 "$work/shown.conf"
"$CREDTOP" config show "$work/shown.conf" >"$work/again.conf"
check 'config show reads back' "$(diff "$work/shown.conf" "$work/again.conf" | head -n 5)" \
    cmp -s <(sed 's/ *; .*//; /^#/d' "$work/shown.conf") <(sed 's/ *; .*//; /^#/d' "$work/again.conf")
mkdir "$work/home"
refused 'without a configuration it says what to do' 'credtop discover' 'credtop doctor' .config/credtop/credtop.conf -- \
    env -u XDG_CONFIG_HOME HOME="$work/home" "$CREDTOP" status

"$CREDTOP" --help >"$work/out" 2>&1
status=$?
check '--help succeeds' "$(head -c 200 "$work/out")" test "$status" = 0
check '--help names every command line choice' "$(cat "$work/out")" grep -q -e --audit "$work/out"
check '--version' 'no version' grep -q '[0-9]\.[0-9]' <("$CREDTOP" --version)

rm -rf "$work"
finish
