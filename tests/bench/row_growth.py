"""growth: what more environments and more events cost; an exponent of 1 is in proportion."""
import json

import measure
from measure import Figure, exponent
from world import CREDTOP, Awsim, Environment, Folder, config

ENVIRONMENTS, EVENTS = (10, 100, 1000), (10_000, 100_000, 1_000_000)


def status(environments, fill, settings):
    with Folder() as folder, Awsim(folder, environments) as sim:
        truth = fill(sim)
        conf, variables = config(folder, environments, sim.url, settings)
        command = [CREDTOP, "--config", conf, "--timeout", "300s", "status", "--format", "json"]
        keep = []
        measure.run(command, variables, expect=(0, 1, 2), keep=keep)
        total = sum(e["logs"]["total"]["invocations"] for e in json.loads(keep[0])["environments"])
        if total != truth:
            raise RuntimeError(f"credtop counted {total} invocations of {truth}")
        return measure.runs(command, variables, count=3, expect=(0, 1, 2))


def add(table, what, sizes, figures):
    for i, unit in ((1, "CPU s"), (2, "MB")):
        for size, figure in zip(sizes, figures):
            table.add("growth", f"{size:,} {what}", unit, figure[i])
        growth = exponent(sizes, [f[i].median for f in figures])
        table.add("growth", f"exponent, {what}, {unit.split()[0]}", "", Figure([growth]),
                  goal="<= 1.1", reached=lambda v, _: v <= 1.1)


def row(table):
    settings = [("backfill", "2h"), ("quota_percent", "100"), ("server_filter", "no"), ("log_threads", "16"),
                ("secret_threads", "16")]
    figures = []
    for n in ENVIRONMENTS:
        # over accounts, so that the time of a quota is not what is measured
        all_of_them = [Environment(f"bench-{i:04d}", f"{111122220000 + i % max(1, n // 50)}") for i in range(n)]
        fill = lambda sim: sum(sim.fill(e, 100, containers=2)["invocations"] for e in all_of_them)
        figures.append(status(all_of_them, fill, settings))
    add(table, "environments", ENVIRONMENTS, figures)
    figures = []
    for n in EVENTS:
        e = Environment("busy")
        figures.append(status([e], lambda sim: sim.fill(e, n, containers=100)["invocations"], settings))
    add(table, "events", EVENTS, figures)
