#!/bin/bash
# The rules of the house that a compiler does not know: who may include whom, which
# library is known where, what the tables must say, that the documents agree with the
# program, and the limits.  Prints "ok - rule" or "not ok - rule: where", and at the end
# "N passed, N failed".  GENERATE names the built generator (make check-house).
#
# Every check is called by name, through rule(), which shellcheck does not see:
# shellcheck disable=SC2317
set -uo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
generate=${GENERATE:-build/release/packaging/generate}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

# rule NAME COMMAND...: the command prints what breaks the rule, one a line, and nothing
# when all is well.  One that cannot look has failed too.
rule() {
    local name=$1 found status
    shift
    found=$("$@" 2>&1)
    status=$?
    if [[ -z $found && $status -eq 0 ]]; then
        passed=$((passed + 1))
        echo "ok - $name"
    else
        failed=$((failed + 1))
        [[ -n $found ]] || found="the check itself ended with status $status"
        echo "not ok - $name: $(head -n 12 <<<"$found" | paste -sd '|' | sed 's/|/ | /g')"
    fi
}

# ours FOLDER... -- ENDING...: our files there with these endings.
ours() {
    local folders=() names=()
    while [[ $1 != -- ]]; do
        folders+=("$1")
        shift
    done
    shift
    for ending in "$@"; do names+=(-o -name "*.$ending"); done
    find "${folders[@]}" -type f \( "${names[@]:1}" \) | sort
}

program=(backend config ui)
everything=(backend config ui tests packaging .ci)

# grep that finds nothing has done its work; one that cannot read has not.
search() {
    grep -H "$@"
    (($? <= 1))
}

# ------------------------------------------------------------------ includes

# What each part may include, the most special part first: pattern of the including file,
# then patterns of what it may include.  ui -> facade -> watch -> credentials -> aws ->
# base, config beside base.
include_table() {
    cat <<'END'
backend/base/*            backend/base/*
backend/aws/*             backend/aws/* backend/base/*
backend/credentials/*     backend/credentials/* backend/aws/* backend/base/* backend/model.h config/*
backend/watch/*           backend/watch/* backend/credentials/* backend/aws/* backend/base/* backend/model.h config/*
backend/actions/*         backend/actions/* backend/watch/watch.h backend/watch/snapbox.h backend/credentials/* backend/aws/* backend/base/* backend/model.h backend/orders.def config/*
backend/model.[ch]        backend/model.h backend/orders.def backend/events.def backend/phases.def backend/states.def backend/base/* config/config.h
backend/verdict.c         backend/model.h backend/base/* config/config.h
backend/source*           backend/source.h backend/source_code.h backend/source.def backend/posture.h backend/base/*
backend/posture*          backend/posture.h backend/posture_case.h backend/posture.def backend/model.h backend/base/* config/config.h
backend/doctor.h          backend/base/err.h config/config.h
backend/discover.h        backend/base/err.h config/config.h
backend/backend.h         backend/model.h backend/base/clock.h config/config.h
backend/*                 backend/* config/*
config/*                  config/*
ui/*                      ui/* backend/backend.h backend/discover.h backend/doctor.h backend/source.h backend/posture.h backend/journal_view.h backend/model.h backend/events.def backend/states.def backend/base/* config/config.h config/options.h config/preferences.h config/state.h config/system.h
END
}

# (actions share the watches' context and their hand-over of snapshots, nothing else.)
includes_point_down() {
    local file target pattern allowed row ok
    while IFS=: read -r file target; do
        ok=
        while read -r pattern allowed; do
            # shellcheck disable=SC2053  # patterns on purpose
            [[ $file == $pattern ]] || continue
            read -ra allowed <<<"$allowed"
            for row in "${allowed[@]}"; do
                # shellcheck disable=SC2053
                [[ $target == $row ]] && ok=yes
            done
            break
        done <"$work/table"
        [[ $ok ]] || echo "$file includes $target"
    done < <(search -roE '^ *# *include +"[^"]+"' "${program[@]}" --include='*.[ch]' |
        sed -E 's/ *# *include +"([^"]+)"/\1/')
}
include_table >"$work/table"
rule 'includes point down' includes_point_down

# known_in HEADER-PATTERN FILE-PATTERN: a library's header is included nowhere else.
known_in() {
    search -rnE "^ *# *include +<$1" "${everything[@]}" --include='*.[ch]' --exclude-dir=build | grep -vE "^($2):"
    return 0
}
rule 'ncurses is known to ui/term.c alone' known_in '(ncursesw?/|n?curses\.h|term\.h|panel\.h|menu\.h)' 'ui/term\.c'
rule 'libcurl is known to backend/aws/transport_curl.c alone' known_in 'curl/' '(backend/aws/transport_curl\.c|tests/.*)'
rule 'jansson is known to backend/aws/json.h alone' known_in 'jansson' '(backend/aws/json\.h|tests/.*)'
rule 'inih is known to config/reader.c alone' known_in '(ini\.h|inih)' 'config/reader\.c'
rule 'OpenSSL is known to the backend alone' known_in 'openssl/' '(backend/.*|tests/.*)'
rule 'libmicrohttpd, libvterm and cmocka are known to tests alone' known_in '(microhttpd|vterm|cmocka)' 'tests/.*'

libpq_files() {
    local n
    n=$(known_in 'libpq' 'tests/.*' | cut -d: -f1 | sort -u | tee "$work/libpq" | wc -l)
    ((n <= 2)) || paste -sd ' ' "$work/libpq"
}
rule 'libpq is known to at most two files' libpq_files

cc=${CC:-cc}
flags=(-std=c11 -D_GNU_SOURCE -I. -include backend/base/banned.h -DCREDTOP_VERSION='"0"' -pthread)
read -ra packages < <(sed -n 's/^PKGS := //p' Makefile)
read -ra found_flags < <(pkg-config --cflags "${packages[@]}")
flags+=("${found_flags[@]}")

# By any road: what the compiler would open, not what the file says.
ui_reaches() {
    local file
    for file in $(ours ui -- c); do
        "$cc" "${flags[@]}" -MM "$file" | tr -s ' \\\n' '\n' >"$work/reached" || return 1
        grep -E '^backend/(aws|credentials|watch|actions)/' "$work/reached" | sed "s|^|$file reaches |"
        [[ $file == ui/main.c ]] || grep -E '^backend/base/(secret|wiping)\.h' "$work/reached" | sed "s|^|$file reaches |"
    done
    return 0
}
rule 'ui/ reaches no secret and nothing behind the facade' ui_reaches

main_hardens_only() {
    search -noE '\bsecret_[a-z_]+' ui/main.c | grep -v ':secret_harden_process$'
    return 0
}
rule 'ui/main.c hardens the process and knows no more of secrets' main_hardens_only

# ------------------------------------------------------------- choke points

threads() {
    search -rnE '\bpthread_create *\(' "${program[@]}" --include='*.[ch]' |
        grep -vE '^backend/(watch/pool|credentials/resolve|actions/action)\.c:'
    return 0
}
rule 'threads begin in pool.c, action.c and resolve.c alone' threads

exchanges() {
    search -rnE '(->|\.)exchange *\(' "${program[@]}" --include='*.[ch]' | grep -v '^backend/aws/aws\.c:'
    [[ $(grep -cE -- '->exchange *\(' backend/aws/aws.c) == 1 ]] || echo 'aws.c sends in more places than one, or none'
    return 0
}
rule 'what goes to AWS goes through one line of aws.c' exchanges

# libcurl's and OpenSSL's defaults verify; nothing may say otherwise.
tls_is_verified() {
    search -rnE 'SSL_VERIFY(PEER|HOST|STATUS)[^;]*\b0L?\b|SSL_VERIFY_NONE|SSL_OPTIONS|PROXY_SSL_VERIFY' "${program[@]}" --include='*.[ch]'
}
rule 'TLS verification is turned off nowhere' tls_is_verified

# The gate's mode is assigned once, where the gate is made.
gate_has_no_setter() {
    search -rnE '(->|[a-z]\.)audit *=[^=]|\b(set|enable|disable)_audit|aws_gate_set_' backend ui --include='*.[ch]' \
        >"$work/setters" || return 1
    [[ $(sed -E 's/:[0-9]+: */ /' "$work/setters") == 'backend/aws/aws.c g->audit = s->audit;' ]] ||
        cat "$work/setters"
}
rule 'audit mode has no setter' gate_has_no_setter

# ------------------------------------------------------------------- tables

# def_rows FILE MACRO: the rows, one a line, comments and the rows' line breaks gone; MACRO
# may be several, A|B. (A path in a string may hold what begins a comment.)
def_rows() {
    perl -0777 -pe 's{("[^"]*")|/\*.*?\*/}{$1 // ""}gse; s/\\\n//g' "$1" | tr '\n' ' ' | sed -E "s/ ($2)\(/\n\1(/g" | grep -E "^($2)\("
}

operations() {
    def_rows backend/aws/ops.def 'OP|REST' >"$work/ops" || { echo 'ops.def has no rows'; return 0; }
    awk -F ' *, *' '
        NF != (/^REST/ ? 10 : 7) { print $1 " has " NF " fields"; next }
        $4 !~ /^(READ|REVEALS|NAMES|MUTATES|OWN)$/ { print $1 ") has class \"" $4 "\"" }
        $5 == "RETRY_SAFE" && $4 == "MUTATES" { print $1 ") changes something and would be sent twice" }
        $7 !~ /^(ANY|SECRET|LOG_GROUP|FUNCTION)\)? *$/ { print $1 ") has resource \"" $7 "\"" }
        seen[$3, $4]++ { print $3 " has two rows of one class" }' "$work/ops"
    local service
    awk -F ' *, *' '{print $2}' "$work/ops" | sort -u | while read -r service; do
        grep -q "^PRICE($service," backend/aws/prices.def || echo "prices.def has no row for $service"
    done
}
rule 'every operation has a class, a resource and a price' operations

# A key stands once in each place.
keys_once() {
    local -A taken=()
    local row key place id keys places
    while IFS='|' read -r id keys places; do
        for place in ${places//|/ }; do
            for key in $keys; do
                [[ -z ${taken[$place $key]:-} ]] || echo "$key in $place: ${taken[$place $key]} and $id"
                taken[$place $key]=$id
            done
        done
    done < <(def_rows ui/keys.def KEY | sed -nE 's/^KEY\(([A-Z_0-9]+), *"([^"]*)", *([A-Z_ |]+), *[A-Z]+,.*/\1|\2|\3/p' |
        sed 's/IN_ALL/IN_OVERVIEW IN_DETAIL IN_EVENTS IN_HELP/; s/IN_LISTS/IN_OVERVIEW IN_DETAIL IN_EVENTS/' |
        sed -E 's/ \| / /g')
    ((${#taken[@]} > 40)) || echo 'keys.def could not be read'
}
rule 'no key does two things in one place' keys_once

defs_once() {
    local file macro
    while read -r file macro; do
        def_rows "$file" "$macro" | sed -E 's/^[A-Z]+\(("[^"]*"|[^,]+).*/\1/' | sort | uniq -d | sed "s|^|$file: |"
    done <<'END'
backend/states.def STATE
backend/posture.def CHECK
backend/source.def SOURCE
backend/events.def EVENT
backend/phases.def PHASE
backend/base/err.def ERR
backend/aws/codes.def CODE
backend/credentials/sqlstates.def SQLSTATE
config/options.def OPTION
ui/styles.def STYLE
END
    for macro in GLOBAL PATTERN ENVIRONMENT; do
        def_rows config/settings.def "$macro" | sed -E 's/^[A-Z]+\(([^,]+).*/\1/' | sort | uniq -d | sed "s|^|[$macro] |"
    done
}
rule 'no table has a row twice' defs_once

# ---------------------------------------------------------------- documents

regenerated() {
    [[ -x $generate ]] || { echo "$generate is missing: make check-house"; return 0; }
    packaging/generate.sh "$generate" "$work/new" || return 1
    local file
    for file in packaging/credtop.1 packaging/credtop.conf.5 packaging/iam/operator.json packaging/iam/auditor.json \
        packaging/completions/credtop.bash packaging/completions/_credtop packaging/completions/credtop.fish \
        config/credtop.conf.example README.md; do
        diff -q "$file" "$work/new/$file" >/dev/null || echo "$file is not what the rows give: make docs"
    done
}
rule 'manuals, policies, example and README say what the tables say' regenerated

rule 'the policies grant exactly what the program can call, the auditor READ rows alone' tests/house/policies.py

# shellcheck disable=SC2016  # backticks as they are
package_lists_agree() {
    sed -n 's/^DEPS_[A-Z]* *:= //p' Makefile | tr -s ' ' '\n' | sort -u >"$work/makefile"
    sed -n '/^## Debian packages/,/^## /p' README.md | sed -nE 's/^\| ((`[^`]+`[, ]*)+)\|.*/\1/p' | tr -d '`,' |
        tr -s ' ' '\n' | sed '/^$/d' | sort -u >"$work/readme"
    [[ -s $work/makefile ]] || echo 'the Makefile names no packages'
    comm -23 "$work/makefile" "$work/readme" | sed 's/^/README lacks /'
    comm -13 "$work/makefile" "$work/readme" | sed 's/^/the Makefile lacks /'
}
rule "README's packages are the Makefile's" package_lists_agree

# What the Debian package is built with is what make is; and the spec asks pkg-config for the same.
package_files_agree() {
    comm -3 <(sed -n 's/^DEPS_BUILD *:= //p' Makefile | tr -s ' ' '\n' | grep -vxE 'gcc|make' | sort) \
        <(sed -n '/^Build-Depends:/,/^[A-Z][a-z-]*:/p' packaging/debian/control | sed -nE 's/^ ([a-z0-9.+-]+),?$/\1/p' | sort) |
        tr -d '\t' | sed 's/$/: in DEPS_BUILD or in debian\/control alone/'
    comm -3 <(sed -n 's/^PKGS *:= //p' Makefile | tr -s ' ' '\n' | sort) \
        <(sed -nE 's/^BuildRequires: *pkgconfig\((.*)\)/\1/p' packaging/rpm/credtop.spec | sort) |
        tr -d '\t' | sed 's/$/: in PKGS or in credtop.spec alone/'
    local version
    version=$(sed -n 's/^VERSION := //p' Makefile)
    [[ $(sed -nE '1s/.*\((.*)\).*/\1/p' packaging/debian/changelog) == "$version" ]] || echo "debian/changelog does not begin with $version"
    [[ $(sed -n 's/^Version: *//p' packaging/rpm/credtop.spec) == "$version" ]] || echo "credtop.spec is not $version"
}
rule 'the packages are built with what make is built with' package_files_agree

rule 'pictures keep the columns, and README shows those that are there' tests/screens/picture_check.py

options_in_readme() {
    local name
    for name in $(def_rows config/options.def OPTION | sed -nE 's/^OPTION\("([a-z-]+)".*/\1/p'); do
        grep -qF -e "--$name" README.md || echo "README does not mention --$name"
    done
    [[ $name ]] || echo 'options.def could not be read'
}
rule 'README mentions every option' options_in_readme

# A path in backticks, in a document, is there.
# shellcheck disable=SC2016  # backticks as they are
paths_exist() {
    local file path
    while IFS=: read -r file path; do
        compgen -G "$path" >/dev/null || echo "$file: $path is not there"
    done < <(search -oE '`(backend|config|ui|tests|packaging)/[A-Za-z0-9_./*-]+`' -- *.md | tr -d '`')
}
rule 'paths in the documents are there' paths_exist

# The fetch line is a contract: one wording in code, configuration and README.
fetch_line() {
    local line
    line=$(sed -nE 's/^#define FLOW_FETCH_LINE "(.*)"/\1/p' backend/credentials/flow.h)
    [[ $line ]] || echo 'flow.h has no FLOW_FETCH_LINE'
    grep -qF "PATTERN(fetch, GLOBS, fetch, \"200\", \"$line\"" config/settings.def || echo 'settings.def differs'
    grep -qF "$line" README.md || echo 'README differs'
}
rule 'the fetch line has one wording' fetch_line

manuals_are_clean() {
    local page
    for page in packaging/credtop.1 packaging/credtop.conf.5; do
        if command -v mandoc >/dev/null; then
            mandoc -T lint -W warning "$page"
        elif command -v groff >/dev/null; then
            { groff -man -Tascii -ww "$page" >/dev/null; } 2>&1
        else
            grep -qE '^\.TH ' "$page" || echo "$page has no .TH"
        fi
    done
    return 0
}
rule 'the manuals are clean' manuals_are_clean

# ---------------------------------------------------------- headers, limits

# Without the banned list, which the build puts in front and which brings headers along.
headers_alone() {
    local plain=() flag
    for flag in "${flags[@]}"; do
        [[ $flag == -include || $flag == */banned.h ]] || plain+=("$flag")
    done
    # shellcheck disable=SC2016  # the inner shell's
    ours "${program[@]}" tests/sandbox -- h | xargs -P "$(nproc)" -I '{}' sh -c '
        header=$1; shift
        printf "#include \"%s\"\n" "$header" | "$@" -Werror=implicit-function-declaration -fsyntax-only -x c - 2>&1 |
            grep -m 1 error | sed "s|^|$header: |"; exit 0' sh '{}' "$cc" "${plain[@]}"
}
rule 'every header compiles alone' headers_alone

header_guards() {
    local file
    for file in $(ours "${program[@]}" -- h); do
        grep -qE '^#ifndef CT_[A-Z0-9_]+_H$' "$file" || echo "$file has no guard CT_..._H"
    done
    ours backend ui -- h | xargs grep -hoE '^#ifndef CT_[A-Z0-9_]+_H$' | sort | uniq -d | sed 's/^/two headers: /'
    return 0
}
rule 'every header has a guard of its own' header_guards

LINES_MOST=800 FUNCTION_MOST=90

# May be longer, and why.
long_files() {
    cat <<'END'
END
}
long_functions() {
    cat <<'END'
END
}

file_lengths() {
    local file n
    for file in $(ours "${everything[@]}" -- c h def sh py); do
        n=$(wc -l <"$file")
        ((n <= LINES_MOST)) || long_files | grep -qF "$file" || echo "$file has $n lines"
    done
}
rule "no file has more than $LINES_MOST lines" file_lengths

# The house's own layout tells: a function's braces stand at the start of their lines.
# shellcheck disable=SC2016  # awk's dollars
function_lengths() {
    local where
    ours "${everything[@]}" -- c h | xargs awk -v most="$FUNCTION_MOST" '
        FNR == 1 { start = 0 }
        /^[a-zA-Z_].*\(/ && !/^#/ { head = $0 }
        $0 == "{" { start = FNR; name = head }
        /^}/ && start { n = FNR - start + 1; start = 0
            if (n > most) { sub(/\(.*/, "", name); sub(/.*[ *]/, "", name); print FILENAME ":" name " has " n " lines" } }' |
        while read -r where; do
            long_functions | grep -qF "${where%% *}" || echo "$where"
        done
}
rule "no function has more than $FUNCTION_MOST lines" function_lengths

# -------------------------------------------------------------------- words

# Nothing of the machine it was made on.  The brackets keep this file from finding itself.
foreign_paths() {
    search -rnE '/[w]ork/|/[t]mp/(ct|brief)|/[r]oot/|\b[s]hared/(DESIGN|[a-z]+-anchors|aws-facts|ui\.md)' \
        "${everything[@]}" Makefile ./*.md
}
rule 'no path of the machine it was made on' foreign_paths

unfinished() {
    search -rnwE '[T]ODO|[F]IXME|[X]XX:?|[f]or now|[s]tub' "${everything[@]}" Makefile --include='*.[ch]' --include='*.def' \
        --include='*.sh' --include='*.py' --include=Makefile | grep -v 'setenv("TZ"'
    return 0
}
rule 'nothing is left for later' unfinished

scripts_are_clean() {
    mapfile -t scripts < <(ours "${everything[@]}" -- sh)
    shellcheck -x -S warning "${scripts[@]}" | grep -E '^In |SC[0-9]+ ' | paste -sd ' \n' | head
    return 0
}
if command -v shellcheck >/dev/null; then
    rule 'the shell scripts are clean' scripts_are_clean
else
    echo 'skipped: the shell scripts are clean (shellcheck is not installed)'
fi

echo "$passed passed, $failed failed"
exit "$((failed > 0))"
