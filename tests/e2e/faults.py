#!/usr/bin/env python3
"""With every peer hanging, credtop paints at once, obeys keys and stops at once."""

import fcntl
import os
import pty
import select
import signal
import socket
import struct
import sys
import termios
import threading
import time

from e2e import CONF, CREDTOP, DIR, OPERATIONS, PausedFleet, Report, sim

FIRST_PAINT_S = 1.0
KEY_S = 0.3
STOP_S = 0.2
# Of the help page; several, since curses leaves out what stands on the screen already.
HELP = [b"open the chosen environment", b"one or of all environments", b"stay at the newest event", b"half a page"]


class Screen:
    """credtop on a terminal of its own; what it wrote is in .text."""

    def __init__(self, conf, *options):
        self.text = b""
        self.started = time.monotonic()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
            os.environ.update(TERM="xterm-256color", LC_ALL="C.UTF-8")
            os.execv(CREDTOP, [CREDTOP, "--config", conf, *options])

    def read(self, seconds):
        ready, _, _ = select.select([self.fd], [], [], max(0, seconds))
        if not ready:
            return False
        try:
            part = os.read(self.fd, 65536)
        except OSError:
            return False
        self.text += part
        return bool(part)

    def seconds_until(self, texts, most):
        """From now until one of the texts is written; None when none is."""
        start, seen = time.monotonic(), len(self.text)
        while time.monotonic() - start < most:
            self.read(0.02)
            if any(text in self.text[seen:] for text in texts):
                return time.monotonic() - start
        return None

    def rest(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.read(0.05)

    def seconds_to_end(self, most):
        """From now until the process has ended, and its status; it is killed when it stays."""
        start = time.monotonic()
        while time.monotonic() - start < most:
            self.read(0.002)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                os.close(self.fd)
                return time.monotonic() - start, os.waitstatus_to_exitcode(status)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)
        return None, None


class SilentServer:
    """Takes connections and says nothing: a database that hangs."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.kept = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                self.kept.append(self.socket.accept()[0])
            except OSError:
                return


def drive(report, name, conf, *options):
    screen = Screen(conf, *options)
    took = screen.seconds_until([b"prod-us"], FIRST_PAINT_S)
    report.check(f"{name}: first paint within {FIRST_PAINT_S:.0f} s", took is not None, repr(screen.text[-300:]))
    screen.rest(1.5)
    os.write(screen.fd, b"?")
    took = screen.seconds_until(HELP, KEY_S)
    report.check(f"{name}: a key is answered within {KEY_S * 1000:.0f} ms", took is not None,
                 repr(screen.text[-300:]))
    os.write(screen.fd, b"q")      # leaves the help page
    screen.rest(0.3)
    os.write(screen.fd, b"q")
    took, code = screen.seconds_to_end(5)
    report.check(f"{name}: ends within {STOP_S * 1000:.0f} ms", took is not None and took < STOP_S, f"took {took} s")
    report.equal(f"{name}: exit status", code, 0)
    if took is not None:
        print(f"# {name}: stopped in {took * 1000:.0f} ms")


def set_fault(fault):
    for operation in OPERATIONS:
        sim("POST", "/_sim/faults", {"operation": operation, "fault": fault})


def hanging_database(server):
    """The configuration with every database on a port that never speaks."""
    path = os.path.join(DIR, "hanging.conf")
    with open(CONF, encoding="utf-8") as f:
        lines = [line for line in f if not line.startswith(("db_port", "db_host"))]
    text = ""
    for line in lines:
        text += line
        if line.startswith("mode = production") or line.startswith("mode = development"):
            text += f"db_host = 127.0.0.1\ndb_port = {server.port}\n"
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path, 0o600)
    return path


def main():
    report = Report()
    with PausedFleet():
        try:
            drive(report, "all well", CONF)
            for fault in ("hang", "drip", "reset", "malformed", "html", "throttle", "error500"):
                set_fault(fault)
                drive(report, fault, CONF)
                sim("DELETE", "/_sim/faults")
            set_fault("hang")
            drive(report, "hang in audit mode", CONF, "--audit")
            sim("DELETE", "/_sim/faults")
            server = SilentServer()
            drive(report, "databases hang", hanging_database(server))
            report.check("databases hang: they were asked", server.kept, "nobody connected")
        finally:
            sim("DELETE", "/_sim/faults")
    report.finish()


sys.exit(main())
