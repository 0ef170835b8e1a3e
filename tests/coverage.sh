#!/bin/bash
# Lines that the tests reached, by folder, and the files that they reached least: coverage.sh
# BUILD_FOLDER, of a build with --coverage whose programs have run.
set -euo pipefail
build=$1
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
# "FILE PERCENT LINES" of each object; gcov tells headers too, which are counted where they are used.
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
        printf "%-24s %8d %7.1f%%\n\nreached least:\n", "all", all, 100 * all_reached / all
        for (i in files) { split(files[i], w, " "); if (w[3] >= 20) printf "%7.1f%% of %4d  %s\n", w[2], w[3], w[1] | "sort -n | head -20" }
    }'
