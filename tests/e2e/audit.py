#!/usr/bin/env python3
"""Audit mode reads, and nothing else: no secret is fetched, no login is tried."""

from e2e import OPERATIONS, PausedFleet, Report, by_name, calls, logins, status

READS = ("DescribeSecret", "FilterLogEvents", "GetCallerIdentity")


def counts():
    return {**{op: calls(op) for op in OPERATIONS}, "logins": logins()}


def main():
    report = Report()
    with PausedFleet():
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
    report.finish()


main()
