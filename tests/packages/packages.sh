#!/bin/bash
# Both packages, from the sources to the last trace of them: built, built again elsewhere and
# compared, judged by lintian, installed into an empty root, run there, purged.  A minute or two;
# `make check-packages` runs it.
#
# Checks are called by name, through nothing(), which shellcheck does not see:
# shellcheck disable=SC2317
set -uo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
# shellcheck source=tests/packages/lib.sh
. tests/packages/lib.sh
mkdir -p build
work=$(mktemp -d "$PWD/build/check-packages.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
version=$(sed -n 's/^VERSION := //p' Makefile)

# dpkg and rpm give files to root; who is not root becomes it in a namespace of his own.
as_root() {
    if ((EUID == 0)); then "$@"; else unshare -r "$@"; fi
}

# ------------------------------------------------------------------- building

built() {
    local log
    log=$(packaging/package.sh "$@" 2>&1) || { printf '%s\n' "$log" | tail -n 30; return 1; }
}
nothing 'make deb builds' built deb
nothing 'it builds in another folder, of another depth' built deb "$work/a-longer-way/to/build"
nothing 'make rpm builds' built rpm
deb=build/deb/credtop_${version}_$(dpkg --print-architecture).deb
again=$work/a-longer-way/to/build/${deb##*/}
rpm=$(echo build/rpm/credtop-"$version"-1*.rpm)
[[ -f $deb && -f $again && -f $rpm ]] || { not_ok 'the packages are there' "no $deb, $again or $rpm"; finish; }

same_bytes() {
    local one
    for one in build/deb/*.deb; do
        cmp "$one" "${again%/*}/${one##*/}"
    done
}
nothing 'the two builds are the same bytes, debugging symbols included' same_bytes

# ------------------------------------------------------------------- contents

# Errors and warnings are faults, and what lintian merely mentions is shown.
lintian_is_content() {
    local args=(--display-info --fail-on "error,warning" --no-tag-display-limit)
    lintian "${args[@]}" build/deb/*.changes >"$work/lintian" 2>/dev/null || { cat "$work/lintian"; return 1; }
    sed 's/^/lintian: /' "$work/lintian" >&3
}
exec 3>&1
nothing 'lintian finds no error and no warning' lintian_is_content

no_scripts() {
    dpkg-deb --ctrl-tarfile "$deb" | tar -t | grep -E '(pre|post)(inst|rm)|config$'
    rpm --dbpath "$work/none" -qp --scripts "$rpm"
}
nothing 'neither package runs a script as root' no_scripts

# What everybody should find, in both.
contents() {
    sed "s|@ZSH@|$1|" <<'END'
/etc/credtop/credtop.conf.example
/usr/bin/credtop
/usr/share/bash-completion/completions/credtop
/usr/share/zsh/@ZSH@/_credtop
/usr/share/fish/vendor_completions.d/credtop.fish
/usr/share/doc/credtop/iam/operator.json
/usr/share/doc/credtop/iam/auditor.json
/usr/share/doc/credtop/examples/sshd/credtop.conf
END
}
lacking() {
    local file
    contents "$2" | while read -r file; do
        grep -qxF "$file" "$1" || echo "$file is missing"
    done
    grep -qE '^/usr/share/man/man1/credtop\.1(\.gz)?$' "$1" || echo 'no credtop(1)'
    grep -qE '^/usr/share/man/man5/credtop\.conf\.5(\.gz)?$' "$1" || echo 'no credtop.conf(5)'
    grep -xF /etc/credtop/credtop.conf "$1" | sed 's/$/: a configuration that is in force is the administrator'\''s to write/'
    grep -E '^/(etc/ssh|etc/init|lib|usr/lib/systemd|var|home|root|tmp)' "$1" | sed 's/$/ has no place in a package/'
    return 0
}
dpkg-deb --fsys-tarfile "$deb" | tar -t | sed 's|^\.||' >"$work/deb.files"
rpm --dbpath "$work/none" -qpl "$rpm" >"$work/rpm.files" 2>/dev/null
nothing 'the .deb has what it should, and no active configuration' lacking "$work/deb.files" vendor-completions
nothing 'the .rpm has what it should, and no active configuration' lacking "$work/rpm.files" site-functions
check 'the .deb has the AppArmor profile where the kernel is given it' 'not in /etc/apparmor.d' \
    grep -qxF /etc/apparmor.d/usr.bin.credtop "$work/deb.files"
check 'the .rpm has it among the examples' 'not in examples/apparmor' \
    grep -qxF /usr/share/doc/credtop/examples/apparmor/usr.bin.credtop "$work/rpm.files"

loose_modes() {
    dpkg-deb --fsys-tarfile "$deb" | tar -tv | grep -vE '^(drwxr-xr-x|-rw-r--r--) root/root|^-rwxr-xr-x root/root .* \./usr/bin/credtop$'
    rpm --dbpath "$work/none" -qplv "$rpm" 2>/dev/null | grep -vE '^(drwxr-xr-x|-rw-r--r--|lrwxrwxrwx) .* root +root |^-rwxr-xr-x .* root +root .* /usr/bin/credtop$'
    return 0
}
nothing 'everything is root'\''s, nothing is set-uid or writable by others' loose_modes

if command -v apparmor_parser >/dev/null; then
    profile_is_read() {
        apparmor_parser --skip-kernel-load --skip-cache --skip-read-cache packaging/apparmor/usr.bin.credtop 2>&1 |
            grep -v 'Cache read/write disabled: interface file missing'
        ((PIPESTATUS[0] == 0)) || echo "apparmor_parser ended with status ${PIPESTATUS[0]}"
    }
    nothing 'AppArmor'\''s parser takes the profile' profile_is_read
fi

# ------------------------------------------------------- install, run, purge

hardened() {
    tests/packages/static.sh "$1" | grep '^not ok'
    return 0
}
in_root() {
    as_root dpkg --root="$work/system" --force-depends --force-not-root --log=/dev/null "$@" >"$work/dpkg.log" 2>&1 || cat "$work/dpkg.log"
}
lacks_line() {
    ! grep -qxF "$@"
}
files_of() {
    (cd "$1" && find . -path ./var -prune -o -print | sort)
}
mkdir -p "$work/system/var/lib/dpkg"/{info,updates,triggers}
touch "$work/system/var/lib/dpkg"/{status,available}
files_of "$work/system" >"$work/before"

nothing 'dpkg installs it into an empty root' in_root -i "$deb"
check 'the program there says its version' "not \"credtop $version\"" \
    test "$("$work/system/usr/bin/credtop" --version 2>&1)" = "credtop $version"
check 'and explains itself' 'no usage' grep -q '^Usage: credtop' <("$work/system/usr/bin/credtop" --help 2>&1)
check 'the installed example is read' 'its environment billing-prod is not shown' grep -q '^billing-prod' \
    <(env -i HOME="$work" "$work/system/usr/bin/credtop" -c "$work/system/etc/credtop/credtop.conf.example" status --timeout 5s 2>&1)
nothing 'the installed program is as hard as the built one' hardened "$work/system/usr/bin/credtop"

remains() {
    in_root "$@"
    files_of "$work/system" | diff "$work/before" - | grep '^[<>]'
    return 0
}
after_removal() {
    remains --remove credtop | grep -vE '^> \./etc(/(apparmor\.d|credtop))?(/(usr\.bin\.credtop|credtop\.conf\.example))?$'
    return 0
}
nothing 'removed, its configuration alone is left' after_removal
nothing 'purged, nothing is left' remains --purge credtop
check 'dpkg knows it no more' 'it is in the status file' lacks_line 'Package: credtop' "$work/system/var/lib/dpkg/status"

# Whoever wrote a configuration does not lose it by purging.
in_root -i "$deb"
echo '[environment mine]' >"$work/system/etc/credtop/credtop.conf"
in_root --purge credtop
check 'the administrator'\''s own configuration outlives a purge' 'it is gone' test -s "$work/system/etc/credtop/credtop.conf"

rpm_root() {
    as_root rpm --root "$work/rpmroot" --dbpath /var/lib/rpm --nodeps "$@" >"$work/rpm.log" 2>&1 || cat "$work/rpm.log"
}
mkdir -p "$work/rpmroot"
nothing 'rpm installs it into an empty root' rpm_root --install "$PWD/$rpm"
check 'that program says its version, too' "not \"credtop $version\"" \
    test "$("$work/rpmroot/usr/bin/credtop" --version 2>&1)" = "credtop $version"
nothing 'and is as hard' hardened "$work/rpmroot/usr/bin/credtop"
# rpm takes away what it owns, not the folders of the system.
rpm_remains() {
    rpm_root --erase credtop
    (cd "$work/rpmroot" && find . -path ./var -prune -o ! -type d -print -o -name '*credtop*' -print)
}
nothing 'erased, nothing of it is left' rpm_remains
finish
