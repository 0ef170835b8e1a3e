"""events: a million events in one log group, paged to the end, from an endpoint that keeps
AWS's published quotas.  The endpoint's own limit is the time of a client that does nothing
but ask for the next page, again and again where the quota refuses it."""
import json
import os
import time

import measure
import peers
from measure import Figure
from world import BUILD, CREDTOP, Awsim, Environment, Folder, config, key_of

EVENTS = int(os.environ.get("BENCH_EVENTS", "1000000"))
REST_S = 5   # before every run: the quota's bucket is full again


def rested(count, command, variables, keep=None):
    """Figures of a peer's runs."""
    results = []
    for _ in range(count):
        time.sleep(REST_S)
        results.append(measure.run(command, variables, keep=keep))
    return tuple(Figure(v) for v in zip(*results))


def credtop(conf, variables, truth, count=5):
    """(wall, cpu, memory); every run must have counted every event."""
    results = []
    for _ in range(count):
        keep = []
        time.sleep(REST_S)
        command = [CREDTOP, "--config", conf, "--timeout", "300s", "status", "--format", "json"]
        results.append(measure.run(command, variables, expect=(0, 1, 2), keep=keep))
        total = json.loads(keep[0])["environments"][0]["logs"]["total"]
        for name in ("invocations", "cold_starts", "fetches"):
            if total[name] != truth[name]:
                raise RuntimeError(f"credtop counted {total[name]} {name} of {truth[name]}")
    return tuple(Figure(v) for v in zip(*results))


def row(table):
    e = Environment("busy")
    with Folder() as folder, Awsim(folder, [e], "--quotas", "aws") as sim:
        truth = sim.fill(e, EVENTS, containers=100)
        settings = [("backfill", "2h"), ("quota_percent", "100"), ("call_deadline", "60s")]
        conf, variables = config(folder, [e], sim.url, settings + [("server_filter", "no")])
        start, key = str(int((time.time() - 7200) * 1000)), key_of(e.account)
        keep = []
        pager = [os.path.join(BUILD, "bench-pager"), sim.url, key["id"], key["secret"], e.region, e.group, start]
        limit = rested(5, pager, variables, keep)[0]
        pages = int(keep[0].split()[0])
        wall, cpu, memory = credtop(conf, variables, truth)
        conf, _ = config(folder, [e], sim.url, settings)
        filtered = credtop(conf, variables, truth)
        arguments = [sim.url, e.account, e.region, start]
        python, boto3 = peers.boto3()
        aws_path, aws = peers.aws()
        figures = {}
        if python:
            command = [python, os.path.join(peers.HERE, "peer_boto3.py"), "events", *arguments, e.group]
            figures["boto3"] = rested(5, command, variables)
        if aws_path:
            command = [aws_path, "--endpoint-url", sim.url, "--profile", e.account, "--region", e.region, "logs",
                       "filter-log-events", "--log-group-name", e.group, "--start-time", start, "--output", "json"]
            figures["aws"] = rested(int(os.environ.get("BENCH_AWS_RUNS", "5")), command, variables)
    million = f"{truth['lines']:,} events"
    table.add("events", million + ", wall", "s", wall, "the endpoint's limit", limit, "<= 1.15x its time",
              lambda _, ratio: ratio >= 1 / 1.15)
    table.add("events", million + ", CPU", "s", cpu, boto3, figures.get("boto3", [None] * 2)[1], "< 1.5",
              lambda value, _: value < 1.5)
    table.add("events", million + ", wall", "s", wall, boto3, figures.get("boto3", [None])[0])
    table.add("events", million + ", wall", "s", wall, aws, figures.get("aws", [None])[0])
    table.add("events", million + ", CPU", "s", cpu, aws, figures.get("aws", [None] * 2)[1])
    table.add("events", "the same, CloudWatch filtering, wall", "s", filtered[0])
    table.add("events", "the same, CloudWatch filtering, CPU", "s", filtered[1])
    table.add("events", "memory", "MB", memory,
              note=f"{pages} pages at the published 25 requests a second; credtop set to use all of that quota")
