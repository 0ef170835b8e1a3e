"""The world itself: names that are not found, a stranger's certificate, nobody at the other end, a
clock that steps.  Watched, and with an order of each kind in flight; all of AWS is behind one name,
over TLS."""

import os
import re
import struct
import threading
import time

from cell import RIGHT_S, Cell
from front import PASSES, REFUSES, SILENT, STRANGER, Front, make_certificates
from glass import Screen
from ordering import Orders
from world import CREDTOP, AWSIM

NAME = "aws.test"
HOUR_MS = 3600 * 1000
# What it is (clock's step in ms, names, the front's behaviour), and what is said of it; None: it goes on.
TROUBLES = {
    "no-name": (0, 1, PASSES, r"not resolve"),
    "no-resolver": (0, 2, PASSES, r"not resolve|timed out|no answer"),
    "refused": (0, 0, REFUSES, r"Failed to connect|onnection refused"),
    "silent": (0, 0, SILENT, r"timed out|no answer"),
    "stranger's CA": (0, 0, STRANGER, r"SSL certificate|issuer certificate|certificate problem"),
    "clock +1 h": (HOUR_MS, 0, PASSES, None),
    "clock -1 h": (-HOUR_MS, 0, PASSES, None),
    "clock to and fro": ((HOUR_MS, -HOUR_MS), 0, PASSES, None),
}
STEP_S = 3   # to and fro
TROUBLE_S = 8   # with an order under way
# What each order changes first; the trouble begins when AWS has it and has not answered yet.
CHANGES = {"rotate": "PutSecretValue", "rotate-at-AWS": "RotateSecret", "cancel": "CancelRotateSecret",
           "recycle": "UpdateFunctionConfiguration"}
ANSWER_MS, CHANGE_S = 500, 10


class Troubled(Orders):
    OWN = ["prod-eu", "py-us", "prod-ap"]
    FREE = threading.Lock()

    def __init__(self, name):
        folder = os.path.join(os.environ["SANDBOX_DIR"], "certificates-" + name)
        for which in ("", "/stranger"):
            os.mkdir(folder + which)
        # Made a month ago: a clock that steps back must not come to where there is no certificate yet.
        with open(os.path.join(folder, "steer"), "wb") as f:
            f.write(struct.pack("=qq", -30 * 24 * HOUR_MS, 0))
        preload = os.path.join(os.path.dirname(AWSIM), "world.so")
        then = dict(os.environ, LD_PRELOAD=preload, WORLD_FILE=os.path.join(folder, "steer"))
        authority, certificate, key = make_certificates(folder, NAME, then)
        plain = os.path.join(os.environ["SANDBOX_DIR"], "world-" + name, "plain-port")
        super().__init__(name, options=["--tls-cert", certificate, "--tls-key", key, "--plain-port-file", plain])
        self.front = Front(self.port, make_certificates(folder + "/stranger", NAME, then)[1:])
        self.steer = os.path.join(self.folder, "steer")
        with open(self.steer, "wb") as f:
            f.write(struct.pack("=qq", 0, 0))
        url = f"https://{NAME}:{self.front.port}"
        self.variables.update(AWS_ENDPOINT_URL=url, AWS_CA_BUNDLE=authority, WORLD_FILE=self.steer,
                              LD_PRELOAD=preload)
        with Troubled.FREE:
            self.begin(Troubled.OWN.pop(0), url)
        for path in (self.by_us, self.by_aws):   # the database's certificate is minutes old, and would not hold an hour ago
            with open(path, "r+", encoding="utf-8") as f:
                text = re.sub(r"db_sslrootcert = .*\n", "", f.read().replace("db_sslmode = verify-full", "db_sslmode = require"))
                f.seek(0)
                f.truncate()
                f.write(text)

    def be(self, ahead_ms, names, front):
        with open(self.steer, "r+b") as f:
            f.write(struct.pack("=qq", ahead_ms, names))
        if front != self.front.mode:
            self.front.be(front)
        else:
            self.front.cut()   # a kept connection would know nothing of names

    def trouble(self, fault):
        steps, names, front, _ = TROUBLES[fault]
        if isinstance(steps, int):
            self.be(steps, names, front)
            return
        self.be(steps[0], names, front)
        self.turn = threading.Timer(STEP_S, lambda: self.be(steps[1], names, front))
        self.turn.start()

    def peace(self):
        if self.turn:
            self.turn.cancel()
            self.turn.join()
            self.turn = None
        self.be(0, 0, PASSES)

    turn = None

    def cell(self, cell):
        try:
            if cell.kind == "watching":
                self.watched(cell)
            else:
                self.ordered(cell, cell.kind)
        finally:
            self.peace()

    def meanwhile(self, cell):
        """Begins the trouble when what the order changes has been sent, and ends it after a while; a thread that runs."""
        operation, ended = CHANGES[cell.kind], threading.Event()
        before = self.calls(operation)
        self.sim("POST", "/_sim/faults", {"operation": operation, "fault": "slow", "ms": ANSWER_MS, "count": 1})

        def work():
            end = time.monotonic() + CHANGE_S
            while self.calls(operation) == before and time.monotonic() < end and not ended.is_set():
                time.sleep(0.01)
            if cell.want(self.calls(operation) > before, f"{operation} was not sent"):
                self.trouble(cell.fault)
                ended.wait(TROUBLE_S)
                self.peace()

        thread = threading.Thread(target=work)
        thread.start()
        return thread, ended

    def all_calls(self):
        return sum(n["ok"] + n["failed"] for name, n in self.sim("GET", "/_sim/calls").items()
                   if isinstance(n, dict) and "ok" in n)

    def watched(self, cell):
        words = TROUBLES[cell.fault][3]
        self.invoke()
        screen = Screen([CREDTOP, "--config", self.by_us], self.variables)
        try:
            if self.right(screen, cell, None, RIGHT_S) is None:
                return
            before = self.all_calls()
            self.trouble(cell.fault)
            self.invoke()
            # Of most troubles AWS itself hears nothing.
            cell.said = self.says(screen, cell, words, (lambda: self.all_calls() - before) if words is None else lambda: 1, False)
            if isinstance(TROUBLES[cell.fault][0], tuple):   # the other half of it
                screen.rest(STEP_S)
                self.invoke()
                cell.said = self.says(screen, cell, words, lambda: self.all_calls() - before, False)
            self.peace()
            self.invoke()
            cell.right_s = self.right(screen, cell, words, RIGHT_S)
        finally:
            self.peace()
            self.close(screen, cell)

    def ordered(self, cell, verb):
        before, updates = self.prepare(cell, verb)
        asked, words, thread = self.all_calls(), TROUBLES[cell.fault][3], []

        def begin():
            if verb in CHANGES:
                thread.append(self.meanwhile(cell))
            else:
                self.trouble(cell.fault)

        def end():
            for t, ended in thread:
                ended.set()
                t.join()
            self.sim("DELETE", "/_sim/faults")
            self.peace()

        if verb == "cancel":
            began = time.monotonic()
            begin()
            status, said = self.by_command(cell, verb)
            cell.right_s = time.monotonic() - began
            end()
        else:
            status, said = self.on_screen(cell, verb, begin, end, words)
        cell.asked = self.all_calls() - asked
        cell.said = f"{status}: " + ("done" if status == 0 else said[:90])
        self.check_after(cell, verb, status, before, updates)

    def stop(self):
        self.front.stop()
        super().stop()


def cells():
    return [Cell(kind, "all of AWS", trouble) for kind in ("watching", "test", "rotate", "rotate-at-AWS", "cancel", "recycle")
            for trouble in TROUBLES]
