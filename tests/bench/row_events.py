"""events: a million events in one log group, paged to the end.  The endpoint's own limit is
what a client that does nothing but ask needs, or what the published quota allows if that is
longer: credtop keeps to the quota, its peers here do not."""
import json
import os
import time

import measure
import peers
from measure import Figure
from world import BUILD, CREDTOP, Awsim, Environment, Folder, config, key_of

EVENTS = int(os.environ.get("BENCH_EVENTS", "1000000"))
QUOTA, BURST_S = 25, 4   # FilterLogEvents in us-east-1, a second; what may be asked at once


def credtop(conf, variables, truth, count=5):
    """(wall, cpu, memory); every run must have counted every event."""
    results = []
    for _ in range(count):
        keep = []
        results.append(measure.run([CREDTOP, "--config", conf, "--timeout", "300s", "status", "--format", "json"], variables,
                                   expect=(0, 1, 2), keep=keep))
        total = json.loads(keep[0])["environments"][0]["logs"]["total"]
        for name in ("invocations", "cold_starts", "fetches"):
            if total[name] != truth[name]:
                raise RuntimeError(f"credtop counted {total[name]} {name} of {truth[name]}")
    return tuple(Figure(v) for v in zip(*results))


def row(table):
    e = Environment("busy")
    with Folder() as folder, Awsim(folder, [e]) as sim:
        truth = sim.fill(e, EVENTS, containers=100)
        settings = [("backfill", "2h"), ("quota_percent", "100"), ("call_deadline", "60s")]
        conf, variables = config(folder, [e], sim.url, settings + [("server_filter", "no")])
        start, key = str(int((time.time() - 7200) * 1000)), key_of(e.account)
        keep = []
        pager = [os.path.join(BUILD, "bench-pager"), sim.url, key["id"], key["secret"], e.region, e.group, start]
        alone = Figure([measure.run(pager, variables, keep=keep)[0] for _ in range(5)])
        pages = int(keep[0].split()[0])
        quota_s = max(0, pages - BURST_S * QUOTA) / QUOTA
        limit = Figure([max(v, quota_s) for v in alone.values])
        wall, cpu, memory = credtop(conf, variables, truth)
        conf, _ = config(folder, [e], sim.url, settings)
        filtered = credtop(conf, variables, truth)
        arguments = [sim.url, e.account, e.region, start]
        python, boto3 = peers.boto3()
        aws_path, aws = peers.aws()
        figures = {}
        if python:
            command = [python, os.path.join(peers.HERE, "peer_boto3.py"), "events", *arguments, e.group]
            figures["boto3"] = [Figure(v) for v in zip(*(measure.run(command, variables) for _ in range(5)))]
        if aws_path:
            command = [aws_path, "--endpoint-url", sim.url, "--profile", e.account, "--region", e.region, "logs",
                       "filter-log-events", "--log-group-name", e.group, "--start-time", start, "--output", "json"]
            figures["aws"] = [Figure(v) for v in zip(*(measure.run(command, variables)
                                                       for _ in range(int(os.environ.get("BENCH_AWS_RUNS", "5")))))]
    million = f"{truth['lines']:,} events"
    table.add("events", million + ", wall", "s", wall, "the endpoint's limit", limit, "<= 1.15x its time", lambda _, r: r >= 1 / 1.15)
    table.add("events", million + ", CPU", "s", cpu, boto3, figures.get("boto3", [None] * 2)[1], "< 1.5", lambda v, _: v < 1.5)
    table.add("events", million + ", wall", "s", wall, boto3, figures.get("boto3", [None])[0])
    table.add("events", million + ", wall", "s", wall, aws, figures.get("aws", [None])[0])
    table.add("events", million + ", CPU", "s", cpu, aws, figures.get("aws", [None] * 2)[1])
    table.add("events", "the same, CloudWatch filtering, wall", "s", filtered[0])
    table.add("events", "the same, CloudWatch filtering, CPU", "s", filtered[1])
    table.add("events", "memory", "MB", memory,
              note=f"{pages} pages; limit: {alone.median:.2f} s for a client that only asks, {quota_s:.1f} s by the quota of {QUOTA} "
                   "requests a second, which credtop alone keeps to")
