#!/bin/bash
# Writes the files that come from the program's tables: generate.sh GENERATE [INTO]
#
# INTO is the folder they go to, in the same places: the repository itself (the default;
# `make docs`), or an empty one to compare with (the house check).
set -euo pipefail
generate=$(realpath "$1")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
into=${2:-.}

# write FILE COMMAND...: whole or not at all.
write() {
    local file=$into/$1
    shift
    mkdir -p "$(dirname "$file")"
    "$@" >"$file.new"
    mv "$file.new" "$file"
}

fill() {
    "$generate" fill <"$1"
}

tables() {
    "$generate" tables <"$1"
}

write packaging/credtop.1 fill packaging/credtop.1.in
write packaging/credtop.conf.5 fill packaging/credtop.conf.5.in
write packaging/iam/operator.json "$generate" operator.json
write packaging/iam/auditor.json "$generate" auditor.json
for shell in credtop.bash _credtop credtop.fish; do
    write "packaging/completions/$shell" "$generate" "$shell"
done
write config/credtop.conf.example "$generate" credtop.conf.example
write README.md tables README.md
