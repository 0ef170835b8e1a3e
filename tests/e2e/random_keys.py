#!/usr/bin/env python3
"""Random keys and mouse events, at a fuzzed pace, on every screen of the real program in audit
and in restricted mode: nothing is revealed or changed, no password is tried, no file is made
and no program started.  A program that was built wrong is found out by the same look."""

import os
import random
import re
import shutil
import signal
import sys
import time

from bastion import Bastion, reveals_and_changes, rows
from e2e import CONF, CREDTOP, DIR, PausedFleet, Report
from terminal import Terminal

SECONDS = float(os.environ.get("KEYS_SECONDS", "5"))
SEED = int(os.environ.get("KEYS_SEED", "20261124"))
UNBARRED = os.path.join(os.path.dirname(os.path.realpath(CREDTOP)), "credtop-unbarred")
WORDS = (b":rotate\r", b":recycle\r", b":cancel-rotation\r", b":psql\r", b":test\r", b"yes\r", b"prod-eu\r", b":save\r",
         b":copy\r", b"R", b"X", b"C", b"B", b"P", b"t", b"Ryes\r", b"x", b"\x1a", b"\x1c", b"\x0c", b"/prod\r", b":theme\r")
SEQUENCES = (b"\x1b[A", b"\x1b[B", b"\x1b[5~", b"\x1b[6~", b"\x1bOP", b"\x1b[15~", b"\x1b[17~", b"\x1b", b"\xc3\xa9", b"\xff\xfe",
             b"\x1b[200~", b"\x1b]52;c;?\x07", b"\x1bP+q\x1b\\")


def presses(rng):
    kind = rng.randrange(10)
    if kind == 0:
        return rng.choice(WORDS)
    if kind == 1:
        return rng.choice(SEQUENCES)
    if kind == 2:   # SGR: a press or a release, a wheel
        return f"\x1b[<{rng.choice((0, 1, 2, 32, 64, 65))};{rng.randrange(1, 90)};{rng.randrange(1, 28)}{rng.choice('Mm')}".encode()
    if kind == 3:
        return str(rng.randrange(1, 9)).encode()
    key = bytes((rng.randrange(0x80),))
    return b"" if key in b"qQ\x03" else key   # all but what leaves


def users():
    """Who the sandbox's environments log in as: others' logins are none of ours."""
    with open(CONF, encoding="utf-8") as f:
        return set(re.findall(r"(?m)^db_user = (\S+)$", f.read())) | {"app_"}


def logins():
    names = users()
    with open(os.path.join(DIR, "postgres.log"), encoding="utf-8", errors="replace") as f:
        return sum(("connection authorized" in line or "authentication failed" in line)
                   and any(name in line for name in names) for line in f)


def children(pid):
    found = []
    for other in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{other}/stat", encoding="utf-8", errors="replace") as f:
                if f.read().rsplit(")", 1)[1].split()[1] == str(pid):
                    found.append(os.readlink(f"/proc/{other}/exe"))
        except OSError:
            continue
    return found


class Look:
    """What moved since it began."""

    def __init__(self, b):
        self.b = b
        self.calls, self.logins, self.files = reveals_and_changes(), logins(), b.files()

    def now(self):
        return reveals_and_changes() - self.calls, logins() - self.logins, self.b.files() == self.files


def play(b, options, mode, seconds, program=None):
    """Keys until the time is up; the terminal, what was counted, and the children it had."""
    env = {"PATH": os.environ["PATH"], "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "HOME": b.folder, "TMPDIR": b.folder,
           **{k: v for k, v in os.environ.items() if k.startswith("AWS_")}}
    rng = random.Random(SEED)
    look, had, keys = Look(b), set(), 0
    def start():
        started = Terminal([program or b.credtop, *options], env=env)
        return started, started.shows(mode)
    t, shown = start()
    end, again = time.monotonic() + seconds, time.monotonic() + 0.5
    while time.monotonic() < end and t.status is None:
        for _ in range(rng.choice((1, 1, 2, 8, 60))):
            t.press(presses(rng))
            keys += 1
        if not t.read(rng.choice((0, 0, 0.002, 0.02, 0.06))) and t.ends(0.5) == 0:
            t.close()   # a key or a click may well have meant to leave
            t, again_shown = start()
            shown = shown and again_shown
        t.seen = t.seen[-200000:]
        if time.monotonic() > again:
            again += 0.5
            had.update(children(t.pid))
            if rng.randrange(3) == 0:
                t.resize(rng.randrange(3, 60), rng.randrange(20, 200))
                os.kill(t.pid, rng.choice((signal.SIGWINCH, signal.SIGTSTP, signal.SIGCONT)))
    return t, shown, keys, look.now(), had


def leaves(t):
    """Out of whatever is open, and out."""
    if t.status is not None:
        return t.status
    for _ in range(4):
        t.press(b"\x1b")
        t.read(0.1)
    t.press(b"\x03")
    status = t.ends(10)
    t.close()
    return status


def harmless(report, b, options, mode):
    t, shown, keys, (calls, tried, same), had = play(b, options, mode, SECONDS)
    report.check(f"{mode}: the screen says so", shown, t.text()[-400:])
    going = t.status
    status = leaves(t)
    report.check(f"{mode}: {'thousands of' if keys > 2000 else keys} keys are survived", going is None and status == 0 and keys > 1000,
                 (going, status, keys))
    report.equal(f"{mode}: calls that reveal or change", calls, 0)
    report.equal(f"{mode}: logins with a fetched password", tried, 0)
    report.equal(f"{mode}: programs started", had, set())
    if mode == "RESTRICTED":
        report.check("RESTRICTED: no file made, written or removed", same and b.files() == Look(b).files, b.files().keys())


def main():
    report = Report()
    b = Bastion()
    report.check("(the table of operations)", "GetSecretValue" in rows("REVEALS") and "RotateSecret" in rows("MUTATES"))
    with PausedFleet():
        harmless(report, b, ("--restricted",), "RESTRICTED")
        harmless(report, b, ("--config", CONF, "--audit"), "READ-ONLY")
        t, _, _, (calls, tried, _), _ = play(b, ("--config", CONF, "--audit"), "READ-ONLY", 2, program=UNBARRED)
        t.close()
        report.check("a program built wrong is found out: by its calls", calls > 0, "it was not")
        report.check("and by its logins", tried > 0, "it was not")
    shutil.rmtree(b.folder)
    report.finish()


if __name__ == "__main__":
    sys.exit(main())
