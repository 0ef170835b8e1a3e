#!/usr/bin/env python3
"""A day of history from Logs Insights: the same counts as the truth and as paging, in total and
by container, for text and JSON; chosen by itself where paging would take too long; told what it
costs before it runs; not run when it would scan too much; stopped when nobody waits."""

import random
import signal
import subprocess
import time

import lambda_lines
from e2e import CREDTOP, Follow, Report, by_name, calls, post, sim, write_conf

HOUR_MS = 3600000
FORMS = ("text", "json", "python")


def now():
    return int(time.time() * 1000)


def containers(rng, form):
    """Lives of some hours, over the last twenty; one goes on until now."""
    made = []
    for k in range(6):
        c = lambda_lines.Container(rng, form, fallback=k == 2, init=k == 1)
        began = now() - (20 - 3 * k) * HOUR_MS - rng.randrange(600000)
        ends = now() - 5000 if k == 5 else began + 3 * HOUR_MS
        t = began
        while t < ends:
            c.invoke(t)
            t += rng.randrange(30000, 200000)
        made.append(c)
    return made


def compare(report, title, found, made):
    fault = lambda_lines.wrong(found["total"], lambda_lines.total(made))
    report.check(f"{title}: counts equal the truth", not fault, fault)
    fault = lambda_lines.wrong_containers(found["containers"], made)
    report.check(f"{title}: in each container", not fault, fault)


def history(report, groups):
    environments = {name: [f"log_group = /insights/{name}"] for name in groups}
    before, started = calls("FilterLogEvents"), calls("StartQuery")
    found = {}
    for engine in ("insights", "page"):
        conf = write_conf("insights", environments, engine=engine, backfill="24h")
        found[engine] = Follow(conf).result()
        for name, made in groups.items():
            compare(report, f"{engine}: {name}", found[engine][name], made)
        if engine == "insights":
            report.equal("insights: two queries for all groups at once", calls("StartQuery") - started, 2)
            report.check("insights: few pages", calls("FilterLogEvents") - before < 20, calls("FilterLogEvents") - before)
            for name in groups:
                report.check(f"insights: {name} says so", "Logs Insights read the past" in found[engine][name]["engine"],
                             found[engine][name]["engine"])
    for name in groups:
        rows = [{r["stream"]: (r["hits"], r["stale_hits"], r["fetches"], r["invocations"]) for r in f[name]["containers"]}
                for f in found.values()]
        report.check(f"{name}: both engines say the same of each container", rows[0] == rows[1], "they differ")
    return environments


def faults(report, environments, groups):
    """On the way to queries: counted once, or read by pages instead."""
    conf = write_conf("insights", environments, engine="insights", backfill="24h", call_deadline="1s")
    for met in ({"StartQuery": "throttle", "GetQueryResults": "error500"},
                {"DescribeLogGroups": "reset", "GetQueryResults": "truncate"}):
        for operation, fault in met.items():
            sim("POST", "/_sim/faults", {"operation": operation, "fault": fault, "count": 2})
        found = Follow(conf).result()
        sim("DELETE", "/_sim/faults")
        fault_words = lambda_lines.wrong(found["text"]["total"], lambda_lines.total(groups["text"]))
        report.check(f"{met}: counts equal the truth", not fault_words, f"{fault_words}: {found['text']['engine']}")
    sim("POST", "/_sim/faults", {"operation": "StartQuery", "fault": "denied"})
    found = Follow(conf).result()["text"]
    report.check("StartQuery denied: it says why", "could not read the past" in found["engine"], found["engine"])
    report.check("StartQuery denied: what is not known is not claimed", found["from_ms"] > now() - HOUR_MS,
                 found["from_ms"])
    sim("DELETE", "/_sim/faults")


def cost(report, environments):
    """What it will cost is said first; more than allowed is not run."""
    conf = write_conf("insights", environments, engine="insights")
    done = subprocess.run([CREDTOP, "--config", conf, "status", "--since", "24h", "--format", "json"],
                          capture_output=True, timeout=60, check=False)
    report.check("the estimate is told", b"GB to scan, $" in done.stderr, done.stderr)
    conf = write_conf("insights", environments, engine="insights", backfill="24h", insights_max_gb=0)
    started = calls("StartQuery")
    found = Follow(conf).result()["text"]
    report.equal("more than insights_max_gb: no query is started", calls("StartQuery"), started)
    report.check("more than insights_max_gb: it says so", "not run" in found["engine"], found["engine"])


def stopped(report, environments):
    """A status that is interrupted stops the query it began."""
    sim("POST", "/_sim/query-time", {"ms": 30000})
    conf = write_conf("insights", environments, engine="insights")
    before, stops = calls("StartQuery"), calls("StopQuery")
    process = subprocess.Popen([CREDTOP, "--config", conf, "status", "--since", "24h"], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    end = time.monotonic() + 10
    while calls("StartQuery") == before and time.monotonic() < end:
        time.sleep(0.1)
    time.sleep(0.3)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.wait(timeout=10)
    took = time.monotonic() - began
    report.check("interrupted: ends at once", took < 0.3, f"{took:.2f} s")
    report.equal("interrupted: the query is stopped", calls("StopQuery") - stops, 1)
    sim("POST", "/_sim/query-time", {"ms": 0})


def automatic(report, rng):
    """So much text that paging it at our share of the quota would take minutes."""
    made = [lambda_lines.Container(rng, "text") for _ in range(3)]
    for k, c in enumerate(made):
        for i in range(300):
            c.invoke(now() - 20 * HOUR_MS + k * 1000 + i * 239000, noise=0)
            t = c.lines[-1][0] - 3
            c.add(t, c.form.said(t, None, "INFO", "x" * 20000))
        post("/insights/busy", c.stream, [line[:2] for line in c.lines])
    conf = write_conf("insights", {"busy": ["log_group = /insights/busy"]}, backfill="24h", server_filter="no",
                      quota_percent=4, log_poll="30s")
    found = Follow(conf).result()["busy"]
    report.check("auto: Insights is chosen for a busy group", "Logs Insights read" in found["engine"], found["engine"])
    # One page of the past had been read before that was decided: what it held is not counted twice.
    compare(report, "auto", found, made)


def main():
    report = Report()
    rng = random.Random(5)
    groups = {form: containers(rng, form) for form in FORMS}
    for name, made in groups.items():
        for c in made:
            post(f"/insights/{name}", c.stream, [line[:2] for line in c.lines])
    try:
        environments = history(report, groups)
        faults(report, environments, groups)
        cost(report, environments)
        stopped(report, environments)
        automatic(report, rng)
    finally:
        sim("DELETE", "/_sim/faults")
        sim("POST", "/_sim/query-time", {"ms": 0})
    report.finish()


main()
