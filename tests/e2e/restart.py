#!/usr/bin/env python3
"""Outages, kill -9 and a restart lose nothing and repeat nothing."""

import random
import time

import lambda_lines
from e2e import Follow, Report, calls, post, sim, write_conf, wait_for

GROUP = "/restart/group"


def now():
    return int(time.time() * 1000)


class Traffic:
    """Three containers that live on from call to call."""

    def __init__(self, rng):
        self.containers = [lambda_lines.Container(rng, "text"), lambda_lines.Container(rng, "json"),
                           lambda_lines.Container(rng, "python", fallback=True)]
        self.sent = [0, 0, 0]

    def invoke(self, times):
        for t in times:
            for k, c in enumerate(self.containers):
                c.invoke(t - 7 * k)
        for k, c in enumerate(self.containers):
            post(GROUP, c.stream, [line[:2] for line in c.lines[self.sent[k]:]])
            self.sent[k] = len(c.lines)

    def compare(self, report, name, found):
        fault = lambda_lines.wrong(found["total"], lambda_lines.total(self.containers))
        report.check(f"{name}: counts equal the truth", not fault, fault)
        fault = lambda_lines.wrong_containers(found["containers"], self.containers)
        report.check(f"{name}: in each container", not fault, fault)


def outage(report, traffic, conf):
    """Calls hang, break and are refused for a while; traffic goes on."""
    follow = Follow(conf, 60)
    time.sleep(1.5)
    for fault in ("hang", "reset", "denied", "truncate"):
        sim("POST", "/_sim/faults", {"operation": "FilterLogEvents", "fault": fault, "match": GROUP})
        before = calls("FilterLogEvents")
        for _ in range(4):
            traffic.invoke([now() - 40])
            time.sleep(0.3)
        # The call that hung before is waited for to its deadline.
        report.check(f"{fault}: calls were met by it", wait_for(10, lambda: calls("FilterLogEvents") > before),
                     "none was sent")
        sim("DELETE", "/_sim/faults")
        traffic.invoke([now() - 40])
    # A listing that is cut in its middle, too.
    sim("POST", "/_sim/faults", {"operation": "FilterLogEvents", "fault": "reset-body", "count": 3, "match": GROUP})
    time.sleep(5)
    traffic.compare(report, "after outages", follow.stop()["restart"])


def main():
    report = Report()
    traffic = Traffic(random.Random(4))
    began = now()
    traffic.invoke(range(began - 50 * 60000, began - 2000, 60000))
    conf = write_conf("restart", {"restart": [f"log_group = {GROUP}"]}, call_deadline="1s")
    try:
        outage(report, traffic, conf)
    finally:
        sim("DELETE", "/_sim/faults")
    for seconds in (0.05, 0.4, 1.2):
        follow = Follow(conf, 60)
        time.sleep(seconds)
        traffic.invoke([now() - 40])
        follow.kill()
        traffic.invoke([now() - 40])
        traffic.compare(report, f"killed after {seconds} s and started again", Follow(conf).result()["restart"])
    report.finish()


main()
