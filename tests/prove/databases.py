#!/usr/bin/env python3
"""What databases do in production, under a screen that watches twenty environments: ten of them on
a PostgreSQL that is killed, moved, filled, stopped and given other certificates, ten on another.

While a fault stands, the screen says in words what is wrong, keys are answered, the environments
it does not concern stay OK and are logged in to as often as before; when it ends, all is right
again within one poll.

Run by `make prove` in a sandbox without a fleet: databases.py [PATTERN of a fault's name...]"""

import contextlib
import datetime
import json
import os
import re
import secrets
import select
import signal
import socket
import sys
import time

from glass import Screen
from world import CREDTOP, DIR, World
import e2e
import logins
import peers
from cluster import Cluster
from matrix import KEY_MOST_S, MESSAGE_MAX, SCREENS, Cell, percentile

POLL_S, DEADLINE_S = 5, 2
# A login that is under way when the fault ends may last until its deadline; then comes a poll, and
# what was seen of it is drawn within a second.
RIGHT_S = POLL_S + DEADLINE_S + 1
# Of an environment that nothing is wrong with: a poll, and a wait for the logins that hang before it.
GAP_S = POLL_S + DEADLINE_S + 1
HOLD_S = POLL_S + DEADLINE_S + 1   # each environment is tried under the fault, whatever its turn
WORDS_S = 3 * POLL_S
ROWS = 100                         # all twenty stand in the table, whatever else page 1 tells
HURT = [f"a-{i:02}" for i in range(10)]
OTHERS = [f"b-{i:02}" for i in range(10)]
CHOSEN = HURT[0]
SLOW_S, TOO_SLOW_S = 0.12, 1.0     # of a way there or back: a login takes six to eight of both
STATE = re.compile(r"(?m)^[ >!]+([ab]-\d\d)\*? +([A-Z]+)\b")
# All but page 2: to open an environment is to ask its database at once, and then no poll would be waited for.
PAGES = {key: there for key, there in SCREENS.items() if key != "2"}


def role(name):
    return logins.role("p" + name)


class Whom:
    """Who is touched by a fault, and whether all of them fail while it stands; nobody else may be anything but OK."""

    def __init__(self, touched, fails=True):
        self.touched, self.failing = touched, touched if fails else []


# ------------------------------------------------------------------ the ways in

def carries(port, delay_s):
    """A manner for peers.Peer: on to a server at this port, each piece late by so much."""
    def manner(s):
        with socket.create_connection(("127.0.0.1", port)) as far:
            while True:
                for ready in select.select([s, far], [], [])[0]:
                    data = ready.recv(1 << 16)
                    if not data:
                        return
                    time.sleep(delay_s)
                    (far if ready is s else s).sendall(data)
    return manner


class Databases:
    """The cluster that suffers, and its standby, at one port: the one that the secrets name."""

    def __init__(self):
        self.port = logins.free_port()
        self.passwords = {name: secrets.token_hex(12) for name in HURT + OTHERS}
        self.cluster, self.standby = Cluster("hurt"), None
        self.cluster.start(self.port)
        self.cluster.sql("CREATE DATABASE own;" + "".join(
            f"CREATE ROLE {role(n)} LOGIN PASSWORD '{self.passwords[n]}';" for n in HURT))
        logins.sql("".join(f"CREATE ROLE {role(n)} LOGIN PASSWORD '{self.passwords[n]}';" for n in OTHERS))
        self.made = {"same": logins.certificate("renewed", "DNS:localhost", days=77),
                     "name": logins.certificate("db.example", "DNS:db.example"),
                     "past": logins.certificate("past", "DNS:localhost", days=-1)}
        authority = logins.certificate("stranger", "DNS:stranger", own=True)[0].removesuffix(".crt")
        self.made["stranger"] = logins.certificate("strange", "DNS:localhost", by=authority)

    def secret(self, name):
        hurt = name in HURT
        place = {"host": "localhost", "port": self.port if hurt else logins.PORT, "dbname": "own" if name == CHOSEN else "postgres"}
        return {"account": e2e.ACCOUNT, "region": e2e.REGION, "name": f"prove/{name}", "versions": [
            {"id": secrets.token_hex(16), "stages": ["AWSCURRENT"], "created_ago_s": 3600, "string": json.dumps(
                {"engine": "postgres", "username": role(name), "password": self.passwords[name], **place})}]}

    def stop(self):
        for cluster in (self.standby, self.cluster):
            if cluster:
                cluster.stop(signal.SIGQUIT)

    # ---------------------------------------------------------------- faults

    @contextlib.contextmanager
    def down(self, how):
        self.cluster.stop(how)
        yield
        self.cluster.start(self.port)

    @contextlib.contextmanager
    def child_killed(self):
        """One of its processes is killed, and the postmaster begins all of them anew."""
        os.kill(int(self.cluster.sql("SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer';")), signal.SIGKILL)
        yield

    @contextlib.contextmanager
    def failed_over(self):
        """The primary dies, and its standby takes the port, in recovery until it is promoted."""
        self.standby = Cluster("standby", of=self.cluster)
        self.cluster.stop(signal.SIGQUIT)
        self.cluster, self.standby = self.standby, None
        self.cluster.start(self.port)
        yield
        if self.cluster.sql("SELECT pg_promote();") != "t":
            raise RuntimeError("the standby was not promoted")

    @contextlib.contextmanager
    def full(self):
        """Its connections are used up, all but those that are reserved for superusers."""
        with contextlib.ExitStack() as held:
            for _ in range(Cluster.MOST - 2):
                held.enter_context(self.cluster.session("SELECT 1;"))
            yield

    @contextlib.contextmanager
    def frozen(self):
        """The system accepts for it, and nobody answers."""
        self.cluster.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.cluster.process.send_signal(signal.SIGCONT)

    @contextlib.contextmanager
    def replaced(self, manner):
        """Somebody else at its port, who may pass on what comes."""
        self.cluster.stop()
        behind = logins.free_port()
        self.cluster.start(behind)
        peer = peers.Peer(manner(behind), port=self.port)
        yield
        peer.stop()
        self.cluster.stop()
        self.cluster.start(self.port)

    @contextlib.contextmanager
    def certified(self, which):
        self.cluster.certify(*self.made[which])
        self.cluster.reload()
        yield
        self.cluster.certify(os.path.join(DIR, "server.crt"), os.path.join(DIR, "server.key"))
        self.cluster.reload()

    @contextlib.contextmanager
    def altered(self, there, back):
        self.cluster.sql(there)
        yield
        self.cluster.sql(back)

    def faults(self):
        """name: (the fault, whom it concerns, what the screen says of it)."""
        mine, renewed = role(CHOSEN), time.time() + 77 * 86400
        until = datetime.datetime.fromtimestamp(renewed, datetime.timezone.utc).strftime("%Y-%m-%d")
        # A server that begins anew may fail whoever comes at that moment; then logins go on, and are seen to.
        passing, nobody = Whom(HURT, fails=False), Whom([])
        return {
            "killed (immediate stop)": (self.down(signal.SIGQUIT), Whom(HURT), r"refused"),
            "shut down, restarted": (self.down(signal.SIGINT), Whom(HURT), r"refused"),
            "a child killed": (self.child_killed(), passing, r"login ok"),
            "failed over, in recovery": (self.failed_over(), passing, r"PostgreSQL [\d.]+, standby"),
            "out of connections": (self.full(), Whom(HURT), r"53300|connection slots|too many"),
            "frozen (SIGSTOP)": (self.frozen(), Whom(HURT), r"timed out|no answer|deadline"),
            "accepts, never answers": (self.replaced(lambda _: peers.silent), Whom(HURT), r"timed out|no answer|deadline"),
            "slow": (self.replaced(lambda p: carries(p, SLOW_S)), passing, r"login ok (?:[5-9]\d\dms|1\.\ds)"),
            "too slow": (self.replaced(lambda p: carries(p, TOO_SLOW_S)), Whom(HURT), r"timed out|no answer|deadline"),
            "certificate renewed": (self.certified("same"), nobody, rf"localhost until {until}.*; verified"),
            "certificate by a stranger": (self.certified("stranger"), Whom(HURT), r"not trusted"),
            "certificate of another name": (self.certified("name"), Whom(HURT), r"db\.example.*not for localhost"),
            "certificate expired": (self.certified("past"), Whom(HURT), r"expired on 20\d\d-\d\d-\d\d"),
            "password changed": (self.altered(f"ALTER ROLE {mine} PASSWORD 'another';",
                                              f"ALTER ROLE {mine} PASSWORD '{self.passwords[CHOSEN]}';"), Whom([CHOSEN]), r"28P01|disagree"),
            "database dropped": (self.altered("DROP DATABASE own WITH (FORCE);", "CREATE DATABASE own;"), Whom([CHOSEN]), r"3D000|no database"),
            "role NOLOGIN": (self.altered(f"ALTER ROLE {mine} NOLOGIN;", f"ALTER ROLE {mine} LOGIN;"), Whom([CHOSEN]), r"NOLOGIN"),
        }


# ----------------------------------------------------------------------- looking

class Watched:
    """Twenty environments on one screen."""

    def __init__(self, world, databases):
        head = [f"secret_poll = {POLL_S}s", f"database_poll = {POLL_S}s", f"login_deadline = {DEADLINE_S}s", "quota_percent = 100"]
        conf = world.conf("twenty", [], head)
        with open(conf, "a", encoding="utf-8") as f:
            for name in databases.passwords:
                f.write(f"\n[environment {name}]\nmode = production\nregion = {e2e.REGION}\nsecret = prove/{name}\n"
                        f"db_sslmode = verify-full\ndb_sslrootcert = {DIR}/ca.crt\n")
        self.screen = Screen([CREDTOP, "--config", conf], world.variables, rows=ROWS, columns=160)
        self.last = {}
        self.log_end = os.path.getsize(os.path.join(DIR, "postgres.log"))

    def look(self, cell):
        """What page 5 says of the chosen one, and the states of all; each key is timed."""
        pages = {}
        for key, there in PAGES.items():
            took = self.screen.key_s(key, there)
            cell.keys.append(took if took is not None else 3.0)
            while self.screen.read(0.03):   # a page is more than a terminal takes at once
                pass
            pages[key] = self.screen.text()
        return pages["5"].partition(f"\n── {CHOSEN}")[2], dict(STATE.findall(pages["1"]))

    def gap_s(self):
        """The longest that one of the others was not logged in to, since this was asked."""
        longest, end = 0.0, self.log_end
        for name in OTHERS:
            times, end = e2e.login_times(role(name), self.log_end)
            times = ([self.last[name]] if name in self.last else []) + times
            longest = max([longest, *((b - a).total_seconds() for a, b in zip(times, times[1:]))])
            self.last[name] = times[-1] if times else None
        self.log_end = end
        return longest

    def all_right(self, seconds, cell):
        """Seconds until each environment is OK and the chosen one is logged in to, on the primary, undelayed."""
        began, states, pane = time.monotonic(), {}, ""
        while time.monotonic() - began < seconds:
            pane, states = self.look(cell)
            if states == dict.fromkeys(HURT + OTHERS, "OK") and re.search(r"login ok +(?:<1|[1-4]?\d?\d)ms", pane) and \
                    re.search(r"PostgreSQL [\d.]+, primary", pane):
                return time.monotonic() - began
            self.screen.rest(0.2)
        cell.want(False, f"not right: {states} {pane}")
        return None

    def under(self, cell, whom, words):
        """What is seen while the fault stands."""
        began, seen, passed = time.monotonic(), False, 0.0
        while passed < WORDS_S and not (seen and passed >= HOLD_S):
            pane, states = self.look(cell)
            spared = {n: states.get(n) for n in HURT + OTHERS if n not in whom.touched and states.get(n) != "OK"}
            cell.want(not spared, f"disturbed: {spared}")
            passed = time.monotonic() - began
            found = next((line for line in pane.split("\n") if re.search(words, line)), None)
            if found and not cell.said:
                cell.said, cell.said_s = re.sub(r"\s+", " ", found.strip()), passed
            seen = cell.said and all(states.get(n) == "FAILED" for n in whom.failing)
            self.screen.rest(0.2)
        cell.want(seen, f"says nothing of it: {states} {pane}")

    def meet(self, cell, fault, whom, words):
        try:
            with fault:
                self.under(cell, whom, words)
        finally:
            cell.right_s = self.all_right(3 * RIGHT_S, cell)
        cell.want(cell.right_s is None or cell.right_s <= RIGHT_S, f"right again after {cell.right_s} s")
        cell.gap_s = self.gap_s()
        cell.want(cell.gap_s <= GAP_S and None not in self.last.values(), f"an environment it does not concern waited {cell.gap_s} s")
        cell.want(max(cell.keys) < 1, f"a key took {max(cell.keys):.1f} s")


def table(cells):
    print(f"{'fault':28} {'FAILED':>6} {'said s':>6} {'keys':>5} {'p50 ms':>6} {'p99 ms':>6} {'others s':>8} {'right s':>7}  says")
    for c in cells:
        took = f"{c.right_s:.1f}" if c.right_s is not None else "-"
        print(f"{c.operation:28} {c.fails:6} {c.said_s:6.1f} {len(c.keys):5} {percentile(c.keys, .5) * 1000:6.1f} "
              f"{percentile(c.keys, .99) * 1000:6.1f} {c.gap_s:8.1f} {took:>7}  {c.said[:120]}{'  <-- FAILED' if c.bad else ''}")


def main():
    report, cells, databases, world = e2e.Report(), [], Databases(), None
    try:
        world = World("databases", lambda seed: seed["secrets"].extend(databases.secret(n) for n in databases.passwords))
        watched = Watched(world, databases)
        begin = Cell("databases", "begin", "")
        watched.screen.until(SCREENS["1"], 10)
        report.check("all twenty are OK", watched.all_right(30, begin) is not None, "; ".join(begin.bad))
        watched.gap_s()
        for name, (fault, whom, words) in databases.faults().items():
            if len(sys.argv) > 1 and not any(re.search(p, name) for p in sys.argv[1:]):
                continue
            cell = Cell("databases", name, "")
            cell.fails, cell.said_s, cell.gap_s = len(whom.failing), 0.0, 0.0
            cells.append(cell)
            watched.meet(cell, fault, whom, words)
        report.equal("the screen ends", watched.screen.stop(), 0)
    finally:
        if world:
            world.stop()
        databases.stop()
    table(cells)
    for c in cells:
        report.check(f"databases: {c.operation}", not c.bad, "; ".join(c.bad)[:MESSAGE_MAX])
    keys = [k for c in cells for k in c.keys]
    print(f"# {len(keys)} keys: median {percentile(keys, .5) * 1000:.1f} ms, p99 {percentile(keys, .99) * 1000:.1f} ms, "
          f"most {max(keys, default=0) * 1000:.1f} ms")
    report.check("keys: p99 under 100 ms", keys and percentile(keys, .99) < KEY_MOST_S)
    report.finish()


if __name__ == "__main__":
    main()
