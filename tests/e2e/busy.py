#!/usr/bin/env python3
"""A group too busy for one page: the past is read in slices, newest first, by several
threads at once, with late events and with faults on the way; and every event is counted
once.  Posts an hour of lines of simulated containers, then compares totals."""
import json
import os
import random
import subprocess
import sys
import time
import uuid

import e2e

EVENTS = int(os.environ.get("BUSY_INVOCATIONS", "40000"))


def lines(rng, now_ms, truth):
    """(stream, time, message) of an hour, and what they count as."""
    per_container = EVENTS // 40
    for k in range(40):
        stream = "2026/11/24/[$LATEST]%032x" % rng.getrandbits(128)
        start = now_ms - rng.randrange(20, 58) * 60000
        yield stream, start, "INIT_START Runtime Version: nodejs:22.v48\tRuntime Version ARN: arn:x\n"
        truth["cold_starts"] += 1
        step = (now_ms - start - 5000) / (per_container + 1)
        for i in range(per_container):
            t = int(start + 100 + i * step)
            request = str(uuid.UUID(int=rng.getrandbits(128)))
            yield stream, t, f"START RequestId: {request} Version: $LATEST\n"
            if i == 0:
                yield stream, t + 1, f"2026-01-01T00:00:00.000Z\t{request}\tINFO\tFetching credentials from Secrets Manager\n"
                truth["fetches"] += 1
            else:
                truth["hits"] += 1
            yield stream, t + 3, f"REPORT RequestId: {request}\tDuration: 2.10 ms\tBilled Duration: 3 ms\tMemory Size: 128 MB\tMax Memory Used: 74 MB\t\n"
            truth["invocations"] += 1


def main():
    report = e2e.Report()
    endpoint = e2e.endpoint()
    rng = random.Random(7)
    now_ms = int(time.time() * 1000)
    truth = dict.fromkeys(("cold_starts", "fetches", "hits", "invocations"), 0)
    by_stream = {}
    for stream, t, message in lines(rng, now_ms, truth):
        by_stream.setdefault(stream, []).append({"t_ms": t, "message": message})
    for stream, events in by_stream.items():
        for i in range(0, len(events), 5000):
            e2e.sim("POST", "/_sim/logs", {"account": "111122223333", "region": "eu-central-1", "group": "/busy/group",
                                          "stream": stream, "events": events[i:i + 5000]})
    conf = os.path.join(os.environ["SANDBOX_DIR"], "busy.conf")
    with open(conf, "w") as f:
        f.write(f"[credtop]\nsyslog = no\nendpoint_url = {endpoint}\nserver_filter = no\nquota_percent = 100\n\n"
                "[environment busy]\nmode = production\nregion = eu-central-1\nsecret = prod-eu/app/db\n"
                "log_group = /busy/group\n")
    os.chmod(conf, 0o600)
    for fault in (None, "error500", "throttle", "reset", "reset-body", "truncate"):
        name = f"with {fault} on the way" if fault else "all well"
        if fault:
            e2e.sim("POST", "/_sim/faults", {"operation": "FilterLogEvents", "fault": fault, "count": 2})
        began = time.time()
        done = subprocess.run([os.environ["CREDTOP"], "--config", conf, "status", "--format", "json", "--timeout", "60s"],
                              capture_output=True, timeout=90)
        took = time.time() - began
        if fault:
            e2e.sim("DELETE", "/_sim/faults")
        try:
            total = json.loads(done.stdout)["environments"][0]["logs"]["total"]
        except (ValueError, KeyError, TypeError) as error:
            report.check(name, False, f"{error}: {done.stdout[:200]!r} {done.stderr[:200]!r}")
            continue
        for key, want in truth.items():
            report.equal(f"{name}: {key}", total[key], want)
        print(f"# {name}: {3 * EVENTS} lines in {took:.1f} s")
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
