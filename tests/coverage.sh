#!/bin/bash
# Lines that the tests reached, of a build with --coverage whose programs have run:
#   coverage.sh BUILD_FOLDER            by folder, then by file, those reached least first
#   coverage.sh BUILD_FOLDER FILE.c...  the lines of these that nothing reached
set -euo pipefail
build=$1
shift
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

# gcov tells headers too, which are counted where they are used.
unreached() {
    local data=$build/${1%.c}.gcda
    [[ -f $data ]] || { echo "coverage: $1: nothing of it has run in $build" >&2; return 1; }
    gcov -t -o "$(dirname "$data")" "$data" 2>/dev/null |
        awk -F: -v of="$1" '
            $3 == "Source" { wanted = $4 == of }
            wanted && $1 ~ /^ *#####$/ { line = $0; sub(/^[^:]*: *[0-9]+:/, "", line); printf "%s:%d:%s\n", of, $2, line }'
}

if (($#)); then
    for file in "$@"; do unreached "$file"; done
    exit
fi

# "FILE PERCENT LINES" of each object.
find "$build/ui" "$build/backend" "$build/config" -name '*.gcda' -print0 | sort -z | while IFS= read -r -d '' data; do
    gcov -n -o "$(dirname "$data")" "$data" 2>/dev/null |
        awk -v of="${data#"$build"/}" 'BEGIN { sub(/\.gcda$/, ".c", of) }
            /^File / { name = $2; gsub(/\047/, "", name) }
            /^Lines executed:/ && name == of { sub(/.*:/, "", $2); sub(/%/, "", $2); print of, $2, $4; name = "" }'
done | awk '
    { folder = $1; sub(/\/[^\/]*$/, "", folder)
      lines[folder] += $3; reached[folder] += $3 * $2 / 100; all += $3; all_reached += $3 * $2 / 100
      files[NR] = $0 }
    END {
        if (all == 0) { print "coverage: no data; make coverage builds and runs what makes it" > "/dev/stderr"; exit 1 }
        printf "%-24s %8s %8s\n", "folder", "lines", "reached"
        for (f in lines) printf "%-24s %8d %7.1f%%\n", f, lines[f], 100 * reached[f] / lines[f] | "sort"
        close("sort")
        printf "%-24s %8d %7.1f%%\n\n", "all", all, 100 * all_reached / all
        printf "%8s %6s %8s  %s\n", "reached", "lines", "missed", "file"
        for (i in files) {
            split(files[i], w, " ")
            printf "%7.1f%% %6d %8.0f  %s\n", w[2], w[3], w[3] * (100 - w[2]) / 100, w[1] | "sort -n"
        }
    }'
