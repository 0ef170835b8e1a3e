"""Orders.  Given by command, the fault meets one call; given on the screen, it begins when the plan is
confirmed and stands until the order has ended, while keys are pressed.  An order ends in time and says
how, nothing is changed twice, somebody gets in, the journal is whole, and an order given again
finishes what was left."""

import json
import re
import threading
import time

from cell import FAULTS, RIGHT_S, Cell, Lived, applies
from glass import Screen
from world import CONF, CREDTOP

# By key of the screen; what is confirmed.
KEYS = {"test": "t", "rotate": "R", "rotate-at-AWS": "R", "recycle": "C"}
ENDED = {"done": 0, "failed": 1, "refused": 2, "cancelled": 2, "unknown": 3}
HEADER = r"── ORDER \d+: .*? of \S+, \S+, (\w+) (?:for|after)[^\n]*\n ?([^\n]*)"
RECYCLED = r"LastUpdateStatus +done .*\n +new containers +running"
ORDER_S = 60

ORDERS = (("test", ("DescribeSecret", "GetSecretValue")),
          ("rotate", ("DescribeSecret", "GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage")),
          ("rotate-at-AWS", ("DescribeSecret", "RotateSecret", "FilterLogEvents")),
          ("cancel", ("DescribeSecret", "GetSecretValue", "CancelRotateSecret")),
          ("recycle", ("GetFunctionConfiguration", "UpdateFunctionConfiguration")))


class Orders(Lived):
    """A world that has an environment for itself: the orders change its password."""

    def begin(self, own, url=None):
        self.own, self.group = own, f"/aws/lambda/app-{own}"
        with open(CONF, encoding="utf-8") as f:
            self.region = re.search(rf"\[environment {own}\]\n(?:.+\n)*?region = (\S+)", f.read()).group(1)
        self.by_us = self.conf("by-us", [own], self.head, ["rotation = credtop"], url)
        self.by_aws = self.conf("by-aws", [own], self.head, url=url)

    def conf_for(self, verb):
        return self.by_us if verb in ("rotate", "test", "recycle") else self.by_aws

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

    # ------------------------------------------------------- given, and ended

    def words_of(self, verb):
        if verb == "test":
            return ("test", self.own)
        if verb == "cancel":
            return ("rotate", self.own, "--cancel", "--yes")
        return ("recycle" if verb == "recycle" else "rotate", self.own, "--yes")

    def by_command(self, cell, verb):
        """Its status, and what it said last."""
        status, out, err = self.credtop(self.conf_for(verb), *self.words_of(verb), timeout=90)
        ends = (0, 1, 2, 3, 4, 5, 6, 7) if verb == "test" else (0, 1, 2, 3)
        cell.want(status in ends, f"status {status}: {err[-300:]}")
        said = (err.strip() or out.strip()).split("\n")[-1]
        cell.want(status == 0 or said, "it failed and does not say why")
        return status, said

    def on_screen(self, cell, verb, fault_begins, fault_ends, words):
        """The same of an order on the screen, where the fault begins when it has been confirmed."""
        screen = Screen([CREDTOP, "--config", self.conf_for(verb)], self.variables)
        try:
            if not cell.want(screen.until(rf"{self.own}.* ok ", 10), f"is not there: {screen.text()}"):
                return None, ""
            if verb == "test":
                fault_begins()
            screen.press(KEYS[verb])
            if verb != "test":
                there = screen.until(r"type yes|type its name", 15)
                if not cell.want(there, f"no plan: {screen.text()}"):
                    return None, ""
                typed = "yes" if "type yes" in screen.text() else self.own
                fault_begins()
                screen.press(typed + "\r")
            status, said = self.until_ended(cell, screen)
            fault_ends()
            cell.right_s = self.well_again(screen, cell, words)
            return status, said
        finally:
            fault_ends()
            self.close(screen, cell)

    def until_ended(self, cell, screen):
        end, text = time.monotonic() + ORDER_S, ""
        while time.monotonic() < end:
            self.look(screen, cell)
            screen.rest(0.02)
            took = screen.key_s("4", r"\[4 ")
            cell.keys.append(took if took is not None else 3.0)
            text = screen.text()
            found = re.search(HEADER, text)
            if found and re.search(RECYCLED, text):   # from here on it watches for containers, and here are none
                return 0, "Successful"
            if found and found.group(1) in ENDED:
                return ENDED[found.group(1)], f"{found.group(2).strip()}"
            screen.rest(0.05)
        cell.want(False, f"it did not end: {text}")
        return None, ""

    def well_again(self, screen, cell, words):
        """Seconds until no call is said to fail any more."""
        began, failing, pages = time.monotonic(), None, ""
        while time.monotonic() - began < 3 * RIGHT_S:
            pages = self.look_now(screen, cell)
            failing = re.search(r"AWS \d+ failing|not read since|%s" % (words or "FAILED"), pages)
            if not failing:
                took = time.monotonic() - began
                cell.want(took <= RIGHT_S + self.longer(cell), f"right again after {took:.1f} s only")
                return took
            screen.rest(0.2)
        cell.want(False, f"not right again: {failing}: {pages}")
        return None

    # ------------------------------------------------------------ what came of it

    def check_after(self, cell, verb, status, before, updates):
        conf = self.conf_for(verb)
        after = self.logins(conf)
        if status == 2 or "no new version was stored" in cell.said:
            cell.want({label: version for label, (version, _) in after.items()} ==
                      {label: version for label, (version, _) in before.items()}, f"nothing was changed, it says: {before} -> {after}")
        current, previous = after.get("AWSCURRENT", ("", False)), after.get("AWSPREVIOUS", ("", False))
        pending = after.get("AWSPENDING", ("", False))
        cell.want(current[1] or pending[1], f"nobody gets in: {after}")
        changed = current[0] != before["AWSCURRENT"][0]
        if verb in ("test", "cancel"):
            cell.want(not changed, f"a {verb} changed the secret")
        elif verb == "recycle":
            cell.want(not changed, "a recycle changed the secret")
            done = self.wait_updates(updates + 1 if status == 0 else updates)
            cell.want(done <= updates + 1, f"{done - updates} updates for one order")
            cell.want(status != 0 or done == updates + 1, "done, it says, and nothing was updated")
        else:
            cell.want(not changed or previous[0] == before["AWSCURRENT"][0], f"rotated twice: {before} -> {after}")
            cell.want(status != 0 or changed and current[1], f"done, it says: {before} -> {after}")
            cell.want(self.settled(conf), f"given again, the order does not finish: {self.logins(conf)}")
        if verb == "cancel":
            again, _, err = self.credtop(conf, *self.words_of(verb))
            cell.want(again == 2 if status == 0 else again in (0, 2), f"cancelled ({status}), and again: {again}, {err[-200:]}")
        cell.want(self.credtop(conf, "journal", "verify")[0] == 0, "the journal is not whole")

    def wait_updates(self, wanted):
        """An update takes three seconds; one that was sent in vain shows by then."""
        end = time.monotonic() + 4
        while time.monotonic() < end and self.updates() < wanted:
            time.sleep(0.1)
        return self.updates()

    def prepare(self, cell, verb):
        """The state before: what cancels needs a rotation that is on."""
        if verb == "cancel":
            status, _, err = self.credtop(self.by_aws, "rotate", self.own, "--yes")
            cell.want(status == 0, f"could not be turned on before: {err[-200:]}")
        return self.logins(self.conf_for(verb)), self.updates()


class Ordering(Orders):
    OWN = ["test", "stage", "prod-us", "json-eu"]
    FREE = threading.Lock()

    def __init__(self, name):
        super().__init__(name)
        with Ordering.FREE:
            self.begin(Ordering.OWN.pop(0))

    def cell(self, cell):
        verb, _, extent = cell.kind.partition(" ")
        before, updates = self.prepare(cell, verb)
        asked = self.calls(cell.operation)
        fault = {"operation": cell.operation, "fault": cell.fault}
        ends = lambda: self.sim("DELETE", "/_sim/faults")
        if extent == "in flight":
            status, said = self.on_screen(cell, verb, lambda: self.sim("POST", "/_sim/faults", fault), ends, FAULTS[cell.fault])
        else:
            self.sim("POST", "/_sim/faults", dict(fault, count=1) if extent == "once" else fault)
            began = time.monotonic()
            status, said = self.by_command(cell, verb)
            cell.right_s = time.monotonic() - began
            ends()
        cell.asked = self.calls(cell.operation) - asked
        cell.said = f"{status}: " + ("done" if status == 0 else said[:90])
        self.check_after(cell, verb, status, before, updates)


def cells():
    """What is ordered on the command line alone is met there by a fault that stands."""
    return [Cell(f"{verb} {extent}", o, f) for verb, operations in ORDERS for o in operations
            for extent in ("once", "in flight" if verb in KEYS else "always") for f in FAULTS if applies(o, f)]
