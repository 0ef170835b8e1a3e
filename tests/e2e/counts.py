#!/usr/bin/env python3
"""What credtop reads out of the logs equals what the fleet did."""

from e2e import PausedFleet, Report, by_name, status, total_wait

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


def main():
    report = Report()
    # So that the comparison is not of zeros.
    report.check("the fleet has made every kind of event", total_wait(60, COUNTS), "after 60 s it has not")
    for round_name in ("first", "second"):
        with PausedFleet() as truth:
            compare(report, round_name, truth)
        total_wait(4, ("never",))
    report.finish()


main()
