#!/bin/bash
# The sandbox: everything credtop watches, on this machine, real except AWS.
#
#   sandbox.sh up   [options] DIR       start it; DIR (new) gets credtop.conf, env, truth.json...
#   sandbox.sh down DIR                 end it and remove what it left outside DIR
#   sandbox.sh run  [options] COMMAND…  up, COMMAND with the environment set, down; COMMAND's status
#   sandbox.sh database stop|start DIR  take its PostgreSQL down, or up again; the rest goes on
#
#   --parent PID      end when PID is gone (default: the caller; 0: nobody)
#   --lifetime S      end after S seconds (default 3600)
#   --speed X         the fleet X times as busy
#   --without-fleet   no simulated Lambdas (benchmarks)
#   --build DIR       where awsim and fleet are (default build/release of this tree)
#
# One process, the keeper, starts PostgreSQL, awsim and the fleet as its children and
# lives as long as the sandbox.  It ends with the parent or the lifetime; they end with it,
# even when it is killed: awsim and fleet look for it, PostgreSQL asked for a signal.
# When awsim or the fleet dies, all end; a database that is down is a part of the show.
#
# DIR (0700) holds: credtop.conf; env, to be sourced; truth.json, the fleet's own count;
# endpoint; pids (name, pid, start); postgres.port; ca.crt; the logs; pg, a link to the
# cluster; orders, a FIFO to the keeper.
set -uo pipefail
umask 077

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dir='' endpoint='' dead_port=''
parent=$PPID lifetime=3600 speed=1 with_fleet=yes own_dir=no
build=${SANDBOX_BUILD:-$here/../../build/release}

fail() {
    echo "sandbox: $*" >&2
    exit 1
}

# shellcheck source=tests/sandbox/process.sh
. "$here/process.sh"
# shellcheck source=tests/sandbox/pg.sh
. "$here/pg.sh"
# shellcheck source=tests/sandbox/environments.sh
. "$here/environments.sh"

usage() {
    sed -n '2,13s/^# \{0,1\}//p' "$here/sandbox.sh" >&2
    exit 2
}

# --------------------------------------------------------------------- up

is_number() {
    [[ $1 =~ ^[0-9]{1,9}$ ]]
}

# Fills the settings from "$@"; what is left over is in $rest.
rest=()
read_options() {
    while (($#)); do
        case $1 in
        --parent | --lifetime | --speed | --build)
            (($# >= 2)) || fail "$1 needs a value"
            ;;&
        --parent)
            is_number "$2" || fail "--parent: '$2' is not a process id"
            parent=$2
            shift 2
            ;;
        --lifetime)
            is_number "$2" || fail "--lifetime: '$2' is not a number of seconds"
            lifetime=$2
            shift 2
            ;;
        --speed)
            [[ $2 =~ ^[0-9]+(\.[0-9]+)?$ ]] || fail "--speed: '$2' is not a number"
            speed=$2
            shift 2
            ;;
        --build)
            build=$2
            shift 2
            ;;
        --without-fleet)
            with_fleet=no
            shift
            ;;
        --)
            shift
            break
            ;;
        -*) fail "unknown option $1; see the head of $here/sandbox.sh" ;;
        *) break ;;
        esac
    done
    rest=("$@")
}

make_dir() {
    if [[ -e $1 ]]; then
        [[ -d $1 && -z $(ls -A "$1") ]] || fail "$1 is there already; give a new folder, or 'down' it and remove it first"
        chmod 0700 "$1" || fail "cannot use $1"
    else
        mkdir -m 0700 "$1" || fail "cannot make $1"
    fi
    dir=$(cd "$1" && pwd -P)
    # It stands in configuration files and in PostgreSQL's.
    [[ $dir =~ ^[A-Za-z0-9._/+-]+$ ]] || fail "$dir: only letters, digits and . _ - + / in the path, please"
}

check_programs() {
    local program
    for program in awsim fleet; do
        [[ $program == awsim || $with_fleet == yes ]] || continue
        [[ -x $build/$program ]] || fail "$build/$program is missing: make build/release/$program"
    done
    for program in openssl setpriv setsid curl; do
        command -v "$program" >/dev/null || fail "$program is not installed"
    done
}

up() {
    local parent_start=0
    make_dir "$1"
    build=$(cd "$build" 2>/dev/null && pwd) || fail "no folder for the programs: make build/release/awsim build/release/fleet"
    check_programs
    if ((parent)); then
        parent_start=$(process_start_time "$parent") || fail "--parent: there is no process $parent"
    fi
    mkfifo "$dir/orders" || fail "cannot make a FIFO in $dir"
    # A session of its own: what stops the terminal's programs does not stop it half-way.
    setsid "$here/sandbox.sh" keep "$dir" "$parent" "$parent_start" "$lifetime" "$speed" "$with_fleet" "$build" \
        "$own_dir" </dev/null >"$dir/keeper.log" 2>&1 &
    local keeper=$!
    disown "$keeper"
    until_true 90 keeper_ready_or_gone "$keeper" || echo "sandbox: not ready after 90 s" >&2
    [[ -e $dir/ready ]] && return 0
    cat "$dir/keeper.log" >&2
    down_dir
    return 1
}

keeper_ready_or_gone() {
    [[ -e $dir/ready ]] || ! kill -0 "$1" 2>/dev/null
}

# ------------------------------------------------------------------ keeper

keep() {
    local parent_start
    dir=$1 parent=$2 parent_start=$3 lifetime=$4 speed=$5 with_fleet=$6 build=$7 own_dir=$8
    process_record keeper $$
    trap keeper_end EXIT
    trap 'exit 0' TERM INT HUP

    dead_port_draw
    pg_init
    pg_start
    environments_draw
    fleet_keys_draw
    environments_sql | pg_sql || exit 1
    start_awsim
    fleet_profiles >"$dir/fleet.credentials"
    environments_profiles >"$dir/credentials"
    : >"$dir/config"
    environments_shell >"$dir/env"
    environments_dotenv >"$dir/dev.env"
    environments_conf >"$dir/credtop.conf"
    [[ $with_fleet == no ]] || start_fleet
    exec 9<>"$dir/orders"
    : >"$dir/ready"

    local order
    while ((SECONDS < lifetime)); do
        # Also the wait of this loop, and one that starts no program.
        if read -r -t 0.5 -u 9 order && [[ $order == start-database ]] && ! pg_answers; then
            pg_launch || echo "sandbox: PostgreSQL did not start: $(tail -n 3 "$dir/postgres.log")" >&2
        fi
        if ((parent)) && ! process_is "$parent" "$parent_start"; then
            # Nobody is left to look at what `run` made.
            [[ $own_dir == no ]] || trap 'keeper_end; remove_own_dir' EXIT
            break
        fi
        children_live || break
    done
}

# A port on which nothing listens: dr-eu's database.  PostgreSQL's ports are below it.
dead_port_draw() {
    while :; do
        dead_port=$((25000 + SRANDOM % 7000))
        ! port_is_free "$dead_port" || break
    done
}

children_live() {
    local name pid start
    while read -r name pid start; do
        [[ $name != postgres ]] || continue
        process_is "$pid" "$start" && continue
        echo "sandbox: $name ($pid) has ended; ending the rest" >&2
        return 1
    done <"$dir/pids"
}

start_awsim() {
    environments_seed >"$dir/seed.json"
    "$build/awsim" --seed "$dir/seed.json" --port-file "$dir/awsim.port" --lifetime $((lifetime + 60)) --parent $$ \
        >"$dir/awsim.log" 2>&1 &
    local pid=$!
    process_record awsim "$pid" || fail "awsim: $(cat "$dir/awsim.log")"
    until_true 20 port_written_or_gone "$pid"
    [[ -s $dir/awsim.port ]] || fail "awsim did not start: $(tail -n 3 "$dir/awsim.log")"
    endpoint=http://127.0.0.1:$(<"$dir/awsim.port")
    echo "$endpoint" >"$dir/endpoint"
    until_true 10 curl -sf -m 2 -o /dev/null "$endpoint/_sim/calls" || fail "awsim does not answer on $endpoint"
}

port_written_or_gone() {
    [[ -s $dir/awsim.port ]] || ! kill -0 "$1" 2>/dev/null
}

start_fleet() {
    fleet_settings >"$dir/fleet.json"
    # Its identities come from a file of its own; credtop's keys are not its.
    env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY -u AWS_SESSION_TOKEN -u AWS_PROFILE \
        AWS_SHARED_CREDENTIALS_FILE="$dir/fleet.credentials" AWS_CONFIG_FILE="$dir/config" \
        "$build/fleet" --config "$dir/fleet.json" --endpoint "$endpoint" --truth "$dir/truth.json" --parent $$ \
        --lifetime $((lifetime + 60)) --speed "$speed" >"$dir/fleet.log" 2>&1 &
    local pid=$!
    process_record fleet "$pid" || fail "fleet: $(cat "$dir/fleet.log")"
    until_true 60 truth_written_or_gone "$pid"
    [[ -s $dir/truth.json ]] || fail "the fleet did not start: $(tail -n 3 "$dir/fleet.log")"
}

truth_written_or_gone() {
    [[ -s $dir/truth.json ]] || ! kill -0 "$1" 2>/dev/null
}

keeper_end() {
    trap '' TERM INT HUP
    process_end fleet TERM 3
    process_end awsim TERM 3
    process_end postgres INT 5
    pg_remove
    rm -f "$dir/ready" "$dir/orders"
}

# -------------------------------------------------------------------- down

# Ends the keeper, which ends the rest; and the rest, in case it was killed.
down_dir() {
    process_end keeper TERM 15
    process_end fleet TERM 3
    process_end awsim TERM 3
    process_end postgres INT 5
    pg_remove
    rm -f "$dir/ready" "$dir/orders" "$dir/pids"
}

down() {
    [[ -d $1 ]] || fail "$1 is not a folder"
    [[ -e $1/pids || -L $1/pg ]] || fail "$1 is not a sandbox (no pids in it), or is down already"
    dir=$(cd "$1" && pwd -P)
    down_dir
}

# ---------------------------------------------------------------- database

# It answers, and the keeper has noted whom to end.
database_recorded() {
    local pid start
    read -r _ pid start < <(grep '^postgres ' "$dir/pids" | tail -n 1)
    process_is "$pid" "$start" && pg_answers
}

database() {
    [[ -p $2/orders && -r $2/pids ]] || fail "$2 is not a running sandbox"
    dir=$(cd "$2" && pwd -P)
    case $1 in
    stop) process_end postgres INT 5 ;;
    start)
        # Opened both ways: with the keeper gone this must not wait for a reader.
        exec 3<>"$dir/orders" && echo start-database >&3
        pg_find
        pg_root=$(readlink "$dir/pg") pg_port=$(<"$dir/postgres.port")
        until_true 25 database_recorded || fail "PostgreSQL does not answer: $(tail -n 3 "$dir/postgres.log")"
        ;;
    *) usage ;;
    esac
}

# --------------------------------------------------------------------- run

command_pid=''

run() {
    local status folder
    folder=$(mktemp -d "${TMPDIR:-/tmp}/credtop-sandbox.XXXXXX") || fail "cannot make a temporary folder"
    dir=$folder
    parent=$$
    own_dir=yes
    trap run_end EXIT
    trap 'forward TERM 143' TERM
    trap 'forward HUP 129' HUP
    trap 'forward INT 130' INT
    up "$folder" || exit 1
    # shellcheck source=/dev/null
    . "$dir/env"
    # In the background so that a signal to this shell is acted on at once; with its own
    # stdin and the signals a foreground command would have.
    env --default-signal=INT,QUIT "$@" <&0 &
    command_pid=$!
    wait "$command_pid"
    status=$?
    command_pid=''
    exit "$status"
}

process_gone() {
    ! process_start_time "$1" >/dev/null
}

forward() {
    if [[ -n $command_pid ]] && kill -s "$1" "$command_pid" 2>/dev/null; then
        until_true 5 process_gone "$command_pid" || kill -s KILL "$command_pid" 2>/dev/null
        wait "$command_pid"
    fi
    exit "$2"
}

run_end() {
    trap '' TERM INT HUP
    down_dir
    remove_own_dir
}

remove_own_dir() {
    [[ $dir == */credtop-sandbox.?????? ]] && rm -rf "$dir"
}

# -------------------------------------------------------------------- main

(($#)) || usage
command=$1
shift
case $command in
keep)
    keep "$@"
    ;;
up)
    read_options "$@"
    ((${#rest[@]} == 1)) || usage
    up "${rest[0]}"
    ;;
down)
    (($# == 1)) || usage
    down "$1"
    ;;
database)
    (($# == 2)) || usage
    database "$@"
    ;;
run)
    read_options "$@"
    ((${#rest[@]})) || usage
    run "${rest[@]}"
    ;;
*) usage ;;
esac
