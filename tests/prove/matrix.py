#!/usr/bin/env python3
"""Every operation that the watches, the orders and the ways to keys use, under every fault awsim can
make, and everything under every fault of the world: names, certificates, the clock.

Watching (watching.py), orders (ordering.py), the world (troubled.py).  Everywhere the screen answers
keys, says in words what is wrong, loses no event, and is right again within a poll of the fault's end;
nothing is changed twice, somebody gets in, the journal is whole.

Run by `make prove` in a sandbox without a fleet: matrix.py [PATTERN of "OPERATION FAULT"...]"""

import os
import queue
import re
import sys
import threading
import time

from cell import KEY_GOAL_S, KEY_P99_S, WORKERS
import e2e
import ordering
import troubled
import watching

MESSAGE_MAX = int(os.environ.get("PROVE_MESSAGE_MAX", "600"))   # the whole screen is in it


def percentile(values, part):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * part))] if values else 0.0


def work(name, todo, kind):
    world = None
    try:
        while True:
            cell = todo.get_nowait()
            try:
                world = world or kind(name)
                world.cell(cell)
            except Exception as error:   # a cell that breaks is a cell that failed
                cell.bad.append(f"{type(error).__name__}: {error}")
    except queue.Empty:
        pass
    finally:
        if world:
            world.stop()


def run(todo, kind, workers):
    line = queue.Queue()
    for cell in todo:
        line.put(cell)
    threads = [threading.Thread(target=work, args=(f"{kind.__name__.lower()}-{i}", line, kind)) for i in range(workers)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()


def table(title, todo, seconds):
    """A line for each cell."""
    print(f"\n# {title}: {len(todo)} cells")
    print(f"# {'in':24} {'operation':26} {'fault':12} {'calls':>5} {'key p99':>8} {seconds:>8}  what it says")
    for c in todo:
        took = f"{c.right_s:.1f}" if c.right_s is not None else "-"
        keys = f"{percentile(c.keys, .99) * 1000:.1f}" if c.keys else "-"
        print(f"# {c.kind:24} {c.operation:26} {c.fault:12} {c.asked:5} {keys:>8} {took:>8}  "
              f"{c.said or ('is not asked' if not c.asked else '')}{'  <-- FAILED' if c.bad else ''}", flush=True)


def summary(parts):
    """A line for each part, and one for the keys of all."""
    print(f"\n# {'part':12} {'cells':>6} {'failed':>7} {'took s':>7} {'keys':>6} {'p50 ms':>7} {'p99 ms':>7} {'most ms':>8} {'right again s':>14}")
    for title, todo, took in parts:
        keys, right = [k for c in todo for k in c.keys], [c.right_s for c in todo if c.right_s is not None]
        ms = [f"{v * 1000:.1f}" for v in (percentile(keys, .5), percentile(keys, .99), max(keys))] if keys else ["-"] * 3
        last = f"{percentile(right, .5):.1f} to {max(right):.1f}" if right else "-"
        print(f"# {title:12} {len(todo):6} {sum(bool(c.bad) for c in todo):7} {took:7.0f} {len(keys):6} {ms[0]:>7} {ms[1]:>7} {ms[2]:>8} "
              f"{last:>14}", flush=True)


def main():
    report, parts = e2e.Report(), []
    sys.setswitchinterval(0.0005)   # else one screen's thread waits for another's longer than a key takes
    for title, module, kind, workers, seconds in (
            ("watching", watching, watching.Watching, WORKERS, "right s"),
            ("orders", ordering, ordering.Ordering, min(WORKERS, len(ordering.Ordering.OWN)), "took s"),
            ("the world", troubled, troubled.Troubled, min(WORKERS, len(troubled.Troubled.OWN)), "right s")):
        todo = [c for c in module.cells() if len(sys.argv) < 2 or any(re.search(p, c.name) for p in sys.argv[1:])]
        if not todo:
            continue
        began = time.monotonic()
        run(todo, kind, workers)
        parts.append((title, todo, time.monotonic() - began))
        table(title, todo, seconds)
        for c in todo:
            if c.bad:
                report.check(c.name, False, "; ".join(c.bad)[:MESSAGE_MAX])
            else:
                report.passed += 1
    summary(parts)
    keys = [k for _, todo, _ in parts for c in todo for k in c.keys]
    if keys:
        p99 = percentile(keys, .99)
        print(f"# {len(keys)} keys: median {percentile(keys, .5) * 1000:.1f} ms, p99 {p99 * 1000:.1f} ms, "
              f"most {max(keys) * 1000:.1f} ms (goal on an idle machine: p99 < {KEY_GOAL_S * 1000:.0f} ms)")
        limit = KEY_P99_S if WORKERS > 1 else KEY_GOAL_S
        report.check(f"keys: p99 under {limit * 1000:.0f} ms, {WORKERS} screens at a time", p99 < limit, f"{p99 * 1000:.1f} ms")
    report.finish()


if __name__ == "__main__":
    main()
