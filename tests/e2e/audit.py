#!/usr/bin/env python3
"""Audit mode reads, and nothing else: no secret is fetched, no login is tried."""

import os
import subprocess
import time

from e2e import CONF, CREDTOP, DIR, OPERATIONS, PausedFleet, Report, by_name, calls, logins, sim, status

READS = ("DescribeSecret", "FilterLogEvents", "GetCallerIdentity")


def counts():
    return {**{op: calls(op) for op in OPERATIONS}, "logins": logins()}


def all_told():
    """Until PostgreSQL has written down every login that was under way: nobody's else is to be counted."""
    before, now = -1, logins()
    while before != now:
        time.sleep(1)
        before, now = now, logins()


def granted():
    """The sandbox's configuration with audit_function_names = yes."""
    path = os.path.join(DIR, "granted.conf")
    with open(CONF, encoding="utf-8") as f:
        text = f.read()
    with open(path, "w", encoding="utf-8") as f:
        f.write(text.replace("[credtop]", "[credtop]\naudit_function_names = yes", 1))
    os.chmod(path, 0o600)
    return path


def told(conf):
    """What `verify` and `report` reveal in audit mode: calls by class, and what verify says."""
    sim("DELETE", "/_sim/calls")
    before = logins()
    done = subprocess.run([CREDTOP, "--config", conf, "--audit", "verify", "test"], capture_output=True, text=True,
                          timeout=60, check=False)
    subprocess.run([CREDTOP, "--config", conf, "--audit", "report"], capture_output=True, timeout=60, check=False)
    found = sim("GET", "/_sim/calls")
    return found["classes"], calls("GetFunctionConfiguration"), logins() - before, done.stdout


def posture(report):
    with PausedFleet():
        all_told()
        plain, functions, tried, words = told(CONF)
        report.equal("verify and report: nothing is revealed, nothing changed", (plain["REVEALS"], plain["MUTATES"]), (0, 0))
        report.equal("verify and report: no login", tried, 0)
        report.check("verify: it asked all the same", plain["READ"] > 0 and "audit_function_names" in words, (plain, words))
        if os.geteuid() != 0:
            print("skipped: a grant counts in root's file alone, and we are not root")
            return
        granted_classes, functions, tried, words = told(granted())
        report.check("granted: functions are asked about", functions == granted_classes["REVEALS"] > 0,
                     (functions, granted_classes))
        report.equal("granted: still no secret, no change, no login", (calls("GetSecretValue"), granted_classes["MUTATES"], tried),
                     (0, 0, 0))
        report.check("granted: the name of what is in plain sight", "in plain sight: DB_PASSWORD" in words, words)


def main():
    report = Report()
    with PausedFleet():
        all_told()
        start = counts()
        answer, code = status("--audit")
        audit = counts()
        operate, _ = status()
        end = counts()
    report.equal("the answer says audit", answer["mode"], "audit")
    report.equal("without the option it says operate", operate["mode"], "operate")
    report.check("exit status tells a verdict", code in (1, 2), code)
    report.equal("no GetSecretValue", audit["GetSecretValue"] - start["GetSecretValue"], 0)
    report.equal("no login", audit["logins"] - start["logins"], 0)
    for op in READS:
        report.check(f"{op} was called", audit[op] > start[op], "it was not")
    # The same counters move when it is not an audit: the zeros above are not blindness.
    report.check("operating, GetSecretValue is called", end["GetSecretValue"] > audit["GetSecretValue"], "it is not")
    report.check("operating, logins are tried", end["logins"] > audit["logins"], "they are not")
    found = by_name(answer)
    report.check("a server that answers is reachable", "reach" in found["prod-eu"]["database"]["result"].lower(),
                 found["prod-eu"]["database"])
    report.check("dr-eu's database is not reachable", found["dr-eu"]["state"] == "FAILED", found["dr-eu"]["causes"])
    report.equal("poisoned containers show in audit mode", found["test"]["logs"]["containers"]["poisoned"], 1)
    posture(report)
    report.finish()


main()
