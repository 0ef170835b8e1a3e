#!/usr/bin/env python3
"""`credtop recycle`: stale and poisoned containers go, the function's variables stay as they
were and are seen nowhere, what is in doubt is looked at, and every refusal sends nothing."""
import json
import os
import pty
import re
import subprocess
import sys

import e2e
import rotate
import traces

JOURNAL = os.path.join(e2e.DIR, "journal", "journal.jsonl")
LOG = os.path.join(e2e.DIR, "recycle.log")
SAID = []   # all that credtop wrote


def command(env, *options, conf=None, before=()):
    return [e2e.CREDTOP, "--config", conf or e2e.CONF, "--log", LOG, *before, "recycle", env, *options]


def recycle(env, *options, conf=None, before=()):
    done = subprocess.run(command(env, *options, conf=conf, before=before), capture_output=True, timeout=60, text=True,
                          stdin=subprocess.DEVNULL, env=rotate.ENVIRONMENT)
    SAID.append(done.stdout + done.stderr)
    return done.returncode, done.stdout, done.stderr


def seeded(env):
    """The variables of an environment's function, as the sandbox made them."""
    with open(os.path.join(e2e.DIR, "seed.json"), encoding="utf-8") as f:
        return next(f["environment"] for f in json.load(f)["functions"] if f["name"] == f"app-{env}")


def client():
    import boto3
    return boto3.client("lambda", region_name=e2e.REGION, endpoint_url=e2e.endpoint())


def configuration(env):
    got = client().get_function_configuration(FunctionName=f"app-{env}")
    return got["Environment"]["Variables"], got["RevisionId"]


def containers(env, *states):
    return [c for c in e2e.truth()["environments"][env]["containers"] if c["state"] in states]


def settle(env):
    """Until no update is in progress."""
    return e2e.wait_for(10, lambda: client().get_function_configuration(FunctionName=f"app-{env}")["LastUpdateStatus"]
                        == "Successful")


def calls():
    return {name: e2e.calls(name) for name in ("GetFunctionConfiguration", "UpdateFunctionConfiguration")}


def check_plan(report):
    before = rotate.changes()
    got, out, err = recycle("test", "--dry-run")
    report.check("dry run: the plan", got == 0 and re.search(
        rf"UpdateFunctionConfiguration app-test: set CREDTOP_RECYCLED=20\S+Z, keep the other {len(seeded('test'))} variables",
        out), out + err)
    report.check("dry run: what to know", "running invocations finish" in out and "$LATEST alone" in out, out)
    got, _, err = recycle("test")
    report.check("no terminal: refused", got == 2 and "--yes" in err, err)
    report.equal("no terminal, dry run: nothing was changed", rotate.changes(), before)


def check_stale(report):
    """Both kinds of wrong credentials, in an environment each."""
    for env, state in (("prod-ap", "stale"), ("test", "poisoned")):
        report.check(f"{env}: it has {state} containers", e2e.wait_for(20, lambda: containers(env, state)), "none")
        old = {c["stream"] for c in containers(env, "stale", "poisoned", "current")}
        got, out, err = recycle(env, "--yes")
        report.equal(f"{env}: exit status", got, 0)
        report.check(f"{env}: the steps", all(re.search(rf"(?m)^{s} +done", out) for s in
                                              ("look", "update function", "LastUpdateStatus")), out + err)
        report.check(f"{env}: all of them end", e2e.wait_for(20, lambda: not containers(env, state)), containers(env, state))
        new = e2e.wait_for(30, lambda: [c for c in containers(env, "current") if c["stream"] not in old and c["fetches"]])
        report.check(f"{env}: new ones have fetched", new, containers(env, "current"))
        ended = {c["stream"]: c["invocations"] for c in containers(env, "retired")}
        report.check(f"{env}: those that ran are those that ended", old <= set(ended), old - set(ended))
        seen = e2e.wait_for(20, lambda: e2e.by_name(e2e.status()[0])[env]["logs"]["containers"]["current"] >= len(new))
        report.check(f"{env}: credtop sees new ones", seen, e2e.by_name(e2e.status()[0])[env]["logs"]["containers"])


def check_variables(report):
    variables, revision = configuration("test")
    mark = variables.pop("CREDTOP_RECYCLED", "")
    report.check("variables: ours is a time", re.fullmatch(r"20\d\d-\d\d-\d\dT[\d:.]+Z", mark), mark)
    report.equal("variables: the others are as they were", variables, seeded("test"))
    odd = {"JSON": '{"a": "b\\n\\u00e9"}', "ODD": "q\" b\\ \n\t\x01 ü😀 %s = / \x7f", "EMPTY": "", **seeded("test")}
    client().update_function_configuration(FunctionName="app-test", Environment={"Variables": odd})
    settle("test")
    report.equal("variables: recycled again", recycle("test", "--yes")[0], 0)
    variables, now = configuration("test")
    report.check("variables: a newer time", variables.pop("CREDTOP_RECYCLED", "") > mark, variables)
    report.equal("variables: odd ones are as they were", variables, odd)
    report.check("variables: another revision", now != revision, now)


def check_changed_meanwhile(report):
    """Somebody changes the function while the operator thinks about the plan."""
    before = rotate.changes()
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(e2e.CREDTOP, command("test"), rotate.ENVIRONMENT)
    shown = b""
    try:
        while b"to go on: " not in shown:
            shown += os.read(fd, 4096)
        client().update_function_configuration(FunctionName="app-test", Description="meanwhile")
        settle("test")
        os.write(fd, b"yes\n")
        while True:
            shown += os.read(fd, 4096)
    except OSError:   # the other end is closed
        pass
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(fd)
    SAID.append(shown.decode())
    report.check("changed meanwhile: refused", status == 2 and b"has changed since you looked" in shown, shown.decode())
    report.equal("changed meanwhile: theirs is the only change", rotate.changes() - before, 1)


def check_doubt(report):
    for kind, more in (("reset", {}), ("truncate", {}), ("drip", {"ms": 20000}), ("throttle", {"count": 2})):
        rotate.fault("UpdateFunctionConfiguration", kind, **more)
        got, out, err = recycle("test", "--yes")
        e2e.sim("DELETE", "/_sim/faults")
        report.check(f"answer lost by {kind}: done all the same", got == 0, out + err)
    for kind, status, words in (("error500", 3, "no answer came"), ("denied", 2, "nothing was changed")):
        before = e2e.calls("UpdateFunctionConfiguration")
        rotate.fault("UpdateFunctionConfiguration", kind)
        got, _, err = recycle("test", "--yes")
        e2e.sim("DELETE", "/_sim/faults")
        report.check(f"{kind}: says what is known", got == status and words in err, (got, err))
        report.equal(f"{kind}: one call, no more", e2e.calls("UpdateFunctionConfiguration") - before, 1)
    rotate.fault("GetFunctionConfiguration", "denied", count=1)
    got, _, err = recycle("test", "--dry-run")
    e2e.sim("DELETE", "/_sim/faults")
    report.check("not allowed to look: refused", got == 2 and "GetFunctionConfiguration" in err, err)


def check_refusals(report):
    nameless = os.path.join(e2e.DIR, "recycle-nameless.conf")
    with open(e2e.CONF, encoding="utf-8") as f, open(nameless, "w", encoding="utf-8") as g:
        g.write(re.sub(r"(?m)^function = (app-.*)$", r"log_group = /aws/lambda/\1", f.read()))
    before = calls()
    for env, words, more in (("test", "audit mode changes nothing", {"before": ("--audit",)}),
                             ("dev", "development environment", {}),
                             ("test", "no setting `function`", {"conf": nameless})):
        for option in ("--yes", "--dry-run"):
            got, out, err = recycle(env, option, **more)
            report.check(f"{env}, {words}, {option}: refused", got == 2 and words in err, out + err)
    report.equal("no such environment", recycle("nowhere", "--yes")[0], 3)
    report.equal("refused: nothing was asked or changed", calls(), before)


def check_hidden(report):
    """The functions' passwords, in every form, wherever credtop writes."""
    with open(JOURNAL, encoding="utf-8") as f:
        journal = f.read()
    lines = [json.loads(line) for line in journal.splitlines()]
    ours = [line for line in lines if line.get("name") == "recycle"]
    sent = [line for line in ours if line.get("operation") == "UpdateFunctionConfiguration"]
    report.check("journal: orders, plans, calls and outcomes", {"order", "plan", "call", "step", "outcome", "refused"} <=
                 {line["kind"] for line in ours}, {line["kind"] for line in ours})
    report.check("journal: what it is about", sent and all(line["resource"].startswith("app-") for line in ours
                                                                    if "resource" in line), ours[:1])
    with open(LOG, encoding="utf-8") as f:
        log = f.read()
    report.check("log: it was kept", "sending UpdateFunctionConfiguration" in log, log[-300:])
    passwords = {seeded(env)["DB_PASSWORD"] for env in ("test", "prod-us")}
    for name, text in (("output", "".join(SAID)), ("journal", journal), ("log", log)):
        found = [form for p in passwords for form, raw in traces.forms(p).items() if raw in text.encode()]
        report.equal(f"{name}: no variable's value", found, [])


def check_traces(report):
    """Refused at the last step: what it had read and was about to send is gone before it is."""
    if os.geteuid() != 0:
        print("skipped: traces of a function's variables (they need root)")
        return
    password = seeded("test")["DB_PASSWORD"]
    search = traces.Search({text: form for form, text in traces.forms(password).items()})
    before = e2e.calls("UpdateFunctionConfiguration")
    rotate.fault("UpdateFunctionConfiguration", "slow", ms=3000)
    run = rotate.Mute(command("test", "--yes"))
    report.check("traces: it had the password", e2e.wait_for(20, lambda: search.image(run.p.pid)[0]), "not found")
    run.p.kill()
    run.end()
    e2e.sim("DELETE", "/_sim/faults")
    e2e.wait_for(10, lambda: e2e.calls("UpdateFunctionConfiguration") > before)   # it had been sent
    settle("test")
    rotate.fault("UpdateFunctionConfiguration", "denied")
    run = rotate.Mute(command("test", "--yes"))
    report.check("traces: it stands still", e2e.wait_for(20, run.stands), run.p.poll())
    found, size = search.image(run.p.pid)
    report.check("traces: its image was read", size > 1 << 20, size)
    report.equal("traces: no variable's value is in it", found, [])
    got, err = run.end()
    e2e.sim("DELETE", "/_sim/faults")
    SAID.append(err)
    report.check("traces: it was refused", got == 2 and "nothing was changed" in err, (got, err))


def main():
    report = e2e.Report()
    check_plan(report)
    check_stale(report)
    try:
        import boto3   # noqa: F401
    except ImportError:
        print("skipped: the function's variables, as others see and change them (boto3 is not installed)")
    else:
        check_variables(report)
        check_changed_meanwhile(report)
        check_traces(report)
    check_doubt(report)
    check_refusals(report)
    check_hidden(report)
    report.finish()


if __name__ == "__main__":
    sys.exit(main())
