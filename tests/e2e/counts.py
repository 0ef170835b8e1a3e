#!/usr/bin/env python3
"""What credtop reads out of the logs equals what the fleet did."""

import os

from e2e import CONF, DIR, Follow, PausedFleet, Report, by_name, sim, status, total_wait

COUNTS = ("cold_starts", "fetches", "hits", "stale_hits", "fallbacks", "fetch_errors", "invocations", "db_errors")


def compare(report, round_name, truth):
    answer, _ = status()
    found = by_name(answer)
    for name, env in truth["environments"].items():
        seen = (found[name].get("logs") or {}).get("total") or {}
        wrong = [f"{c}: credtop {seen.get(c)}, truth {env['total'][c]}" for c in COUNTS
                 if seen.get(c) != env["total"][c]]
        report.check(f"{round_name}: {name}: counts equal the truth", not wrong, "; ".join(wrong))
        states = [c["state"] for c in env["containers"]]
        containers = (found[name].get("logs") or {}).get("containers") or {}
        report.equal(f"{round_name}: {name}: containers", containers.get("total"), len(states))
        report.equal(f"{round_name}: {name}: poisoned containers", containers.get("poisoned"),
                     states.count("poisoned"))


# All of awsim's, on FilterLogEvents; ms where it takes one.
FAULTS = {"throttle": 0, "error500": 0, "error503": 0, "reset": 0, "reset-body": 0, "truncate": 0, "hang": 0, "drip": 1,
          "malformed": 0, "html": 0, "huge": 0, "denied": 0, "expired": 0, "skew": 0, "empty-pages": 0, "slow": 300}


def compare_containers(report, names, truth, found):
    """What each container did, as its log stream tells it."""
    for env_name, env in truth["environments"].items():
        rows = {row["stream"]: row for row in (found[env_name] or {}).get("containers", [])}
        wrong = []
        for c in env["containers"]:
            row = rows.get(c["stream"], {})
            wrong += [f"{c['stream'][-8:]} {k}: credtop {row.get(k)}, truth {c[k]}" for k in COUNTS if row.get(k) != c[k]]
        total = [f"{k}: credtop {found[env_name]['total'][k]}, truth {env['total'][k]}" for k in COUNTS
                 if found[env_name] and found[env_name]["total"][k] != env["total"][k]]
        report.check(f"{env_name}, {names.get(env_name, 'all well')}: each container's counts equal the truth", not wrong and not total,
                     "; ".join((total + wrong)[:5]))


def hasty_conf():
    """The sandbox's configuration, with calls given up after a second."""
    path = os.path.join(DIR, "hasty.conf")
    with open(CONF, encoding="utf-8") as f:
        text = f.read().replace("call_deadline = 5s", "call_deadline = 1s\nquota_percent = 100\nlog_threads = 8")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text.replace("env_file = dev.env", f"env_file = {DIR}/dev.env"))
    os.chmod(path, 0o600)
    return path


def faulted(report, rounds=3):
    """Every kind of fault, twice, on the way to one log group or another: recovered from within
    the run, nothing lost or repeated."""
    conf, met = hasty_conf(), set()
    with PausedFleet() as truth:
        for turn in range(rounds):
            names = {}
            for i, env_name in enumerate(truth["environments"]):
                fault = list(FAULTS)[(turn * len(truth["environments"]) + i) % len(FAULTS)]
                ms = {"ms": FAULTS[fault]} if FAULTS[fault] else {}
                sim("POST", "/_sim/faults", {"operation": "FilterLogEvents", "fault": fault, "count": 2,
                                             "match": f"/aws/lambda/app-{env_name}", **ms})
                names[env_name] = fault
                met.add(fault)
            found = Follow(conf, 7).result()
            sim("DELETE", "/_sim/faults")
            compare_containers(report, names, truth, found)
    report.equal("every kind of fault was on the way", met, set(FAULTS))


def main():
    report = Report()
    # So that the comparison is not of zeros.
    report.check("the fleet has made every kind of event", total_wait(60, COUNTS), "after 60 s it has not")
    for round_name in ("first", "second"):
        with PausedFleet() as truth:
            compare(report, round_name, truth)
        total_wait(4, ("never",))
    with PausedFleet() as truth:
        compare_containers(report, {}, truth, Follow(CONF).result())
    faulted(report)
    report.finish()


main()
