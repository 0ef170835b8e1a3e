"""A cell of the matrix, the faults awsim makes and what credtop is to say of each."""

import os
import random
import re
import time

from world import World
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
    "html": r"HTTP 502|HTML|service error|malformed|JSON",
    "huge": r"too large|larger|longer",
    "drip": r"timed out|no answer",
    "hang": r"timed out|no answer",
    "denied": r"not authorized|denied",
    "expired": r"have expired|is over",
    "skew": None,
    "slow": None,
    "empty-pages": None,
    "endless": r"never ends|cannot lead on|circle",
}
# What has pages, and so can have empty ones, or pages without end.
LISTS = {"empty-pages": ("ListSecrets", "FilterLogEvents"),
         "endless": ("ListSecrets", "ListSecretVersionIds", "FilterLogEvents", "DescribeLogStreams", "DescribeLogGroups")}
# What the program does without, by design, and so does not call a failure: creation dates of versions
# (an auditor's policy may leave them out), fetches older than what is read (a container then stays
# unknown), and a listing, instead of which each secret is described.
WITHOUT = ("ListSecretVersionIds", "DescribeLogStreams", "ListSecrets")

# The pages, and what shows that they stand.
SCREENS = {"1": r"\[1 ", "2": r"\[2 ", "3": r"\[3 ", "5": r"\[5 ", "7": r"\[7 "}
# What is said on page 7 when the check in this column is chosen.
CHECKS = {"GetFunctionConfiguration": (8, "func"), "DescribeLogGroups": (15, "retain")}
ENVIRONMENT, GROUP = "json-eu", "/aws/lambda/app-json-eu"
CALL_DEADLINE_S, POLL_S, LOG_POLL_S = 2, 5, 1
WORDS_S = 14
WORDS_LONGER_S = {"GetQueryResults": 60}   # asked a few times before the past is given up
# A call that is under way when the fault ends may last until its deadline; then comes a poll.
RIGHT_S = CALL_DEADLINE_S + POLL_S + 1
KEY_S = 0.02   # between two keys: the fingers of a hand are not faster, and what is is drawn together
# Of all keys on an idle machine, of all with several screens at a time, of one of these.
KEY_GOAL_S, KEY_P99_S, KEY_MOST_S = 0.016, 0.05, 0.25
WORKERS = int(os.environ.get("PROVE_WORKERS", "5"))


class Cell:
    """One fault of one operation in one situation, and what was seen of it."""

    def __init__(self, kind, operation, fault):
        self.kind, self.operation, self.fault = kind, operation, fault
        self.name = f"{kind}: {operation} {fault}"
        self.bad, self.said, self.right_s, self.keys, self.asked = [], "", None, [], 0

    def want(self, good, what):
        if not good:
            self.bad.append(what)
        return good


def applies(operation, fault):
    return fault not in LISTS or operation in LISTS[fault]


def of_now(pages):
    """Without what tells of the past, or says such words when all is well."""
    return "\n".join(line for line in pages.split("\n") if not re.search(r"FLAPS|FETCH-ERR|posture  |^ why ", line))


class Lived(World):
    """A world whose log group gets a few invocations now and then, which are counted here, too."""

    group, region = GROUP, e2e.REGION

    def __init__(self, name, *args, **named):
        super().__init__(name, *args, **named)
        self.rng = random.Random(name)
        self.containers = []
        self.head = [f"secret_poll = {POLL_S}s", f"log_poll = {LOG_POLL_S}s", f"database_poll = {POLL_S}s",
                     f"call_deadline = {CALL_DEADLINE_S}s", "quota_percent = 100"]

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
        self.sim("POST", "/_sim/logs", {"account": e2e.ACCOUNT, "region": self.region, "group": self.group, "stream": c.stream,
                                        "events": rows})

    def counted(self):
        truth = lambda_lines.total(self.containers)
        return r"FETCH %d  HIT %d " % (truth["fetches"], truth["hits"])

    def look(self, screen, cell):
        """What all pages say, one below the other; each key is timed."""
        pages = []
        for key, there in SCREENS.items():
            screen.rest(KEY_S)
            took = screen.key_s(key, there)
            cell.keys.append(took if took is not None else 3.0)
            if key == "7" and cell.operation in CHECKS:
                column, name = CHECKS[cell.operation]
                screen.press("h" * 40 + "l" * column)
                screen.until(rf"── \S+  {name} ", 1)
            pages.append(screen.text())
        return "\n".join(pages)

    def look_now(self, screen, cell):
        return of_now(self.look(screen, cell))

    @staticmethod
    def longer(cell):
        """Who was throttled asks at a quarter of the rate for a while."""
        return 3 * POLL_S if cell.fault == "throttle" else 0

    def right(self, screen, cell, words, most):
        """The seconds until everything is read, and nothing is said to fail."""
        began, pages, failing = time.monotonic(), "", None
        while time.monotonic() - began < 3 * most:
            pages = self.look(screen, cell)
            failing = re.search(r"failing|not read since|FAILED|%s" % (words or "FAILED"), of_now(pages))
            if re.search(self.counted(), pages) and not failing:
                took = time.monotonic() - began
                cell.want(took <= most, f"right again after {took:.1f} s only")
                return took
            screen.rest(0.2)
        cell.want(False, f"not right again: {self.counted()!r} counted, {failing}: {pages}")
        return None

    def says(self, screen, cell, words, asked, without):
        """What the screen says of the fault, as soon as it does; "" when it says nothing.  `asked`: how
        often it was asked by now; `without`: it may go on without the answer."""
        began, pages = time.monotonic(), ""
        while time.monotonic() - began < WORDS_LONGER_S.get(cell.operation, WORDS_S):
            pages = self.look(screen, cell)
            cell.asked = asked()
            found = re.search(words or "failing", of_now(pages))
            if words and found:
                return found.group()
            goes_on = re.search(self.counted(), pages) and cell.asked and not re.search("failing|FAILED", of_now(pages))
            if goes_on and (words is None or without):
                return "goes on" if words is None else "does without"
            screen.rest(0.2)
        cell.want(not cell.asked, f"says nothing of it: {pages}")
        return ""

    def close(self, screen, cell):
        status = screen.stop()
        cell.want(status == 0, f"left with {status}")
        cell.want(not cell.keys or max(cell.keys) < KEY_MOST_S, f"a key took {max(cell.keys or [0]) * 1000:.0f} ms")
