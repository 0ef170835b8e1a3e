"""What the end-to-end tests share: reporting, the sandbox, credtop's JSON."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request

CREDTOP = os.environ.get("CREDTOP", "build/release/credtop")
CONF = os.environ.get("CREDTOP_CONF", "")
DIR = os.environ.get("SANDBOX_DIR", "")
OPERATIONS = ("ListSecrets", "DescribeSecret", "ListSecretVersionIds", "GetSecretValue", "DescribeLogStreams",
              "FilterLogEvents", "GetCallerIdentity")


class Report:
    """ok and not ok, and the exit status."""

    def __init__(self):
        if not CONF or not DIR:
            sys.exit("run this through tests/e2e/run.sh: it needs a sandbox")
        self.passed = self.failed = 0

    def check(self, name, good, why=""):
        if good:
            self.passed += 1
            print(f"ok - {name}", flush=True)
        else:
            self.failed += 1
            print(f"not ok - {name}: {why}", flush=True)
        return bool(good)

    def equal(self, name, got, expected):
        return self.check(name, got == expected, f"got {got!r}, expected {expected!r}")

    def finish(self):
        print(f"{self.passed} passed, {self.failed} failed")
        sys.exit(1 if self.failed else 0)


def wait_for(seconds, condition):
    """Until condition() is true; its last value."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        time.sleep(0.1)


def truth():
    with open(os.path.join(DIR, "truth.json"), encoding="utf-8") as f:
        return json.load(f)


def fleet_signal(sig):
    with open(os.path.join(DIR, "pids"), encoding="utf-8") as f:
        pids = [int(line.split()[1]) for line in f if line.startswith("fleet ")]
    os.kill(pids[0], sig)


class PausedFleet:
    """The fleet stands still inside the block: nothing is logged, the truth file is whole."""

    def __enter__(self):
        fleet_signal(signal.SIGUSR1)
        if not wait_for(10, lambda: truth()["quiet"]):
            raise RuntimeError("the fleet did not pause")
        return truth()

    def __exit__(self, *_):
        fleet_signal(signal.SIGUSR2)
        wait_for(10, lambda: not truth()["quiet"])


def status(*options, timeout=60):
    """credtop's JSON and exit status."""
    done = subprocess.run([CREDTOP, "--config", CONF, *options, "status", "--format", "json"], capture_output=True,
                          timeout=timeout, check=False)
    try:
        return json.loads(done.stdout), done.returncode
    except ValueError as error:
        raise RuntimeError(f"status is no JSON ({error}): {done.stdout[:300]!r} {done.stderr[:300]!r}") from error


def by_name(answer):
    return {e["name"]: e for e in answer["environments"]}


def endpoint():
    with open(os.path.join(DIR, "endpoint"), encoding="utf-8") as f:
        return f.read().strip()


def sim(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(endpoint() + path, data=data, method=method,
                                     headers={"Content-Type": "application/json"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=10) as answer:
        text = answer.read()
    return json.loads(text) if text.strip() else {}


def calls(operation):
    """How often an operation was asked for, whatever came of it."""
    found = sim("GET", "/_sim/calls").get(operation, {})
    return found.get("ok", 0) + found.get("failed", 0)


def logins():
    """How many logins PostgreSQL has let in or turned away so far."""
    with open(os.path.join(DIR, "postgres.log"), encoding="utf-8", errors="replace") as f:
        return sum("connection authorized" in line or "authentication failed" in line for line in f)


def total_wait(seconds, counts):
    """Until each of the counts is above zero somewhere in the fleet."""
    def all_there():
        envs = truth()["environments"].values()
        return all(any(env["total"].get(c, 0) > 0 for env in envs) for c in counts)
    return wait_for(seconds, all_there)
