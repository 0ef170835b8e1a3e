#!/usr/bin/env python3
"""Every operation that the watches and the orders use, under every fault awsim can make.

Watching: a screen of its own for each cell; while the fault stands it answers keys and says in
words what is wrong; when it ends all is right again within a poll, and every event is counted.
Orders: the fault meets one call of a kind, or every one until the order has ended; it ends in
time and says how, nothing is changed twice, somebody gets in, the journal is whole, and an order
given again finishes what was left.

Run by `make prove` in a sandbox without a fleet: matrix.py [PATTERN of "OPERATION FAULT"...]"""

import json
import os
import queue
import random
import re
import sys
import threading
import time

from glass import Screen
from world import CREDTOP, World
import e2e
import lambda_lines

FAULTS = {   # what it says in words; None: it is to go on as if nothing were wrong
    "throttle": r"Rate exceeded|throttled",
    "error500": r"server side|service error",
    "error503": r"unavailable|service error",
    "reset": r"reset|broke",
    "reset-body": r"reset|broke",
    "truncate": r"broke|cut|bytes remaining|partial|closed",
    "malformed": r"malformed|JSON|expected",
    "nulls": r"malformed",
    "types": r"malformed",
    "html": r"502|HTML|service error|malformed|JSON",
    "huge": r"too large|larger|longer",
    "drip": r"timed out|no answer",
    "hang": r"timed out|no answer",
    "denied": r"not authorized|denied",
    "expired": r"expired",
    "skew": None,
    "slow": None,
    "empty-pages": None,
}
LISTS = ("ListSecrets", "FilterLogEvents")
# What the program does without, by design, and so does not call a failure: creation dates of versions
# (an auditor's policy may leave them out), fetches older than what is read (a container then stays
# unknown), and a listing, instead of which each secret is described.
WITHOUT = ("ListSecretVersionIds", "DescribeLogStreams", "ListSecrets")

# The pages, and what shows that they stand; "F", the function's check on page 7.
SCREENS = {"1": r"\[1 ", "2": r"\[2 ", "3": r"\[3 ", "5": r"\[5 ", "7": r"\[7 "}
WATCHES = ("ListSecrets", "DescribeSecret", "ListSecretVersionIds", "GetSecretValue", "FilterLogEvents", "DescribeLogStreams",
           "GetCallerIdentity", "GetFunctionConfiguration")
ENVIRONMENT, GROUP = "json-eu", "/aws/lambda/app-json-eu"
CALL_DEADLINE_S, POLL_S, LOG_POLL_S = 2, 5, 1
WORDS_S = 14
# A call that is under way when the fault ends may last until its deadline; then comes a poll.  Who
# was throttled asks at a quarter of the rate, and the function is looked at again after a minute.
RIGHT_S = CALL_DEADLINE_S + POLL_S + 1
LONGER_S = {"throttle": 3 * POLL_S}
KEY_MOST_S = 0.1
MESSAGE_MAX = int(os.environ.get("PROVE_MESSAGE_MAX", "600"))   # the whole screen is in it
WORKERS = int(os.environ.get("PROVE_WORKERS", "6"))


class Cell:
    def __init__(self, kind, operation, fault):
        self.kind, self.operation, self.fault = kind, operation, fault
        self.name = f"{kind}: {operation} {fault}"
        self.bad, self.said, self.right_s, self.keys, self.asked = [], "", None, [], 0

    def want(self, good, what):
        if not good:
            self.bad.append(what)
        return good


class Watching(World):
    """A world whose log group gets a few invocations with each cell."""

    def __init__(self, name):
        super().__init__(name)
        self.rng = random.Random(name)
        self.containers = []
        head = [f"secret_poll = {POLL_S}s", f"log_poll = {LOG_POLL_S}s", f"database_poll = {POLL_S}s",
                f"call_deadline = {CALL_DEADLINE_S}s", "quota_percent = 100"]
        self.one = self.conf("one", [ENVIRONMENT], head)
        self.many = self.conf("many", [ENVIRONMENT, "test", "stage", "prod-eu"], head)   # worth a listing

    def invoke(self, fetches=True):
        """`fetches` False: it fetched before all that is read."""
        c = lambda_lines.Container(self.rng, "json")
        now = int(time.time() * 1000)
        for i in range(3):
            c.invoke(now - 3000 + i * 500, noise=0, fails=0)
        self.containers.append(c)
        if not fetches:   # nobody can say then what it holds, so its invocations are no hits
            c.lines = [(t, m, ()) for t, m, kinds in c.lines if not {"fetches", "cold_starts"} & set(kinds)]
        rows = [{"t_ms": t, "message": m} for t, m, _ in c.lines]
        self.sim("POST", "/_sim/logs", {"account": e2e.ACCOUNT, "region": e2e.REGION, "group": GROUP, "stream": c.stream,
                                        "events": rows})

    def look(self, screen, cell):
        """What all pages say, one below the other; each key is timed."""
        pages = []
        for key, there in SCREENS.items():
            took = screen.key_s(key, there)
            cell.keys.append(took if took is not None else 3.0)
            if key == "7" and cell.operation == "GetFunctionConfiguration":
                screen.press("h" * 40 + "l" * 8)   # the check of the function itself
                screen.until(r"── \S+  func ", 1)
            pages.append(screen.text())
        return "\n".join(pages)

    def counted(self):
        truth = lambda_lines.total(self.containers)
        return r"FETCH %d  HIT %d " % (truth["fetches"], truth["hits"])

    def right(self, screen, cell):
        """The seconds until everything is read, and nothing is said to fail."""
        began, pages, failing = time.monotonic(), "", None
        if cell.operation == "GetFunctionConfiguration":
            screen.press("r")   # by itself it is looked at every ten minutes
        while time.monotonic() - began < 3 * RIGHT_S + LONGER_S.get(cell.fault, 0):
            pages = self.look(screen, cell)
            failing = re.search(r"failing|not read since|FAILED|%s" % (FAULTS[cell.fault] or "FAILED"), of_now(pages))
            if re.search(self.counted(), pages) and not failing:
                return time.monotonic() - began
            screen.rest(0.2)
        cell.want(False, f"not right again: {self.counted()!r} counted, {failing}: {pages}")
        return None

    def says(self, screen, cell, before):
        """What the screen says of the fault, as soon as it does; "" when it says nothing."""
        words, began, pages = FAULTS[cell.fault], time.monotonic(), ""
        while time.monotonic() - began < WORDS_S:
            pages = self.look(screen, cell)
            cell.asked = self.calls(cell.operation) - before
            found = re.search(words or "failing", of_now(pages))
            if words and found:
                return found.group()
            goes_on = re.search(self.counted(), pages) and cell.asked and not re.search("failing|FAILED", of_now(pages))
            if goes_on and (words is None or cell.operation in WITHOUT):
                return "goes on" if words is None else "does without"
            screen.rest(0.2)
        cell.want(not cell.asked, f"says nothing of it: {pages}")
        return ""

    def cell(self, cell):
        before = self.calls(cell.operation)
        self.sim("POST", "/_sim/faults", {"operation": cell.operation, "fault": cell.fault})
        conf = self.many if cell.operation == "ListSecrets" else self.one
        self.invoke(fetches=cell.operation != "DescribeLogStreams")
        screen = Screen([CREDTOP, "--config", conf], self.variables)
        try:
            cell.said = self.says(screen, cell, before)
            self.invoke()
            self.sim("DELETE", "/_sim/faults")
            cell.right_s = self.right(screen, cell)
            most = RIGHT_S + LONGER_S.get(cell.fault, 0)
            cell.want(cell.right_s is None or cell.right_s <= most, f"right again after {cell.right_s} s")
        finally:
            self.sim("DELETE", "/_sim/faults")
            status = screen.stop()
            cell.want(status == 0, f"left with {status}")
        cell.want(max(cell.keys) < KEY_MOST_S, f"a key took {max(cell.keys) * 1000:.0f} ms")


def of_now(pages):
    """Without what tells of the past, or says such words when all is well."""
    return "\n".join(line for line in pages.split("\n") if not re.search(r"FLAPS|FETCH-ERR|posture  |^ why ", line))


class Ordering(World):
    """A world that has two environments for itself: the orders change their passwords."""

    OWN = ["test", "stage", "prod-us", "json-eu"]
    FREE = threading.Lock()

    def __init__(self, name):
        super().__init__(name)
        with Ordering.FREE:
            self.own = Ordering.OWN.pop(0)
        head = [f"call_deadline = {CALL_DEADLINE_S}s", "quota_percent = 100"]
        self.by_us = self.conf("by-us", [self.own], head, ["rotation = credtop"])
        self.by_aws = self.conf("by-aws", [self.own], head)

    def logins(self, conf):
        """{label: (version, whether it gets in)}"""
        status, out, err = self.credtop(conf, "test", self.own, "--format", "json")
        try:
            return {row["stage"]: (row["version_id"], row["ok"]) for row in json.loads(out)["logins"]}
        except ValueError as error:
            raise RuntimeError(f"test: status {status}, {err}") from error

    def updates(self):
        return next(f["updates"] for f in self.sim("GET", "/_sim/functions")["functions"] if f["name"] == f"app-{self.own}")

    def settled(self, conf):
        """No rotation is half done; what was left of one is finished by the same order, given again."""
        for words in (("rotate", self.own, "--yes"), ("rotate", self.own, "--finish", "--yes")) * 3:
            logins = self.logins(conf)
            if logins["AWSCURRENT"][1] and "AWSPENDING" not in logins:
                return True
            self.credtop(conf, *words)
        return False

    def cell(self, cell):
        verb, _, extent = cell.kind.partition(" ")
        conf = self.by_aws if verb == "rotate-at-AWS" else self.by_us
        words = ("recycle" if verb == "recycle" else "rotate", self.own, "--yes")
        before, updates, asked = self.logins(conf), self.updates(), self.calls(cell.operation)
        fault = {"operation": cell.operation, "fault": cell.fault}
        self.sim("POST", "/_sim/faults", dict(fault, count=1) if extent == "once" else fault)
        began = time.monotonic()
        status, out, err = self.credtop(conf, *words, timeout=90)
        cell.right_s = time.monotonic() - began
        cell.asked = self.calls(cell.operation) - asked
        self.sim("DELETE", "/_sim/faults")
        cell.want(status in (0, 1, 2, 3), f"status {status}: {err[-300:]}")
        said = err.strip().split("\n")[-1]
        cell.said = f"{status}: " + ("done" if status == 0 else said[:90])
        cell.want(status == 0 or said, "it failed and does not say why")
        after = self.logins(conf)
        current, previous = after.get("AWSCURRENT", ("", False)), after.get("AWSPREVIOUS", ("", False))
        pending = after.get("AWSPENDING", ("", False))
        cell.want(current[1] or pending[1], f"nobody gets in: {after}")
        changed = current[0] != before["AWSCURRENT"][0]
        if verb == "recycle":
            cell.want(not changed, "a recycle changed the secret")
            done = self.wait_updates(updates + 1 if status == 0 else updates)
            cell.want(done <= updates + 1, f"{done - updates} updates for one order")
            cell.want(status != 0 or done == updates + 1, "done, it says, and nothing was updated")
        else:
            cell.want(not changed or previous[0] == before["AWSCURRENT"][0], f"rotated twice: {before} -> {after}")
            cell.want(status != 0 or changed and current[1], f"done, it says: {before} -> {after}")
            cell.want(self.settled(conf), f"given again, the order does not finish: {self.logins(conf)}")
        cell.want(self.credtop(conf, "journal", "verify")[0] == 0, "the journal is not whole")

    def wait_updates(self, wanted):
        """An update takes three seconds; one that was sent in vain shows by then."""
        end = time.monotonic() + 4
        while time.monotonic() < end and self.updates() < wanted:
            time.sleep(0.1)
        return self.updates()


ORDERS = (("rotate", ("DescribeSecret", "GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage")),
          ("rotate-at-AWS", ("DescribeSecret", "RotateSecret", "FilterLogEvents")),
          ("recycle", ("GetFunctionConfiguration", "UpdateFunctionConfiguration")))


def cells(kind):
    if kind is Watching:
        return [Cell("watching", o, f) for o in WATCHES for f in FAULTS if f != "empty-pages" or o in LISTS]
    return [Cell(f"{verb} {extent}", o, f) for verb, operations in ORDERS for o in operations for extent in ("once", "always")
            for f in FAULTS if f != "empty-pages" or o in LISTS]


def percentile(values, part):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * part))] if values else 0.0


def work(name, todo, kind):
    world = None
    try:
        while True:
            cell = todo.get_nowait()
            world = world or kind(name)
            try:
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


def table(todo, seconds):
    print(f"{'':20} {'operation':26} {'fault':12} {'calls':>5} {'key p99 ms':>10} {seconds:>8}  says")
    for c in todo:
        took = f"{c.right_s:.1f}" if c.right_s is not None else "-"
        keys = f"{percentile(c.keys, .99) * 1000:.1f}" if c.keys else "-"
        print(f"{c.kind:20} {c.operation:26} {c.fault:12} {c.asked:5} {keys:>10} {took:>8}  "
              f"{c.said or ('is not asked' if not c.asked else '')}{'  <-- FAILED' if c.bad else ''}", flush=True)


def main():
    report, keys = e2e.Report(), []
    for kind, workers, seconds in ((Watching, WORKERS, "right s"), (Ordering, min(WORKERS, len(Ordering.OWN)), "took s")):
        todo = [c for c in cells(kind) if len(sys.argv) < 2 or any(re.search(p, c.name) for p in sys.argv[1:])]
        run(todo, kind, workers)
        table(todo, seconds)
        for c in todo:
            report.check(c.name, not c.bad, "; ".join(c.bad)[:MESSAGE_MAX])
        keys += [k for c in todo for k in c.keys]
    if keys:
        print(f"# {len(keys)} keys: median {percentile(keys, .5) * 1000:.1f} ms, p99 {percentile(keys, .99) * 1000:.1f} ms, "
              f"most {max(keys) * 1000:.1f} ms (goal on an idle machine: p99 < 16 ms)")
        report.check("keys: p99 under 100 ms", percentile(keys, .99) < KEY_MOST_S)
    report.finish()


if __name__ == "__main__":
    main()
