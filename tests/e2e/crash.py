#!/usr/bin/env python3
"""A rotation by credtop, killed at every point: SIGKILL before and after each AWS call, login
and SQL statement.  At each of them the database must take AWSCURRENT's password or
AWSPENDING's, with alternating users always AWSCURRENT's, and the next run must find out where
it stopped and finish, by itself.

CRASH_RANDOM=N more runs are killed at a random time (20, at most 60).  Each part has an
environment of its own: a secret has at most 100 versions a day."""
import os
import random
import re
import signal
import subprocess
import sys
import time

import e2e
from alternating import World, other
from rotate import ENVIRONMENT, conf_with, test

NEW_ENVIRONMENTS = 48   # one for each point of a rotation, and more
BUILD = os.path.join(e2e.ROOT, "build")
KILLED = os.path.join(BUILD, "crash", "credtop")


def build():
    """The program with its crash points compiled in: the orders anew, the rest as it is."""
    flags = "OPT_crash=-O1 -g -fPIE -DCT_CRASH"
    subprocess.run(["make", "-s", "-C", e2e.ROOT, "VARIANT=crash", flags, "build/crash/libactions.a"], check=True,
                   stdout=subprocess.DEVNULL)
    archives = [os.path.join(BUILD, "crash", "libactions.a")]
    archives += [os.path.join(BUILD, "release", f"lib{n}.a")
                 for n in ("ui", "backend", "watch", "credentials", "aws", "base", "config")]
    packages = ["libcurl", "libssl", "libcrypto", "jansson", "libpq", "ncursesw", "inih"]
    libs = subprocess.run(["pkg-config", "--libs", *packages], check=True, capture_output=True, text=True).stdout.split()
    subprocess.run(["cc", "-pie", "-pthread", "-o", KILLED, os.path.join(BUILD, "release", "ui", "main.o"),
                    "-Wl,--start-group", *archives, "-Wl,--end-group", *libs, "-lm"], check=True)


def run(conf, env, *options, at=None, points=False):
    variables = dict(ENVIRONMENT)
    if at is not None:
        variables["CT_CRASH_AT"] = str(at)
    if points:
        variables["CT_CRASH_LIST"] = "1"
    done = subprocess.run([KILLED, "--config", conf, "rotate", env, "--yes", *options], capture_output=True, timeout=60,
                          text=True, stdin=subprocess.DEVNULL, env=variables)
    return done.returncode, done.stdout, done.stderr


def points_of(conf, env, *options):
    _, out, err = run(conf, env, *options, points=True)
    return re.findall(r"(?m)^crash point \d+: (.*)$", err), out + err


def gets_in(env):
    logins = test(env)
    return logins.get("AWSCURRENT") or logins.get("AWSPENDING")


def recovered(report, name, conf, env):
    """The next run finishes; and is asked nothing but to rotate."""
    got, out, err = run(conf, env)
    good = got == 0 and test(env).get("AWSCURRENT") is True
    return report.check(f"{name}: the next run finishes", good, out + err)


def every_point(report, conf, env):
    points, text = points_of(conf, env)
    report.check("there are points to be killed at", len(points) >= 26, text)
    for needed in ("PutSecretValue", "UpdateSecretVersionStage", "ALTER ROLE", "pg_try_advisory_lock", "login"):
        report.check(f"{needed} is among them", f"before {needed}" in points and f"after {needed}" in points, points)
    for n, point in enumerate(points, 1):
        got, out, err = run(conf, env, at=n)
        report.equal(f"{n} {point}: killed", got, -signal.SIGKILL)
        report.check(f"{n} {point}: somebody gets in", gets_in(env), test(env))
        recovered(report, f"{n} {point}", conf, env)


def twice(report, conf, env):
    """Killed, and killed again on the way back."""
    points, _ = points_of(conf, env)
    first = [i + 1 for i, p in enumerate(points) if p in ("after PutSecretValue", "before ALTER ROLE", "after ALTER ROLE",
                                                          "before UpdateSecretVersionStage")]
    for n in first:
        for m in range(4, len(points), 5):
            run(conf, env, at=n)
            run(conf, env, at=m)
            report.check(f"{n} and then {m}: somebody gets in", gets_in(env), test(env))
            recovered(report, f"{n} and then {m}", conf, env)


def finishing(report, conf, env):
    """--finish is killed where something is left to finish."""
    points, _ = points_of(conf, env)
    half = points.index("after ALTER ROLE") + 1
    run(conf, env, at=half)
    left, text = points_of(conf, env, "--finish")
    report.check("--finish has points, too", len(left) >= 15, text)
    for n in range(1, len(left) + 1):
        run(conf, env, at=half)
        run(conf, env, "--finish", at=n)
        report.check(f"--finish, {n} {left[n - 1]}: somebody gets in", gets_in(env), test(env))
        recovered(report, f"--finish, {n} {left[n - 1]}", conf, env)


def at_random(report, conf, env, times):
    begin = time.monotonic()
    run(conf, env)
    usual = time.monotonic() - begin
    killed = 0
    for n in range(times):
        p = subprocess.Popen([e2e.CREDTOP, "--config", conf, "rotate", env, "--yes"], stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=ENVIRONMENT)
        time.sleep(random.random() * usual)
        killed += p.poll() is None
        p.kill()
        p.wait()
        report.check(f"random kill {n + 1}: somebody gets in", gets_in(env), test(env))
    report.check("random kills hit something", killed > times / 2, killed)
    recovered(report, "after the random kills", conf, env)


def alternating_point(report, w, env, name, *options, at):
    """Killed there: AWSCURRENT's login is never in danger; the next run finishes, and the user before still gets in."""
    got, out, err = w.rotate(env, *options, program=KILLED, CT_CRASH_AT=str(at))
    report.equal(f"{name}: killed", got, -signal.SIGKILL)
    who = w.who(env)
    report.check(f"{name}: AWSCURRENT gets in", who["AWSCURRENT"][1], who)
    got, out, err = w.rotate(env, program=KILLED)
    report.check(f"{name}: the next run finishes", got == 0, out + err)
    who = w.who(env)
    before = who.get("AWSPREVIOUS", ("", False))
    report.check(f"{name}: both users get in", who["AWSCURRENT"][1] and before[1] and "AWSPENDING" not in who and
                 before[0] == other(who["AWSCURRENT"][0]), who)


def alternating_points(w, env, *options):
    _, out, err = w.rotate(env, *options, program=KILLED, CT_CRASH_LIST="1")
    return re.findall(r"(?m)^crash point \d+: (.*)$", err), out + err


def alternating(report):
    """The same with two users: created anew (an environment for each point), altered, and finishing."""
    w, new = World("crash-turns"), [f"new{n}" for n in range(NEW_ENVIRONMENTS)]
    w.superuser("su")
    for env in ("turn", "finish", *new):
        w.add(env)
    w.start()
    points, text = alternating_points(w, new[0])
    report.check("alternating users, created: points", "before CREATE ROLE" in points and len(points) < NEW_ENVIRONMENTS, text)
    for n, point in enumerate(points, 1):
        alternating_point(report, w, new[n], f"created, {n} {point}", at=n)
    w.rotate("turn")
    points, text = alternating_points(w, "turn")
    report.check("alternating users, altered: points", "before ALTER ROLE" in points and "before pg_roles" in points, text)
    for n, point in enumerate(points, 1):
        alternating_point(report, w, "turn", f"altered, {n} {point}", at=n)
    half = points.index("after ALTER ROLE") + 1
    w.rotate("finish")
    w.rotate("finish", program=KILLED, CT_CRASH_AT=str(half))
    left, text = alternating_points(w, "finish", "--finish")
    report.check("alternating users, --finish: points", len(left) >= 12, text)
    for n, point in enumerate(left, 1):
        w.rotate("finish", program=KILLED, CT_CRASH_AT=str(half))
        alternating_point(report, w, "finish", f"alternating --finish, {n} {point}", "--finish", at=n)
    points, text = alternating_points(w, "finish", "--roll-back")
    report.check("alternating users, --roll-back: points", "before UpdateSecretVersionStage" in points, text)
    for n, point in enumerate(points, 1):
        alternating_point(report, w, "finish", f"alternating --roll-back, {n} {point}", "--roll-back", at=n)
    w.stop()


def main():
    if "CRASH_INSIDE" not in os.environ:   # a sandbox of its own: nobody else logs in there
        os.environ["CRASH_INSIDE"] = "1"
        sandbox = os.path.join(e2e.ROOT, "tests", "sandbox", "sandbox.sh")
        os.execv(sandbox, [sandbox, "run", "--without-fleet", "--", os.path.abspath(__file__)])
    report = e2e.Report()
    build()
    alternating(report)
    conf = conf_with("crash", "credtop")
    every_point(report, conf, "test")
    twice(report, conf, "prod-ap")
    finishing(report, conf, "prod-eu")
    at_random(report, conf, "batch", min(60, int(os.environ.get("CRASH_RANDOM", "20"))))
    report.finish()


if __name__ == "__main__":
    sys.exit(main())
