"""oneshot: twenty environments, each a secret, an hour of logs and a database login, asked
once: `credtop status` beside a script of the aws CLI and psql, and beside one process of
boto3 with twenty threads.  No added latency, no quotas."""
import json
import os
import time

import measure
import peers
from measure import Figure
from world import CREDTOP, Awsim, Environment, Folder, Postgres, config

ENVIRONMENTS, LINES = 20, 2000


def checked(out, lines, environments):
    """credtop saw what there was."""
    got = json.loads(out)["environments"]
    total = sum(e["logs"]["total"]["invocations"] for e in got)
    if len(got) != environments or total != lines:
        raise RuntimeError(f"credtop saw {len(got)} environments and {total} invocations of {lines}")


def credtop(conf, variables, truth):
    """Figures of `status`, and one run whose answer is checked."""
    command, keep = [CREDTOP, "--config", conf, "status", "--format", "json"], []
    measure.run(command, variables, expect=(0, 1, 2), keep=keep)
    checked(keep[0], truth["invocations"], ENVIRONMENTS)
    return measure.runs(command, variables, count=9, expect=(0, 1, 2))


def peer(command, variables, truth, count):
    """(wall, cpu) of a peer that must have seen every line."""
    keep = []
    all_runs = [measure.run(command, variables, keep=keep) for _ in range(count)]
    if {int(out) for out in keep} != {truth["lines"]}:
        raise RuntimeError(f"{command[0]} saw {keep}, not {truth['lines']} lines")
    return tuple(Figure([r[i] for r in all_runs]) for i in range(2))


def row(table):
    names = [f"bench-{i:02d}" for i in range(ENVIRONMENTS)]
    with Folder() as folder, Postgres(folder) as postgres:
        environments = [Environment(n, login=l, db_sslmode="verify-full", db_sslrootcert=postgres.ca)
                        for n, l in zip(names, postgres.logins(names))]
        with Awsim(folder, environments) as sim:
            all_truth = [sim.fill(e, LINES, seed=i) for i, e in enumerate(environments)]
            truth = {k: sum(t[k] for t in all_truth) for k in all_truth[0]}
            conf, variables = config(folder, environments, sim.url, [("backfill", "2h")])
            variables["BENCH_CA"] = postgres.ca
            wall, cpu, memory = credtop(conf, variables, truth)
            start = str(int((time.time() - 7200) * 1000))
            arguments = [sim.url, environments[0].account, environments[0].region, start, *names]
            python, boto3 = peers.boto3()
            script, aws = peers.aws()
            boto3_figures = aws_figures = (None, None)
            if python:
                command = [python, os.path.join(peers.HERE, "peer_boto3.py"), "oneshot", *arguments]
                boto3_figures = peer(command, variables, truth, measure.RUNS)
            if script and peers.program("psql"):
                command = [os.path.join(peers.HERE, "peer_aws.sh"), script, *arguments]
                aws_figures = peer(command, variables, truth, int(os.environ.get("BENCH_AWS_RUNS", "5")))
    aws, boto3 = aws + " + psql", boto3 + ", 20 threads"
    times = lambda least: (f">= {least}x", lambda _, ratio: ratio >= least)
    table.add("oneshot", "20 environments, wall", "s", wall, aws, aws_figures[0], *times(100))
    table.add("oneshot", "20 environments, CPU", "s", cpu, aws, aws_figures[1], *times(50))
    table.add("oneshot", "20 environments, wall", "s", wall, boto3, boto3_figures[0], *times(5))
    table.add("oneshot", "20 environments, CPU", "s", cpu, boto3, boto3_figures[1])
    table.add("oneshot", "20 environments, memory", "MB", memory,
              note=f"{truth['lines']:,} log lines; the same TLS and SCRAM logins for all; no latency, no quotas")
