#!/usr/bin/env python3
"""`credtop status`: every environment of the sandbox gets the verdict it was made for."""

from e2e import Report, by_name, status, truth, wait_for

STATES = {
    "prod-eu": ("OK", "healthy"),
    "prod-us": ("OK", "healthy"),
    "prod-ap": ("STALE", "degraded"),
    "test": ("POISONED", "failing"),
    "legacy": ("FAILED", "failing"),
    "stage": ("STUCK", "degraded"),
    "dr-eu": ("FAILED", "failing"),
    "batch": ("OK", "healthy"),
    "json-eu": ("OK", "healthy"),
    "py-us": ("OK", "healthy"),
    "dev": ("OK", "healthy"),
}


def all_show(name, state):
    """Every container of this state has been called since it came to it."""
    containers = [c for c in truth()["environments"][name]["containers"] if c["state"] == state]
    return containers and all(c["stale_hits"] > 0 for c in containers)


def main():
    report = Report()
    wait_for(30, lambda: all_show("prod-ap", "stale") and all_show("test", "poisoned"))
    answer, code = status()
    found = by_name(answer)
    report.equal("environments are all there", sorted(found), sorted(STATES))
    report.equal("exit status says failing", code, 2)
    report.equal("summary says failing", answer["summary"]["status"], "failing")
    for name, (state, severity) in STATES.items():
        env = found.get(name, {})
        report.check(f"{name} is {state}, {severity}", (env.get("state"), env.get("severity")) == (state, severity),
                     f"{env.get('state')}, {env.get('severity')}: {env.get('causes')}")
    for severity in ("healthy", "degraded", "failing"):
        expected = sum(s == severity for _, s in STATES.values())
        report.equal(f"summary counts {severity}", answer["summary"][severity], expected)

    def database(name):
        return found[name]["database"]

    report.equal("legacy: SQLSTATE", database("legacy")["sqlstate"], "28P01")
    report.equal("legacy: phase", database("legacy")["failed_phase"], "authentication")
    report.equal("dr-eu: phase", database("dr-eu")["failed_phase"], "connect")
    stage = [cause["state"] for cause in found["stage"]["causes"]]
    report.check("stage: overdue as well as stuck", "OVERDUE" in stage and stage[0] == "STUCK", stage)
    report.check("stage: the pending version is named", found["stage"]["secret"]["pending_version"], "none")
    report.equal("test: one poisoned container", found["test"]["logs"]["containers"]["poisoned"], 1)
    report.equal("prod-ap: two stale containers", found["prod-ap"]["logs"]["containers"]["stale"], 2)
    report.equal("batch: seen with its own account", found["batch"]["identity"]["account"], "444455556666")
    report.equal("prod-eu: seen with the main account", found["prod-eu"]["identity"]["account"], "111122223333")
    report.check("dev: no secret", not found["dev"].get("secret"), found["dev"].get("secret"))
    for name in ("prod-eu", "prod-us", "batch", "json-eu", "py-us", "dev"):
        report.check(f"{name}: nothing to complain of", not found[name]["causes"], found[name]["causes"])
    report.finish()


main()
