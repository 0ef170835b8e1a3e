#!/usr/bin/env python3
"""With every peer hanging, credtop paints at once, obeys keys and stops at once."""

import os
import socket
import sys
import threading

from e2e import CONF, CREDTOP, DIR, OPERATIONS, PausedFleet, Report, sim
from own_terminal import Screen

FIRST_PAINT_S = 1.0
KEY_S = 0.3
STOP_S = 0.2 if "san/" not in CREDTOP else 1.0   # sanitizers look for leaks at the end
# Of the help page; several, since curses leaves out what stands on the screen already.
HELP = [b"open the chosen environment", b"one or of all environments", b"stay at the newest event", b"half a page"]


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
