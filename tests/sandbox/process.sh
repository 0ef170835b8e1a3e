# Processes by recorded identity: a pid and the moment it started, so that a pid
# the kernel has given to somebody else meanwhile is never signalled.
# Sourced by sandbox.sh; needs $dir.
# shellcheck shell=bash

: "${dir?sourced by sandbox.sh}"

# Clock ticks after boot at which PID started; fails when there is no such process.
process_start_time() {
    local stat fields
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    # The command name may hold spaces and parentheses: what counts follows the last one.
    read -r -a fields <<<"${stat##*) }"
    [[ ${fields[0]} != Z ]] || return 1
    echo "${fields[19]}"
}

# process_record NAME PID
process_record() {
    local start
    start=$(process_start_time "$2") || return 1
    echo "$1 $2 $start" >>"$dir/pids"
}

# process_is PID START: still the same process?
process_is() {
    [[ $(process_start_time "$1") == "$2" ]]
}

# process_end NAME SIGNAL SECONDS: signals what was recorded as NAME, waits for it,
# and uses KILL when it does not listen.
process_end() {
    local name pid start tries
    [[ -r $dir/pids ]] || return 0
    while read -r name pid start; do
        [[ $name == "$1" ]] || continue
        process_is "$pid" "$start" || continue
        kill -s "$2" "$pid" 2>/dev/null || continue
        for ((tries = $3 * 20; tries > 0; tries--)); do
            process_is "$pid" "$start" || continue 2
            sleep 0.05
        done
        echo "sandbox: $name ($pid) did not end on $2, killing it" >&2
        kill -s KILL "$pid" 2>/dev/null
    done <"$dir/pids"
}

# until_true SECONDS COMMAND...: tries 20 times a second.
until_true() {
    local tries=$(($1 * 20))
    shift
    while ! "$@"; do
        ((tries-- > 0)) || return 1
        sleep 0.05
    done
}
