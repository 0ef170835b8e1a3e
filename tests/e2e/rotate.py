#!/usr/bin/env python3
"""`credtop rotate`: by the rotation function and by credtop itself, against the real database;
functions that fail, answers that are lost, two operators, every refusal."""
import fcntl
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time

import e2e
import traces

ENVIRONMENT = dict(os.environ, XDG_STATE_HOME=os.path.join(e2e.DIR, "state"))


def conf_with(name, way):
    """The sandbox's configuration, with `rotation = WAY` everywhere."""
    path = os.path.join(e2e.DIR, name + ".conf")
    with open(e2e.CONF, encoding="utf-8") as f:
        text = f.read()
    with open(path, "w", encoding="utf-8") as f:
        f.write(re.sub(r"(?m)^mode = production$", f"mode = production\nrotation = {way}", text))
    return path


def command(env, *options, conf=None, before=()):
    return [e2e.CREDTOP, "--config", conf or e2e.CONF, *before, "rotate", env, *options]


def rotate(env, *options, conf=None, before=(), timeout=60):
    done = subprocess.run(command(env, *options, conf=conf, before=before), capture_output=True, timeout=timeout, text=True,
                          stdin=subprocess.DEVNULL, env=ENVIRONMENT)
    return done.returncode, done.stdout, done.stderr


def test(env):
    done = subprocess.run([e2e.CREDTOP, "--config", e2e.CONF, "test", env, "--format", "json"], capture_output=True,
                          timeout=60, text=True, env=ENVIRONMENT)
    answer = json.loads(done.stdout)
    return {login["stage"]: login["ok"] for login in answer["logins"]}


def changes():
    return e2e.sim("GET", "/_sim/calls")["classes"]["MUTATES"]


def behave(**more):
    e2e.sim("POST", "/_sim/rotation", more)


def fault(operation, kind, **more):
    e2e.sim("POST", "/_sim/faults", dict({"operation": operation, "fault": kind, "count": 1}, **more))


def on_terminal(env, typed, conf=None, options=()):
    """Exit status and what the terminal showed; `typed` is the answer to its question."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(e2e.CREDTOP, command(env, *options, conf=conf), ENVIRONMENT)
    shown = b""
    try:
        while b"to go on: " not in shown:
            shown += os.read(fd, 4096)
        os.write(fd, typed)
        while True:
            shown += os.read(fd, 4096)
    except OSError:   # the other end is closed
        pass
    status = os.waitpid(pid, 0)[1]
    os.close(fd)
    return os.waitstatus_to_exitcode(status), shown.decode()


def check_terminal(report):
    own = conf_with("rotate-own", "credtop")
    with e2e.PausedFleet():
        before = changes()
        for env, typed in (("prod-eu", b"yes\n"), ("prod-eu", b"PROD-EU\n"), ("prod-eu", b"prod-eu \n"), ("prod-eu", b"\n"),
                           ("prod-eu", b"\x04"), ("prod-eu", b"\x03"), ("prod-eu", b"x" * 300 + b"\n"), ("test", b"y\n"),
                           ("test", b"test\n")):
            got, shown = on_terminal(env, typed, own)
            report.check(f"terminal, {env} {typed[:20]}: nothing was changed", got == 2 and "nothing was changed" in shown, shown)
        report.equal("terminal: nothing was sent", changes(), before)
    got, shown = on_terminal("prod-us", b"prod-us\n", own)
    report.check("terminal: the name typed", got == 0 and "Type prod-us to go on" in shown, shown)
    report.equal("terminal: who gets in", test("prod-us"), {"AWSCURRENT": True, "AWSPREVIOUS": False})
    got, shown = on_terminal("test", b"yes\n", own)
    report.check("terminal: yes typed", got == 0 and "AWSCURRENT is " in shown, shown)
    fault("FilterLogEvents", "empty-pages", count=2)
    report.equal("empty log pages: exit status", rotate("prod-us", "--yes")[0], 0)


def check_function(report):
    with e2e.PausedFleet():
        before = changes()
        got, out, err = rotate("prod-eu", "--dry-run")
        report.equal("dry run: exit status", got, 0)
        report.check("dry run: the plan", "RotateSecret arn:aws" in out and "type prod-eu" in out, out + err)
        got, _, err = rotate("prod-eu")
        report.equal("no terminal: refused", got, 2)
        report.check("no terminal: says so", "--yes" in err, err)
        report.equal("no terminal, dry run: nothing was changed", changes(), before)
    got, out, err = rotate("prod-eu", "--yes")
    report.equal("function: exit status", got, 0)
    for step in ("RotateSecret", "createSecret", "setSecret", "testSecret", "finishSecret"):
        report.check(f"function: {step} done", re.search(rf"(?m)^{step} +done", out), out + err)
    report.equal("function: who gets in", test("prod-eu"), {"AWSCURRENT": True, "AWSPREVIOUS": False})

    behave(function="rotate-prod-eu", fail_at="setSecret", error="could not connect to server")
    got, out, err = rotate("prod-eu", "--yes")
    report.equal("failing function: exit status", got, 1)
    report.check("failing function: its own words", "setSecret failed" in err and "could not connect to server" in err, out + err)
    got, _, err = rotate("prod-eu", "--yes")
    report.equal("stuck: refused", got, 2)
    report.check("stuck: says what to do", "finish" in err, err)
    got, out, err = rotate("prod-eu", "--finish", "--yes")
    report.equal("stuck: finished", got, 0)
    report.equal("stuck: who gets in", test("prod-eu"), {"AWSCURRENT": True, "AWSPREVIOUS": False})
    behave(function="rotate-prod-eu", fail_at="createSecret")
    rotate("prod-eu", "--yes")
    got, out, err = rotate("prod-eu", "--finish", "--yes")
    report.equal("empty AWSPENDING: rolled back", (got, "rolled back" in out), (0, True))
    report.equal("empty AWSPENDING: who gets in", test("prod-eu"), {"AWSCURRENT": True, "AWSPREVIOUS": False})
    got, _, err = rotate("prod-eu", "--finish", "--yes")
    report.equal("nothing to finish: refused", (got, "nothing to finish" in err), (2, True))

    behave(function="rotate-prod-eu", stop_before="testSecret")
    p = subprocess.Popen(command("prod-eu", "--yes"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                         stdin=subprocess.DEVNULL, env=ENVIRONMENT)
    time.sleep(4)
    p.send_signal(signal.SIGINT)
    _, err = p.communicate(timeout=20)
    report.equal("watching stopped: exit status", p.returncode, 3)
    report.check("watching stopped: says so", "goes on at AWS" in err, err)
    report.equal("stopped before testSecret: who gets in", test("prod-eu"),
                 {"AWSCURRENT": False, "AWSPENDING": True, "AWSPREVIOUS": False})
    report.equal("stopped before testSecret: finished", rotate("prod-eu", "--finish", "--yes")[0], 0)
    behave(function="rotate-prod-eu")
    fault("FilterLogEvents", "denied", count=50)
    got, out, err = rotate("prod-eu", "--yes")
    e2e.sim("DELETE", "/_sim/faults")
    report.equal("log not readable: exit status", got, 0)
    report.check("log not readable: said, not guessed", re.search(r"(?m)^testSecret +unknown .*not visible", out), out + err)
    fault("RotateSecret", "drip", ms=20000)
    got, out, err = rotate("prod-eu", "--yes")
    e2e.sim("DELETE", "/_sim/faults")
    report.equal("RotateSecret's answer lost: looked again", got, 0)


def check_own(report):
    own = conf_with("rotate-own", "credtop")
    for env in ("test", "batch"):
        got, out, err = rotate(env, "--yes", conf=own)
        report.equal(f"{env}: by credtop", got, 0)
        report.check(f"{env}: the steps", all(re.search(rf"(?m)^{s} +done", out) for s in
                     ("createSecret", "setSecret", "testSecret", "finishSecret", "remove AWSPENDING")), out + err)
        report.equal(f"{env}: who gets in", test(env), {"AWSCURRENT": True, "AWSPREVIOUS": False})
    for operation, kind, more in (
            ("PutSecretValue", "reset", {}), ("PutSecretValue", "error500", {}), ("PutSecretValue", "throttle", {"count": 2}),
            ("PutSecretValue", "truncate", {}), ("PutSecretValue", "drip", {"ms": 20000}),
            ("UpdateSecretVersionStage", "reset", {}), ("UpdateSecretVersionStage", "truncate", {"count": 2}),
            ("UpdateSecretVersionStage", "error500", {"count": 3}), ("UpdateSecretVersionStage", "drip", {"ms": 20000}),
            ("GetSecretValue", "reset", {}), ("DescribeSecret", "throttle", {"count": 2})):
        fault(operation, kind, **more, match="test/app/db")
        got, out, err = rotate("test", "--yes", conf=own)
        e2e.sim("DELETE", "/_sim/faults")
        report.check(f"{operation} {kind}: done all the same", got == 0, out + err)
        report.equal(f"{operation} {kind}: who gets in", test("test"), {"AWSCURRENT": True, "AWSPREVIOUS": False})
    before = changes()
    fault("PutSecretValue", "denied", match="test/app/db")
    got, _, err = rotate("test", "--yes", conf=own)
    report.equal("PutSecretValue denied: failed", got, 1)
    report.check("PutSecretValue denied: says so", "PutSecretValue" in err and "no new version was stored" in err, err)
    report.equal("PutSecretValue denied: one call, no more", changes() - before, 1)
    report.equal("PutSecretValue denied: who gets in", test("test")["AWSCURRENT"], True)
    fault("UpdateSecretVersionStage", "denied", match="test/app/db")
    got, _, err = rotate("test", "--yes", conf=own)
    report.equal("finishSecret denied: failed", got, 1)
    report.check("finishSecret denied: says what to do", "finish the rotation now" in err, err)
    report.equal("finishSecret denied: who gets in", test("test"),
                 {"AWSCURRENT": False, "AWSPENDING": True, "AWSPREVIOUS": False})
    got, out, err = rotate("test", "--yes", conf=own)
    report.check("ordered again: goes on from there", got == 0 and re.search(r"(?m)^setSecret +skipped", out), out + err)
    report.equal("ordered again: who gets in", test("test"), {"AWSCURRENT": True, "AWSPREVIOUS": False})


def check_two(report):
    own = conf_with("rotate-own", "credtop")
    fault("PutSecretValue", "slow", ms=4000, match="test/app/db")
    first = subprocess.Popen(command("test", "--yes", conf=own), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                             stdin=subprocess.DEVNULL, env=ENVIRONMENT)
    time.sleep(1.5)
    got, _, err = rotate("test", "--yes", conf=own)
    out, first_err = first.communicate(timeout=60)
    e2e.sim("DELETE", "/_sim/faults")
    report.equal("two operators: the second is refused", got, 2)
    report.check("two operators: who and since when", re.search(r"somebody else is rotating: app_test from 127.0.0.1 since 20", err),
                 err)
    report.equal("two operators: the first is done", first.returncode, 0)
    report.equal("two operators: who gets in", test("test"), {"AWSCURRENT": True, "AWSPREVIOUS": False})


def secret_password(env, stage):
    """Read as any AWS client would; None without one."""
    try:
        import boto3
    except ImportError:
        return None
    client = boto3.client("secretsmanager", region_name=e2e.REGION, endpoint_url=e2e.endpoint())
    return json.loads(client.get_secret_value(SecretId=f"{env}/app/db", VersionStage=stage)["SecretString"])["password"]


def new_password(env):
    return secret_password(env, "AWSCURRENT")


def check_traces(report):
    """When the order has ended, and the program not yet: its standard output is a pipe that is
    full, so it stands still telling of the first step while the order's thread goes on."""
    own = conf_with("rotate-own", "credtop")
    out, into = os.pipe()
    fcntl.fcntl(into, fcntl.F_SETPIPE_SZ, 4096)
    before = changes()
    fault("DescribeSecret", "slow", ms=1500, count=2, match="test/app/db")
    p = subprocess.Popen(command("test", "--yes", conf=own), stdout=into, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                         env=ENVIRONMENT)
    shown = b""
    while b"the new version is" not in shown:
        shown += os.read(out, 4096)
    os.set_blocking(into, False)
    try:
        while True:
            os.write(into, b"#")
    except BlockingIOError:
        os.set_blocking(into, True)
    report.check("traces: the order has ended", e2e.wait_for(20, lambda: changes() == before + 3), changes() - before)
    time.sleep(0.5)
    password = new_password("test")
    report.check("traces: the program still runs", p.poll() is None, p.returncode)
    if password is None:
        print("skipped: traces of the new password (boto3 is not installed)")
    else:
        search = traces.Search({text: form for form, text in traces.forms(password).items()})
        found, size = search.image(p.pid)
        report.check("traces: its image was read", size > 1 << 20, size)
        report.equal("traces: the new password is nowhere in it", found, [])
    os.set_blocking(out, False)
    end = time.monotonic() + 20
    while p.poll() is None and time.monotonic() < end:
        try:
            os.read(out, 65536)
        except BlockingIOError:
            time.sleep(0.01)
    report.equal("traces: exit status", p.returncode, 0)
    os.close(out)
    os.close(into)


class Mute:
    """An order that cannot say how it ended: its standard error is a pipe that is full.
    So it stands still between its order's end and its own."""

    def __init__(self, argv, variables=None):
        self.out, into = os.pipe()
        fcntl.fcntl(into, fcntl.F_SETPIPE_SZ, 4096)
        os.write(into, b"#" * 4096)
        self.p = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=into, stdin=subprocess.DEVNULL,
                                  env=variables or ENVIRONMENT)
        os.close(into)

    def stands(self):
        """In a system call on its standard error: a write, as it reads nothing from there."""
        with open(f"/proc/{self.p.pid}/syscall", encoding="ascii") as f:
            return f.read().split()[1:2] == ["0x2"]

    def end(self):
        text = b""
        while piece := os.read(self.out, 65536):
            text += piece
        os.close(self.out)
        return self.p.wait(20), text.decode().lstrip("#")


def search_of(passwords):
    return traces.Search({text: form for password in passwords for form, text in traces.forms(password).items()})


def stopped(report, name, stop, words):
    """stop(run, search) does it.  Searches for both passwords, and returns how many changes there were."""
    before, kept = changes(), [secret_password("test", "AWSCURRENT")]
    run = Mute(command("test", "--yes", conf=conf_with("rotate-own", "credtop")))
    stop(run, search_of(kept))
    report.check(f"{name}: it stands still", e2e.wait_for(20, run.stands), run.p.poll())
    time.sleep(0.5)   # the order's own thread ends
    changed = changes() - before
    if changed:
        kept.append(secret_password("test", "AWSPENDING"))
    found, size = search_of(kept).image(run.p.pid)
    report.check(f"{name}: its image was read", size > 1 << 20, size)
    report.equal(f"{name}: no password is in it", found, [])
    e2e.sim("DELETE", "/_sim/faults")
    got, err = run.end()
    report.check(f"{name}: says so", got != 0 and words in err, (got, err))
    return changed


def check_stopped_traces(report):
    """A rotation that its operator cancels, and one that is denied its last step: the passwords
    they had in hand are gone before the program is."""
    if os.geteuid() != 0 or new_password("test") is None:
        print("skipped: traces of rotations that were stopped (they need root and boto3)")
        return

    def interrupt(run, search):
        """Between reading the secret and the first change: the password must be in memory then."""
        report.check("cancelled: it had the password", e2e.wait_for(20, lambda: search.image(run.p.pid)[0]), "not found")
        run.p.send_signal(signal.SIGINT)

    with e2e.PausedFleet():
        fault("DescribeSecret", "slow", ms=2000, count=3, match="test/app/db")
        report.equal("cancelled: nothing was changed", stopped(report, "cancelled", interrupt, "cancelled"), 0)
        fault("UpdateSecretVersionStage", "denied", match="test/app/db")
        changed = stopped(report, "half way", lambda *_: None, "finish the rotation now")
        report.check("half way: something was changed", changed > 0, changed)
    report.equal("half way, ordered again: exit status", rotate("test", "--yes", conf=conf_with("rotate-own", "credtop"))[0], 0)


def check_refusals(report):
    own, off = conf_with("rotate-own", "credtop"), conf_with("rotate-off", "off")
    with e2e.PausedFleet():
        before = changes()
        for name, words, more in (("legacy", "no labelled version", {"conf": own}), ("dev", "development", {}),
                                  ("prod-eu", "rotation = off", {"conf": off}),
                                  ("dr-eu", "refused", {"conf": own}),
                                  ("prod-eu", "audit mode changes nothing", {"before": ("--audit",)})):
            got, out, err = rotate(name, "--yes", **more)
            report.equal(f"{name}, {words}: refused", got, 2)
            report.check(f"{name}, {words}: says so", words in out + err, out + err)
        report.equal("no such environment", rotate("nowhere", "--yes")[0], 3)
        report.equal("refused: nothing was changed", changes(), before)


def main():
    report = e2e.Report()
    check_terminal(report)
    check_function(report)
    check_own(report)
    check_two(report)
    check_traces(report)
    check_stopped_traces(report)
    check_refusals(report)
    report.finish()


if __name__ == "__main__":
    sys.exit(main())
