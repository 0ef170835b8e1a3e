#!/bin/bash
# Builds a package from the working tree, in build/ and nowhere else:
# package.sh deb|rpm [FOLDER]
#
# FOLDER (build/deb, build/rpm) is emptied first; the packages are left in it. What goes into
# them is a copy of the tree without build/ and tests/, and every time stamp in them is that of the
# newest entry of debian/changelog, so that two builds are the same bytes.
set -euo pipefail
kind=${1:?package.sh deb|rpm [FOLDER]}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
mkdir -p "$root/build"
into=$(realpath -m "${2:-$root/build/$kind}")
version=$(sed -n 's/^VERSION := //p' "$root/Makefile")
SOURCE_DATE_EPOCH=$(dpkg-parsechangelog -l "$root/packaging/debian/changelog" -S Timestamp)
export SOURCE_DATE_EPOCH LC_ALL=C TZ=UTC
# What make was told for the tree it was called in is not for the copy.
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL CC CFLAGS CPPFLAGS LDFLAGS VARIANT WERROR V B
umask 022
tree=$into/credtop-$version
rm -rf "$into"
mkdir -p "$tree"

# What the working tree says counts, not git: a tarball of the sources has no .git.
(cd "$root" && tar -c --exclude='*.o' --exclude='*.d' Makefile LICENSE ./*.md backend config packaging ui) |
    tar -x -C "$tree" --no-same-owner
find "$tree" -newermt "@$SOURCE_DATE_EPOCH" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +

# quietly LOG COMMAND...: its output only when it fails.
quietly() {
    local log=$into/$1
    shift
    "$@" >"$log" 2>&1 </dev/null || { cat "$log" >&2; echo "package.sh: $1 failed, see $log" >&2; exit 1; }
}

deb() {
    cp -r "$tree/packaging/debian" "$tree/debian"
    [[ $(dpkg-parsechangelog -l "$tree/debian/changelog" -S Version) == "$version" ]] ||
        { echo "package.sh: packaging/debian/changelog's newest entry is not $version, the Makefile's VERSION" >&2; exit 1; }
    cd "$tree"
    # -d: make deps-package has installed what is needed, and one need not have it from a package.
    DEB_BUILD_OPTIONS="parallel=$(nproc)" quietly deb.log dpkg-buildpackage -d -us -uc
    ls "$into"/*.deb
}

rpm() {
    local spec=$tree/packaging/rpm/credtop.spec
    [[ $(sed -n 's/^Version: *//p' "$spec") == "$version" ]] ||
        { echo "package.sh: packaging/rpm/credtop.spec's Version is not $version, the Makefile's VERSION" >&2; exit 1; }
    mkdir -p "$into"/{SOURCES,SPECS,home,tmp}
    tar -C "$into" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" -czf \
        "$into/SOURCES/credtop-$version.tar.gz" "credtop-$version"
    # Where rpm is not the system's package manager its database knows no package: --nodeps. HOME, so that
    # nobody's ~/.rpmmacros changes the package.
    HOME=$into/home quietly rpm.log rpmbuild -bb --nodeps --define "_topdir $into" --define "_rpmdir $into" --define "_tmppath $into/tmp" \
        --define "_smp_mflags -j$(nproc)" --define '_buildhost localhost' --define 'use_source_date_epoch_as_buildtime 1' \
        --define 'clamp_mtime_to_source_date_epoch 1' --define "_build_name_fmt %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm" "$spec"
    ls "$into"/*.rpm
}

case $kind in
deb | rpm) "$kind" ;;
*) echo "package.sh: there is no kind of package \"$kind\"; allowed: deb, rpm" >&2; exit 2 ;;
esac
