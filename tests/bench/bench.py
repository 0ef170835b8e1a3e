#!/usr/bin/env python3
"""make bench: credtop beside what one would use instead, in one run, as one table.

    bench.py [ROW...]     scan oneshot events live screen growth kills (all)

A peer that is not installed is named and left out.  A goal that is missed is said, and is
no error: the exit status is 0 unless something could not be measured.  BENCH_SECONDS: how
long the live row watches (180); KILLS: how many rotations the kills row kills (1,000)."""
import importlib
import json
import os
import sys
import time

sys.dont_write_bytecode = True   # the tree stays as it was
from measure import machine
from table import Table
from world import ROOT

ROWS = ("scan", "oneshot", "events", "live", "screen", "growth", "kills")


def main():
    wanted = sys.argv[1:] or list(ROWS)
    for name in wanted:
        if name not in ROWS:
            sys.exit(f"bench: there is no row '{name}'; rows are {' '.join(ROWS)}")
    table, failed = Table(), []
    where = machine()
    command = "make bench" + (f' ROWS="{" ".join(wanted)}"' if len(wanted) < len(ROWS) else "")
    for name in (r for r in ROWS if r in wanted):
        began = time.monotonic()
        try:
            importlib.import_module("row_" + name).row(table)
        except Exception as error:
            failed.append(f"{name}: {type(error).__name__}: {error}")
        print(f"bench: {name}, {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    os.makedirs(os.path.join(ROOT, "build"), exist_ok=True)
    with open(os.path.join(ROOT, "build/bench.json"), "w", encoding="utf-8") as f:
        json.dump({"machine": where, "command": command, "rows": table.json(), "failed": failed}, f, indent=1)
    print(f"{where}; {command}\n")
    print(table.text(), end="")
    print("Figures are medians (least..most).  Ratios say how many times better credtop is than the peer.")
    for line in failed:
        print("could not be measured: " + line)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
