#!/usr/bin/env python3
"""A day in a quarter of an hour: a hundred environments, whose Lambdas come and go, fall back and
fail; secrets that are rotated; every fault of AWS's in turn; databases that log in and ones that do
not.  Time runs faster for credtop, awsim and a second follower without a screen alike (fast.c).

At the end: every count of the follower equals what the Lambdas did, and memory, descriptors and
threads of both programs have been flat since the warm-up.

    tests/prove/soak.py        SOAK_HOURS=24 SOAK_TIMES=96

An hour as it goes, of the program with the sanitizers, which write to a file what they find:

    SOAK_HOURS=1 SOAK_TIMES=1 CREDTOP=build/asan/credtop tests/prove/soak.py"""

import json
import os
import random
import signal
import statistics
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "bench"), os.path.join(HERE, "..", "e2e")]
import lambda_lines  # noqa: E402
from terminal import Terminal  # noqa: E402
from world import BUILD, Awsim, Environment, Folder, Postgres, config  # noqa: E402

HOURS, TIMES = float(os.environ.get("SOAK_HOURS", "24")), int(os.environ.get("SOAK_TIMES", "96"))
CREDTOP = os.path.abspath(os.environ.get("CREDTOP", os.path.join(BUILD, "credtop")))
ENVIRONMENTS, LOGINS = 100, 5
INVOCATIONS_H = 250       # of an environment: two thousand rows of events are there after eight hours
CONTAINERS, LIFE_H = 3, 2   # at a time, and how long each lives
TICK_S = 0.25
APART_S = 60              # between a rotation and the next invocation, so that it is plain which was first
STALL_S = 120
SEEN_S = 1800             # and between two of one secret, so that each is seen by a poll, faults or not
SETTLE_S = 300            # of the day: what came last has been read, twice over
WARM = 0.45               # of the day: rows and containers are as many as are kept
FORMS = ("text", "json", "python")
# Each stands for some minutes, then there is peace for as long.
FAULTS = ("throttle", "error500", "reset", "hang", "truncate", "malformed", "nulls", "types", "html", "denied", "expired",
          "error503", "reset-body", "drip", "skew", "huge", "empty-pages")
FAULTS = tuple(os.environ.get("SOAK_FAULTS", " ".join(FAULTS)).split())
FAULT_S = min(600, HOURS * 3600 / (2 * len(FAULTS) + 2))
MORE = 8                  # descriptors or threads at the end than as a rule
MEMORY_GROWTH = 0.03      # of what it was after the warm-up, by the fitted line, at the day's end
SETTINGS = (("log_poll", "30s"), ("secret_poll", "5m"), ("database_poll", "30m"), ("backfill", "1m"), ("call_deadline", "60s"),
            ("login_deadline", "60s"), ("quota_percent", "100"), ("journal", "off"))


class Sun:
    """The day's clock: seconds since it began, and its time as AWS writes it."""

    def __init__(self):
        self.mono, self.wall = time.monotonic(), time.time()

    def passed_s(self):
        return (time.monotonic() - self.mono) * TIMES

    def now_ms(self):
        return int((self.wall + self.passed_s()) * 1000)

    def variables(self, base):
        if TIMES == 1:
            return dict(base)
        return dict(base, FAST_TIMES=str(TIMES), FAST_SINCE=f"{self.mono:.9f}", LD_PRELOAD=os.path.join(BUILD, "fast.so"))


class Lambdas:
    """One environment's containers, and what all of them have done so far."""

    def __init__(self, e, seed):
        self.e, self.rng = e, random.Random(seed)
        self.form = FORMS[seed % len(FORMS)]
        self.truth = dict.fromkeys(lambda_lines.KINDS, 0)
        self.containers, self.next_s, self.stale = [], self.rng.random() * 60, set()
        self.rotated_s, self.latest_s = -SEEN_S, 0

    def container(self, now_s):
        alive = [c for c in self.containers if c[1] > now_s]
        self.containers = alive
        if len(alive) < CONTAINERS:
            c = lambda_lines.Container(self.rng, self.form, fallback=self.rng.random() < 0.1)
            alive.append((c, now_s + (0.5 + self.rng.random()) * LIFE_H * 3600))
        return self.rng.choice(alive)[0]

    def work(self, sim, sun):
        """What has happened since the last look, told to CloudWatch."""
        now, told = sun.passed_s(), {}
        if now - self.next_s > STALL_S:   # the machine stood still: so did the Lambdas, as lines later than a quarter of an hour are lost by design
            self.next_s = now
        while self.next_s <= now:
            c = self.container(self.next_s)
            c.invoke(int((sun.wall + self.next_s) * 1000) - 30)
            told[c.stream] = c
            self.next_s += self.rng.expovariate(INVOCATIONS_H / 3600)
        for stream, c in told.items():
            sim.logs(self.e, stream, [(t, m) for t, m, _ in c.lines])
            self.latest_s = max(self.latest_s, (sun.now_ms() - c.lines[0][0]) / 1000)
            for _, _, kinds in c.lines:
                for kind in kinds:
                    self.truth["stale_hits" if kind == "hits" and stream in self.stale else kind] += 1
            c.lines.clear()

    def rotate(self, sim, sun):
        """Who has fetched keeps what was current until now: its hits are stale ones."""
        self.work(sim, sun)
        sim.control("POST", "/_sim/secret/rotate", {"account": self.e.account, "region": self.e.region,
                                                    "name": self.e.secret, "string": json.dumps(self.e.login)})
        self.stale |= {c.stream for c, _ in self.containers if c.fetched}
        self.rotated_s = sun.passed_s()
        self.next_s = self.rotated_s + APART_S


class Watched:
    """Memory, descriptors and threads of a process, by the day's hour."""

    def __init__(self, name, pid):
        self.name, self.pid, self.rows = name, pid, []

    def look(self, hour):
        base = f"/proc/{self.pid}"
        with open(base + "/status", encoding="ascii") as f:
            status = dict(line.split(":", 1) for line in f)
        self.rows.append((hour, int(status["VmRSS"].split()[0]) / 1024, len(os.listdir(base + "/fd")), int(status["Threads"])))

    def warm(self):
        return [r for r in self.rows if r[0] >= WARM * HOURS]

    def slope(self):
        """MB an hour since the warm-up."""
        rows = self.warm()
        return statistics.linear_regression([r[0] for r in rows], [r[1] for r in rows]).slope

    def line(self, i):
        hour, memory, fds, threads = self.rows[i]
        return f"{self.name:8} {hour:5.1f} h  {memory:7.1f} MB  {fds:3} descriptors  {threads:3} threads"


def faults(sim, sun, end_s, ended):
    """Until the day is over; how often each stood."""
    stood, i = {}, 0
    while not ended.is_set() and sun.passed_s() < end_s - 2 * FAULT_S:
        fault = FAULTS[i % len(FAULTS)]
        sim.control("POST", "/_sim/faults", {"operation": "*", "fault": fault, **({"ms": 100} if fault == "drip" else {})})
        ended.wait(FAULT_S / TIMES)
        sim.control("DELETE", "/_sim/faults")
        stood[fault] = stood.get(fault, 0) + 1
        ended.wait(FAULT_S / TIMES)
        i += 1
    sim.control("DELETE", "/_sim/faults")
    return stood


def check(ok, name, why=""):
    print(("ok - " if ok else "not ok - ") + name + ("" if ok else ": " + why), flush=True)
    return bool(ok)


def flat(w, results):
    """Whether it has been as large since the warm-up as it was then."""
    rows = w.warm()
    start = statistics.median(r[1] for r in rows[:max(3, len(rows) // 5)])
    grows = w.slope() * (1 - WARM) * HOURS
    results.append(check(grows <= MEMORY_GROWTH * start, f"{w.name}: memory is flat since {WARM * HOURS:.1f} h: "
                         f"{start:.1f} MB, {w.slope() * 1024:+.0f} KB an hour", f"it grew by {grows:.2f} MB"))
    # Those who hang have threads of their own, as long as they do; in the peace at the end all have gone.
    for what, i in (("descriptors", 2), ("threads", 3)):
        usual, last = statistics.median(r[i] for r in rows), w.rows[-1][i]
        results.append(check(last <= usual + MORE, f"{w.name}: {what} are flat: {usual:.0f} as a rule, at most "
                             f"{max(r[i] for r in rows)}, {last} at the end", "they grow"))


def day(folder, postgres, results):
    logins = postgres.logins([f"soak-{i}" for i in range(LOGINS)])
    environments = [Environment(f"soak-{i:03d}", account="11112222%04d" % (3300 + i % 4), region=("us-east-1", "eu-west-1")[i % 2],
                                login=logins[i % LOGINS], db_sslmode="verify-full", db_sslrootcert=postgres.ca)
                    for i in range(ENVIRONMENTS)]
    sun = Sun()
    os.environ.update({k: v for k, v in sun.variables({}).items()})   # awsim's, too
    with Awsim(folder, environments, "--lifetime", "1000000") as sim:
        for name in ("FAST_TIMES", "FAST_SINCE", "LD_PRELOAD"):
            os.environ.pop(name, None)
        conf, variables = config(folder, environments, sim.url, SETTINGS)
        found_by_sanitizers = os.path.join(folder.path, "sanitizers")
        variables = sun.variables(dict(variables, ASAN_OPTIONS=f"log_path={found_by_sanitizers}:quarantine_size_mb=8",
                                       UBSAN_OPTIONS=f"log_path={found_by_sanitizers}:print_stacktrace=1"))
        lambdas = [Lambdas(e, i) for i, e in enumerate(environments)]
        errors = open(os.path.join(folder.path, "follow.err"), "w+", encoding="utf-8")
        follow = subprocess.Popen([os.path.join(BUILD, "follow"), conf, "1000000"], env=variables, stdout=subprocess.PIPE,
                                  stderr=errors, text=True)
        with Terminal([CREDTOP, "--config", conf], variables, 48, 160) as screen:
            watched = [Watched("credtop", screen.pid), Watched("follow", follow.pid)]
            end_s, ended, stood, rng = HOURS * 3600, threading.Event(), {}, random.Random(5)
            thread = threading.Thread(target=lambda: stood.update(faults(sim, sun, end_s, ended)))
            thread.start()
            every_s = HOURS * 36   # a hundredth of the day: the screen is looked at, and two of three times a secret is rotated
            seconds = [sun.passed_s() + every_s, sun.passed_s() + 2 * every_s]
            try:
                while sun.passed_s() < end_s:
                    for one in lambdas:
                        one.work(sim, sun)
                    screen.drain(TICK_S)
                    if sun.passed_s() >= seconds[0]:
                        seconds[0] = sun.passed_s() + every_s
                        for w in watched:
                            w.look(sun.passed_s() / 3600)
                        os.write(screen.fd, rng.choice([b"1", b"3", b"5", b"6", b"j", b"k", b"\r", b"\x1b", b"4", b"7"]))
                    if sun.passed_s() >= seconds[1]:
                        seconds[1] = sun.passed_s() + 1.5 * every_s
                        rng.choice([one for one in lambdas if sun.passed_s() - one.rotated_s > SEEN_S]).rotate(sim, sun)
            except BaseException:
                follow.kill()
                raise
            finally:
                ended.set()
                thread.join()
            end = sun.passed_s() + SETTLE_S
            while sun.passed_s() < end:
                screen.drain(TICK_S)
            for w in watched:
                w.look(sun.passed_s() / 3600)
            alive = follow.poll() is None and os.waitpid(screen.pid, os.WNOHANG) == (0, 0)
            results.append(check(alive, "both programs are there at the day's end", "one has ended"))
            calls = sim.control("GET", "/_sim/calls")
            follow.send_signal(signal.SIGTERM)
            found = json.loads(follow.communicate(timeout=60)[0] or "{}")
            for w in watched:
                for i in range(0, len(w.rows), max(1, len(w.rows) // 12)):
                    print(w.line(i))
            os.write(screen.fd, b"Q")   # what leaks is told at the end
            screen.drain(3)
            told = [open(os.path.join(folder.path, n), encoding="utf-8", errors="replace").read()[:3000]
                    for n in os.listdir(folder.path) if n.startswith("sanitizers")]
            results.append(check(not told, "no sanitizer has anything to say", "\n".join(told)))
            compare(lambdas, found, results)
            for w in watched:
                flat(w, results)
            asked = sum(n["ok"] + n["failed"] for n in calls.values() if isinstance(n, dict) and "ok" in n)
            failed = sum(n["failed"] for n in calls.values() if isinstance(n, dict) and "ok" in n)
            results.append(check(min([stood.get(f, 0) for f in FAULTS], default=0) > 0 or HOURS < 6, "every fault stood: "
                                 + ", ".join(f"{k} {v}" for k, v in stood.items()), "not all did"))
            lines = sum(found[e.name]["lines"] for e in environments if found.get(e.name))
            print(f"lines came at most {max(one.latest_s for one in lambdas):.0f} s after what they tell of")
            print(f"{HOURS:g} h at {TIMES} times: {asked:,} calls, {failed:,} of them failed; {lines:,} lines read, "
                  f"{sum(sum(one.truth.values()) for one in lambdas):,} counted")


def compare(lambdas, found, results):
    wrong = []
    for one in lambdas:
        env = found.get(one.e.name) or {}
        fault = lambda_lines.wrong(env.get("total", {}), one.truth)
        if fault:
            wrong.append(f"{one.e.name}: {fault}; told up to {one.latest_s:.0f} s late, {env.get('late')} late, "
                         f"{env.get('refused')} refused; {env.get('why')}")
    results.append(check(not wrong, f"every count of {len(lambdas)} environments equals what their Lambdas did",
                         f"{len(wrong)} do not: " + " | ".join(wrong[:4])))


def main():
    results = []
    with Folder() as folder, Postgres(folder) as postgres:
        day(folder, postgres, results)
    print(f"{results.count(True)} passed, {results.count(False)} failed")
    sys.exit(0 if all(results) else 1)


main()
