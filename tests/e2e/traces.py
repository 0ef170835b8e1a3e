#!/usr/bin/env python3
"""Secrets leave no trace: the whole image of a running credtop, its command line, its
environment, its log, its temporary files and all it wrote to the terminal are searched for
every password of the sandbox, as it is and as base64, percent and JSON escapes, after logins
that succeeded, failed and were cut off.  A build that forgets one copy is found out.

Needs root, or a process that may be looked into: credtop is not dumpable."""

import base64
import fcntl
import json
import os
import pty
import re
import resource
import select
import shutil
import signal
import socket
import struct
import sys
import termios
import threading
import time
import urllib.parse

from e2e import CONF, CREDTOP, DIR, Report, wait_for

LOGINS = 12        # of credtop, seen by PostgreSQL before the search: every environment, then again
RUNS_S = 15
# Two ends of pages may hold a password between them: every search overlaps.
PIECE = 1 << 20
HEAD = 6           # bytes of a needle that are searched for; the rest is compared


def passwords():
    """What it must not keep: by environment's name, every password it may have seen."""
    found = {}
    with open(os.path.join(DIR, "seed.json"), encoding="utf-8") as f:
        seed = json.load(f)
    for secret in seed["secrets"]:
        for version in secret["versions"]:
            text = version.get("string", "")
            password = json.loads(text)["password"] if text.startswith("{") else text
            found[f"{secret['name']} {version['stages']}"] = password
    with open(os.path.join(DIR, "dev.env"), encoding="utf-8") as f:
        for line in f:
            if line.startswith("DB_PASSWORD="):
                found["dev"] = line.split("=", 1)[1].strip().strip('"')
    return found


def forms(password):
    """As bytes, and in the disguises it may travel in.  In base64 the neighbours decide how it
    looks: its three alignments, without the ends."""
    raw = password.encode()
    out = {"plain": raw, "json": json.dumps(password)[1:-1].encode(),
           "json, raw UTF-8": json.dumps(password, ensure_ascii=False)[1:-1].encode(),
           "json in json": json.dumps(json.dumps(password)[1:-1])[1:-1].encode(),
           "percent": urllib.parse.quote(password, safe="").encode(), "percent+": urllib.parse.quote_plus(password).encode(),
           "UTF-16": password.encode("utf-16-le"), "the second half": raw[len(raw) // 2:]}
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + raw)
        out[f"base64 +{shift}"] = text[4 * bool(shift):-4] if shift else text.rstrip(b"=")[:-1]
    return out


def needles():
    by_form = {}
    for name, password in passwords().items():
        for form, text in forms(password).items():
            by_form.setdefault(text, f"{name} ({form})")
    return by_form


class Search:
    """All the needles at once."""

    def __init__(self, wanted):
        self.wanted = wanted
        self.longest = max(map(len, wanted))
        heads = {}
        for needle in wanted:
            heads.setdefault(needle[:HEAD], []).append(needle)
        self.heads = heads
        firsts = {}
        for head in heads:
            firsts.setdefault(head[:1], []).append(head[1:])
        # By first byte: at most positions one look at one byte is all.
        self.pattern = re.compile(b"|".join(re.escape(first) + b"(?:" + b"|".join(map(re.escape, rests)) + b")"
                                            for first, rests in firsts.items()), re.DOTALL)

    def text(self, where, data):
        found = []
        for m in self.pattern.finditer(data):
            found += [f"{self.wanted[n]} in {where}" for n in self.heads[m.group()] if data.startswith(n, m.start())]
        return found

    def image(self, pid):
        """Every page of a process that anybody may have written to: those of program files that
        cannot be written are the files'.  Returns what was found and how much was read."""
        found, size = [], 0
        with open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
            for line in maps:
                place, rights, _, _, inode, name = (line.split(None, 5) + [""])[:6]
                start, end = (int(x, 16) for x in place.split("-"))
                if rights[0] != "r" or (rights[1] != "w" and inode != "0") or name.strip() in ("[vvar]", "[vsyscall]"):
                    continue
                got, n = self.region(mem, start, end)
                found += [f"{what} {name.strip() or 'anonymous memory'}" for what in got]
                size += n
        return found, size

    def region(self, mem, start, end):
        found, size, tail = [], 0, b""
        while start < end:
            try:
                mem.seek(start)
                data = mem.read(min(PIECE, end - start))
            except (OSError, ValueError, OverflowError):
                break
            if not data:
                break
            at = start - len(tail)
            start += len(data)
            size += len(data)
            # Pages never touched are zeros, and most of a thread's stack is.
            data = re.sub(b"\\0{64,}", b"\0" * 64, tail + data)
            found += self.text(hex(at), data)
            tail = data[-self.longest + 1:]
        return found, size


class Silent:
    """A database that never answers: its logins are in hand when the search comes."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.kept = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            self.kept.append(self.socket.accept()[0])


def logins():
    """credtop's own, that the sandbox's PostgreSQL let in or turned away."""
    with open(os.path.join(DIR, "postgres.log"), encoding="utf-8", errors="replace") as f:
        return sum("application_name=credtop" in line or 'failed for user "app_legacy"' in line for line in f)


def configuration(server):
    """The sandbox's, with one environment that hangs and is cut off again and again."""
    path = os.path.join(DIR, "traces.conf")
    with open(CONF, encoding="utf-8") as f:
        text = re.sub(r"(?m)^login_deadline = .*$", "login_deadline = 1s", f.read())
    text = text.replace("[environment prod-ap]\n", f"[environment prod-ap]\ndb_host = 127.0.0.1\ndb_port = {server.port}\n")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path, 0o600)
    return path


class Run:
    """credtop on a terminal of its own; what it wrote is in .text."""

    def __init__(self, program, conf, log, before=()):
        self.text = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 48, 160, 0, 0))
            os.environ.update(TERM="xterm-256color", LC_ALL="C.UTF-8", TMPDIR=os.path.join(DIR, "tmp"))
            if before:
                resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))
            os.execvp((before or [program])[0], [*before, program, "--config", conf, "--log", log])

    def read(self):
        while select.select([self.fd], [], [], 0)[0]:
            try:
                self.text += os.read(self.fd, 65536)
            except OSError:
                return

    def key(self, key):
        os.write(self.fd, key)

    def end(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


def between_logins(search, run, tries):
    """Where a login is in hand at the very moment, its password must be in memory: the image is
    searched with the process stopped, several times, until no login is.  What stays is a leak."""
    found, size = [], 0
    for _ in range(tries):
        os.kill(run.pid, signal.SIGSTOP)
        time.sleep(0.02)
        try:
            found, size = search.image(run.pid)
        finally:
            os.kill(run.pid, signal.SIGCONT)
        if not found:
            break
        run.read()
        time.sleep(0.37)
    return found, size


def drive(report, search, program, conf, log, least, tries):
    """Some logins, an order on the first environments, then the search; what it found."""
    before = logins()
    run = Run(program, conf, log)
    try:
        def busy():
            run.read()
            return logins() - before >= least and b"prod-us" in run.text
        report.check(f"{os.path.basename(program)}: it logged in {least} times", wait_for(RUNS_S, busy),
                     f"{logins() - before} logins; {run.text[-200:]!r}")
        run.key(b"t")       # tests every version of the chosen environment's secret
        wait_for(3, lambda: run.read() or b"AWSCURRENT" in run.text)   # the order is on the screen
        time.sleep(1)
        found, size = between_logins(search, run, tries)
        run.read()
        for part in ("cmdline", "environ"):
            with open(f"/proc/{run.pid}/{part}", "rb") as f:
                found += search.text(part, f.read())
    finally:
        run.end()
    report.check(f"{os.path.basename(program)}: its image was read", size > 4 << 20, f"{size} bytes")
    found += search.text("the terminal's stream", run.text)
    for folder, _, names in os.walk(os.path.join(DIR, "tmp")):
        found += [f"temporary file {os.path.join(folder, name)}" for name in names]
    with open(log, "rb") as f:
        written = f.read()
    report.check(f"{os.path.basename(program)}: it wrote a log", written, "empty")
    os.unlink(log)
    return found + search.text("the log", written)


def refused_lock(report, conf, log):
    """Where no memory may be locked it says so and goes on.  Root may always, but for this."""
    run = Run(CREDTOP, conf, log, [shutil.which("setpriv"), "--bounding-set", "-ipc_lock"])
    try:
        report.check("memory lock refused: it says so", wait_for(8, lambda: run.read() or b"memory lock refused" in run.text),
                     repr(run.text[-300:]))
        report.check("memory lock refused: it goes on", wait_for(5, lambda: run.read() or b"prod-us" in run.text), repr(run.text[-300:]))
    finally:
        run.end()


def main():
    report = Report()
    if os.geteuid() != 0:
        print("skip: only root may read the image of a process that is not dumpable")
        report.check("not root: nothing was searched", True)
        report.finish()
    os.makedirs(os.path.join(DIR, "tmp"), exist_ok=True)
    search, server = Search(needles()), Silent()
    conf, log = configuration(server), os.path.join(DIR, "traces.log")
    report.check("there are passwords to look for", len(search.wanted) > 100, len(search.wanted))
    own = "".join(passwords().values()).encode()
    report.check("the search finds what is there", len(search.text("here", own)) >= len(passwords()), "nothing")

    found = drive(report, search, CREDTOP, conf, log, LOGINS, 8)
    report.check("no password is anywhere", not found, "; ".join(found[:8]) + f" ({len(found)} in all)")
    report.check("a login was cut off meanwhile", server.kept, "nobody came to the silent database")
    leaky = CREDTOP + "-leaky"
    if report.check("there is a leaky build to compare with", os.access(leaky, os.X_OK), f"{leaky} is missing: make"):
        found = drive(report, search, leaky, conf, log, 5, 3)
        report.check("the leaky build is found out", found, "its copy was not found")
    refused_lock(report, conf, log)
    report.finish()


if __name__ == "__main__":
    sys.exit(main())
