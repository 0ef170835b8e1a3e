#!/bin/bash
# The completions, in the shells they are for: bash by calling the function it registers,
# fish by asking it, zsh at a prompt in a terminal of its own.  A shell that is not installed is said
# to be skipped.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/packages/lib.sh
. tests/packages/lib.sh
files=$PWD/packaging/completions

# The last name would be run by a shell that expands what it offers.
mkdir -p "$work/home/.config/credtop" "$work/other"
cat >"$work/home/.config/credtop/credtop.conf" <<'END'
[credtop]
#[environment commented]
[environment prod-eu]
  [ environment prod-us ]
secret = environment not-a-section
[environment $(touch ran)]
END
printf '[environment elsewhere]\n' >"$work/other/my own.conf"
mkdir "$work/other/folder"
cd "$work/other" || exit 1

# in_bash WORD...: what the last word may become, sorted, in one line.
in_bash() {
    env -i HOME="$work/home" PATH="$PATH" bash --norc -c '
        . "$1/credtop.bash" || exit
        shift
        COMP_WORDS=(credtop "$@") COMP_CWORD=$#
        [[ $(complete -p credtop) == "complete -F _credtop credtop" ]] || echo "not registered"
        _credtop
        printf "%s\n" "${COMPREPLY[@]}" | sort | paste -sd " "' bash "$files" "$@" 2>&1
}
in_fish() {
    env -i HOME="$work/home" PATH="$PATH" fish --no-config -c 'source $argv[1]/credtop.fish
        complete -C"$argv[2]" | string replace -r \t.\* "" | sort | string join " "' "$files" "credtop $*" 2>&1
}

# expect SHELL RESULT WORD...
expect() {
    local shell=$1 want=$2 got
    shift 2
    got=$("in_$shell" "$@")
    if [[ $got == "$want" ]]; then
        ok "$shell: credtop $*"
    else
        not_ok "$shell: credtop $*" "wanted \"$want\", got \"$got\""
    fi
}

expect bash 'rotate' ro
expect bash 'prod-eu prod-us' rotate prod
expect bash 'prod-eu prod-us' rotate --dry-run --strategy single-user prod
expect bash 'elsewhere' --config 'my own.conf' rotate ''
expect bash 'elsewhere' --config = 'my own.conf' test e
expect bash 'elsewhere' '--config=my own.conf' test e
expect bash '' --config missing.conf rotate ''
expect bash 'show tail verify' journal ''
expect bash '' journal show ''
expect bash 'alternating-users single-user' rotate prod-eu --strategy ''
expect bash 'single-user' rotate --strategy = s
expect bash '--strategy=single-user' rotate --strategy=s
expect bash 'folder my own.conf' --config ''
expect bash '' status --timeout ''
expect bash '--dry-run' recycle --dr
expect bash '' status --dr
check 'bash: the names of a configuration are not run' '' test ! -e ran

if command -v fish >/dev/null; then
    expect fish 'rotate' ro
    expect fish 'prod-eu prod-us' rotate prod
    expect fish 'prod-eu prod-us' 'rotate --dry-run --strategy single-user prod'
    expect fish 'elsewhere' '--config my\ own.conf rotate e'
    expect fish '' '--config missing.conf rotate p'
    expect fish 'show tail verify' 'journal '
    expect fish '' 'journal show s'
    expect fish 'alternating-users single-user' 'rotate prod-eu --strategy '
    expect fish '--dry-run' 'recycle --dr'
    expect fish '' 'status --dr'
    expect fish 'my own.conf' '--config my'
    check 'fish: the names of a configuration are not run' '' test ! -e ran
else
    echo 'skipped: fish is not installed'
fi

if command -v zsh >/dev/null; then
    # Each line: keys, then what the line has become.
    got=$(env -i HOME="$work/home" PATH="$PATH" TERM=dumb "$root/tests/packages/zsh_keys.py" "$files" \
        'credtop ro' 'credtop rotate prod-e' 'credtop rotate --dry-run --strategy single-user prod-u' 'credtop -c my\ own.conf test e' \
        'credtop journal ver' 'credtop rotate --strategy=s' 'credtop rotate --strategy al' 'credtop recycle --dr' 'credtop status --dr' \
        'credtop --config my' 2>&1)
    want='credtop rotate
credtop rotate prod-eu
credtop rotate --dry-run --strategy single-user prod-us
credtop -c my\ own.conf test elsewhere
credtop journal verify
credtop rotate --strategy=single-user
credtop rotate --strategy alternating-users
credtop recycle --dry-run
credtop status --dr
credtop --config my\ own.conf'
    while IFS='|' read -r is wanted; do
        if [[ $is == "$wanted" ]]; then ok "zsh: $wanted"; else not_ok "zsh: $wanted" "the line became \"$is\""; fi
    done < <(paste -d '|' <(printf '%s\n' "$got") <(printf '%s\n' "$want"))
    check 'zsh: the names of a configuration are not run' '' test ! -e ran
else
    echo 'skipped: zsh is not installed'
fi
finish
