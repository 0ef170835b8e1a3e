#!/usr/bin/env python3
"""The n-th call of write, fsync, socket, ... fails, for every n that a status run and a rotation
reach: each run ends by itself, in time, with a status it is documented to have and, where it
could not do its work, with a message; the journal stays a chain; somebody gets in.

Run by `make prove` through tests/e2e/run.sh's sandbox: failing.py SHIM."""

import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from e2e import CONF, CREDTOP, DIR, Report  # noqa: E402

# What the kernel would say of each.
ERRNOS = {"write": 28, "fsync": 5, "socket": 24, "connect": 111, "pthread_create": 11, "mlock": 12, "eventfd": 24,
          "open": 24}
STATUS_S, ROTATE_S, MOST = 60, 60, int(os.environ.get("PROVE_MOST", "400"))
ENVIRONMENT = "json-eu"


def conf():
    """One environment, rotated by credtop itself, with a journal of its own."""
    path, journal = os.path.join(DIR, "failing.conf"), os.path.join(DIR, "failing.jsonl")
    with open(CONF, encoding="utf-8") as f:
        text = f.read()
    head, *sections = text.split("\n[environment ")
    mine = next(s for s in sections if s.startswith(ENVIRONMENT + "]"))
    name, rest = mine.split("]\n", 1)
    head = "\n".join(line for line in head.split("\n") if not line.startswith("journal"))
    with open(path, "w", encoding="utf-8") as f:
        f.write(head.replace("[credtop]\n", f"[credtop]\njournal = {journal}\n", 1) +
                f"\n[environment {name}]\nrotation = credtop\n{rest}")
    os.chmod(path, 0o600)
    return path, journal


def run(shim, call, n, words, seconds):
    """Exit status (negative: a signal, None: it hung), what it said, and whether the n-th call was reached."""
    seen = os.path.join(DIR, "failing.seen")
    if os.path.exists(seen):
        os.unlink(seen)
    variables = dict(os.environ, LD_PRELOAD=shim, FAILING_CALL=call, FAILING_N=str(n), FAILING_ERRNO=str(ERRNOS[call]),
                     FAILING_SEEN=seen)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen([CREDTOP, *words], stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=variables)
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            status = None
        err.seek(0)
        said = err.read().decode(errors="replace")
        out.seek(0)
        printed = out.read().decode(errors="replace")
    return status, said, printed, os.path.exists(seen)


def plain(*words):
    return subprocess.run([CREDTOP, *words], stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)


def walk(report, shim, call, words, seconds, allowed, after=None):
    """Every n; returns how many were reached and the slowest run."""
    slowest, n, bad = 0, 0, []
    while n < MOST:
        n += 1
        began = time.monotonic()
        status, said, printed, reached = run(shim, call, n, words, seconds)
        slowest = max(slowest, time.monotonic() - began)
        if not reached:
            n -= 1
            break
        if status is None:
            bad.append(f"{n}: it hung")
        elif status not in allowed:
            bad.append(f"{n}: status {status}: {said[-200:]!r}")
        elif status == 3 and not said.strip() and not printed.strip():
            bad.append(f"{n}: could not tell, and did not say why")
        elif after and (what := after()):
            bad.append(f"{n}: {what}")
    report.check(f"{words[-1] if words[-1] != '--yes' else 'rotate'}: {call}: each of {n} that failed", not bad and n > 0,
                 "; ".join(bad[:4]) or "none was reached")
    return n, slowest


def main():
    shim, report = os.path.abspath(sys.argv[1]), Report()
    path, journal = conf()
    began = time.monotonic()

    def settled():
        verified = plain("--config", path, "journal", "verify").returncode
        if os.path.exists(journal) and verified != 0:
            return f"journal verify: {verified}"
        tested = plain("--config", path, "test", ENVIRONMENT).returncode
        if tested in (0, 1):
            return None
        return f"nobody gets in: test says {tested}"

    table = []
    for call in ERRNOS:
        if call == "fsync":
            continue   # status writes nothing that lasts
        table.append(("status", call, *walk(report, shim, call, ("--config", path, "status"), STATUS_S, (0, 1, 2, 3))))
    for call in ERRNOS:
        words = ("--config", path, "rotate", ENVIRONMENT, "--yes")
        table.append(("rotate", call, *walk(report, shim, call, words, ROTATE_S, (0, 1, 2, 3), settled)))
        plain("--config", path, "rotate", ENVIRONMENT, "--yes")
        plain("--config", path, "rotate", ENVIRONMENT, "--finish", "--yes")
    print(f"# {'command':8} {'call':16} {'failed':>7} {'slowest s':>10}")
    for command, call, n, slowest in table:
        print(f"# {command:8} {call:16} {n:7} {slowest:10.1f}")
    print(f"# {sum(n for _, _, n, _ in table)} runs with a failing call, in {time.monotonic() - began:.0f} s")
    report.finish()


if __name__ == "__main__":
    main()
