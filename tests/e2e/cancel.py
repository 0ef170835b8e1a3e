#!/usr/bin/env python3
"""`credtop rotate ENV --cancel`, against the real database: rotations by a function that stopped
half way are cancelled and put right by --finish; answers that are lost, and every refusal."""
import re
import subprocess
import sys

import e2e
from rotate import ENVIRONMENT, behave, changes, command, conf_with, fault, on_terminal, rotate, test

ENV, SECRET = "prod-eu", "prod-eu/app/db"
SETTLED = {"AWSCURRENT": True, "AWSPREVIOUS": False}


def described(region=e2e.REGION):
    """DescribeSecret by another AWS client; None without one."""
    try:
        import boto3
    except ImportError:
        return None
    d = boto3.client("secretsmanager", region_name=region, endpoint_url=e2e.endpoint()).describe_secret(SecretId=SECRET)
    labels = {label: v for v, stages in d["VersionIdsToStages"].items() for label in stages}
    return {"on": d["RotationEnabled"], "pending": labels.get("AWSPENDING"), "current": labels.get("AWSCURRENT")}


def stop_half_way(**how):
    """A rotation by the function that ends in the middle; DescribeSecret's answer after it."""
    behave(function="rotate-prod-eu", **how)
    p = subprocess.Popen(command(ENV, "--yes"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                         stdin=subprocess.DEVNULL, env=ENVIRONMENT)
    for line in p.stdout:
        if re.match(r"(createSecret|setSecret) +done", line):
            wanted = {"setSecret": "createSecret", "testSecret": "setSecret"}[how.get("stop_before") or how["fail_at"]]
            if line.startswith(wanted):
                break
    p.kill()
    p.wait()
    p.stdout.close()
    behave(function="rotate-prod-eu")
    return described()


def look(report, name, before, on):
    """What another client sees: rotation on or off, and the labels where they were."""
    now = described()
    if now is None:
        print(f"skipped: {name} (boto3 is not installed)")
        return
    report.equal(f"{name}: RotationEnabled", now["on"], on)
    report.equal(f"{name}: the labels stay", (now["current"], now["pending"]), (before["current"], before["pending"]))


def check_half_way(report):
    before = stop_half_way(stop_before="testSecret")
    with e2e.PausedFleet():
        sent = changes()
        got, out, err = rotate(ENV, "--cancel", "--dry-run")
        report.equal("dry run: exit status", got, 0)
        first = out.splitlines()[1] if out.count("\n") > 1 else ""
        report.check("dry run: rotation goes off, said first", "!" in first and "turns automatic rotation OFF" in first, out + err)
        report.check("dry run: how to turn it on again, what stays, what then", all(words in out for words in
                     ("rotate-secret --no-rotate-immediately --rotation-rules", "AWSPENDING stays on", "--finish finds out")), out)
        report.equal("dry run: nothing was sent", changes(), sent)
        look(report, "dry run", before, True)
        got, shown = on_terminal(ENV, b"yes\n", options=("--cancel",))
        report.check("protected, yes typed: nothing was changed", got == 2 and "nothing was changed" in shown, shown)
        report.equal("protected, yes typed: nothing was sent", changes(), sent)
        got, shown = on_terminal(ENV, b"prod-eu\n", options=("--cancel",))
        report.check("the name typed: cancelled", got == 0 and "automatic rotation is off" in shown, shown)
        report.equal("cancelled: one change was sent", changes(), sent + 1)
    report.check("cancelled: says what gets in", re.search(r"the database takes AWSPENDING, not AWSCURRENT: finish", shown), shown)
    look(report, "cancelled", before, False)
    report.equal("cancelled: who gets in", test(ENV), {"AWSCURRENT": False, "AWSPENDING": True, "AWSPREVIOUS": False})
    got, _, err = rotate(ENV, "--cancel", "--yes")
    report.check("cancelled twice: refused, and says what to do", got == 2 and "finish the rotation" in err, err)
    got, out, err = rotate(ENV, "--finish", "--yes")
    report.check("--finish puts it right", got == 0, out + err)
    report.equal("finished: who gets in", test(ENV), SETTLED)
    got, _, err = rotate(ENV, "--cancel", "--yes")
    report.check("nothing on, nothing pending: refused", got == 2 and "no version is pending" in err, err)


def turn_on(report):
    report.equal("rotated again, which turns it on", rotate(ENV, "--yes")[0], 0)


def check_before_the_database(report):
    """The function failed at setSecret: the database takes AWSCURRENT, and AWSPENDING has a value."""
    before = stop_half_way(fail_at="setSecret", error="could not connect to server")
    got, out, err = rotate(ENV, "--cancel", "--yes")
    report.check("before setSecret: says what gets in", got == 0 and "the database takes AWSCURRENT" in out, out + err)
    look(report, "before setSecret", before, False)
    report.equal("before setSecret: --finish", rotate(ENV, "--finish", "--yes")[0], 0)
    report.equal("before setSecret: who gets in", test(ENV), SETTLED)


def check_nothing_pending(report):
    got, out, err = rotate(ENV, "--cancel", "--yes")
    report.check("nothing pending: off, and no login", got == 0 and "no version is pending" in out and "login" not in out.split(
        "look again")[-1], out + err)


def check_lost(report):
    for kind, more in (("reset", {}), ("truncate", {}), ("error500", {}), ("drip", {"ms": 20000}), ("throttle", {"count": 2})):
        turn_on(report)
        fault("CancelRotateSecret", kind, **more)
        got, out, err = rotate(ENV, "--cancel", "--yes")
        e2e.sim("DELETE", "/_sim/faults")
        report.check(f"answer lost, {kind}: rotation is off", got == 0 and "automatic rotation is off" in out, out + err)
        now = described()
        report.check(f"answer lost, {kind}: it is", now is None or now["on"] is False, now)
    turn_on(report)
    fault("CancelRotateSecret", "error500", count=50)
    got, out, err = rotate(ENV, "--cancel", "--yes")
    e2e.sim("DELETE", "/_sim/faults")
    report.check("no answer at all: unknown", got == 3 and "may be on or off" in err, out + err)
    fault("CancelRotateSecret", "denied")
    got, out, err = rotate(ENV, "--cancel", "--yes")
    e2e.sim("DELETE", "/_sim/faults")
    report.check("denied: refused, nothing was changed", got == 2 and "nothing was changed" in err, out + err)


def check_blind(report):
    """GetSecretValue is denied to credtop: it cannot log in, and cancels all the same."""
    before = stop_half_way(stop_before="testSecret")
    fault("GetSecretValue", "denied", count=50, match=SECRET)
    got, out, err = rotate(ENV, "--cancel", "--yes")
    e2e.sim("DELETE", "/_sim/faults")
    report.check("no login possible: cancelled, and says so", got == 0 and "could not be found out" in out, out + err)
    look(report, "no login possible", before, False)
    report.equal("no login possible: --finish", rotate(ENV, "--finish", "--yes")[0], 0)
    report.equal("no login possible: who gets in", test(ENV), SETTLED)


def check_refusals(report):
    with e2e.PausedFleet():
        sent = changes()
        for name, words, more in (("legacy", "nothing to cancel", {}), ("dev", "development environment", {}),
                                  (ENV, "rotation = off", {"conf": conf_with("cancel-off", "off")}),
                                  (ENV, "audit mode changes nothing", {"before": ("--audit",)})):
            got, out, err = rotate(name, "--cancel", "--yes", **more)
            report.check(f"{name}, {words}: refused in words", got == 2 and words in out + err, (got, out, err))
        got, _, err = rotate(ENV, "--cancel", "--finish", "--yes")
        report.check("--cancel and --finish exclude each other", got == 3 and "exclude each other" in err, (got, err))
        got, _, err = rotate(ENV, "--cancel")
        report.check("no terminal: refused", got == 2 and "--yes" in err, (got, err))
        report.equal("refused: nothing was sent", changes(), sent)


def main():
    report = e2e.Report()
    check_half_way(report)
    turn_on(report)
    check_before_the_database(report)
    turn_on(report)
    check_nothing_pending(report)
    check_lost(report)
    check_blind(report)
    turn_on(report)
    check_refusals(report)
    report.finish()


if __name__ == "__main__":
    sys.exit(main())
