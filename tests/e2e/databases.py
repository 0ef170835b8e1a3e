#!/usr/bin/env python3
"""Two hundred databases that misbehave in every way, and some that do not: each bad one ends
within its deadline in the phase it hangs in, the good ones are not delayed, a stop is obeyed
at once, and no descriptor or thread is left behind."""

import datetime
import json
import os
import re
import signal
import subprocess
import sys
import time

from e2e import CREDTOP, DIR, Report, login_times
from peers import Peer, closes, closes_after_yes, drips, silent, speaks_http, stalls, stalls_in_login

BAD, GOOD = 200, 8
DEADLINE_S = 2
GOOD_WITHIN_S = 4.0     # of the start: the first logins of all good ones; queued behind the bad they would take minutes
STOP_S = 0.3


# How each peer behaves, the phase its logins end in, and whether at the deadline.
MANNERS = {
    "never-accepts": (None, "connect", True), "silent": (silent, "TLS", True), "drips": (drips, "TLS", True),
    "http": (speaks_http, "TLS", False), "closes": (closes, "TLS", False), "closes-after-yes": (closes_after_yes, "TLS", False),
    "stalls": (stalls, "TLS", True), "stalls-in-login": (stalls_in_login, "authentication", True),
}


def environments(peers):
    """The bad ones first: the good ones stand last in the queue."""
    text = f"[credtop]\nlogin_deadline = {DEADLINE_S}s\n"
    names = list(MANNERS)
    rows = [(f"{names[i % len(names)]}-{i}", f"db_host = localhost\ndb_port = {peers[names[i % len(names)]].port}\n") for i in range(BAD)]
    rows += [(f"good-{i}", "") for i in range(GOOD)]
    for name, place in rows:
        text += f"\n[environment {name}]\nmode = development\nenv_file = dev.env\ndb_sslrootcert = ca.crt\n{place}"
    path = os.path.join(DIR, "databases.conf")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path, 0o600)
    return path


def judge(report, answer):
    by_manner = {}
    for e in answer["environments"]:
        by_manner.setdefault(re.sub(r"-\d+$", "", e["name"]), []).append(e["database"])
    report.equal("good: all log in", {d["result"] for d in by_manner["good"]}, {"login_ok"})
    for name, (_, phase, hangs) in MANNERS.items():
        got = by_manner[name]
        report.equal(f"{name}: every one fails in {phase}", {(d["result"], d["failed_phase"]) for d in got}, {("login_failed", phase)})
        took = [d["phases_us"][phase] / 1e6 for d in got if d["phases_us"][phase] is not None]
        low, high = (DEADLINE_S - 0.6, DEADLINE_S + 0.5) if hangs else (0, 1.5)
        report.check(f"{name}: {'at the deadline' if hangs else 'at once'}", len(took) == len(got) and low <= min(took) and max(took) <= high,
                     f"{min(took, default=-1):.2f} to {max(took, default=-1):.2f} s")


def main():
    report = Report()
    peers = {name: Peer(manner, manner is not None) for name, (manner, _, _) in MANNERS.items()}
    conf = environments(peers)
    command = [CREDTOP, "--config", conf, "--timeout", "60s", "status", "--format", "json"]
    log = os.path.getsize(os.path.join(DIR, "postgres.log"))
    began_wall, began = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None), time.monotonic()
    done = subprocess.run(command, capture_output=True, timeout=90, check=False)
    took = time.monotonic() - began
    judge(report, json.loads(done.stdout))
    good = [(t - began_wall).total_seconds() for t in login_times("app_dev", log)[0]]
    report.check(f"good: all within {GOOD_WITHIN_S:.0f} s, behind {BAD} bad ones", len(good) >= GOOD and max(good[:GOOD]) < GOOD_WITHIN_S, good)
    print(f"# {BAD + GOOD} logins in {took:.1f} s; the last good one after {max(good[:GOOD], default=-1):.2f} s")

    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(1)
    began = time.monotonic()
    running.send_signal(signal.SIGTERM)
    running.wait(10)
    took = time.monotonic() - began
    report.check(f"a stop is obeyed within {STOP_S * 1000:.0f} ms", took < STOP_S, f"{took * 1000:.0f} ms")
    report.finish()


sys.exit(main())
