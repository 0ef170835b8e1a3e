#!/usr/bin/env python3
"""`credtop status`: every environment of the sandbox gets the verdict it was made for."""

import datetime
import os
import subprocess

from e2e import DIR, Report, by_name, status, truth, wait_for

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
MEMBERS = ("certificate", "auth_method", "password_encryption", "max_connections", "used_connections", "valid_until", "standby",
           "superuser", "current_user")


def all_show(name, state):
    """Every container of this state has been called since it came to it."""
    containers = [c for c in truth()["environments"][name]["containers"] if c["state"] == state]
    return containers and all(c["stale_hits"] > 0 for c in containers)


def server_members(report, database):
    """What the database told of itself, against how the sandbox's was set up."""
    eu, down = database("prod-eu"), database("dr-eu")
    with open(os.path.join(DIR, "server.crt"), "rb") as f:
        shown = subprocess.run(["openssl", "x509", "-noout", "-enddate", "-dateopt", "iso_8601"], input=f.read(),
                               capture_output=True, check=True).stdout.decode().strip()
    certificate = eu["certificate"] or {}
    report.check("prod-eu: the certificate is for localhost", "localhost" in certificate.get("names", []), certificate)
    report.equal("prod-eu: the certificate's end", certificate.get("expires"), shown.split("=")[1].replace(" ", "T"))
    end = datetime.datetime.fromisoformat(shown.split("=")[1].replace(" ", "T").replace("Z", "+00:00"))
    left = (end - datetime.datetime.now(datetime.timezone.utc)).days
    report.check("prod-eu: days left", certificate.get("days_left") in (left, left + 1), (certificate, left))
    report.check("prod-eu: an issuer and its end", certificate.get("issuer") and certificate.get("ca_expires"), certificate)
    report.check("prod-eu: SCRAM", (eu["auth_method"] or "").startswith("SCRAM-SHA-256"), eu["auth_method"])
    report.equal("prod-eu: of the server", [eu[m] for m in ("password_encryption", "max_connections", "standby", "superuser", "valid_until")],
                 ["scram-sha-256", 60, False, False, None])
    report.check("prod-eu: connections used", 1 <= (eu["used_connections"] or 0) <= 60, eu["used_connections"])
    report.check("prod-eu: who it is there", eu["current_user"] and eu["current_user"] == eu["user"], eu["current_user"])
    report.equal("dr-eu: nothing is known", [down[m] for m in MEMBERS], [None] * len(MEMBERS))


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
    server_members(report, database)
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
