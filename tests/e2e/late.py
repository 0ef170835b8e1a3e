#!/usr/bin/env python3
"""Events that come late, out of order, and after a delay, while the backend is following:
each is counted once, in its own minute, and marked when it was late."""

import random
import time

import lambda_lines
from e2e import Follow, Report, post, write_conf

GROUP = "/late/group"
STEP_MS = 30000
LATE_MS = 30000        # from its time stamp to its ingestion: what the screen calls late


def now():
    return int(time.time() * 1000)


def send(lines, stream, rng, delays=(0,)):
    """Out of order, in small batches, some of them readable only later."""
    lines = [(t, message, rng.choice(delays)) for t, message, _ in lines]
    rng.shuffle(lines)
    for i in range(0, len(lines), 7):
        post(GROUP, stream, lines[i:i + 7])


def container(rng, first_ms, n, gap_ms, form, **traits):
    c = lambda_lines.Container(rng, form, **traits)
    for i in range(n):
        c.invoke(first_ms + i * gap_ms)
    return c


def series_of(containers):
    found = {}
    for c in containers:
        for t, _, kinds in c.lines:
            for kind in kinds:
                steps = found.setdefault(kind, {})
                step = str(t // STEP_MS * STEP_MS)
                steps[step] = steps.get(step, 0) + 1
    return found


def follow_late(report, rng):
    past = [container(rng, now() - 30 * 60000, 40, 40000, "text"),
            container(rng, now() - 50 * 60000, 40, 60000, "json", fallback=True)]
    for c in past:
        send(c.lines, c.stream, rng)
    follow = Follow(write_conf("late", {"late": [f"log_group = {GROUP}"]}, server_filter="no"), 60)
    time.sleep(2)
    live, late_times = [], []
    # Now, with delays of up to three seconds; then later and later, so that the overlap must follow.
    for age_ms, delays in ((3000, (0, 200, 1500, 3000)), (45000, (0, 1000)), (100000, (0,)), (200000, (0,)),
                           (400000, (0,))):
        c = container(rng, now() - age_ms - 200, 6, 30, rng.choice(("text", "json", "python")), init=rng.random() < .5,
                      fallback=rng.random() < .3)
        live.append(c)
        if age_ms > LATE_MS:
            late_times += [t for t, _, _ in c.lines]
        send(c.lines, c.stream, rng, delays)
        time.sleep(2.5)
    # Beyond any overlap: what is read again every five minutes.
    c = container(rng, now() - 13 * 60000, 5, 30, "text")
    live.append(c)
    late_times += [t for t, _, _ in c.lines]
    send(c.lines, c.stream, rng)
    time.sleep(1.5)
    follow.leap()
    time.sleep(2.5)
    return follow.stop()["late"], past + live, late_times


def main():
    report = Report()
    found, containers, late_times = follow_late(report, random.Random(20261124))
    fault = lambda_lines.wrong(found["total"], lambda_lines.total(containers))
    report.check("every event is counted once", not fault, fault)
    fault = lambda_lines.wrong_containers(found["containers"], containers)
    report.check("in each container, too", not fault, fault)
    for kind, steps in series_of(containers).items():
        report.equal(f"{kind} lie in their own half minutes", found["series"][kind], steps)
    report.equal("late lines are counted as late", found["late"], len(late_times))
    report.check("late rows are marked, and nothing else", set(found["late_rows"]) <= set(late_times)
                 and len(found["late_rows"]) > 20, found["late_rows"])
    report.equal("none is refused", found["refused"], 0)
    report.check("windows overlap: events came again and were known", found["duplicates"] > 0, found["duplicates"])
    report.finish()


main()
