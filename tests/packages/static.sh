#!/bin/bash
# What the built program is, to the linker and to the kernel: static.sh [PROGRAM]
# The libraries it opens, and that its hardening arrived. Seconds; `make test` runs it.
#
# Checks are called by name, through nothing(), which shellcheck does not see:
# shellcheck disable=SC2317
set -uo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
# shellcheck source=tests/packages/lib.sh
. tests/packages/lib.sh
program=${1:-build/release/credtop}
[[ -x $program ]] || { echo "static.sh: $program is missing: make" >&2; exit 1; }

# Each is in every process's memory, secrets included, so each has a reason.
allowed() {
    cat <<'END'
libc.so        the system
libm.so        the system: square roots and logarithms of charts
libcurl.so     HTTPS to AWS
libssl.so      a look at the database server's certificate
libcrypto.so   signatures, SCRAM, random numbers
libjansson.so  AWS's small JSON answers
libpq.so       the database login
libncursesw.so the screen
libtinfo.so    the screen: terminals' descriptions
libinih.so     reading credtop.conf
END
}

unexpected_libraries() {
    local name
    readelf -dW "$program" | sed -nE 's/.*\(NEEDED\).*\[(.*)\]/\1/p' | while read -r name; do
        allowed | grep -qE "^${name%%.so*}\.so " || echo "$name: say here why the program needs it, or do without"
    done
    [[ $(readelf -dW "$program" | grep -c '(NEEDED)') -gt 3 ]] || echo 'readelf lists no libraries'
}
nothing 'no library but those that have a reason' unexpected_libraries

missing_libraries() {
    ldd "$program" | grep 'not found'
    return 0
}
nothing 'every library is found' missing_libraries

says() {
    readelf -W "$1" "$program" | grep -E "$2" >/dev/null
}
lacks() {
    ! readelf -W "$1" "$program" | grep -E "$2" >/dev/null
}
check 'position-independent (PIE)' 'Type is not DYN with the PIE flag' says -hdW '^ *Type: +DYN|Flags:.*PIE'
check 'marked PIE' 'no PIE flag' says -dW '\(FLAGS_1\).*\bPIE\b'
check 'relocations become read-only (RELRO)' 'no GNU_RELRO segment' says -lW '^ *GNU_RELRO'
check 'all of them at the start (BIND_NOW)' 'no BIND_NOW' says -dW '\(FLAGS\).*BIND_NOW|\(FLAGS_1\).*NOW'
check 'the stack is not executable' 'GNU_STACK is missing, or has E' says -lW '^ *GNU_STACK.* RW +0x'
check 'no segment is writable and executable' 'a LOAD segment is RWE' lacks -lW '^ *LOAD.* RWE '
check 'no library path of its own (RPATH, RUNPATH)' 'has one' lacks -dW '\((RPATH|RUNPATH)\)'
check 'no relocation writes to code (TEXTREL)' 'has some' lacks -dW 'TEXTREL'
check 'functions are fortified' 'no __..._chk is called' says --dyn-syms '__[a-z]+_chk@'
check 'stacks have a canary' 'no __stack_chk_fail' says --dyn-syms '__stack_chk_fail@'

# The folder it was built in has no place in it, debugging information included.
own_folder() {
    if grep -qaF "$PWD/" "$program"; then echo "$PWD is in $program"; fi
    return 0
}
nothing 'the folder it was built in is not in it' own_folder
finish
