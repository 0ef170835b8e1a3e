#!/usr/bin/env python3
"""`credtop test ENVIRONMENT`: every labelled version tried, the exit status of each kind of
failure, audit mode's refusal, and JSON that says the same as the table."""
import json
import subprocess
import sys

import e2e


def test(*options, timeout=30):
    done = subprocess.run([e2e.CREDTOP, "--config", e2e.CONF, *options], capture_output=True, timeout=timeout, text=True)
    return done.returncode, done.stdout, done.stderr


def main():
    report = e2e.Report()
    for name, status, words in (
            ("prod-eu", 0, "the database takes AWSCURRENT"), ("dev", 0, "the database takes .env"),
            ("legacy", 2, "rejects the password"), ("dr-eu", 4, "refused"), ("stage", 0, "the database takes AWSCURRENT"),
            ("batch", 0, "the database takes AWSCURRENT")):
        got, out, err = test("test", name)
        report.equal(f"test {name}: exit status", got, status)
        report.check(f"test {name}: says so", words in out, out + err)
    got, out, _ = test("test", "prod-eu", "--format", "json")
    answer = json.loads(out)
    report.equal("json: exit status", (got, answer["exit_status"]), (0, 0))
    report.equal("json: stages", [login["stage"] for login in answer["logins"]], ["AWSCURRENT", "AWSPREVIOUS"])
    report.equal("json: who gets in", [login["ok"] for login in answer["logins"]], [True, False])
    report.check("json: a replaced password that is refused is no failure",
                 answer["logins"][1]["text"].startswith("refused, as a password that is not the current one"), out)
    got, out, _ = test("test", "stage", "--stage", "AWSPENDING")
    report.equal("--stage AWSPENDING: exit status", got, 2)
    report.check("--stage: that label alone", "AWSCURRENT" not in out, out)
    got, _, _ = test("test", "prod-eu", "--stage", "NONE")
    report.equal("--stage of no version: exit status", got, 6)
    got, out, err = test("test", "nowhere")
    report.equal("no such environment: exit status", got, 3)
    report.check("no such environment: names those there are", "prod-eu" in err, err)
    before = e2e.calls("GetSecretValue")
    logins = e2e.logins("app_prod_eu")
    with e2e.PausedFleet():
        before = e2e.calls("GetSecretValue")
        logins = e2e.logins("app_prod_eu")
        got, out, err = test("--audit", "test", "prod-eu")
        report.equal("audit: refused", got, 3)
        report.check("audit: says why", "audit mode reveals nothing" in err, err)
        report.equal("audit: nothing was fetched", e2e.calls("GetSecretValue"), before)
        report.equal("audit: nobody logged in", e2e.logins("app_prod_eu"), logins)
    for fault, status in (("hang", 3), ("denied", 3), ("error500", 3)):
        e2e.sim("POST", "/_sim/faults", {"operation": "GetSecretValue", "fault": fault, "count": 9, "match": "batch/app/db"})
        got, out, err = test("test", "batch", "--timeout", "8s")
        e2e.sim("DELETE", "/_sim/faults")
        report.equal(f"GetSecretValue {fault}: could not tell", got, status)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
